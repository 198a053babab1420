//! How messages name files.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::{env, io};

use crate::diag::{Code, Diagnostic, Place};
use crate::disk;
use crate::quote::line;

/// A file as messages name it.
pub(super) fn display(path: &Path) -> String {
    line(&path.strip_prefix(".").unwrap_or(path).display().to_string())
}

/// The current folder, without links. It is the same as long as the program runs.
pub(super) fn here() -> io::Result<&'static Path> {
    static HERE: OnceLock<PathBuf> = OnceLock::new();
    if let Some(here) = HERE.get() {
        return Ok(here);
    }
    let here = env::current_dir()?.canonicalize()?;
    Ok(HERE.get_or_init(|| here))
}

/// The folder of a path; empty for what is in the current one.
pub(super) fn parent(file: &Path) -> PathBuf {
    file.parent().map(Path::to_owned).unwrap_or_default()
}

/// A file by its path from the current folder, or by its whole path if that is not known.
pub(super) fn from_here(file: &Path) -> PathBuf {
    let Ok(here) = here() else { return file.to_owned() };
    let shared = here.components().zip(file.components()).take_while(|(one, other)| one == other).count();
    let up = here.components().skip(shared).map(|_| Path::new(".."));
    up.chain(file.components().skip(shared).map(|part| Path::new(part.as_os_str()))).collect()
}

/// The folder of Argo CD's plugin server. It has one folder per call, which contains the repository.
/// <https://github.com/argoproj/argo-cd/blob/master/common/common.go>
const WORK_DIR: &str = "_cmp_server";

/// The repository around a folder: nothing that is read on behalf of a declaration is outside.
pub(super) struct Repository {
    /// Its outermost folder.
    pub(super) root: PathBuf,
    pub(super) kind: Kind,
}

/// What kind of a repository it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// What Argo CD unpacked.
    Unpacked,
    /// A working copy of Git.
    WorkingCopy,
    /// None: the folder itself stands for it.
    Folder,
}

impl Repository {
    /// The repository around a folder, whose path has no links.
    pub(super) fn of(folder: &Path) -> Self {
        let of_call = |above: &&Path| above.parent().and_then(Path::file_name).is_some_and(|name| name == WORK_DIR);
        let unpacked = folder.ancestors().filter(of_call).last().map(|root| (root, Kind::Unpacked));
        let copy = || disk::working_copy(folder).map(|root| (root, Kind::WorkingCopy));
        let (root, kind) = unpacked.or_else(copy).unwrap_or((folder, Kind::Folder));
        Self { root: root.to_owned(), kind }
    }
}

/// Whether Argo CD has unpacked a file from a repository, links followed.
pub(super) fn is_unpacked(file: &Path) -> bool {
    let file = file.canonicalize();
    file.is_ok_and(|file| Repository::of(disk::folder_of(&file)).kind == Kind::Unpacked)
}

/// How a diff names a file, so that `git apply` and `patch -p1` find it, and in which folder they do if not in this one.
/// `git apply` takes nothing outside of the folder where it is run.
pub(super) fn in_diff(path: &Path) -> (String, Option<PathBuf>) {
    let (Ok(folder), Ok(here)) = (disk::folder_of(path).canonicalize(), here()) else { return (display(path), None) };
    let file = folder.join(path.file_name().unwrap_or_default());
    if let Ok(below) = file.strip_prefix(here) {
        return (display(below), None);
    }
    let root = disk::working_copy(&folder).unwrap_or(&folder);
    let steps = here.strip_prefix(root).map(|below| below.components().map(|_| "..").collect());
    (display(file.strip_prefix(root).unwrap_or(&file)), Some(steps.unwrap_or_else(|_| root.to_owned())))
}

/// The error for a file outside the repository: a link can point to any file of the machine, and messages could reveal
/// its contents.
pub(super) fn outside_repository(file: &Path) -> Diagnostic {
    Diagnostic::error(Code::OutsideRepository, "a file of the declaration is outside the repository")
        .at(Place::File(display(file), None))
        .help("put the file itself into the repository")
}
