//! A panic is a bug in iamra: it ends the command with a message that asks for a report and its own exit code, and it
//! unwinds, so that nothing half-written is left behind.

use std::io::{self, Write as _};
use std::panic::{self, AssertUnwindSafe};
use std::sync::OnceLock;

use crate::diag::{Code, Diagnostic};

/// Where the first panic was.
static PLACE: OnceLock<String> = OnceLock::new();

/// Records where the first panic was. Its message may quote the input, so it is not shown.
pub(super) fn ask_for_reports() {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |at| format!(", {}:{}", at.file(), at.line()));
        if PLACE.set(place).is_ok() {
            say();
        }
    }));
}

/// The result of `work`; `None` when it panics.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    // What `work` changes is dropped with it, except streams, which know whether they were written to.
    panic::catch_unwind(AssertUnwindSafe(work)).ok()
}

/// The diagnostic for a bug.
pub(super) fn diagnostic() -> Diagnostic {
    let version = env!("CARGO_PKG_VERSION");
    let place = PLACE.get().map_or("", String::as_str);
    Diagnostic::error(Code::InternalError, format!("iamra {version} reached a state that should be impossible{place}"))
        .help("this is a bug: please report this line and the command you ran, without keys")
}

/// Prints it. If stderr is closed, only the exit code is left.
pub(super) fn say() {
    let Diagnostic { code, message, help, .. } = diagnostic();
    let _ = write!(io::stderr(), "error[{code}]: {message}\n  help: {}\n", help.unwrap_or_default());
}

#[cfg(test)]
pub(super) mod tests {
    use std::env;
    use std::path::Path;
    use std::process::{Command, Output, Stdio};

    use super::*;
    use crate::cli::Exit;

    const CHILD: &str = "CHILD_OF_A_TEST";

    /// Whether this process was started by [`in_a_process`].
    pub(in crate::cli) fn is_child() -> bool {
        env::var_os(CHILD).is_some()
    }

    /// Runs one of these tests as a process of its own, which ends in it.
    pub(in crate::cli) fn in_a_process(test: &str, folder: &Path, stdin: &str) -> Output {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", test, "--nocapture"]).env(CHILD, "").current_dir(folder);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    #[test]
    #[expect(clippy::exit, reason = "the exit code is what is looked at")]
    fn a_panic_asks_for_a_report_and_leaves_nothing_half_written() {
        if is_child() {
            let exit = super::super::ended(|| {
                let _unfinished = tempfile::NamedTempFile::new_in(".").unwrap();
                std::thread::scope(|scope| scope.spawn(|| panic!("SECRET")).join().unwrap());
                Exit::Done as u8
            });
            std::process::exit(i32::from(exit));
        }
        let folder = tempfile::tempdir().unwrap();
        let test = "cli::bug::tests::a_panic_asks_for_a_report_and_leaves_nothing_half_written";
        let output = in_a_process(test, folder.path(), "");
        let stderr = String::from_utf8(output.stderr).unwrap();
        let line = format!(
            "error[internal-error]: iamra {} reached a state that should be impossible, ",
            env!("CARGO_PKG_VERSION")
        );
        assert!(stderr.starts_with(&format!("{line}src/cli/bug.rs:")) && stderr.contains("please report"), "{stderr}");
        assert!(stderr.lines().count() == 2 && !stderr.contains("SECRET"), "{stderr}");
        assert_eq!(output.status.code(), Some(70));
        assert_eq!(folder.path().read_dir().unwrap().count(), 0, "the unwinding has removed what was not finished");
    }

    #[test]
    fn what_is_shipped_unwinds_as_the_tests_do() {
        assert!(!include_str!("../../Cargo.toml").contains("panic = \"abort\""));
    }
}
