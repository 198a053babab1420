//! What has changed since a revision, in a declaration and in those that extend it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Args, Read};
use crate::cli::declaration::File;
use crate::cli::delegated::Delegated;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::paths::display;
use crate::cli::revisions::{self, Reading, declarations, in_both, is_half_blind};
use crate::diff::{self, Change};
use crate::git::{Repository, Version};
use crate::quote::line;

/// What has changed.
#[derive(Default)]
pub(super) struct Compared {
    pub(super) base: String,
    /// Whether everything could be compared.
    pub(super) is_whole: bool,
    pub(super) own: Vec<Change>,
    /// In each declaration that extends it, in their order.
    pub(super) others: Vec<Vec<Change>>,
    /// In those that did and are no longer there.
    pub(super) removed: Vec<Change>,
    pub(super) notes: Vec<String>,
}

impl Compared {
    /// From where the current branch left the revision to the files on disk.
    pub(super) fn of(revision: &str, args: &Args, (now, others): (&Read, &[Read]), io: &mut Io) -> Result<Self, Error> {
        let (shared, repository) = (&args.offline.shared(), &Repository::find(&args.dir)?);
        let head = repository.uncommitted(false)?;
        let base = repository.merge_base(&repository.commit(revision)?, &repository.head()?)?;
        let reading = Reading { repository, shared };
        let (before, after) = declarations(repository, &base, &head, &args.dir)?;
        let mut all = Self { base: line(base.name()), is_whole: true, ..Self::default() };
        let old = all.read(&reading, &base, before.as_deref(), io)?;
        let new = match &after {
            // Its errors are on the page.
            Some(path) if !now.is_valid => all.unread(path, &head),
            after => all.read(&reading, &head, after.as_deref(), io)?,
        };
        let file = old.as_ref().and_then(|it| it.file.clone());
        let (own, mut is_half) = old.zip(new).map(|(old, new)| between(&old, &new)).unwrap_or_default();
        all.own = own;

        let mut gone = extending(file.as_ref(), repository, &base)?;
        let mut pairs = Vec::new();
        for other in others {
            let place = repository.place(&other.file.path)?;
            let (mut before, _) = in_both(repository, &base, &head, &place)?;
            // With nothing to compare it with, what had another name is gone.
            before = before.filter(|path| other.is_valid || *path == place);
            gone.retain(|path| Some(path) != before.as_ref());
            pairs.push((before, Some((place, other.is_valid))));
        }
        pairs.extend(gone.into_iter().map(|path| (Some(path), None)));
        for (before, after) in pairs {
            let is_there = after.is_some();
            let old = all.side(&reading, &base, before, io)?;
            let new = match after {
                // Its errors are on the page.
                Some((place, false)) => all.unread(&place, &head),
                after => all.side(&reading, &head, after.map(|(place, _)| place), io)?,
            };
            let (changes, half) = old.zip(new).map(|(old, new)| between(&old, &new)).unwrap_or_default();
            is_half |= half;
            if is_there { all.others.push(changes) } else { all.removed.extend(changes) }
        }
        all.say_once(is_half);
        Ok(all)
    }

    /// The same of one that extends it.
    fn side(
        &mut self,
        reading: &Reading<'_>,
        version: &Version,
        path: Option<PathBuf>,
        io: &mut Io,
    ) -> Result<Option<revisions::Read>, Error> {
        // That there is a new one, or one no longer, is seen by its changes.
        let Some(path) = path else { return Ok(Some(revisions::Read::default())) };
        self.read(reading, version, Some(&path), io)
    }

    /// A declaration in a version. `None` when it cannot be read, which is a note.
    fn read(
        &mut self,
        reading: &Reading<'_>,
        version: &Version,
        path: Option<&Path>,
        io: &mut Io,
    ) -> Result<Option<revisions::Read>, Error> {
        let side = reading.side(version, path, &mut self.notes, io)?;
        Ok(side.or_else(|| self.unread(path?, version)))
    }

    fn unread<T>(&mut self, path: &Path, version: &Version) -> Option<T> {
        self.is_whole = false;
        let note = format!("{} has errors in {}: it is not compared", display(path), version.name());
        self.notes.push(line(&note));
        None
    }

    /// Leaves out what is there twice: what they have of the declaration that they extend may have changed, too.
    fn say_once(&mut self, is_half: bool) {
        if is_half {
            let half = "ARNs are known on one side only: an escalation may be among what is not compared";
            self.notes.push(half.to_owned());
        }
        let mut said = BTreeSet::new();
        self.notes.retain(|note| said.insert(note.clone()));
        let mut said = BTreeSet::new();
        for changes in [&mut self.own].into_iter().chain(&mut self.others).chain([&mut self.removed]) {
            changes.retain(|it| said.insert((it.kind, it.message.clone(), it.clusters.clone())));
        }
    }
}

/// What has changed, and whether ARNs are known on one side only.
fn between(old: &revisions::Read, new: &revisions::Read) -> (Vec<Change>, bool) {
    (diff::compare(&old.side, &new.side), is_half_blind(&old.side, &new.side))
}

/// The declarations that extend one in a version.
fn extending(file: Option<&File>, repository: &Repository, version: &Version) -> Result<Vec<PathBuf>, Error> {
    let Some(file) = file.filter(|it| !it.extends()) else { return Ok(Vec::new()) };
    let all = Delegated::of(file, Some((repository, version)))?.whole()?.files;
    Ok(all.into_iter().map(|it| it.path).collect())
}
