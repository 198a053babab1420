//! How messages name files.

use std::path::Path;

use crate::diag::{Code, Diagnostic, Place};
use crate::quote::line;

/// A file as messages name it.
pub(super) fn display(path: &Path) -> String {
    line(&path.strip_prefix(".").unwrap_or(path).display().to_string())
}

/// The error for a file outside the repository: a link can point to any file of the machine, and messages could reveal
/// its contents.
pub(super) fn outside_repository(file: &Path) -> Diagnostic {
    Diagnostic::error(Code::OutsideRepository, "a file of the declaration is outside the repository")
        .at(Place::File(display(file), None))
        .help("put the file itself into the repository")
}
