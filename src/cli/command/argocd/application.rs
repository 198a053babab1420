//! The application that Argo CD asks about: its folder in the copy of the repository, its declaration and lock.

use std::iter;
use std::path::{Path, PathBuf};

use crate::cli::declaration::File;
use crate::cli::error::Error;
use crate::cli::paths;
use crate::cli::sources::Shared;
use crate::diag::Report;
use crate::disk;
use crate::resolve::{LOCK_NAME, lock_path};
use crate::yaml::Document;

/// The folder of Argo CD's plugin server. It has one folder per call, which contains the repository.
/// <https://github.com/argoproj/argo-cd/blob/master/common/common.go>
const WORK_DIR: &str = "_cmp_server";

pub(super) struct Application {
    /// The copy of the repository.
    pub(super) repository: PathBuf,
    /// Its declaration.
    pub(super) file: File,
    /// Its lock, whether there is one or not.
    pub(super) lock: PathBuf,
}

impl Application {
    /// The application of the current folder. `None` when its files are outside the repository, which is reported.
    pub(super) fn find(shared: &Shared, report: &mut Report) -> Result<Option<Self>, Error> {
        let here = PathBuf::from(".");
        let folder = here.canonicalize().map_err(|error| disk::Error::Read(here.clone(), error))?;
        let repository = repository_of(&folder).to_owned();
        let steps = folder.ancestors().take_while(|above| above.starts_with(&repository)).count();
        let folders = (0..steps).map(|steps| here.join(iter::repeat_n("..", steps).collect::<PathBuf>()));
        let (steps, _) = disk::nearest(&here, folders, disk::is_taken)?;
        let whole = folder.ancestors().nth(steps).unwrap_or(&folder);
        let above: PathBuf = iter::repeat_n("..", steps).collect();
        let is_inside = |name: &Path, report: &mut Report| {
            let below = whole.strip_prefix(&repository).unwrap_or(whole).join(name);
            let inside = disk::inside(&repository, &below).is_some();
            if !inside {
                report.push(paths::outside_repository(&above.join(name)));
            }
            inside
        };
        if !is_inside(Path::new(disk::DECLARATION), report) {
            return Ok(None);
        }
        let file = File::open(&above.join(disk::DECLARATION))?;
        // A lock that the operator names, not the declaration, may be anywhere.
        if let Some(lock) = &shared.sources.at_hand.lock.named {
            return Ok(Some(Self { repository, file, lock: lock.clone() }));
        }
        let document = Document::parse(&file.text).ok();
        let declared = document.map_or(Ok(None), |it| lock_path(it.root()));
        let name = declared.map(|path| path.unwrap_or_else(|| LOCK_NAME.into())).map_err(|wrong| report.push(*wrong));
        let Some(name) = name.ok().filter(|name| is_inside(name, report)) else { return Ok(None) };
        Ok(Some(Self { repository, lock: file.folder.join(name), file }))
    }
}

/// The repository around a folder: what Argo CD unpacked, or a working copy.
fn repository_of(folder: &Path) -> &Path {
    let unpacked = || {
        let of_call = |above: &&Path| above.parent().and_then(Path::file_name).is_some_and(|name| name == WORK_DIR);
        folder.ancestors().filter(of_call).last()
    };
    unpacked().or_else(|| disk::working_copy(folder)).unwrap_or(folder)
}
