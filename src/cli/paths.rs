//! How messages name files.

use std::env;
use std::path::{Path, PathBuf};

use crate::diag::{Code, Diagnostic, Place};
use crate::disk;
use crate::quote::line;

/// A file as messages name it.
pub(super) fn display(path: &Path) -> String {
    line(&path.strip_prefix(".").unwrap_or(path).display().to_string())
}

/// How a diff names a file, so that `git apply` and `patch -p1` find it, and in which folder they do if not in this one.
/// `git apply` takes nothing outside of the folder where it is run.
pub(super) fn in_diff(path: &Path) -> (String, Option<PathBuf>) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (Ok(folder), Ok(here)) = (folder.canonicalize(), env::current_dir().and_then(|here| here.canonicalize()))
    else {
        return (display(path), None);
    };
    let file = folder.join(path.file_name().unwrap_or_default());
    if let Ok(below) = file.strip_prefix(&here) {
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
