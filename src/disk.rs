//! Files: found, read, and written whole or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags};

/// The name of the declaration's file.
pub const DECLARATION: &str = "iamra.yaml";

/// A file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no declaration.
    #[error("there is no `iamra.yaml` in `{0}` or above it")]
    NoDeclaration(PathBuf),
    /// The file cannot be read.
    #[error("`{path}` cannot be read", path = .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// The folder has files of somebody else.
    #[error("`{path}` has files that `iamra build --output` did not write", path = .0.display())]
    NotOurs(PathBuf),
    /// The file cannot be written.
    #[error("`{path}` cannot be written", path = .0.display())]
    Write(PathBuf, #[source] io::Error),
}

/// The declaration that `path` means: the file itself, or `iamra.yaml` in the folder or the nearest one above it.
///
/// # Errors
/// There is none.
pub fn find_declaration(path: &Path) -> Result<PathBuf, Error> {
    if path.is_file() {
        return Ok(path.to_owned());
    }
    let folder = path.canonicalize().map_err(|error| Error::Read(path.to_owned(), error))?;
    let mut above = folder.ancestors().map(|folder| folder.join(DECLARATION));
    let found = above.find(|candidate| candidate.is_file());
    // As the user named it, when it is right there.
    let here = path.join(DECLARATION);
    let found = if here.is_file() { Some(here) } else { found };
    found.ok_or_else(|| Error::NoDeclaration(path.to_owned()))
}

/// The text of a file.
///
/// # Errors
/// It cannot be read, or is not UTF-8.
pub fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|error| Error::Read(path.to_owned(), error))
}

/// The text of a file, or `None` when there is no such file.
///
/// # Errors
/// It is there and cannot be read.
pub fn read_if_there(path: &Path) -> Result<Option<String>, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::Read(path.to_owned(), error)),
    }
}

/// Writes a file so that it is there whole or not at all, with the folders above it.
///
/// # Errors
/// It cannot be written.
pub fn write(path: &Path, text: &str) -> Result<(), Error> {
    // Manifests are for everybody to read; temporary files are not, unless told.
    place(path, text.as_bytes(), 0o644).map_err(|error| Error::Write(path.to_owned(), error))
}

/// Copies a program, so that it is there whole and can be run, or not at all.
///
/// # Errors
/// It cannot be read or written.
pub fn install(program: &Path, path: &Path) -> Result<(), Error> {
    let bytes = fs::read(program).map_err(|error| Error::Read(program.to_owned(), error))?;
    place(path, &bytes, 0o755).map_err(|error| Error::Write(path.to_owned(), error))
}

/// The file that says that a folder is ours to replace.
const OURS: &str = ".iamra-output";

/// Replaces a folder by one with these files, in one step. A folder that somebody else has filled stays.
///
/// # Errors
/// It cannot be written, or is not ours.
pub fn replace_folder(path: &Path, files: &BTreeMap<String, &str>) -> Result<(), Error> {
    let failed = |error| Error::Write(path.to_owned(), error);
    let there = fs::read_dir(path).map(|mut entries| entries.next().is_some());
    if there.unwrap_or(false) && !path.join(OURS).is_file() {
        return Err(Error::NotOurs(path.to_owned()));
    }
    fs::create_dir_all(path).map_err(failed)?;
    // Not through a link, which would be replaced and not followed.
    let path = path.canonicalize().map_err(failed)?;
    let beside = path.parent().ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
    let new = || {
        let new = tempfile::Builder::new().prefix(".iamra-").tempdir_in(beside)?;
        fs::set_permissions(new.path(), fs::Permissions::from_mode(0o755))?;
        fs::write(new.path().join(OURS), "Written by `iamra build --output`, which replaces this folder.\n")?;
        for (name, text) in files {
            fs::write(new.path().join(name), text)?;
        }
        rustix::fs::renameat_with(CWD, new.path(), CWD, &path, RenameFlags::EXCHANGE)?;
        // It holds what was there before, now.
        new.close()
    };
    new().map_err(failed)
}

/// The files of a folder that do not start with a dot, by their paths; none when there is no folder.
///
/// # Errors
/// One of them cannot be read, or is not UTF-8.
pub fn read_folder(path: &Path) -> Result<BTreeMap<PathBuf, String>, Error> {
    let failed = |error| Error::Read(path.to_owned(), error);
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        entries => entries.map_err(failed)?,
    };
    let mut files = BTreeMap::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if !is_hidden && entry.path().is_file() {
            files.insert(entry.path(), read(&entry.path())?);
        }
    }
    Ok(files)
}

fn place(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(folder)?;
    let permissions = fs::Permissions::from_mode(mode);
    let mut file = tempfile::Builder::new().prefix(".iamra-").permissions(permissions).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
