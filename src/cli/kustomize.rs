//! Runs kustomize, and ends it when iamra ends.

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::{panic, thread};

use super::error::Error;
use super::io::Io;
use super::signals;
use crate::config::{API_VERSION, KIND};
use crate::disk::{self, DECLARATION};
use crate::yaml::{Document, NodeRef};

/// The names that kustomize knows its file by.
/// <https://github.com/kubernetes-sigs/kustomize/blob/master/api/konfig/general.go>
const FILES: &[&str] = &["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Whether kustomize builds objects of the folder. One that lists nothing but the declaration, as that of the component,
/// only passes it on.
pub(super) fn is_kustomization(dir: &Path) -> bool {
    let file = FILES.iter().map(|name| dir.join(name)).find(|file| file.is_file());
    file.is_some_and(|file| !disk::read(&file).is_ok_and(|text| lists_only_declaration(&text)))
}

fn lists_only_declaration(kustomization: &str) -> bool {
    let Ok(document) = Document::parse(kustomization) else { return false };
    let is_plain = |(key, _): (NodeRef<'_>, NodeRef<'_>)| matches!(key.text(), Some("apiVersion" | "kind" | "resources"));
    let mut resources = document.root().get("resources").into_iter().flat_map(NodeRef::items);
    document.root().entries().all(is_plain)
        && resources.next().and_then(NodeRef::text) == Some(DECLARATION)
        && resources.next().is_none()
}

/// Where kustomize looks for an exec plugin of ours, below `$KUSTOMIZE_PLUGIN_HOME` or `~/.config/kustomize/plugin`.
/// <https://github.com/kubernetes-sigs/kustomize/blob/master/api/konfig/plugins.go>
pub(super) fn plugin_path() -> PathBuf {
    [API_VERSION, &KIND.to_lowercase(), KIND].iter().collect()
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

    /// Its output. A stop signal ends kustomize first, then iamra, and nothing is printed.
    pub(super) fn output(&self, mut command: Command) -> Result<Output, Error> {
        output(&mut command).map_err(|error| Error::Program(self.name(), error))
    }

    /// Its output for the folder, if it succeeds. Its messages are passed on as filtered text, because they may quote
    /// files.
    pub(super) fn run(&self, dir: &Path, io: &mut Io) -> Result<Vec<u8>, Error> {
        let output = self.output(self.build(dir))?;
        io.words(&String::from_utf8_lossy(&output.stderr))?;
        if output.status.success() { Ok(output.stdout) } else { Err(Error::Failed(self.name())) }
    }

    /// How messages name the call.
    pub(super) fn name(&self) -> String {
        format!("{} build", self.kustomize.display())
    }
}

fn output(command: &mut Command) -> io::Result<Output> {
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let (stdout, stderr) = signals::start(command, |child| (child.stdout.take(), child.stderr.take()))?;
    let stderr = thread::Builder::new().spawn(move || read(stderr))?;
    let stdout = read(stdout)?;
    let stderr = stderr.join().unwrap_or_else(|panic| panic::resume_unwind(panic))?;
    Ok(Output { status: signals::wait()?, stdout, stderr })
}

fn read(pipe: Option<impl Read>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    pipe.map_or(Ok(0), |mut pipe| pipe.read_to_end(&mut bytes))?;
    Ok(bytes)
}
