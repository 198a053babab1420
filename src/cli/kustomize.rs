//! Runs kustomize, and ends it when iamra ends.

use std::env;
use std::ffi::OsString;
use std::io::{self, PipeReader, Read as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use super::error::Error;
use super::io::{Io, aside};
use super::kustomization::is_buildable;
use super::progress::waiting;
use super::signals;
use super::terminal::is_quiet;
use crate::config::{API_VERSION, KIND};
use crate::parallel;
use crate::quote::{lines, quote};

/// Where kustomize looks for an exec plugin of ours, below `$KUSTOMIZE_PLUGIN_HOME` or `~/.config/kustomize/plugin`.
/// <https://github.com/kubernetes-sigs/kustomize/blob/master/api/konfig/plugins.go>
pub(super) fn plugin_path() -> PathBuf {
    [API_VERSION, &KIND.to_lowercase(), KIND].iter().collect()
}

const KUSTOMIZE: &str = "kustomize";

/// What kustomize says of text in UTF-16 without a byte order mark. With one, it reads it.
const CONTROL_CHARACTERS: &str = "control characters are not allowed";

/// As much as a pipe holds: <https://man7.org/linux/man-pages/man7/pipe.7.html>.
const PIPE: usize = 64 * 1024;

/// It has a kustomize in it.
const KUBECTL: &str = "kubectl";

/// How many processors a program in Go uses at a time: <https://pkg.go.dev/runtime#hdr-Environment_Variables>.
const GO_PROCESSORS: &str = "GOMAXPROCS";

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
    /// How messages name the call that was made, and its output for the folder. `meanwhile` is called once kustomize runs. A
    /// stop signal ends kustomize first, then iamra, and nothing is printed.
    pub(super) fn output(
        &self,
        dir: &Path,
        prepare: impl Fn(&mut Command),
        mut meanwhile: impl FnMut(),
    ) -> Result<(String, Output), Error> {
        let mut missing = None;
        for (program, verb) in self.programs() {
            let mut command = Command::new(program);
            command.arg(verb).args(&self.flags).arg("--").arg(dir);
            prepare(&mut command);
            let started = Instant::now();
            let name = format!("{} {verb}", program.display());
            match output(&mut command, &mut meanwhile) {
                Ok(output) => {
                    aside(&format_args!("ran {name} for {} in {:.1?}", dir.display(), started.elapsed()));
                    return Ok((name, output));
                }
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
    /// files. `meanwhile` is called once kustomize runs.
    pub(super) fn run(&self, dir: &Path, io: &mut Io, meanwhile: impl FnMut()) -> Result<Vec<u8>, Error> {
        let mut words = String::new();
        let what = format!("{KUSTOMIZE} build {}", dir.display());
        let built = waiting(&what, io, || self.succeed(dir, |_| {}, meanwhile, &mut words));
        io.words(&words)?;
        built
    }

    /// The same for one of so many builds, with its messages in `words`. Where each processor has a build of its own, a kustomize
    /// that uses all of them only gets in the way of the others: one small build takes a tenth more CPU time.
    pub(super) fn run_apart(&self, dir: &Path, builds: usize, words: &mut String) -> Result<Vec<u8>, Error> {
        let is_one = builds > parallel::processors() && env::var_os(GO_PROCESSORS).is_none();
        let prepare = |command: &mut Command| {
            if is_one {
                command.env(GO_PROCESSORS, "1");
            }
        };
        self.succeed(dir, prepare, || {}, words)
    }

    fn succeed(
        &self,
        dir: &Path,
        prepare: impl Fn(&mut Command),
        meanwhile: impl FnMut(),
        words: &mut String,
    ) -> Result<Vec<u8>, Error> {
        let (name, output) = self.output(dir, prepare, meanwhile)?;
        if name.starts_with(KUBECTL) && self.kustomize.is_none() {
            *words = format!("note: there is no kustomize; {} is used\n", quote(&name));
        }
        if output.status.success() && is_quiet() {
            words.clear();
        } else {
            words.push_str(&lines(&String::from_utf8_lossy(&output.stderr)));
            if !words.is_empty() && !words.ends_with('\n') {
                words.push('\n');
            }
        }
        match output.status.success() {
            true => Ok(output.stdout),
            false if dir.is_dir() && !is_buildable(dir) => Err(Error::NothingToBuild(name, dir.to_owned())),
            false if words.contains(CONTROL_CHARACTERS) => Err(Error::ControlCharacters(name)),
            false => Err(Error::Failed(name)),
        }
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

fn output(command: &mut Command, meanwhile: impl FnOnce()) -> io::Result<Output> {
    let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let take = |child: &mut Child| {
        let (stdout, stderr) = (child.stdout.take().map(OwnedFd::from), child.stderr.take().map(OwnedFd::from));
        [stdout, stderr].map(|pipe| pipe.map(PipeReader::from))
    };
    let (started, pipes) = signals::start(command, take)?;
    meanwhile();
    let [stdout, stderr] = read(pipes)?;
    Ok(Output { status: signals::wait(&started)?, stdout, stderr })
}

/// What comes out of both until both are closed. A thread for one of them would cost a tenth of a small build's overhead.
fn read(pipes: [Option<PipeReader>; 2]) -> io::Result<[Vec<u8>; 2]> {
    let mut read = [Vec::new(), Vec::new()];
    let mut buffer = vec![0; PIPE];
    let mut open: Vec<_> = pipes.into_iter().zip(&mut read).filter_map(|(pipe, to)| Some((pipe?, to))).collect();
    while !open.is_empty() {
        let mut polled: Vec<_> = open.iter().map(|(pipe, _)| PollFd::new(pipe, PollFlags::IN)).collect();
        match poll(&mut polled, None) {
            Err(Errno::INTR) => continue,
            other => other?,
        };
        let ready: Vec<_> = polled.iter().map(|it| !it.revents().is_empty()).collect();
        let mut next = Vec::new();
        for ((mut pipe, to), is_ready) in open.into_iter().zip(ready) {
            let count = if is_ready { Some(pipe.read(&mut buffer)?) } else { None };
            to.extend_from_slice(buffer.get(..count.unwrap_or_default()).unwrap_or_default());
            if count != Some(0) {
                next.push((pipe, to));
            }
        }
        open = next;
    }
    Ok(read)
}
