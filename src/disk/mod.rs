//! Files: found, read, and written whole or not at all.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::iter;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use crate::temporary::{Temporary, TemporaryFolder};

mod inside;
mod open;
mod pattern;
mod together;
mod walk;

pub use inside::{inside, is_in_tree, is_in_working_copy, working_copy};
pub use pattern::{NoMatches, could_match, is_pattern, matching};
pub use together::read_together;
pub use walk::{check_files, files_named, folders_below, written_below};

use crate::encoding::Encoding;
use crate::memory::Bytes;
use crate::quote::quote;

/// The name of the declaration's file.
pub const DECLARATION: &str = "iamra.yaml";

/// The size limit of files that people or `iamra lock` write: enough for some fifty thousand workloads.
pub const LARGEST: u64 = 8 << 20;

/// The size limit of manifests.
const MANIFESTS: u64 = 1 << 30;

/// A file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no declaration.
    #[error("there is no `iamra.yaml` in {} or above it", quote(&.0.display()))]
    NoDeclaration(PathBuf),
    /// There is a file that is nearly called like one.
    #[error("{} is not read, because it is not called `iamra.yaml`", quote(&.0.display()))]
    Misnamed(PathBuf),
    /// The file cannot be read.
    #[error("{} cannot be read", quote(&.0.display()))]
    Read(PathBuf, #[source] io::Error),
    /// The text is encoded in something else than UTF-8.
    #[error("{} is text in {}, expected UTF-8", quote(&.0.display()), .1)]
    Encoded(PathBuf, Encoding),
    /// The path is not a regular file: reading a pipe or a device could block forever.
    #[error("{} is {}, not a file", quote(&.0.display()), .1)]
    NotAFile(PathBuf, &'static str),
    /// Something that is not a file is where one would be written.
    #[error("{} is {}, not a file", quote(&.0.display()), .1)]
    Occupied(PathBuf, &'static str),
    /// The path leads through something that is not a folder.
    #[error("{} is {}, not a folder", quote(&.0.display()), .1)]
    NotAFolder(PathBuf, &'static str),
    /// The file is larger than the limit.
    #[error("{} is larger than {} MiB", quote(&.0.display()), .1)]
    TooLarge(PathBuf, u64),
    /// The folder has files that iamra did not write.
    #[error("{} has files that `iamra build --output` did not write", quote(&.0.display()))]
    NotOurs(PathBuf),
    /// The file cannot be written.
    #[error("{} cannot be written", quote(&.0.display()))]
    Write(PathBuf, #[source] io::Error),
    /// The file may not be written.
    #[error("{} is read-only", quote(&.0.display()))]
    ReadOnly(PathBuf),
    /// The file is not what it was when it was read.
    #[error("{} was changed by another process in the meantime, and was not overwritten", quote(&.0.display()))]
    Changed(PathBuf),
}

impl Error {
    /// Why a file cannot be read, without its name: `is a folder, not a file`.
    pub fn why(&self) -> String {
        match self {
            Self::NotAFile(_, what) | Self::Occupied(_, what) => format!("is {what}, not a file"),
            Self::Encoded(_, encoding) => format!("is text in {encoding}, expected UTF-8"),
            Self::TooLarge(_, most) => format!("is larger than {most} MiB"),
            Self::Read(_, error) => format!("cannot be read: {error}"),
            _ => self.to_string(),
        }
    }
}

/// Finds the declaration for `path`: the file itself, or `iamra.yaml` in the folder or the nearest one above it.
///
/// # Errors
/// There is none.
pub fn find_declaration(path: &Path) -> Result<PathBuf, Error> {
    // Anything but a folder counts; its type is checked when it is opened.
    let is_there = |path: &Path| fs::metadata(path).is_ok_and(|it| !it.is_dir());
    if is_there(path) {
        return Ok(path.to_owned());
    }
    let folder = path.canonicalize().map_err(|error| Error::Read(path.to_owned(), error))?;
    // The first folder keeps the name that the user gave it.
    let folders = iter::once(path.to_owned()).chain(folder.ancestors().skip(1).map(Path::to_owned));
    Ok(nearest(path, folders, is_there)?.1.join(DECLARATION))
}

/// The first of these folders that has a declaration, and its position.
///
/// # Errors
/// None has one, or a file that is nearly called like one, or a folder or broken link that is called so, comes first: it is
/// meant before any that is further up.
pub fn nearest(
    path: &Path,
    folders: impl Iterator<Item = PathBuf>,
    is_there: impl Fn(&Path) -> bool,
) -> Result<(usize, PathBuf), Error> {
    for (position, folder) in folders.enumerate() {
        if is_there(&folder.join(DECLARATION)) {
            return Ok((position, folder));
        }
        if let Some(found) = misnamed(&folder) {
            return Err(found);
        }
    }
    Err(Error::NoDeclaration(path.to_owned()))
}

/// What a folder has in place of a declaration: a file that is nearly called like one, or something else with its name.
fn misnamed(folder: &Path) -> Option<Error> {
    let is_meant = |name: &OsString| {
        let name = name.to_string_lossy().to_lowercase();
        name == DECLARATION || name == "iamra.yml"
    };
    let names = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.file_name());
    // The right name comes first.
    let name = names.filter(is_meant).min_by_key(|name| (name != DECLARATION, name.clone()))?;
    let found = folder.join(&name);
    let found = found.strip_prefix(".").map(Path::to_owned).unwrap_or(found);
    // Whatever has the right name and is no file.
    if name == DECLARATION { read(&found).err() } else { Some(Error::Misnamed(found)) }
}

/// The text of a file.
///
/// # Errors
/// It is no file, cannot be read, is too large or not UTF-8.
pub fn read(path: &Path) -> Result<String, Error> {
    text(path, open::file(path, LARGEST)?)
}

/// The text of a file, or `None` when there is no such file.
///
/// # Errors
/// It is there and cannot be read.
pub fn read_if_there(path: &Path) -> Result<Option<String>, Error> {
    if_there(read(path))
}

/// The same for rendered manifests, of which there may be many.
///
/// # Errors
/// It is there and cannot be read.
pub fn read_rendered(path: &Path) -> Result<Option<String>, Error> {
    if_there(open::file(path, MANIFESTS).and_then(|bytes| text(path, bytes)))
}

fn if_there(read: Result<String, Error>) -> Result<Option<String>, Error> {
    match read {
        Err(Error::Read(_, error)) if is_missing(&error) => Ok(None),
        read => read.map(Some),
    }
}

/// The text of a path from the command line: a file, or the pipe that a shell passes for `<(command)`.
///
/// # Errors
/// It is neither, cannot be read, is too large or not UTF-8.
pub fn read_given(path: &Path) -> Result<String, Error> {
    text(path, open::given(path, LARGEST)?)
}

/// The same for manifests, of which there may be many.
///
/// # Errors
/// It is neither, or cannot be read.
pub fn read_manifests(path: &Path) -> Result<Bytes, Error> {
    open::large(path, MANIFESTS)
}

/// A path without links, as far as it leads anywhere.
pub fn whole(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| match path.file_name() {
        Some(name) => {
            let at = whole(folder_of(path)).join(name);
            // Behind something that is gone and `..`, it may be there.
            at.canonicalize().unwrap_or(at)
        }
        // It ends in `..`, behind something that is gone.
        None if path.parent().is_some() => whole(folder_of(path)).parent().map_or_else(PathBuf::new, Path::to_owned),
        None => path.to_owned(),
    })
}

/// Whether nothing is there, not even a dangling link.
pub fn is_gone(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err_and(|error| is_missing(&error))
}

/// Whether two paths lead to one file.
pub fn is_same(one: &Path, other: &Path) -> bool {
    one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

/// Whether anything but a folder exists at this path, including a dangling link.
pub fn is_taken(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|it| !it.is_dir())
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn text(path: &Path, bytes: Vec<u8>) -> Result<String, Error> {
    if let Some(other) = Encoding::other(&bytes) {
        return Err(Error::Encoded(path.to_owned(), other));
    }
    let not_text = |_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8");
    String::from_utf8(bytes).map_err(not_text).map_err(|error| Error::Read(path.to_owned(), error))
}

/// Writes a file atomically, and creates its parent folders.
///
/// # Errors
/// It cannot be written.
pub fn write(path: &Path, text: &str) -> Result<(), Error> {
    check_place(path)?;
    let written = itself(path).and_then(|path| put(&path, text));
    written.map_err(|error| Error::Write(path.to_owned(), error))
}

/// Puts a text in the place of a file, which hands on its mode and owner.
fn put(path: &Path, text: &str) -> io::Result<()> {
    let there = fs::metadata(path).ok();
    // Manifests are world-readable; temporary files are not by default.
    let mode = there.as_ref().map_or(0o644, |there| there.mode() & 0o7777);
    place(path, text.as_bytes(), mode, there)
}

/// The file that a link leads to: a rename would replace the link.
fn itself(path: &Path) -> io::Result<PathBuf> {
    if path.exists() { path.canonicalize() } else { Ok(path.to_owned()) }
}

/// Writes a file that the other containers of a pod read. In a volume of a pod with an `fsGroup`, the folder hands its group
/// on, and the group reads it; otherwise everybody who has the volume does, because containers may have any user.
///
/// # Errors
/// It cannot be written.
pub fn write_for_pod(path: &Path, text: &str) -> Result<(), Error> {
    check_place(path)?;
    let hands_on = fs::metadata(folder_of(path)).is_ok_and(|folder| folder.mode() & 0o2000 != 0);
    let mode = if hands_on { 0o640 } else { 0o644 };
    place(path, text.as_bytes(), mode, None).map_err(|error| Error::Write(path.to_owned(), error))
}

/// Whether a file can be written there: whatever has its name is a file, and what is above it are folders, as far as they are
/// there.
///
/// # Errors
/// Something else is there.
pub fn check_place(path: &Path) -> Result<(), Error> {
    if let Some(what) = open::no_file(path) {
        return Err(Error::Occupied(path.to_owned(), what));
    }
    let Some(above) = path.ancestors().skip(1).find(|above| fs::symlink_metadata(above).is_ok()) else { return Ok(()) };
    let kind = above.metadata().map_err(|error| Error::Write(path.to_owned(), error))?.file_type();
    if kind.is_dir() { Ok(()) } else { Err(Error::NotAFolder(above.to_owned(), open::words(kind))) }
}

/// A file that is locked for editing. Other processes wait until this is dropped.
#[derive(Debug)]
pub struct Claim {
    /// The file itself, not a link to it.
    path: PathBuf,
    /// The file's text when it was claimed; `None` when there was none.
    before: Option<String>,
    /// The file's folder, which holds the lock, because the file itself is replaced.
    _folder: Option<fs::File>,
}

impl Claim {
    /// Waits for the lock, and reads the file.
    ///
    /// # Errors
    /// It exists and cannot be read, or its folder cannot.
    pub fn new(path: &Path) -> Result<Self, Error> {
        let failed = |error| Error::Read(path.to_owned(), error);
        check_place(path)?;
        let path = itself(path).map_err(failed)?;
        // A folder that does not exist is created with the file.
        let folders =
            folder_of(&path).ancestors().map(|it| if it.as_os_str().is_empty() { Path::new(".") } else { it });
        let nearest = folders.into_iter().find(|it| it.exists()).unwrap_or(Path::new("."));
        let folder = fs::File::open(nearest).map_err(failed)?;
        // On file systems without locks, `replace` still detects changes by other processes.
        let folder = folder.lock().is_ok().then_some(folder);
        Ok(Self { before: read_if_there(&path)?, path, _folder: folder })
    }

    /// The text that was there.
    pub fn before(&self) -> Option<&str> {
        self.before.as_deref()
    }

    /// Replaces the text atomically, and keeps the mode and owner of the file.
    ///
    /// # Errors
    /// It cannot be written, or another process has changed it without the lock.
    pub fn replace(self, text: &str) -> Result<(), Error> {
        if read_if_there(&self.path)? != self.before {
            return Err(Error::Changed(self.path));
        }
        if fs::metadata(&self.path).is_ok_and(|there| there.permissions().readonly()) {
            return Err(Error::ReadOnly(self.path));
        }
        put(&self.path, text).map_err(|error| Error::Write(self.path, error))
    }
}

/// Copies a program atomically, and makes it executable.
///
/// # Errors
/// It cannot be read or written.
pub fn install(program: &Path, path: &Path) -> Result<(), Error> {
    let bytes = fs::read(program).map_err(|error| Error::Read(program.to_owned(), error))?;
    check_place(path)?;
    place(path, &bytes, 0o755, None).map_err(|error| Error::Write(path.to_owned(), error))
}

/// The file that marks a folder as written by iamra.
const OURS: &str = ".iamra-output";

/// Replaces a folder atomically with one that has these files. A folder that iamra did not write is not replaced.
///
/// # Errors
/// It cannot be written, or is not ours.
pub fn replace_folder(path: &Path, files: &BTreeMap<String, &str>) -> Result<(), Error> {
    let failed = |error| Error::Write(path.to_owned(), error);
    let there = fs::read_dir(path).map(|mut entries| entries.next().is_some());
    if there.unwrap_or(false) && !path.join(OURS).is_file() {
        return Err(Error::NotOurs(path.to_owned()));
    }
    // For the folder itself, and for what is above it.
    check_place(&path.join(OURS))?;
    let beside = folder_of(path);
    fs::create_dir_all(beside).map_err(failed)?;
    // Links are resolved first: a rename would replace the link instead of following it.
    let path = if path.exists() {
        path.canonicalize()
    } else {
        beside.canonicalize().map(|beside| beside.join(path.file_name().unwrap_or_default()))
    };
    let new = |path: &Path| {
        let new = TemporaryFolder::beside(path)?;
        new.write(OURS, "Whole by `iamra build --output`, which replaces this folder.\n")?;
        for (name, text) in files {
            new.write(name, text)?;
        }
        new.replace(path)
    };
    path.and_then(|path| new(&path)).map_err(failed)
}

/// Whether `iamra build` wrote the folder, as that of one build.
pub fn is_written(path: &Path) -> bool {
    path.join(OURS).is_file()
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
            files.extend(read_rendered(&entry.path())?.map(|text| (entry.path(), text)));
        }
    }
    Ok(files)
}

/// The texts of all files in and below a folder that tools may apply as manifests, in the order of their paths.
///
/// # Errors
/// One of them cannot be read, or is not UTF-8.
pub fn read_manifest_folder(path: &Path) -> Result<Vec<String>, Error> {
    let entries = fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut entries = entries.map_err(|error| Error::Read(path.to_owned(), error))?;
    entries.sort_by_key(fs::DirEntry::path);
    let mut texts = Vec::new();
    for path in entries.iter().map(fs::DirEntry::path) {
        if path.is_dir() && !path.is_symlink() {
            texts.extend(read_manifest_folder(&path)?);
        } else if EXTENSIONS.iter().any(|extension| path.extension().is_some_and(|it| it == *extension)) {
            texts.extend(read_rendered(&path)?);
        }
    }
    Ok(texts)
}

/// The file extensions that kubectl, Flux and Argo CD treat as manifests.
/// <https://github.com/kubernetes/cli-runtime/blob/master/pkg/resource/builder.go>
const EXTENSIONS: [&str; 3] = ["yaml", "yml", "json"];

fn place(path: &Path, bytes: &[u8], mode: u32, owner: Option<fs::Metadata>) -> io::Result<()> {
    let folder = folder_of(path);
    fs::create_dir_all(folder)?;
    let mut new = Temporary::in_folder(folder, mode)?;
    new.write(bytes)?;
    if let Some(owner) = owner {
        // Only root can change a file's owner; other users own the file already.
        let _ = fchown(new.file(), Some(owner.uid()), Some(owner.gid()));
        // The umask applies when a file is created, and `fchown` clears mode bits.
        new.file().set_permissions(fs::Permissions::from_mode(mode))?;
    }
    new.persist(path)
}

/// The folder that a file is in, as it is opened.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_without_links_as_far_as_it_leads() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().canonicalize().unwrap();
        fs::create_dir(dir.join("real")).unwrap();
        std::os::unix::fs::symlink("real", dir.join("link")).unwrap();
        for (path, expected) in [
            ("link", "real"),
            ("link/gone.yaml", "real/gone.yaml"),
            ("link/gone/below/gone.yaml", "real/gone/below/gone.yaml"),
            ("gone/../link/gone.yaml", "real/gone.yaml"),
            ("link/gone/..", "real"),
        ] {
            assert_eq!(whole(&dir.join(path)), dir.join(expected), "{path}");
        }
        assert_eq!(whole(Path::new("")), Path::new(""));
    }
}
