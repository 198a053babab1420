//! The real kustomize: started, waited for, and never left behind.

use std::ffi::OsString;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::error::Error;

/// The names that kustomize knows its file by.
const FILES: &[&str] = &["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Whether kustomize can build the folder.
pub(super) fn is_kustomization(dir: &Path) -> bool {
    FILES.iter().any(|name| dir.join(name).is_file())
}

/// Which kustomize, and how.
#[derive(clap::Args)]
pub(super) struct Options {
    /// The kustomize program
    #[arg(long, default_value = "kustomize", env = "IAMRA_KUSTOMIZE", value_name = "PATH")]
    kustomize: PathBuf,
    /// Further flags of `kustomize build`, such as `--enable-helm`
    #[arg(last = true, value_name = "FLAG")]
    flags: Vec<OsString>,
}

impl Options {
    /// `kustomize build DIR` with the flags; nothing is run yet.
    pub(super) fn build(&self, dir: &Path) -> Command {
        let mut command = Command::new(&self.kustomize);
        command.arg("build").args(&self.flags).arg("--").arg(dir);
        command
    }

    /// What it prints. A signal to stop ends kustomize first, then us, and nothing is printed.
    pub(super) fn run(&self, mut command: Command) -> Result<Output, Error> {
        output(&mut command).map_err(|error| Error::Program(self.name(), error))
    }

    /// How messages name the call.
    pub(super) fn name(&self) -> String {
        format!("{} build", self.kustomize.display())
    }
}

fn output(command: &mut Command) -> io::Result<Output> {
    let signals = Signals::new([SIGTERM, SIGINT])?;
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let child = Arc::new(Mutex::new(child));
    stop_with(Arc::clone(&child), signals);
    let stderr = thread::spawn(move || read(stderr));
    let stdout = read(stdout)?;
    let stderr = stderr.join().expect("reading does not panic")?;
    let status = lock(&child).wait()?;
    Ok(Output { status, stdout, stderr })
}

/// Argo CD signals the whole process group, an init process or a shell only us.
fn stop_with(child: Arc<Mutex<Child>>, mut signals: Signals) {
    thread::spawn(move || {
        let Some(signal) = signals.forever().next() else { return };
        // Held to the end, so that nobody takes the killed child for one that failed.
        let mut child = lock(&child);
        let _ = child.kill().and_then(|()| child.wait());
        let _ = writeln!(io::stderr(), "error: stopped by signal {signal} before the manifests were written");
        signal_hook::low_level::exit(128 + signal);
    });
}

fn lock(child: &Mutex<Child>) -> MutexGuard<'_, Child> {
    child.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read(pipe: Option<impl Read>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    pipe.map_or(Ok(0), |mut pipe| pipe.read_to_end(&mut bytes))?;
    Ok(bytes)
}
