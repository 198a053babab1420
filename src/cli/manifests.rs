//! Input manifests: how they are read, named in messages, and diagnosed.

use std::path::Path;

use super::error::Error;
use super::io::Io;
use crate::diag::{Code, Diagnostic, Place};
use crate::disk;
use crate::krm::ReadError;

/// The manifests in a file, or on stdin.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    if path == Path::new("-") { Io::read() } else { Ok(disk::read_manifests(path)?) }
}

/// How messages name them.
pub(super) fn name_of(path: &Path) -> &str {
    path.to_str().filter(|name| *name != "-").unwrap_or("stdin")
}

/// What is wrong with a text that should hold objects, as a diagnostic.
pub(super) fn unreadable(name: &str, error: &ReadError) -> Diagnostic {
    let code = match error {
        ReadError::Empty => Code::EmptyInput,
        ReadError::NotAResourceList { .. } => Code::NotAResourceList,
        _ => Code::UnreadableInput,
    };
    let place = Place::File(name.to_owned(), error.position().map(|at| at.line));
    Diagnostic::error(code, error.to_string()).at(place).help(error.help())
}
