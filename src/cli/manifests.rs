//! Input manifests: how they are read, named in messages, and diagnosed.

use std::path::Path;

use memchr::memmem;

use super::error::Error;
use super::io::Io;
use crate::diag::{Code, Diagnostic, Place};
use crate::disk;
use crate::krm::{ReadError, ResourceList, Stream};

/// The manifests in a file, or on stdin.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    if path == Path::new("-") { Io::read() } else { Ok(disk::read_manifests(path)?) }
}

/// How messages name them.
pub(super) fn name_of(path: &Path) -> &str {
    path.to_str().filter(|name| *name != "-").unwrap_or("stdin")
}

/// Whether it is the package of an orchestrator such as kpt, which deletes the files of what it does not get back.
pub(super) fn is_package(stream: &Stream<'_>) -> bool {
    memmem::find(stream.text().as_bytes(), b"ResourceList").is_some() && ResourceList::read(stream.text()).is_ok()
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
