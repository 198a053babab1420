//! Checks a folder with untrusted files before a program opens them.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use super::{Error, open};

/// Looks for pipes and devices below `root`, which can block a program that opens them as files. Sockets are ignored:
/// they cannot be opened, and Git has one. Links are not followed: their targets are below `root` and checked there, or
/// outside and not checked.
///
/// # Errors
/// There is one, or a folder cannot be read.
pub fn check_files(root: &Path) -> Result<(), Error> {
    let mut folders = vec![root.to_owned()];
    let mut found: Vec<(PathBuf, fs::FileType)> = Vec::new();
    while let Some(folder) = folders.pop() {
        let failed = |error: io::Error| Error::Read(named(root, &folder), error);
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_fifo() || kind.is_char_device() || kind.is_block_device() {
                found.push((entry.path(), kind));
            }
        }
    }
    // Folders are read in no particular order.
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found.first().map_or(Ok(()), |(path, kind)| Err(Error::NotAFile(named(root, path), open::words(*kind))))
}

/// The path relative to `root`, whose own name may differ each time.
fn named(root: &Path, path: &Path) -> PathBuf {
    let below = path.strip_prefix(root).unwrap_or(path);
    if below.as_os_str().is_empty() { ".".into() } else { below.to_owned() }
}
