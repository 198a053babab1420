//! What has changed since a revision, in a declaration and in those that extend it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Args, Read};
use crate::cli::declaration::File;
use crate::cli::delegated::Delegated;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::paths::display;
use crate::cli::revisions;
use crate::cli::revisions::{Reading, declarations, in_both, is_half_blind};
use crate::diff::{self, Change};
use crate::git::{Repository, Version};
use crate::quote::line;

/// What has changed.
pub(super) struct Compared {
    pub(super) base: String,
    pub(super) own: Vec<Change>,
    /// In each declaration that extends it, in their order.
    pub(super) others: Vec<Vec<Change>>,
    /// In those that did and are no longer there.
    pub(super) removed: Vec<Change>,
    pub(super) notes: Vec<String>,
}

impl Compared {
    /// From where the current branch left the revision to the files on disk. `None` when the declaration cannot be read,
    /// which is reported.
    pub(super) fn of(revision: &str, args: &Args, others: &[Read], io: &mut Io) -> Result<Option<Self>, Error> {
        let (shared, repository) = (&args.offline.shared(), &Repository::find(&args.dir)?);
        let head = repository.uncommitted(false)?;
        let base = repository.merge_base(&repository.commit(revision)?, &repository.head()?)?;
        let reading = Reading { repository, shared };
        let (before, after) = declarations(repository, &base, &head, &args.dir)?;
        let mut notes = Vec::new();
        let old = reading.side(&base, before.as_deref(), &mut notes, io)?;
        let new = reading.side(&head, after.as_deref(), &mut notes, io)?;
        let (Some(old), Some(new)) = (old, new) else { return Ok(None) };
        let (own, mut is_half) = between(&old, &new);
        let mut all = Self { base: line(base.name()), own, others: Vec::new(), removed: Vec::new(), notes };

        let mut gone = extending(old.file.as_ref(), repository, &base)?;
        let mut pairs = Vec::new();
        for other in others {
            let place = repository.place(&other.file.path)?;
            let (mut before, _) = in_both(repository, &base, &head, &place)?;
            // With nothing to compare it with, what had another name is gone.
            let is_wrong = other.report.has_errors();
            before = before.filter(|path| !is_wrong || *path == place);
            gone.retain(|path| Some(path) != before.as_ref());
            pairs.push((before, Some((place, is_wrong))));
        }
        pairs.extend(gone.into_iter().map(|path| (Some(path), None)));
        for (before, after) in pairs {
            let is_there = after.is_some();
            let old = all.side(&reading, &base, before, io)?;
            let new = match after {
                // Its errors are on the page.
                Some((place, true)) => all.unread(&place, &head),
                after => all.side(&reading, &head, after.map(|(place, _)| place), io)?,
            };
            let (changes, half) = old.zip(new).map(|(old, new)| between(&old, &new)).unwrap_or_default();
            is_half |= half;
            if is_there { all.others.push(changes) } else { all.removed.extend(changes) }
        }
        all.say_once(is_half);
        Ok(Some(all))
    }

    /// One that extends it. `None` when it cannot be read, which is a note.
    fn side(
        &mut self,
        reading: &Reading<'_>,
        version: &Version,
        path: Option<PathBuf>,
        io: &mut Io,
    ) -> Result<Option<revisions::Read>, Error> {
        // That there is a new one, or one no longer, is seen by its changes.
        let Some(path) = path else { return Ok(Some(revisions::Read::default())) };
        let side = reading.side(version, Some(&path), &mut self.notes, io)?;
        Ok(side.or_else(|| self.unread(&path, version)))
    }

    fn unread<T>(&mut self, path: &Path, version: &Version) -> Option<T> {
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
    let all = Delegated::of(file, Some((repository, version)))?.files;
    Ok(all.into_iter().map(|it| it.path).collect())
}
