//! Untrusted paths, which may try to reach files outside a folder.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// How many links a path may have.
const LINKS: usize = 8;

/// Resolves `path`, relative to the folder `root`, without links; `None` when the result is not below `root` or cannot
/// be determined. Nothing outside is accessed, so the result does not depend on what exists there. The file itself may
/// be missing.
pub fn inside(root: &Path, path: &Path) -> Option<PathBuf> {
    let mut ahead: VecDeque<OsString> = parts(path)?.into();
    let mut at = PathBuf::new();
    let mut links = 0;
    while let Some(part) = ahead.pop_front() {
        if part == ".." {
            at.pop().then_some(())?;
            continue;
        }
        at.push(part);
        match fs::read_link(root.join(&at)) {
            Ok(target) => {
                links += 1;
                at.pop();
                let target = parts(&target).filter(|_| links <= LINKS)?;
                target.into_iter().rev().for_each(|part| ahead.push_front(part));
            }
            // Not a link, or nonexistent.
            Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::NotFound) => {}
            Err(_) => return None,
        }
    }
    Some(root.join(at))
}

/// Whether a file below `folder` belongs to the working copy around it, or to the folder if there is none.
pub fn is_in_working_copy(folder: &Path, file: &Path) -> bool {
    let root = |whole: &Path| working_copy(whole).unwrap_or(whole).to_owned();
    is_below(folder, file, root)
}

/// Whether a file below `folder` is below `root`, a path without links.
pub fn is_in_tree(root: &Path, folder: &Path, file: &Path) -> bool {
    is_below(folder, file, |_| root.to_owned())
}

fn is_below(folder: &Path, file: &Path, root: impl Fn(&Path) -> PathBuf) -> bool {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(whole) = folder.canonicalize() else { return false };
    let root = root(&whole);
    let below = file.strip_prefix(folder).or_else(|_| file.strip_prefix(".")).unwrap_or(file);
    whole.strip_prefix(&root).is_ok_and(|folder| inside(&root, &folder.join(below)).is_some())
}

/// The nearest folder above that is a working copy of Git.
pub fn working_copy(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|above| above.join(".git").exists())
}

/// The steps of a relative path; `None` when it is absolute.
fn parts(path: &Path) -> Option<Vec<OsString>> {
    let part = |component: Component<'_>| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::CurDir => Some(".".into()),
        Component::RootDir | Component::Prefix(_) => None,
    };
    let parts: Option<Vec<_>> = path.components().map(part).collect();
    Some(parts?.into_iter().filter(|part| part != ".").collect())
}
