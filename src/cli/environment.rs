//! The process's environment, without empty variables. Kubernetes, Helm, GitHub Actions and Argo CD pass an unset value
//! as an empty variable. Here it is unset for everything that reads it: the arguments, the AWS SDK, libgit2.

use std::env;
use std::ffi::OsStr;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// The variable without which nothing is restricted. If it is empty, that may be a mistake that would go unnoticed.
pub(super) const POLICY: &str = "IAMRA_POLICY";

/// Prefixes of variables that iamra and the libraries in this process read.
const PREFIXES: &[&str] = &["IAMRA_", "AWS_", "ARGOCD_APP_", "XDG_", "SSL_CERT_"];
const NAMES: &[&str] = &["HOME", "TMPDIR"];

/// Executes the program again without the empty variables, if there are any.
pub(super) fn without_empty() {
    let empty: Vec<_> = env::vars_os().filter(|(name, value)| value.is_empty() && is_read(name)).collect();
    if !empty.is_empty() {
        again(|command| {
            for (name, _) in &empty {
                command.env_remove(name);
            }
        });
    }
}

/// Executes the program again with an environment that is changed: it stays the same process, and nothing has been read yet.
/// Returns where that cannot be done, as in an emulator; there, an empty variable is an empty value.
pub(super) fn again(change: impl FnOnce(&mut Command)) {
    // Its own path, not `/proc/self/exe`, by which `ps` would call it.
    let Ok(program) = env::current_exe() else { return };
    // The dynamic linker was started with the program as its argument: `/lib64/ld-linux-x86-64.so.2 iamra`.
    if program.file_name().is_some_and(|name| name.to_string_lossy().contains(".so")) {
        return;
    }
    let mut arguments = env::args_os();
    let mut command = Command::new(&program);
    command.arg0(arguments.next().unwrap_or_else(|| program.into_os_string())).args(arguments);
    change(&mut command);
    let _ = command.exec();
}

fn is_read(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name != POLICY && (NAMES.contains(&&*name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
}
