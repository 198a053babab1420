//! A declaration on disk, and how commands read it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::at_hand::LockFile;
use super::bases::{self, Chain, InGit, OnDisk, Tree};
use super::error::Error;
use super::io::aside;
use super::paths::{self, display, parent};
use super::sources::Shared;
use crate::config::{self, Base, Documents, Whole};
use crate::diag::{Diagnostic, Report};
use crate::disk;
use crate::git::{Repository, Version};
use crate::output::{Declaration, Sources};
use crate::pipeline::{self, Loaded, Request};
use crate::plan::Absence;
use crate::resolve::{self, Known, Lookup, Resolved};
use crate::yaml::{FieldPath, NodeRef};

/// A declaration on disk.
#[derive(Clone)]
pub(super) struct File {
    /// Its path, as messages name it.
    pub(super) name: String,
    /// Its text.
    pub(super) text: String,
    /// Its path, as it is opened.
    pub(super) path: PathBuf,
    /// That of the last declaration that it extends, or its own.
    pub(super) root: PathBuf,
    /// The folder of that: the lock is there.
    pub(super) folder: PathBuf,
    /// Its own folder in the repository, if it extends another declaration.
    place: PathBuf,
    /// The declarations that it extends, nearest first.
    pub(super) bases: Vec<Base>,
    /// Why the next one is not there.
    problem: Option<Diagnostic>,
    /// Whether its text does not say clearly what it extends.
    is_unclear: bool,
    /// Read once, for all builds of it.
    clusters: OnceLock<Clusters>,
    own_folder: OnceLock<Option<PathBuf>>,
}

/// What a declaration says of clusters, before it is checked.
#[derive(Clone, Default)]
struct Clusters {
    /// Whether it says `spec.cluster`.
    is_said: bool,
    /// The value of that, if it is a string.
    said: Option<String>,
    declared: BTreeSet<String>,
}

impl File {
    /// The declaration that `path` means.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        Self::at(&Self::find(path)?)
    }

    /// Where the declaration that `path` means is.
    pub(super) fn find(path: &Path) -> Result<PathBuf, Error> {
        Ok(as_typed(disk::find_declaration(path)?))
    }

    /// The declaration at a path that was found.
    pub(super) fn at(path: &Path) -> Result<Self, Error> {
        let text = disk::read(path)?;
        aside(&format_args!("read {}", display(path)));
        Self::on_disk(path, text)
    }

    /// The declaration at `path`, which has this text or would have it.
    pub(super) fn on_disk(path: &Path, text: String) -> Result<Self, Error> {
        let file = Self::alone(display(path), text, path);
        match OnDisk::around(path) {
            Some((tree, place)) => file.extended(&tree, &place),
            None => Ok(file),
        }
    }

    /// The declaration at `path` of a repository in one version.
    pub(super) fn in_git(repository: &Repository, version: &Version, path: &Path) -> Result<Self, Error> {
        let text = repository.read(version, path)?.unwrap_or_default();
        let file = Self::alone(display(path), text, path);
        if version.is_on_disk() {
            return match repository.worktree().and_then(OnDisk::worktree) {
                Some(tree) => file.extended(&tree, path),
                None => Ok(file),
            };
        }
        file.extended(&InGit { repository, version }, path)
    }

    /// A declaration that extends none, or that is not in a file.
    pub(super) fn alone(name: String, text: String, path: &Path) -> Self {
        let (path, folder) = (path.to_owned(), parent(path));
        let root = path.clone();
        Self {
            name,
            text,
            path,
            root,
            folder,
            place: PathBuf::new(),
            bases: Vec::new(),
            problem: None,
            is_unclear: false,
            clusters: OnceLock::new(),
            own_folder: OnceLock::new(),
        }
    }

    fn extended(self, tree: &dyn Tree, path: &Path) -> Result<Self, Error> {
        let Chain { place, bases, root, problem, is_unclear } = bases::follow(tree, path, &self.text)?;
        let root = root.unwrap_or_else(|| self.root.clone());
        Ok(Self { place, bases, folder: parent(&root), root, problem, is_unclear, ..self })
    }

    /// The files that it is made of: itself, those that it extends, and the lock, as far as it can be read which that is.
    pub(super) fn inputs(&self, lock: &LockFile) -> Vec<PathBuf> {
        let documents = self.documents(&mut Report::default());
        let lock = documents.and_then(|it| lock.path(it.whole().root(), &self.folder, &mut Report::default()));
        let bases = self.bases.iter().map(|base| PathBuf::from(&base.name));
        bases.chain([self.path.clone()]).chain(lock).collect()
    }

    /// Whether it extends another declaration.
    pub(super) fn extends(&self) -> bool {
        !self.bases.is_empty() || self.is_broken()
    }

    /// Whether it extends a declaration that is not there.
    pub(super) fn is_broken(&self) -> bool {
        self.problem.is_some()
    }

    /// What it means when a workload is not in the build of this folder: a declaration that stands above the folder speaks of
    /// other builds too, any other one of exactly this. The folder's path is one without links, as in [`Self::cluster_of`] and [`Self::shared_for`].
    pub(super) fn absence_in(&self, built: &Path) -> Absence {
        let Some(own) = self.own_folder() else { return Absence::IsWrong };
        if built != own && built.starts_with(own) { Absence::IsCounted } else { Absence::IsWrong }
    }

    /// The cluster that the build of a folder below the declaration is for, if nobody says it: the only one whose name is a
    /// part of the folder's path.
    pub(super) fn cluster_of(&self, built: &Path) -> Option<String> {
        let Clusters { is_said: false, declared, .. } = self.clusters() else { return None };
        let parts =
            built.strip_prefix(self.own_folder()?).ok()?.components().filter_map(|part| part.as_os_str().to_str());
        let mut named = parts.filter(|part| declared.contains(*part)).collect::<BTreeSet<_>>().into_iter();
        named.next().filter(|_| named.next().is_none()).map(str::to_owned)
    }

    /// Whether it may be meant to extend any declaration: its base is not there, or its text does not say clearly what it
    /// extends.
    pub(super) fn may_extend(&self) -> bool {
        self.is_broken() || self.is_unclear
    }

    /// The cluster that the declaration names.
    pub(super) fn said_cluster(&self) -> Option<String> {
        self.clusters().said.clone()
    }

    fn clusters(&self) -> &Clusters {
        self.clusters.get_or_init(|| {
            let Some(documents) = self.documents(&mut Report::default()) else { return Clusters::default() };
            let declaration = documents.whole();
            let said = declaration.root().at(&FieldPath::keys("spec.cluster"));
            let declared = config::clusters(declaration).into_iter().flatten().map(str::to_owned).collect();
            Clusters { is_said: said.is_some(), said: said.and_then(NodeRef::text).map(str::to_owned), declared }
        })
    }

    /// The arguments for the build of a folder, which may say the cluster.
    pub(super) fn shared_for(&self, built: &Path, shared: &Shared) -> Shared {
        let cluster = shared.cluster.clone().or_else(|| self.cluster_of(built));
        Shared { cluster, ..shared.clone() }
    }

    /// The folder that it is in, without links.
    fn own_folder(&self) -> Option<&Path> {
        self.own_folder.get_or_init(|| disk::folder_of(&self.path).canonicalize().ok()).as_deref()
    }

    /// The sources for diagnostics about the declaration only.
    pub(super) fn sources(&self) -> Sources<'_> {
        Sources { declaration: self.declaration(&self.name), input: None }
    }

    /// The source of diagnostics, with another name for messages.
    pub(super) fn declaration<'s>(&'s self, name: &'s str) -> Declaration<'s> {
        match self.bases.as_slice() {
            [] => Declaration::File(name, &self.text),
            bases => Declaration::Files(name, &self.text, bases),
        }
    }

    /// The declaration with those that it extends. `None` when it is not YAML, or one of those is not there, which is
    /// reported.
    pub(super) fn documents(&self, report: &mut Report) -> Option<Documents<'_>> {
        if let Some(problem) = &self.problem {
            report.push(problem.clone());
            return None;
        }
        let documents = Documents::parse(&self.name, &self.text, &self.place, &self.bases);
        documents.map_err(|error| report.push(config::syntax_error(&error))).ok()
    }

    /// The declaration as the cluster sees it, for [`Request::loaded`]. `None` if it cannot be read, which [`Self::resolve`]
    /// reports.
    pub(super) fn load(&self, shared: &Shared) -> Option<Loaded> {
        let documents = self.documents(&mut Report::default())?;
        Some(Loaded::of(documents.whole(), shared.cluster.as_deref()))
    }

    /// From the declaration to identities; what is wrong is in the report.
    pub(super) fn resolve(
        &self,
        shared: &Shared,
        request: Request<'_>,
        report: &mut Report,
    ) -> Result<Option<Resolved>, Error> {
        let Some(documents) = self.documents(report) else { return Ok(None) };
        shared.resolve(documents.whole(), &self.folder, request, report)
    }

    /// The result of `question` for the declaration and its lookup; `None` when it is not YAML.
    pub(super) fn ask<T>(
        &self,
        shared: &Shared,
        report: &mut Report,
        question: impl FnOnce(Whole<'_>, &dyn Lookup, &mut Report) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        let Some(documents) = self.documents(report) else { return Ok(None) };
        let Some(policy) = shared.sources.at_hand.operator.policy(report)? else { return Ok(None) };
        shared.look_up(&policy, documents.whole(), &self.folder, report, question)
    }

    /// The answers for all references of the declaration, for all clusters; missing ones are in the report.
    pub(super) fn read(&self, shared: &Shared, report: &mut Report) -> Result<Option<resolve::Answers>, Error> {
        let Some(policy) = shared.sources.at_hand.operator.policy(report)? else { return Ok(None) };
        self.ask(shared, report, |declaration, lookup, report| {
            Some(pipeline::lock_plan(declaration, report)?.read(lookup, &policy, report))
        })
    }

    /// The declaration with answers that are at hand.
    pub(super) fn bind(
        &self,
        shared: &Shared,
        request: Request<'_>,
        answers: &resolve::Answers,
        report: &mut Report,
    ) -> Result<Option<Resolved>, Error> {
        let Some(documents) = self.documents(report) else { return Ok(None) };
        let Some(policy) = shared.sources.at_hand.operator.policy(report)? else { return Ok(None) };
        let resolved = pipeline::resolve(documents.whole(), request, &Known(answers), report);
        if let Some(resolved) = &resolved {
            policy.check(resolved, report);
        }
        Ok(resolved.filter(|_| !report.has_errors()))
    }

    /// The certificates of the CAs that the declaration writes into Secrets, if the answers have them.
    pub(super) fn authorities(
        &self,
        request: Request<'_>,
        answers: &resolve::Answers,
        report: &mut Report,
    ) -> Option<BTreeMap<String, [Option<String>; 2]>> {
        pipeline::ca_certificates(self.documents(report)?.whole(), request, &Known(answers), report)
    }
}

/// A path that was found by going up, as the user would write it, if it is below the current folder.
fn as_typed(path: PathBuf) -> PathBuf {
    paths::here().ok().and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned)).unwrap_or(path)
}
