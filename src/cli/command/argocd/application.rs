//! The application that Argo CD asks about: its folder in the copy of the repository, its declaration and lock.

use std::iter;
use std::path::PathBuf;

use crate::cli::declaration::File;
use crate::cli::error::Error;
use crate::cli::paths::{self, Repository};
use crate::cli::sources::Shared;
use crate::diag::Report;
use crate::disk;
use crate::resolve::{LOCK_NAME, lock_path};

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
        let repository = Repository::of(&folder).root;
        let steps = folder.ancestors().take_while(|above| above.starts_with(&repository)).count();
        let folders = (0..steps).map(|steps| here.join(iter::repeat_n("..", steps).collect::<PathBuf>()));
        let (steps, _) = disk::nearest(&here, folders, disk::is_taken)?;
        let whole = folder.ancestors().nth(steps).unwrap_or(&folder);
        let above: PathBuf = iter::repeat_n("..", steps).collect();
        let declaration = above.join(disk::DECLARATION);
        let below = whole.strip_prefix(&repository).unwrap_or(whole).join(disk::DECLARATION);
        if disk::inside(&repository, &below).is_none() {
            report.push(paths::outside_repository(&declaration));
            return Ok(None);
        }
        let file = File::open(&declaration)?;
        // A lock that the operator names, not the declaration, may be anywhere.
        if let Some(lock) = &shared.sources.at_hand.lock.named {
            return Ok(Some(Self { repository, file, lock: lock.clone() }));
        }
        let documents = file.documents(&mut Report::default());
        let declared = documents.map_or(Ok(None), |it| lock_path(it.whole().root()));
        let name = declared.map(|path| path.unwrap_or_else(|| LOCK_NAME.into())).map_err(|wrong| report.push(*wrong));
        let Some(name) = name.ok() else { return Ok(None) };
        let lock = file.folder.join(name);
        if !disk::is_in_tree(&repository, &file.folder, &lock) {
            report.push(paths::outside_repository(&lock));
            return Ok(None);
        }
        Ok(Some(Self { repository, file, lock }))
    }
}
