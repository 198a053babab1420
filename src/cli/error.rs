//! Failures outside the input: their messages, causes and exit codes.

use std::error::Error as _;
use std::io;
use std::path::PathBuf;

use super::Exit;
use crate::encoding;
use crate::git;
use crate::quote::{line, quote};
use crate::{ca, disk, serve};

/// A failure outside the input, or wrong usage.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// A file.
    #[error(transparent)]
    Disk(#[from] disk::Error),
    /// stdin.
    #[error("stdin cannot be read")]
    Input(#[source] io::Error),
    /// Two arguments are stdin.
    #[error("stdin is given twice, and can be read once")]
    InputTwice,
    /// Nothing was piped in. With how to call the command.
    #[error("the command reads from stdin, which is a terminal")]
    Terminal(&'static str),
    /// stdout or stderr.
    #[error("the output cannot be written")]
    Output(#[source] io::Error),
    /// A program that we run, and where to get it.
    #[error("{} cannot be run", quote(&.0))]
    Program(String, &'static str, #[source] io::Error),
    /// A program that we ran.
    #[error("{} failed", quote(&.0))]
    Failed(String),
    /// kustomize, of a file that it takes for no text.
    #[error("{} failed: a file has control characters, as text in UTF-16 has for readers of UTF-8", quote(&.0))]
    ControlCharacters(String),
    /// kustomize, in a folder in which it has nothing to build.
    #[error("{} failed: there is no kustomization in {}", quote(&.0), quote(&.1.display()))]
    NothingToBuild(String, PathBuf),
    /// kubectl, which has said why, and what to do.
    #[error("`kubectl get` failed")]
    Cluster(&'static str),
    /// kustomize, when its message is shown to users who did not run it.
    #[error("kustomize cannot build the application: {0}")]
    Kustomize(String),
    /// Without signal handlers, unfinished files would be left behind.
    #[error("signal handlers cannot be installed")]
    Signals(#[source] io::Error),
    /// An object that cannot be given a file name.
    #[error("a built object has no kind or no name, so its file cannot be named")]
    Nameless,
    /// Two objects with the same file name.
    #[error("two built objects would be written to the same file, {}", quote(&.0))]
    Twice(String),
    /// The demo would overwrite a file.
    #[error("{} already exists", quote(&.0.display()))]
    Exists(PathBuf),
    /// A file would be overwritten.
    #[error("{} already exists", quote(&.0.display()))]
    Overwrite(PathBuf),
    /// The file of a page is somebody else's.
    #[error("{} already exists, and `iamra report` did not write it", quote(&.0.display()))]
    NotOurPage(PathBuf),
    /// An option that does not apply to the tool.
    #[error("{} can be used only with {}", quote(&option), quote(&format_args!("--from {tool}")))]
    Misplaced {
        /// The option.
        option: &'static str,
        /// The tool that it is for.
        tool: String,
    },
    /// The SDKs' variable for the number of attempts is invalid.
    #[error("`AWS_MAX_ATTEMPTS` is {}, expected a whole number of 1 or more", quote(&.0))]
    Attempts(String),
    /// Calls to AWS cannot be set up.
    #[error("the operating system provides no event queue for calls to AWS")]
    Runtime(#[source] io::Error),
    /// The repository.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// There is no declaration in a version of the repository.
    #[error("there is no `iamra.yaml` in {path} or above it, neither in {1} nor in {2}", path = quote(&.0.display()))]
    Undeclared(PathBuf, String, String),
    /// A declaration that is not in the index.
    #[error("no `iamra.yaml` in {} or above it is staged or committed", quote(&.0.display()))]
    Unstaged(PathBuf),
    /// Several builds, and no folder for them.
    #[error("several builds need a folder each, and `--output` names none")]
    NoOutputFolder,
    /// A pattern without a match.
    #[error("no folder with a kustomization matches {}", quote(&.0))]
    Unmatched(String),
    /// No kustomization.
    #[error("there is no kustomization in {} or below it", quote(&.0.display()))]
    NoBuild(PathBuf),
    /// What is not a pattern.
    #[error("{pattern} is not a pattern: {1}", pattern = quote(&.0))]
    Pattern(String, &'static str),
    /// A folder without a name of its own for its output.
    #[error("{} is not below the current folder, so its output has no name", quote(&.0.display()))]
    Outside(PathBuf),
    /// Two builds that would overwrite each other.
    #[error("{} and {} would be written into each other's folder", quote(&.0.display()), quote(&.1.display()))]
    Entangled(PathBuf, PathBuf),
    /// The folder is that of one build.
    #[error("{} is the output of one build, and would hold those of several", quote(&.0.display()))]
    OneBuild(PathBuf),
    /// A build would be written into what it is made of.
    #[error("{} is what the build is made of, and would be replaced by its output", quote(&.0.display()))]
    Source(PathBuf),
    /// Nobody is there to ask.
    #[error("this changes AWS, and there is no terminal to ask on")]
    Unasked,
    /// Arguments that do not go together, and what to do.
    #[error("{0}")]
    Combination(&'static str, &'static str),
    /// The credential server.
    #[error(transparent)]
    Serve(#[from] serve::Error),
    /// A CA cannot be generated.
    #[error(transparent)]
    Authority(#[from] ca::Error),
}

impl Error {
    /// What failed, and why.
    pub(super) fn words(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        line(&text)
    }

    /// What failed, why, and what to do, in lines.
    pub(super) fn told(&self) -> String {
        let help = self.help().map_or_else(String::new, |help| format!("  help: {help}\n"));
        format!("error: {}\n{help}", self.words())
    }

    /// Wrong usage, or failures outside iamra.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Disk(disk::Error::NoDeclaration(_) | disk::Error::Misnamed(_) | disk::Error::NotOurs(_))
            | Self::InputTwice
            | Self::Terminal(_)
            | Self::Exists(_)
            | Self::Overwrite(_)
            | Self::NotOurPage(_)
            | Self::Misplaced { .. }
            | Self::Attempts(_)
            | Self::Undeclared(..)
            | Self::Unstaged(_)
            | Self::NoOutputFolder
            | Self::Unmatched(_)
            | Self::NoBuild(_)
            | Self::Pattern(..)
            | Self::Outside(_)
            | Self::Entangled(..)
            | Self::Unasked
            | Self::Combination(..)
            | Self::Source(_)
            | Self::OneBuild(_) => Exit::Usage,
            Self::Git(error) if error.is_misuse() => Exit::Usage,
            Self::Disk(disk::Error::Encoded(..)) => Exit::WrongInput,
            _ => Exit::Failed,
        }
    }

    /// What to do.
    pub(super) fn help(&self) -> Option<&'static str> {
        match self {
            Self::Git(error) => error.help(),
            Self::Undeclared(..) => Some("pass the folder that contains one"),
            Self::Unstaged(_) => Some("`git add` it"),
            Self::InputTwice => Some("name a file in place of all `-` but one"),
            Self::Terminal(call) => Some(call),
            Self::Disk(disk::Error::NoDeclaration(_)) => Some(
                "pass the folder that contains one, write one with `iamra init`, or run `iamra demo` for an example",
            ),
            Self::Disk(disk::Error::Write(_, error)) if error.kind() == io::ErrorKind::ResourceBusy => Some(
                "something is mounted there, which cannot be replaced: mount the folder above it, or name a path below it",
            ),
            Self::Disk(disk::Error::Write(_, error)) if error.kind() == io::ErrorKind::InvalidFilename => Some(
                "a file's name is longer than the file system allows; one file (`….yaml`) holds objects with any names",
            ),
            Self::Disk(disk::Error::NotAFolder(..)) => Some("rename it, or have the files written elsewhere"),
            Self::Disk(disk::Error::NotAFile(path, _) | disk::Error::Occupied(path, _))
                if path.ends_with(disk::DECLARATION) =>
            {
                Some("the declaration is a file: rename what has its name, or pass the path of another file")
            }
            Self::Disk(disk::Error::Occupied(_, "a folder")) => Some("name a file in it, or another one"),
            Self::Disk(disk::Error::NotAFile(_, "a folder")) => {
                Some("name a file in it, or pipe manifests in: `kustomize build FOLDER | iamra inject -`")
            }
            Self::Disk(disk::Error::Encoded(..)) | Self::ControlCharacters(_) => Some(encoding::HELP),
            Self::Disk(disk::Error::Misnamed(_)) => Some("rename it to `iamra.yaml`"),
            Self::Disk(disk::Error::ReadOnly(_)) => Some("make it writable: `chmod u+w`"),
            Self::Disk(disk::Error::Changed(_)) => Some("run the command again"),
            Self::Disk(disk::Error::NotOurs(_)) => Some("use a folder that holds only these manifests"),
            Self::Program(_, help, _) | Self::Combination(_, help) | Self::Cluster(help) => Some(help),
            Self::NothingToBuild(..) => {
                Some("pass a folder with a kustomization.yaml, or pipe manifests into `iamra inject -`")
            }
            Self::Kustomize(words) if words.contains("external plugins disabled") => Some(
                "remove iamra from `components:` and `transformers:`: here it injects into the output of kustomize",
            ),
            Self::Kustomize(_) => Some("run `kustomize build` in the application's folder"),
            Self::Unasked => Some("look at the plan, then add `--yes`"),
            Self::NoOutputFolder => Some("add `--output FOLDER`, in which each build gets its own folder"),
            Self::Unmatched(_) => {
                Some("quote patterns, and begin them in the current folder: `'apps/*/overlays/prod'`")
            }
            Self::NoBuild(_) => Some("name the folders of the builds: `iamra check --builds FOLDER…`"),
            Self::Outside(_) => Some("run iamra in a folder above it"),
            Self::Entangled(..) => Some("run iamra once for each, with another `--output`"),
            Self::Source(_) => Some("choose another file"),
            Self::NotOurPage(_) => Some("choose another file, or remove this one"),
            Self::Overwrite(_) => Some("choose another file, or overwrite it with `--force`"),
            Self::Exists(_) | Self::OneBuild(_) => Some("choose another folder, or remove this one"),
            _ => None,
        }
    }
}
