//! A declaration on disk, and how commands read it.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::paths::display;
use super::sources::Shared;
use crate::config;
use crate::diag::Report;
use crate::disk;
use crate::output::{Declaration, Sources};
use crate::pipeline::{self, Request};
use crate::plan::Absence;
use crate::resolve::{self, Known, Lookup, Resolved};
use crate::yaml::{Document, FieldPath, NodeRef};

/// A declaration on disk.
#[derive(Clone)]
pub(super) struct File {
    /// Its path, as messages name it.
    pub(super) name: String,
    /// Its text.
    pub(super) text: String,
    /// The folder it is in.
    pub(super) folder: PathBuf,
}

impl File {
    /// The declaration that `path` means.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let path = from_here(disk::find_declaration(path)?);
        let name = display(&path);
        let folder = path.parent().unwrap_or_else(|| Path::new("")).to_owned();
        Ok(Self { name, text: disk::read(&path)?, folder })
    }

    /// What it means when a workload is not in the build of this folder: a declaration that stands above the folder speaks of
    /// other builds too, any other one of exactly this.
    pub(super) fn absence_in(&self, built: &Path) -> Absence {
        let (Ok(own), Ok(built)) = (self.own_folder().canonicalize(), built.canonicalize()) else {
            return Absence::IsWrong;
        };
        if built != own && built.starts_with(&own) { Absence::IsCounted } else { Absence::IsWrong }
    }

    /// The cluster that the build of a folder below the declaration is for, if nobody says it: the only one whose name is a
    /// part of the folder's path.
    pub(super) fn cluster_of(&self, built: &Path) -> Option<String> {
        let document = Document::parse(&self.text).ok()?;
        if document.at(&FieldPath::keys("spec.cluster")).is_some() {
            return None;
        }
        let clusters: BTreeSet<_> = config::clusters(document.root()).into_iter().flatten().collect();
        let (own, built) = (self.own_folder().canonicalize().ok()?, built.canonicalize().ok()?);
        let parts = built.strip_prefix(&own).ok()?.components().filter_map(|part| part.as_os_str().to_str());
        let mut named = parts.filter(|part| clusters.contains(part)).collect::<BTreeSet<_>>().into_iter();
        named.next().filter(|_| named.next().is_none()).map(str::to_owned)
    }

    /// The cluster that the declaration names.
    pub(super) fn said_cluster(&self) -> Option<String> {
        let document = Document::parse(&self.text).ok()?;
        document.at(&FieldPath::keys("spec.cluster")).and_then(NodeRef::text).map(str::to_owned)
    }

    /// The arguments for the build of a folder, which may say the cluster.
    pub(super) fn shared_for(&self, built: &Path, shared: &Shared) -> Shared {
        let cluster = shared.cluster.clone().or_else(|| self.cluster_of(built));
        Shared { cluster, ..shared.clone() }
    }

    fn own_folder(&self) -> &Path {
        if self.folder.as_os_str().is_empty() { Path::new(".") } else { &self.folder }
    }

    /// The sources for diagnostics about the declaration only.
    pub(super) fn sources(&self) -> Sources<'_> {
        Sources { declaration: Declaration::File(&self.name, &self.text), input: None }
    }

    /// From the declaration to identities; what is wrong is in the report.
    pub(super) fn resolve(
        &self,
        shared: &Shared,
        request: Request<'_>,
        report: &mut Report,
    ) -> Result<Option<Resolved>, Error> {
        let Some(document) = self.document(report) else { return Ok(None) };
        shared.resolve(document.root(), &self.folder, request, report)
    }

    /// The result of `question` for the declaration and its lookup; `None` when it is not YAML.
    pub(super) fn ask<T>(
        &self,
        shared: &Shared,
        report: &mut Report,
        question: impl FnOnce(NodeRef<'_>, &dyn Lookup, &mut Report) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        let Some(document) = self.document(report) else { return Ok(None) };
        let Some(policy) = shared.sources.at_hand.operator.policy(report)? else { return Ok(None) };
        shared.look_up(&policy, document.root(), &self.folder, report, question)
    }

    /// The declaration as a cluster sees it, with every layer applied.
    pub(super) fn flat(&self, cluster: Option<&str>, report: &mut Report) -> Option<config::Flat> {
        let document = self.document(report)?;
        let config = config::load(document.root(), cluster, &[], report)?;
        config::flat(document.root(), &config)
    }

    /// The answers for all references of the declaration, for all clusters; missing ones are in the report.
    pub(super) fn read(&self, shared: &Shared, report: &mut Report) -> Result<Option<resolve::Answers>, Error> {
        let Some(policy) = shared.sources.at_hand.operator.policy(report)? else { return Ok(None) };
        self.ask(shared, report, |node, lookup, report| {
            Some(pipeline::lock_plan(node, report)?.read(lookup, &policy, report))
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
        let Some(document) = self.document(report) else { return Ok(None) };
        let Some(policy) = shared.sources.at_hand.operator.policy(report)? else { return Ok(None) };
        let resolved = pipeline::resolve(document.root(), request, &Known(answers), report);
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
    ) -> Option<BTreeMap<String, String>> {
        pipeline::ca_certificates(self.document(report)?.root(), request, &Known(answers), report)
    }

    fn document(&self, report: &mut Report) -> Option<Document<'_>> {
        Document::parse(&self.text).map_err(|error| report.push(config::syntax_error(&error))).ok()
    }
}

/// A path that was found by going up, as the user would write it, if it is below the current folder.
fn from_here(path: PathBuf) -> PathBuf {
    let here = env::current_dir().and_then(|here| here.canonicalize());
    here.ok().and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned)).unwrap_or(path)
}
