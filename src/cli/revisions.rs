//! A declaration as it is in two versions of a repository.

use std::path::{Path, PathBuf};

use super::declaration::File;
use super::error::Error;
use super::io::Io;
use super::paths::display;
use super::report;
use super::sources::Shared;
use crate::config::{Mode, Whole};
use crate::diag::Report;
use crate::diff::{self, Snapshot};
use crate::git::{Repository, Version};
use crate::output::Sources;
use crate::pipeline;
use crate::quote::line;
use crate::resolve::Layered;

/// The path of the declaration in both versions; `None` where it does not exist.
pub(super) fn declarations(
    repository: &Repository,
    base: &Version,
    head: &Version,
    dir: &Path,
) -> Result<(Option<PathBuf>, Option<PathBuf>), Error> {
    let place = repository.place(dir)?;
    let of = |version| repository.find_declaration(version, &place);
    let depth = |path: &Option<PathBuf>| path.as_ref().map_or(0, |path| path.components().count());
    let (old, new) = (of(base)?, of(head)?);
    // The declaration nearest to the folder is meant, even if it was removed and one further up remains.
    let Some(path) = (if depth(&old) > depth(&new) { &old } else { &new }).clone() else {
        return Err(Error::Undeclared(dir.to_owned(), base.name().to_owned(), head.name().to_owned()));
    };
    in_both(repository, base, head, &path)
}

/// The path that a declaration has in each version; `None` where it does not exist. It has the given one in one of them.
pub(super) fn in_both(
    repository: &Repository,
    base: &Version,
    head: &Version,
    path: &Path,
) -> Result<(Option<PathBuf>, Option<PathBuf>), Error> {
    let same = |version: &Version| Ok::<_, Error>(repository.read(version, path)?.map(|_| path.to_owned()));
    Ok(match (same(base)?, same(head)?) {
        (None, new) => (repository.renamed(base, head, path)?, new),
        (old, None) => (old, repository.renamed(base, head, path)?),
        both => both,
    })
}

/// A declaration as it is in one version.
#[derive(Default)]
pub(super) struct Read {
    /// Its file; `None` where there is none.
    pub(super) file: Option<File>,
    pub(super) side: Snapshot,
}

/// How they are read.
pub(super) struct Reading<'r> {
    pub(super) repository: &'r Repository,
    pub(super) shared: &'r Shared,
}

impl Reading<'_> {
    /// The declaration of a version; an empty one where there is none, and `None` when it is invalid, which is
    /// reported.
    pub(super) fn side(
        &self,
        version: &Version,
        path: Option<&Path>,
        notes: &mut Vec<String>,
        io: &mut Io,
    ) -> Result<Option<Read>, Error> {
        let Some(path) = path else {
            notes.push(line(&format!("there is no declaration in {}", version.name())));
            return Ok(Some(Read::default()));
        };
        let file = File::in_git(self.repository, version, path)?;
        let mut report = Report::default();
        let side = match file.documents(&mut report) {
            Some(documents) => self.resolve(version, &file, documents.whole(), notes, &mut report)?,
            None => None,
        };
        let Some(side) = side else {
            let name = format!("{} in {}", file.name, version.name());
            let sources = Sources { declaration: file.declaration(&name), input: None };
            report::tell(&report, sources, io)?;
            return Ok(None);
        };
        Ok(Some(Read { file: Some(file), side }))
    }

    fn resolve(
        &self,
        version: &Version,
        file: &File,
        declaration: Whole<'_>,
        notes: &mut Vec<String>,
        report: &mut Report,
    ) -> Result<Option<Snapshot>, Error> {
        let named = &self.shared.sources.at_hand.lock;
        let Some(lock) = named.path(declaration.root(), &file.folder, report) else { return Ok(None) };
        let lock = if named.named.is_some() { self.repository.place(&lock)? } else { lock };
        let text = self.repository.read(version, &lock)?;
        let name = display(&lock);
        let answers = self.shared.sources.at_hand.answers(&name, text.as_deref(), false, report)?;
        // The CA's key does not affect who may do what, so it is not looked up.
        let request = pipeline::Request { cluster: None, ..self.shared.request(Some(Mode::Transform)) };
        let side = pipeline::snapshot(declaration, request, Some(&Layered(answers.lookups())), report);
        Ok(side.map(|mut side| {
            if let Some(cluster) = &self.shared.cluster {
                side.retain(|name, _| name.as_ref() == Some(cluster));
            }
            if side.values().any(|view| view.resolved.is_none()) {
                let what = if text.is_some() { "does not cover every reference" } else { "does not exist" };
                notes.push(line(&format!("{name} {what} in {}: ARNs and objects are not compared", version.name())));
            }
            side
        }))
    }
}

/// Whether ARNs are known on one side only: what was not compared could be an escalation.
pub(super) fn is_half_blind(old: &Snapshot, new: &Snapshot) -> bool {
    let is_known = |view: &diff::View| view.resolved.is_some();
    old.iter().any(|(cluster, view)| new.get(cluster).is_some_and(|other| is_known(view) != is_known(other)))
}
