//! Which files are, or will be, in a commit.

use std::path::{Path, PathBuf};

use super::Repository;

/// Whether Git has a file in its index, links followed. Folders above `ceilings` are not looked into. `false` also where
/// nothing can tell.
pub fn is_tracked(path: &Path, ceilings: &[PathBuf]) -> bool {
    let Ok(repository) = Repository::find_below(path, ceilings) else { return false };
    let (Ok(place), Ok(index)) = (repository.place(path), repository.0.index()) else { return false };
    // A file with a conflict is there several times.
    index.iter().any(|entry| entry.path == place.as_os_str().as_encoded_bytes())
}
