//! Temporary files and folders: created next to their destination, moved there atomically, and removed when the program
//! ends. Code that ends the program calls [`abandon`] first: a step in progress is completed, no other one begins, and
//! temporary files are removed. A killed program cannot do that; then the next one that writes to the same folder
//! removes its files, which it recognizes by their name and by the lock that ended with their owner.

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use rustix::fs::{CWD, RenameFlags};
use tempfile::{Builder, NamedTempFile, TempDir};

/// The prefix of all names; the process id and random letters follow.
const PREFIX: &str = ".iamra-tmp-";

/// The temporary files of this process.
static OURS: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Set when no further step may begin.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Takes one atomic step.
fn step<T>(take: impl FnOnce(&mut BTreeSet<PathBuf>) -> io::Result<T>) -> io::Result<T> {
    while ENDING.load(Ordering::SeqCst) {
        thread::park();
    }
    take(&mut ours())
}

fn ours() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    OURS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes temporary files, and blocks further writes in this process. The caller ends the process.
pub fn abandon() {
    ENDING.store(true, Ordering::SeqCst);
    let ours = ours();
    for path in &*ours {
        // Somebody may have removed it already, and an error could no longer be reported.
        let _ = remove(path);
    }
    // Held until the process ends.
    std::mem::forget(ours);
}

/// A temporary file.
#[derive(Debug)]
pub struct Temporary(NamedTempFile);

impl Temporary {
    /// Creates a file in the folder of its destination.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn in_folder(folder: &Path, mode: u32) -> io::Result<Self> {
        sweep(folder);
        step(|ours| {
            let file =
                Builder::new().prefix(&prefix()).permissions(Permissions::from_mode(mode)).tempfile_in(folder)?;
            // On file systems without locks, none of our files is swept either.
            let _ = file.as_file().try_lock();
            ours.insert(file.path().to_owned());
            Ok(Self(file))
        })
    }

    /// The file itself.
    pub fn file(&self) -> &File {
        self.0.as_file()
    }

    /// Writes all of the bytes.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        step(|_| self.0.write_all(bytes))
    }

    /// Moves it to its destination, replacing what exists.
    ///
    /// # Errors
    /// It cannot be moved; it is then removed.
    pub fn persist(self, path: &Path) -> io::Result<()> {
        self.file().sync_all()?;
        step(|ours| {
            let temporary = self.0.path().to_owned();
            let persisted = self.0.persist(path).map_err(|error| error.error);
            ours.remove(&temporary);
            persisted.map(drop)
        })
    }
}

/// A temporary folder.
#[derive(Debug)]
pub struct TemporaryFolder {
    folder: TempDir,
    /// Locked while it is open.
    _lock: Option<File>,
}

impl TemporaryFolder {
    /// Creates a folder next to its destination.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn beside(place: &Path) -> io::Result<Self> {
        let beside = place.parent().ok_or(io::ErrorKind::InvalidInput)?;
        sweep(beside);
        step(|ours| {
            let folder = Builder::new().prefix(&prefix()).tempdir_in(beside)?;
            let lock = File::open(folder.path()).ok().filter(|lock| lock.try_lock().is_ok());
            ours.insert(folder.path().to_owned());
            fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
            Ok(Self { folder, _lock: lock })
        })
    }

    /// Writes one file of it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, name: &str, text: &str) -> io::Result<()> {
        step(|_| fs::write(self.folder.path().join(name), text))
    }

    /// Writes a file of it that nobody else can read.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write_private(&self, name: &str, text: &str) -> io::Result<()> {
        step(|_| {
            let mut options = File::options();
            let mut file = options.write(true).create_new(true).mode(0o600).open(self.folder.path().join(name))?;
            file.write_all(text.as_bytes())
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Moves it to its destination, replacing the existing folder.
    ///
    /// # Errors
    /// It cannot be moved; it is then removed.
    pub fn replace(self, place: &Path) -> io::Result<()> {
        step(|ours| {
            let temporary = self.folder.path().to_owned();
            let flags = if place.exists() { RenameFlags::EXCHANGE } else { RenameFlags::NOREPLACE };
            let moved = rustix::fs::renameat_with(CWD, &temporary, CWD, place, flags);
            // After an exchange, the temporary folder holds the old content.
            let removed = self.folder.close();
            ours.remove(&temporary);
            moved?;
            removed.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
        })
    }
}

fn prefix() -> String {
    format!("{PREFIX}{}-", process::id())
}

/// Removes what a killed process left in a folder, if it certainly has no owner.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(owner);
        if owner.is_some_and(|owner| !is_running(owner)) && !ours().contains(&entry.path()) && is_left(&entry.path()) {
            let _ = remove(&entry.path());
        }
    }
}

/// The id of the process in a name.
fn owner(name: &str) -> Option<u32> {
    let (owner, random) = name.strip_prefix(PREFIX)?.split_once('-')?;
    let is_random = random.len() == 6 && random.bytes().all(|byte| byte.is_ascii_alphanumeric());
    owner.parse().ok().filter(|_| is_random)
}

/// Whether a process with this id runs the same program. It may be about to lock what it has just created. A system without
/// `/proc`, such as macOS, does not say; there, only the lock does.
fn is_running(owner: u32) -> bool {
    let name = |process: &str| fs::read_to_string(format!("/proc/{process}/comm")).ok();
    owner != process::id() && name(&owner.to_string()).is_some_and(|it| name("self").is_some_and(|own| own == it))
}

/// Whether it is a file or folder that is not locked.
fn is_left(path: &Path) -> bool {
    let plain = fs::symlink_metadata(path).is_ok_and(|it| it.is_file() || it.is_dir());
    plain && File::open(path).is_ok_and(|file| file.try_lock().is_ok())
}

fn remove(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> BTreeSet<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn only_what_is_certainly_left_is_swept() {
        let dir = tempfile::tempdir().unwrap();
        // No process has this ID: it is above Linux's maximum.
        let dead = format!("{PREFIX}4194305");
        fs::write(dir.path().join(format!("{dead}-abcdef")), "x").unwrap();
        fs::create_dir(dir.path().join(format!("{dead}-folder"))).unwrap();
        fs::write(dir.path().join(format!("{dead}-folder/file")), "x").unwrap();
        let others = [
            ".iamra-output".to_owned(),
            ".iamra-abcdef".to_owned(),
            dead.clone(),
            format!("{dead}-toolong"),
            format!("{PREFIX}me-abcdef"),
        ];
        for name in &others {
            fs::write(dir.path().join(name), "theirs").unwrap();
        }
        let held = dir.path().join(format!("{dead}-locked"));
        let lock = File::create(&held).unwrap();
        lock.try_lock().unwrap();
        let linked = dir.path().join(format!("{dead}-linked"));
        std::os::unix::fs::symlink(dir.path().join(".iamra-output"), &linked).unwrap();

        let mut ours = Temporary::in_folder(dir.path(), 0o644).unwrap();
        ours.write(b"new").unwrap();
        let kept = [format!("{dead}-locked"), format!("{dead}-linked")];
        let own = ours.0.path().file_name().unwrap().to_str().unwrap().to_owned();
        assert_eq!(names(dir.path()), others.iter().chain(&kept).chain([&own]).cloned().collect());
        Temporary::in_folder(dir.path(), 0o644).unwrap();
        ours.persist(&dir.path().join("file")).unwrap();
        assert_eq!(fs::read_to_string(dir.path().join("file")).unwrap(), "new");
        drop(lock);
        sweep(dir.path());
        assert_eq!(names(dir.path()), others.into_iter().chain([kept[1].clone(), "file".to_owned()]).collect());
    }

    #[test]
    fn a_folder_takes_the_place_of_one_or_of_none() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("place");
        for text in ["first", "second"] {
            let folder = TemporaryFolder::beside(&place).unwrap();
            folder.write("file", text).unwrap();
            folder.replace(&place).unwrap();
            assert_eq!(fs::read_to_string(place.join("file")).unwrap(), text);
            assert_eq!(names(dir.path()), BTreeSet::from(["place".to_owned()]));
        }
    }
}
