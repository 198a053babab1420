//! How messages name files.

use std::path::Path;

use crate::diag::{Code, Diagnostic, Place};
use crate::quote::line;

/// A file as messages name it.
pub(super) fn display(path: &Path) -> String {
    line(&path.strip_prefix(".").unwrap_or(path).display().to_string())
}

/// That a file is not one of the repository: a link may name any file of a machine, and a message may tell of what is in it.
pub(super) fn outside_repository(file: &Path) -> Diagnostic {
    Diagnostic::error(Code::OutsideRepository, "a file of the declaration is outside the repository")
        .at(Place::File(display(file), None))
        .help("put the file itself into the repository")
}
