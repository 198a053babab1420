//! What the commands about a rotation look at: the declared CAs of each scope, its trust anchor, and the objects of a cluster.

mod seen;

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::declaration::File;
use super::error::Error;
use super::sources::Shared;
use crate::arn::{Arn, ArnKind};
use crate::config::{Config, Mode};
use crate::diag::{Code, Diagnostic, Report, known_names};
use crate::diff::Snapshot;
use crate::doctor::Wanted;
use crate::doctor::rotation::{self, Evidence, Rotation, Scope};
use crate::issuer::Issuer;
use crate::pipeline;
use crate::quote::quote;
use crate::reference::{Query, Reference};
use crate::resolve::{self, Answers};
pub(super) use seen::{Anchors, Seen};

/// What a command is asked about.
pub(super) struct Looking<'l> {
    /// The only scope; all when `None`.
    pub(super) scope: Option<&'l str>,
    /// Objects of the cluster.
    pub(super) objects: &'l [PathBuf],
    pub(super) shared: &'l Shared,
}

/// The declaration for each cluster, and what was looked up.
pub(super) struct Read {
    snapshot: Snapshot,
    answers: Answers,
}

impl Read {
    /// Whether there are several clusters.
    pub(super) fn has_several(&self) -> bool {
        self.snapshot.len() > 1
    }
}

impl Looking<'_> {
    /// `None` when the declaration cannot be read, which is reported.
    pub(super) fn read(&self, file: &File, report: &mut Report) -> Result<Option<Read>, Error> {
        // Workloads are not looked at, so no cluster has too few of them.
        let mut found = Report::default();
        let shared = Shared { cluster: None, ..self.shared.clone() };
        let read = file.ask(&shared, &mut found, |declaration, lookup, report| {
            let request = pipeline::Request { mode: Some(Mode::Transform), ..pipeline::Request::default() };
            let snapshot = pipeline::snapshot(declaration, request, None, report)?;
            let queries = snapshot.values().flat_map(|view| public_queries(&view.config)).collect();
            Some((snapshot, lookup.answer(&queries)))
        });
        report.append(found.without(Code::NothingToDo));
        Ok(read?.map(|(snapshot, answers)| Read { snapshot, answers }).filter(|_| !report.has_errors()))
    }

    /// The scopes that are meant. `None` when there are none, which is reported.
    pub(super) fn scopes<'r>(&self, read: &'r Read, report: &mut Report) -> Option<Vec<Found<'r>>> {
        if !self.check_cluster(&read.snapshot, report) {
            return None;
        }
        let mut scopes = self.all(&read.snapshot, &read.answers);
        scopes.retain(|it| self.scope.is_none_or(|only| it.name == only));
        if let Some(name) = self.scope.filter(|_| scopes.is_empty()) {
            let known = read.snapshot.values().flat_map(|view| view.config.issuers.keys()).map(String::as_str);
            let message = format!("scope {} is not declared, or nothing uses it", quote(name));
            report.push(Diagnostic::error(Code::UnknownScope, message).help(known_names(name, known)));
            return None;
        }
        Some(scopes)
    }

    /// Objects are those of one cluster, which must be a declared one.
    fn check_cluster(&self, snapshot: &Snapshot, report: &mut Report) -> bool {
        let known = || snapshot.keys().flatten().map(String::as_str);
        match &self.shared.cluster {
            Some(name) if !snapshot.contains_key(&Some(name.clone())) => report.push(
                Diagnostic::error(Code::UnknownCluster, format!("cluster {} is not declared", quote(name)))
                    .help(known_names(name, known())),
            ),
            None if snapshot.len() > 1 && !self.objects.is_empty() => report.push(
                Diagnostic::error(
                    Code::AmbiguousCluster,
                    "the objects are those of one cluster, and several are declared",
                )
                .help("say which one with `--cluster NAME`"),
            ),
            _ => return true,
        }
        false
    }

    /// The scopes of the chosen cluster, or of all.
    fn all<'s>(&self, snapshot: &'s Snapshot, answers: &Answers) -> Vec<Found<'s>> {
        let mut all = Vec::new();
        let mut clusters: BTreeMap<Arn, Vec<&str>> = BTreeMap::new();
        for (cluster, view) in snapshot {
            for (name, issuer) in &view.config.issuers {
                let references = view.config.roles.iter().filter(|(role, _)| role.scope == *name);
                let anchor = references.map(|(role, _)| &role.trust_anchor).next();
                let anchor = anchor.and_then(|it| Some((resolve::known_arn(ArnKind::TrustAnchor, it, answers)?, it)));
                if let Some(((arn, _), cluster)) = anchor.as_ref().zip(cluster.as_deref()) {
                    clusters.entry(arn.clone()).or_default().push(cluster);
                }
                let (cluster, config) = (cluster.as_deref(), &view.config);
                all.push(Found { cluster, name, issuer, anchor, config, shared_with: Vec::new() });
            }
        }
        for found in &mut all {
            let shared = found.anchor.as_ref().and_then(|(arn, _)| clusters.get(arn)).into_iter().flatten().copied();
            let mut shared: Vec<_> = shared.filter(|it| Some(*it) != found.cluster).collect();
            shared.dedup();
            found.shared_with = shared;
        }
        all.retain(|it| self.shared.cluster.is_none() || self.shared.cluster.as_deref() == it.cluster);
        all
    }
}

/// The rotation of a scope. What was done in the wrong order is reported.
pub(super) fn of<'r>(scope: &'r Found<'r>, read: &Read, seen: &Seen, now: i64, report: &mut Report) -> Rotation<'r> {
    let anchor = seen.anchor(scope);
    let evidence = Evidence { anchor: anchor.as_ref(), objects: seen.objects.as_deref(), now };
    let looked_up = |issuer: &Issuer| resolve::ca_certificate(issuer, &read.answers);
    rotation::of(&scope.declared(), looked_up, evidence, report)
}

/// What must be looked up: trust anchors, and the certificates of CAs, but no key.
fn public_queries(config: &Config) -> Vec<Query> {
    let anchors = config
        .roles
        .iter()
        .filter_map(|(role, _)| role.trust_anchor.query(crate::reference::Wanted::Arn(ArnKind::TrustAnchor)));
    anchors.chain(resolve::authority_queries(config).into_iter().filter(|query| !query.is_secret())).collect()
}

/// A scope in a cluster, with what is known about it.
pub(super) struct Found<'f> {
    pub(super) cluster: Option<&'f str>,
    pub(super) name: &'f str,
    pub(super) issuer: &'f Issuer,
    /// The trust anchor, and where it is declared.
    pub(super) anchor: Option<(Arn, &'f Reference)>,
    pub(super) config: &'f Config,
    pub(super) shared_with: Vec<&'f str>,
}

impl Found<'_> {
    pub(super) fn declared(&self) -> Scope<'_> {
        let of_it = self.config.bindings.iter().filter(|binding| binding.scope == self.name);
        let (certified, mounted): (Vec<_>, Vec<_>) = of_it.partition(|binding| binding.certificate.has_secret());
        Scope {
            cluster: self.cluster,
            name: self.name,
            issuer: self.issuer,
            trust_anchor: self.anchor.as_ref().map(|(arn, _)| arn),
            certified: certified.into_iter().map(wanted).collect(),
            mounted: mounted.into_iter().map(|it| (it.workload.clone(), it.certificate.common_name.clone())).collect(),
            shared_with: self.shared_with.clone(),
        }
    }
}

fn wanted(binding: &crate::config::Binding) -> Wanted {
    Wanted {
        workload: binding.workload.clone(),
        namespace: binding.namespace.as_ref().map(ToString::to_string),
        name: crate::name::of_certificate(&binding.workload),
        place: binding.place.clone(),
    }
}
