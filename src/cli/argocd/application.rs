//! The application that Argo CD asks about: its folder in the copy of the repository, its declaration and lock.

use std::iter;
use std::path::{Path, PathBuf};

use super::super::args::{File, Shared};
use super::super::error::Error;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::disk;
use crate::resolve::{LOCK_NAME, lock_path};
use crate::yaml::Document;

/// The folder of Argo CD's plugin server. Below it is one folder a call, which holds the repository.
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
    /// The application of the current folder. `None` when its files lead out of the repository, which is reported.
    pub(super) fn find(shared: &Shared, report: &mut Report) -> Result<Option<Self>, Error> {
        let here = PathBuf::from(".");
        let folder = here.canonicalize().map_err(|error| disk::Error::Read(here.clone(), error))?;
        let repository = repository_of(&folder).to_owned();
        let depth = folder.ancestors().take_while(|above| above.starts_with(&repository)).count();
        let above = (0..depth).map(|steps| iter::repeat_n("..", steps).collect::<PathBuf>());
        let mut candidates = above.map(|above| above.join(disk::DECLARATION));
        let Some(declaration) = candidates.find(|candidate| candidate.is_file()) else {
            return Err(disk::Error::NoDeclaration(here).into());
        };
        if !is_inside(&repository, &declaration, report) {
            return Ok(None);
        }
        let file = File::open(&declaration)?;
        // Where the lock is when the declaration does not say so is the operator's choice.
        let lock = shared.sources.at_hand.lock.named.clone().unwrap_or_else(|| lock_of(&file));
        let allowed = shared.sources.at_hand.lock.named.is_some() || is_inside(&repository, &lock, report);
        Ok(allowed.then_some(Self { repository, file, lock }))
    }
}

/// The repository around a folder: what Argo CD has unpacked, or else a working copy.
fn repository_of(folder: &Path) -> &Path {
    let unpacked = || {
        let of_call = |above: &&Path| above.parent().and_then(Path::file_name).is_some_and(|name| name == WORK_DIR);
        folder.ancestors().filter(of_call).last()
    };
    let working_copy = || folder.ancestors().find(|above| above.join(".git").exists());
    unpacked().or_else(working_copy).unwrap_or(folder)
}

fn lock_of(file: &File) -> PathBuf {
    let name = Document::parse(&file.text).map_or_else(|_| LOCK_NAME.to_owned(), |it| lock_path(it.root()));
    file.folder.join(name)
}

/// A link may name any file of the plugin's machine, and a message may tell of what is in it.
fn is_inside(repository: &Path, file: &Path, report: &mut Report) -> bool {
    let inside = file.canonicalize().map_or(true, |file| file.starts_with(repository));
    if !inside {
        report.push(
            Diagnostic::error(Code::OutsideRepository, "a file of the declaration leads out of the repository")
                .at(Place::File(file.display().to_string(), None))
                .help("put the file itself into the repository"),
        );
    }
    inside
}
