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
use crate::quote::{lines, quote};

/// Where kustomize looks for an exec plugin of ours, below `$KUSTOMIZE_PLUGIN_HOME` or `~/.config/kustomize/plugin`.
/// <https://github.com/kubernetes-sigs/kustomize/blob/master/api/konfig/plugins.go>
pub(super) fn plugin_path() -> PathBuf {
    [API_VERSION, &KIND.to_lowercase(), KIND].iter().collect()
}

const KUSTOMIZE: &str = "kustomize";

/// It has a kustomize in it.
const KUBECTL: &str = "kubectl";

/// Which kustomize, and how.
#[derive(clap::Args)]
pub(super) struct Options {
    /// The kustomize program; when omitted, `kustomize` or, if there is none, `kubectl kustomize`
    #[arg(long, env = "IAMRA_KUSTOMIZE", value_name = "PATH")]
    kustomize: Option<PathBuf>,
    /// Further flags of `kustomize build`, such as `--enable-helm`
    #[arg(last = true, value_name = "FLAG")]
    flags: Vec<OsString>,
}

impl Options {
    /// How messages name the call that was made, and its output for the folder. A stop signal ends kustomize first,
    /// then iamra, and nothing is printed.
    pub(super) fn output(&self, dir: &Path, prepare: impl Fn(&mut Command)) -> Result<(String, Output), Error> {
        let mut missing = None;
        for (program, verb) in self.programs() {
            let mut command = Command::new(program);
            command.arg(verb).args(&self.flags).arg("--").arg(dir);
            prepare(&mut command);
            let name = format!("{} {verb}", program.display());
            match output(&mut command) {
                Ok(output) => return Ok((name, output)),
                Err(error) => {
                    let is_missing = error.kind() == io::ErrorKind::NotFound;
                    let failed = missing.take().unwrap_or(Error::Program(name, self.help(), error));
                    if !is_missing {
                        return Err(failed);
                    }
                    missing = Some(failed);
                }
            }
        }
        Err(missing.unwrap_or_else(|| Error::Failed(KUSTOMIZE.to_owned())))
    }

    /// Its output for the folder, if it succeeds. Its messages are passed on as filtered text, because they may quote
    /// files.
    pub(super) fn run(&self, dir: &Path, io: &mut Io) -> Result<Vec<u8>, Error> {
        let mut words = String::new();
        let built = self.run_apart(dir, &mut words);
        io.words(&words)?;
        built
    }

    /// The same, with its messages in `words`.
    pub(super) fn run_apart(&self, dir: &Path, words: &mut String) -> Result<Vec<u8>, Error> {
        let (name, output) = self.output(dir, |_| ())?;
        if name.starts_with(KUBECTL) && self.kustomize.is_none() {
            *words = format!("note: there is no kustomize; {} is used\n", quote(&name));
        }
        words.push_str(&lines(&String::from_utf8_lossy(&output.stderr)));
        if output.status.success() { Ok(output.stdout) } else { Err(Error::Failed(name)) }
    }

    /// The programs to try, each with its command.
    fn programs(&self) -> Vec<(&Path, &'static str)> {
        match &self.kustomize {
            Some(program) => vec![(program, "build")],
            None => vec![(Path::new(KUSTOMIZE), "build"), (Path::new(KUBECTL), "kustomize")],
        }
    }

    fn help(&self) -> &'static str {
        match self.kustomize {
            Some(_) => "install kustomize there, or set its path with `--kustomize PATH`",
            None => "install kustomize or kubectl, or set the path of kustomize with `--kustomize PATH`",
        }
    }
}

fn output(command: &mut Command) -> io::Result<Output> {
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let (started, (stdout, stderr)) = signals::start(command, |child| (child.stdout.take(), child.stderr.take()))?;
    let stderr = thread::Builder::new().spawn(move || read(stderr))?;
    let stdout = read(stdout)?;
    let stderr = stderr.join().unwrap_or_else(|panic| panic::resume_unwind(panic))?;
    Ok(Output { status: signals::wait(&started)?, stdout, stderr })
}

fn read(pipe: Option<impl Read>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    pipe.map_or(Ok(0), |mut pipe| pipe.read_to_end(&mut bytes))?;
    Ok(bytes)
}
