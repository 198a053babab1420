//! Checks a folder with untrusted files before a program opens them.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use super::{Error, OURS, is_missing, open};

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

/// The folder and all below it, in order: without hidden ones, links, and folders that `iamra build` has written.
///
/// # Errors
/// One of them cannot be read.
pub fn folders_below(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = vec![root.to_owned()];
    let mut next = 0;
    while let Some(folder) = found.get(next) {
        let entries = entries(folder)?;
        let is_visible = |entry: &fs::DirEntry| {
            entry.file_type().is_ok_and(|kind| kind.is_dir())
                && !entry.file_name().as_encoded_bytes().starts_with(b".")
                && !entry.path().join(OURS).is_file()
        };
        found.extend(entries.iter().filter(|it| is_visible(it)).map(fs::DirEntry::path));
        next += 1;
    }
    found.sort();
    Ok(found)
}

/// What is in a folder; nothing if there is none.
///
/// # Errors
/// It cannot be read.
pub(super) fn entries(folder: &Path) -> Result<Vec<fs::DirEntry>, Error> {
    match fs::read_dir(folder) {
        Err(error) if is_missing(&error) => Ok(Vec::new()),
        Err(error) => Err(Error::Read(folder.to_owned(), error)),
        Ok(entries) => Ok(entries.flatten().collect()),
    }
}

/// The folders in and below `root` that `iamra build` has written, relative to it.
pub fn written_below(root: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        if folder.join(OURS).is_file() {
            found.extend(folder.strip_prefix(root).map(Path::to_owned));
            continue;
        }
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        folders.extend(entries.filter(|it| it.file_type().is_ok_and(|it| it.is_dir())).map(|it| it.path()));
    }
    found.sort();
    found
}

/// The files of this name in and below a folder, in order; links are not followed. What is hidden, or in a repository of
/// its own, belongs to others.
///
/// # Errors
/// The folder cannot be read. One below it that cannot is skipped.
pub fn files_named(root: &Path, name: &str) -> Result<Vec<PathBuf>, Error> {
    let mut folders = vec![root.to_owned()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        let whole = if folder.as_os_str().is_empty() { Path::new(".") } else { &folder };
        let entries: Vec<_> = match fs::read_dir(whole) {
            Ok(entries) => entries.flatten().collect(),
            Err(_) if folder != root => continue,
            // That of a file that will be written.
            Err(error) if error.kind() == io::ErrorKind::NotFound => break,
            Err(error) => return Err(Error::Read(folder, error)),
        };
        if folder != root && entries.iter().any(|entry| entry.file_name() == ".git") {
            continue;
        }
        for entry in entries {
            let (path, kind) = (folder.join(entry.file_name()), entry.file_type());
            let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            if !is_hidden && kind.as_ref().is_ok_and(fs::FileType::is_dir) {
                folders.push(path);
            } else if entry.file_name() == name && kind.is_ok_and(|kind| kind.is_file()) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The path relative to `root`, whose own name may differ each time.
fn named(root: &Path, path: &Path) -> PathBuf {
    let below = path.strip_prefix(root).unwrap_or(path);
    if below.as_os_str().is_empty() { ".".into() } else { below.to_owned() }
}
