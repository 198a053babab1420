//! The desired result: which object gets which identity, and which other objects it needs.

mod absent;
mod around;
mod find;
mod guard;
mod share;
mod tenancy;

pub use tenancy::check_tenants;

pub use absent::{Absence, keep, present};
pub use around::{kinds_by_name, of_other_kind};
pub use guard::{Admitted, Approval, Guard};

use std::collections::{BTreeMap, BTreeSet};

use crate::certificate::Authority;
use crate::config::{Binding, Config};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::issuer::{Issuer, IssuerObject};
use crate::krm::{Ident, Item};
use crate::name::{self, DEFAULT_NAMESPACE, DnsLabel};
use crate::quote::{quote, typed};
use crate::resolve::{Identity, Resolved, ResolvedBinding};
use crate::workload::{Order, Workload};
use around::Around;
use find::{Finder, find, words};

/// The desired result.
#[derive(Debug)]
pub struct Plan<'r> {
    /// Every workload of the declaration.
    pub workloads: Vec<PlannedWorkload<'r>>,
    /// The objects that its Certificates need: once per namespace and scope, or once per scope.
    pub prerequisites: Vec<Prerequisite<'r>>,
    /// The workloads whose certificates approver-policy must approve.
    pub approvals: Vec<Approval<'r>>,
    /// The issuers whose certificates the API server limits.
    pub guards: Vec<Guard<'r>>,
}

/// A workload in one namespace and, if the objects are known, those that match it.
#[derive(Debug)]
pub struct PlannedWorkload<'r> {
    /// The workload and its identity.
    pub resolved: &'r ResolvedBinding,
    /// The namespace of what is emitted for it; none is written when `None`.
    pub namespace: Option<String>,
    /// The objects that get its identity.
    pub placements: Vec<Placement>,
    /// The first wave of Argo CD's in which one of them is synced, when it is before the usual one.
    pub wave: i32,
}

/// An object that gets an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// Its place in the inventory.
    pub workload: usize,
    /// Its port in it.
    pub port: u16,
    /// Whether another identity is there too.
    pub sharing: Sharing,
}

/// How the identities of one pod share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// There is one.
    Alone,
    /// Each has a sidecar of its own, or none.
    Apart,
    /// One sidecar serves all of them.
    Together,
}

/// An object that the Certificates of a scope need.
#[derive(Debug)]
pub struct Prerequisite<'r> {
    /// The namespace it is in.
    pub namespace: Option<String>,
    /// The scope it belongs to.
    pub scope: &'r str,
    /// What it is.
    pub object: &'r IssuerObject,
    /// The CA, when it was looked up.
    pub authority: Option<&'r Authority>,
    /// The first wave of those who need it, when it is before the usual one.
    pub wave: i32,
}

impl<'r> PlannedWorkload<'r> {
    /// Its declaration.
    pub fn binding(&self) -> &'r Binding {
        &self.resolved.declared
    }

    /// Its identity.
    pub fn identity(&self) -> &'r Identity {
        &self.resolved.identity
    }

    /// Whether a Certificate is emitted for it; cert-manager's CSI driver needs none.
    pub fn has_certificate(&self) -> bool {
        self.binding().certificate.has_secret()
    }

    /// `<workload>-cert`: the Certificate and the Secret that cert-manager writes for it.
    pub fn certificate_name(&self) -> String {
        name::of_certificate(&self.binding().workload)
    }
}

/// Plans from the declaration alone, without objects.
pub fn declared<'r>(resolved: &'r Resolved, fallback: Option<&str>) -> Plan<'r> {
    with_prerequisites(resolved, declared_workloads(resolved, fallback))
}

fn declared_workloads<'r>(resolved: &'r Resolved, fallback: Option<&str>) -> Vec<PlannedWorkload<'r>> {
    let workloads = resolved.bindings.iter().map(|binding| PlannedWorkload {
        resolved: binding,
        namespace: declared_home(binding, fallback),
        placements: Vec::new(),
        wave: Order::USUAL.wave,
    });
    workloads.collect()
}

/// Reports workloads whose policies cannot name their namespaces, before there are objects.
pub fn check_homes(resolved: &Resolved, fallback: Option<&str>, report: &mut Report) {
    guard::check(&declared_workloads(resolved, fallback), report);
}

/// The namespace of a workload as far as it is known without the object.
fn declared_home(binding: &ResolvedBinding, fallback: Option<&str>) -> Option<String> {
    binding.declared.namespace.as_ref().map(DnsLabel::as_str).or(fallback).map(str::to_owned)
}

/// Plans for the objects in the inventory. A workload that is missing or ambiguous is an error.
pub fn plan<'r>(
    resolved: &'r Resolved,
    items: &[Item<'_>],
    inventory: &[Workload],
    fallback: Option<&str>,
    report: &mut Report,
) -> Plan<'r> {
    let around = Around::of(items);
    let finder = Finder::of(inventory);
    let mut found: Vec<(&ResolvedBinding, usize)> = Vec::new();
    // An unreadable item may be a declared workload, so no workload can be reported as missing.
    let knows_all = !report.says(Code::UnreadableItem);
    for binding in resolved.bindings.iter().map(AsRef::as_ref) {
        let meant = finder.meant(&binding.declared.target);
        if meant.is_empty() && !knows_all {
            continue;
        }
        let positions = find(&binding.declared, &meant, &around, inventory, report);
        found.extend(positions.into_iter().map(|position| (binding, position)));
    }
    let mut workloads: Vec<PlannedWorkload<'r>> = Vec::new();
    let mut known: BTreeMap<(&str, Option<String>), usize> = BTreeMap::new();
    for (binding, placement) in share::placements(&found, inventory, report) {
        // kustomize may have moved the workload; its objects go where it is now.
        let namespace = inventory.get(placement.workload).and_then(|it| it.ident.namespace.as_ref());
        let namespace = namespace.map(ToString::to_string).or_else(|| declared_home(binding, fallback));
        // Annotated workloads with the same name have the same role; anything else is an error.
        let index = *known.entry((&binding.declared.workload, namespace.clone())).or_insert(workloads.len());
        let wave = inventory.get(placement.workload).map_or(Order::USUAL.wave, wave);
        match workloads.get_mut(index) {
            Some(planned) => {
                planned.placements.push(placement);
                planned.wave = planned.wave.min(wave);
            }
            None => workloads.push(PlannedWorkload { resolved: binding, namespace, placements: vec![placement], wave }),
        }
    }
    tenancy::check(resolved, &workloads, inventory, fallback, report);
    guard::check(&workloads, report);
    with_prerequisites(resolved, workloads)
}

/// Plans what Certificates need, before there is one: in the cluster's own namespace and in those of the workloads.
pub fn prerequisites<'r>(
    config: &'r Config,
    authorities: &'r BTreeMap<String, Authority>,
    fallback: Option<&str>,
) -> Plan<'r> {
    let namespace = |declared: Option<&DnsLabel>| declared.map(DnsLabel::as_str).or(fallback).map(str::to_owned);
    let own = config.issuers.iter().map(|(scope, issuer)| (namespace(config.namespace.as_ref()), &**scope, issuer));
    let of_workloads = config
        .bindings
        .iter()
        .map(|binding| (namespace(binding.namespace.as_ref()), &*binding.scope, &*binding.issuer));
    let sites = own.chain(of_workloads).map(|(namespace, scope, issuer)| (namespace, scope, issuer, Order::USUAL.wave));
    Plan { workloads: Vec::new(), prerequisites: beside(sites, authorities), approvals: Vec::new(), guards: Vec::new() }
}

fn with_prerequisites<'r>(resolved: &'r Resolved, workloads: Vec<PlannedWorkload<'r>>) -> Plan<'r> {
    let sites = workloads.iter().map(|planned| {
        let binding = &planned.binding();
        (planned.namespace.clone(), binding.scope.as_str(), &*binding.issuer, planned.wave)
    });
    let prerequisites = beside(sites, &resolved.authorities);
    let (approvals, guards) = (guard::approvals(&workloads), guard::of(resolved, &workloads));
    Plan { workloads, prerequisites, approvals, guards }
}

/// The sync wave of a workload that is synced before others.
fn wave(workload: &Workload) -> i32 {
    let order = workload.order;
    if order < Order::USUAL && order.phase == Order::USUAL.phase { order.wave } else { Order::USUAL.wave }
}

/// The objects that Certificates need, once each, in time for the first workload that needs them.
fn beside<'r>(
    sites: impl Iterator<Item = (Option<String>, &'r str, &'r Issuer, i32)>,
    authorities: &'r BTreeMap<String, Authority>,
) -> Vec<Prerequisite<'r>> {
    let mut prerequisites: Vec<Prerequisite<'r>> = Vec::new();
    let mut known: BTreeMap<_, usize> = BTreeMap::new();
    for (namespace, scope, issuer, wave) in sites {
        for object in issuer.each().flat_map(|it| &it.objects) {
            let namespace = object.namespace(namespace.as_deref());
            let index = *known
                .entry((namespace.clone(), scope, object.kind.gvk.kind, object.name.as_str()))
                .or_insert(prerequisites.len());
            if let Some(planned) = prerequisites.get_mut(index) {
                planned.wave = planned.wave.min(wave);
            } else {
                let authority = authorities.get(&object.name);
                prerequisites.push(Prerequisite { namespace, scope, object, authority, wave });
            }
        }
    }
    prerequisites
}

impl<'r> Plan<'r> {
    /// Keeps only what belongs to annotated workloads, which a generator cannot know.
    pub fn keep_unlisted(&mut self) {
        self.workloads.retain(|planned| !planned.binding().is_listed);
        let needs: BTreeSet<_> =
            self.workloads.iter().map(|it| (it.namespace.as_deref(), it.binding().scope.as_str())).collect();
        let scopes: BTreeSet<_> = needs.iter().map(|(_, scope)| *scope).collect();
        let is_needed = |it: &Prerequisite<'_>| needs.contains(&(it.namespace.as_deref(), it.scope));
        self.prerequisites.retain(|it| if it.object.stands_once() { scopes.contains(it.scope) } else { is_needed(it) });
        self.approvals.retain(|it| !it.binding().is_listed);
        // An admission policy has listed workloads alone.
        self.guards.clear();
    }

    /// Leaves out what stands once in a cluster and the policies, and returns the names of their scopes: a kustomization
    /// that is around the functions would move them into its own namespace, and give them its prefix.
    pub fn without_what_stands_once(&mut self) -> BTreeSet<&'r str> {
        let (once, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.prerequisites).into_iter().partition(|it| it.object.stands_once());
        self.prerequisites = rest;
        let once = once.iter().map(|it| it.scope);
        let approved = std::mem::take(&mut self.approvals).into_iter().map(|it| it.resolved.declared.scope.as_str());
        let guarded = std::mem::take(&mut self.guards).into_iter().map(|it| it.scope);
        once.chain(approved).chain(guarded).collect()
    }

    /// A workload reads its certificate's Secret in its own namespace. Where the Certificate is among the items it
    /// must be there.
    pub fn check_certificates(&self, items: &[Item<'_>], inventory: &[Workload], report: &mut Report) {
        let mut certificates: BTreeMap<&str, Vec<&Ident<'_>>> = BTreeMap::new();
        for ident in items.iter().filter_map(Item::ident).filter(|ident| ident.kind == "Certificate") {
            certificates.entry(&ident.name).or_default().push(ident);
        }
        for planned in self.workloads.iter().filter(|planned| planned.has_certificate()) {
            let Some(workload) = planned.placements.first().and_then(|placement| inventory.get(placement.workload))
            else {
                continue;
            };
            let name = planned.certificate_name();
            let Some(named) = certificates.get(name.as_str()) else { continue };
            let here = |ident: &Ident<'_>| ident.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE).to_owned();
            let wanted = here(&workload.ident);
            if named.iter().any(|ident| here(ident) == wanted) {
                continue;
            }
            let (place, help) = match &workload.ident.namespace {
                Some(namespace) => (
                    format!("is not in namespace {}, where {} is", quote(namespace), words(workload)),
                    format!("set {} for this workload", typed(&format_args!("namespace: {namespace}"))),
                ),
                None => (
                    format!("is in another namespace than {}, which sets none", words(workload)),
                    "set the same namespace on both".to_owned(),
                ),
            };
            let message = format!("the Certificate {} {place}", quote(&name));
            report.push(
                Diagnostic::error(Code::NamespaceMismatch, message)
                    .at(Place::Config(planned.binding().place.clone()))
                    .help(help),
            );
        }
    }
}
