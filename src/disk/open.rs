//! Opens files without blocking: opening a pipe waits until its other end is opened.

use std::fs::{File, FileType, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use super::Error;
use crate::memory::Bytes;

/// Paths by which a shell passes a pipe. Only the command line may use them: a declaration that names one could read
/// data meant for something else.
const HANDED_OVER: &[&str] = &["/dev/stdin", "/dev/fd", "/proc/self/fd"];

/// The bytes of a regular file.
pub(super) fn file(path: &Path, most: u64) -> Result<Vec<u8>, Error> {
    whole(path, most, false)
}

/// The bytes of a regular file, or of a pipe that was passed on the command line: `--values <(command)`. A named pipe
/// is rejected, because it may have no writer.
pub(super) fn given(path: &Path, most: u64) -> Result<Vec<u8>, Error> {
    whole(path, most, is_handed_over(path))
}

/// The same where megabytes are usual.
pub(super) fn large(path: &Path, most: u64) -> Result<Bytes, Error> {
    let (file, _) = opened(path, most, is_handed_over(path))?;
    let bytes = Bytes::read(file).map_err(|error| Error::Read(path.to_owned(), error))?;
    check_size(path, most, bytes.len()).map(|()| bytes)
}

fn is_handed_over(path: &Path) -> bool {
    HANDED_OVER.iter().any(|folder| path.starts_with(folder))
}

fn whole(path: &Path, most: u64, is_handed_over: bool) -> Result<Vec<u8>, Error> {
    let (mut file, size) = opened(path, most, is_handed_over)?;
    let mut bytes = Vec::new();
    // Growing by and by has everything twice meanwhile.
    let _ = bytes.try_reserve_exact(usize::try_from(size).unwrap_or_default());
    file.read_to_end(&mut bytes).map_err(|error| Error::Read(path.to_owned(), error))?;
    check_size(path, most, bytes.len()).map(|()| bytes)
}

fn check_size(path: &Path, most: u64, size: usize) -> Result<(), Error> {
    if size as u64 > most { Err(Error::TooLarge(path.to_owned(), most >> 20)) } else { Ok(()) }
}

/// The file, of which a byte more is read than there may be, and how large it says it is.
fn opened(path: &Path, most: u64, is_handed_over: bool) -> Result<(io::Take<File>, u64), Error> {
    let failed = |error: io::Error| Error::Read(path.to_owned(), error);
    let is_right = |kind: FileType| kind.is_file() || (is_handed_over && kind.is_fifo());
    let check = |kind: FileType| {
        if is_right(kind) { Ok(()) } else { Err(Error::NotAFile(path.to_owned(), words(kind))) }
    };
    // Opening some devices has side effects.
    check(path.metadata().map_err(failed)?.file_type())?;
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path).map_err(failed)?;
    let there = file.metadata().map_err(failed)?;
    let kind = there.file_type();
    check(kind)?;
    if there.len() > most {
        return Err(Error::TooLarge(path.to_owned(), most >> 20));
    }
    if kind.is_fifo() {
        wait_for(&file).map_err(failed)?;
    }
    Ok((file.take(most.saturating_add(1)), there.len()))
}

/// Makes reads block until the program at the other end, which the shell has started, writes.
fn wait_for(pipe: &File) -> io::Result<()> {
    Ok(fcntl_setfl(pipe, fcntl_getfl(pipe)? - OFlags::NONBLOCK)?)
}

/// What exists at the path instead of a file.
pub(super) fn no_file(path: &Path) -> Option<&'static str> {
    let kind = path.metadata().ok()?.file_type();
    (!kind.is_file()).then(|| words(kind))
}

/// The name of a file type, for messages.
pub(super) fn words(kind: FileType) -> &'static str {
    if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_file() {
        "a file"
    } else {
        "a device"
    }
}
