//! Files that belong together, read as they were at one moment.

use std::path::{Path, PathBuf};

use super::{Error, read};

/// How often files are read that change meanwhile.
const TRIES: usize = 5;

/// The texts of these files, all of one version. The kubelet writes a new version of a volume into a folder of its own and
/// then moves one link, through which all files of the volume are found: so these are resolved before and after.
/// <https://github.com/kubernetes/kubernetes/blob/master/pkg/volume/util/atomic_writer.go>
///
/// # Errors
/// One cannot be read, or they keep changing.
pub fn read_together(paths: &[&Path]) -> Result<Vec<String>, Error> {
    let mut last = None;
    for _ in 0..TRIES {
        let Ok(before) = resolved(paths) else { continue };
        let texts: Result<Vec<_>, _> = before.iter().map(|path| read(path)).collect();
        match texts {
            Ok(texts) if resolved(paths).is_ok_and(|after| after == before) => return Ok(texts),
            Ok(_) => {}
            // The version was removed meanwhile, or it is really so.
            Err(error) => last = Some(error),
        }
    }
    // The error is about the path that the caller knows.
    for path in paths {
        read(path)?;
    }
    let changes = |path: &Path| Error::Changed(path.to_owned());
    Err(last.unwrap_or_else(|| changes(paths.first().copied().unwrap_or(Path::new("")))))
}

fn resolved(paths: &[&Path]) -> std::io::Result<Vec<PathBuf>> {
    paths.iter().map(|path| path.canonicalize()).collect()
}
