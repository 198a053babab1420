//! What should be: which object gets which identity, and which objects must stand beside it.

mod around;
mod share;

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{CertificateVolume, Config, Which};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::issuer::{Companion, Issuer};
use crate::krm::{Ident, Item};
use crate::name::DnsLabel;
use crate::quote::{part, quote, quote_object, typed};
use crate::resolve::{Authority, Bound, Resolved};
use crate::workload::Workload;
use around::Around;

/// What should be.
#[derive(Debug)]
pub struct Plan<'r> {
    /// Every workload of the declaration.
    pub members: Vec<Member<'r>>,
    /// What its Certificates need, once a namespace and scope.
    pub companions: Vec<Neighbour<'r>>,
}

/// A workload in one namespace and, when the objects were at hand, which of them it is.
#[derive(Debug)]
pub struct Member<'r> {
    /// The workload and its identity.
    pub bound: &'r Bound,
    /// The namespace of what is emitted for it; none is written when `None`.
    pub namespace: Option<String>,
    /// The objects that get its identity.
    pub seats: Vec<Seat>,
}

/// An object that gets an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seat {
    /// Its place in the inventory.
    pub workload: usize,
    /// The sidecar's port in it.
    pub port: u16,
    /// Whether another identity has a sidecar there too.
    pub is_shared: bool,
}

/// An object beside the Certificates of a scope.
#[derive(Debug)]
pub struct Neighbour<'r> {
    /// The namespace it is in.
    pub namespace: Option<String>,
    /// The scope it belongs to.
    pub scope: &'r str,
    /// What it is.
    pub companion: Companion,
    /// The CA, when it was looked up.
    pub authority: Option<&'r Authority>,
}

impl Member<'_> {
    /// Whether a Certificate is emitted for it; cert-manager's CSI driver needs none.
    pub fn has_certificate(&self) -> bool {
        self.bound.binding.certificate.volume == CertificateVolume::Secret
    }

    /// `<workload>-cert`: the Certificate and the Secret that cert-manager writes for it.
    pub fn certificate_name(&self) -> String {
        certificate_name(&self.bound.binding.workload)
    }
}

/// `<workload>-cert`
pub fn certificate_name(workload: &str) -> String {
    format!("{workload}-cert")
}

/// Plans without looking at objects: what the declaration alone says.
pub fn declared<'r>(resolved: &'r Resolved, fallback: Option<&str>) -> Plan<'r> {
    let members = resolved.bindings.iter().map(|bound| {
        let declared = bound.binding.namespace.as_ref().map(ToString::to_string);
        Member { bound, namespace: declared.or_else(|| fallback.map(str::to_owned)), seats: Vec::new() }
    });
    with_companions(resolved, members.collect())
}

/// Plans for the objects in the inventory. A workload that is not there, or there twice, is an error.
pub fn plan<'r>(
    resolved: &'r Resolved,
    items: &[Item<'_>],
    inventory: &[Workload<'_>],
    report: &mut Report,
) -> Plan<'r> {
    let mut by_name: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    let mut by_label: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (position, workload) in inventory.iter().enumerate() {
        for (name, _) in &workload.names {
            by_name.entry(name).or_default().insert(position);
        }
        for (name, value) in &workload.labels {
            by_label.entry((name, value)).or_default().push(position);
        }
    }
    let around = Around::of(items);
    let mut found: Vec<(&Bound, usize)> = Vec::new();
    // What cannot be read may be the workload that somebody means: nobody can say that it is not there.
    let knows_all = !report.says(Code::UnreadableItem);
    for bound in &resolved.bindings {
        let target = &bound.binding.target;
        let meant: Vec<usize> = match &target.which {
            Which::Name(name) => by_name.get(name.as_str()).into_iter().flatten().copied().collect(),
            // Those with the label that the fewest have.
            Which::Labels(labels) => labels
                .iter()
                .map(|(name, value)| by_label.get(&(name.as_str(), value.as_str())).map_or(&[][..], Vec::as_slice))
                .min_by_key(|positions| positions.len())
                .unwrap_or_default()
                .to_vec(),
        };
        let is_meant = |position: &usize| inventory.get(*position).is_some_and(|workload| workload.is_meant_by(target));
        let meant: Vec<_> = meant.into_iter().filter(is_meant).collect();
        if meant.is_empty() && !knows_all {
            continue;
        }
        let positions = find(bound, &meant, &around, inventory, report);
        found.extend(positions.into_iter().map(|position| (bound, position)));
    }
    let mut members: Vec<Member<'r>> = Vec::new();
    let mut known: BTreeMap<(&str, Option<String>), usize> = BTreeMap::new();
    for (bound, seat) in share::seats(&found, inventory, report) {
        let declared = bound.binding.namespace.as_ref().map(ToString::to_string);
        // kustomize may have moved the workload; what belongs to it goes where it is now.
        let namespace = inventory.get(seat.workload).and_then(|it| it.ident.namespace.as_ref());
        let namespace = namespace.map(ToString::to_string).or(declared);
        // Annotated workloads of one name have one role, or there would have been an error.
        let index = *known.entry((&bound.binding.workload, namespace.clone())).or_insert(members.len());
        match members.get_mut(index) {
            Some(member) => member.seats.push(seat),
            None => members.push(Member { bound, namespace, seats: vec![seat] }),
        }
    }
    with_companions(resolved, members)
}

/// Plans what Certificates need before there is one: in the cluster's own namespace and wherever a workload is.
pub fn foundation<'r>(
    config: &'r Config,
    authorities: &'r BTreeMap<String, Authority>,
    fallback: Option<&str>,
) -> Plan<'r> {
    let namespace = |declared: Option<&DnsLabel>| declared.map(DnsLabel::as_str).or(fallback).map(str::to_owned);
    let own = config.issuers.iter().map(|(scope, issuer)| (namespace(config.namespace.as_ref()), &**scope, issuer));
    let of_workloads =
        config.bindings.iter().map(|binding| (namespace(binding.namespace.as_ref()), &*binding.scope, &binding.issuer));
    Plan { members: Vec::new(), companions: companions(own.chain(of_workloads), authorities) }
}

fn with_companions<'r>(resolved: &'r Resolved, members: Vec<Member<'r>>) -> Plan<'r> {
    let sites = members.iter().map(|member| {
        let binding = &member.bound.binding;
        (member.namespace.clone(), binding.scope.as_str(), &binding.issuer)
    });
    let companions = companions(sites, &resolved.authorities);
    Plan { members, companions }
}

/// What stands beside Certificates, once a namespace and scope.
fn companions<'r>(
    sites: impl Iterator<Item = (Option<String>, &'r str, &'r Issuer)>,
    authorities: &'r BTreeMap<String, Authority>,
) -> Vec<Neighbour<'r>> {
    let mut seen = BTreeSet::new();
    let mut companions = Vec::new();
    for (namespace, scope, issuer) in sites {
        if seen.insert((namespace.clone(), scope)) {
            companions.extend(issuer.companions(scope).into_iter().map(|companion| Neighbour {
                namespace: namespace.clone(),
                scope,
                companion,
                authority: authorities.get(scope),
            }));
        }
    }
    companions
}

fn find(
    bound: &Bound,
    meant: &[usize],
    around: &Around<'_, '_>,
    inventory: &[Workload<'_>],
    report: &mut Report,
) -> Vec<usize> {
    let binding = &bound.binding;
    let is_in = |index: usize, namespace: &str| inventory.get(index).is_some_and(|it| it.may_be_in(namespace));
    let named = |some: &[usize]| some.iter().filter_map(|index| inventory.get(*index)).map(words).collect::<Vec<_>>();
    let here: Vec<usize> = match &binding.namespace {
        Some(namespace) => meant.iter().copied().filter(|index| is_in(*index, namespace.as_str())).collect(),
        None => meant.to_vec(),
    };
    let target = &binding.target;
    match (here.as_slice(), &target.which) {
        ([], _) => {
            let elsewhere = named(meant);
            let help = if elsewhere.is_empty() {
                around.how_to_find(binding)
            } else {
                format!("there is {}; say `namespace:` accordingly", elsewhere.join(" and "))
            };
            let wanted = part(target.kind.as_deref().unwrap_or("workload"));
            let message = format!("no {wanted} {} is among the objects", target.which);
            let place = Place::Config(binding.place.clone());
            report.push(Diagnostic::error(Code::WorkloadNotFound, message).at(place).help(help));
            Vec::new()
        }
        ([_, _, ..], Which::Name(name)) => {
            let found = named(&here);
            let message = format!("several objects are named {}: {}", quote(&name), found.join(", "));
            let help = "say which one with `target.kind` or `namespace`";
            let place = Place::Config(binding.place.clone());
            report.push(Diagnostic::error(Code::AmbiguousTarget, message).at(place).help(help));
            Vec::new()
        }
        _ => here,
    }
}

fn words(workload: &Workload<'_>) -> String {
    let ident = &workload.ident;
    let namespace =
        ident.namespace.as_ref().map_or_else(String::new, |namespace| format!(" in namespace {}", quote(&namespace)));
    format!("{}{namespace}", quote_object(&ident.kind, &ident.name))
}

impl Plan<'_> {
    /// Leaves only what belongs to workloads that no declaration lists: a generator cannot know of them.
    pub fn keep_unlisted(&mut self) {
        self.members.retain(|member| !member.bound.binding.is_listed);
        let needs: BTreeSet<_> =
            self.members.iter().map(|it| (it.namespace.as_deref(), it.bound.binding.scope.as_str())).collect();
        self.companions.retain(|it| needs.contains(&(it.namespace.as_deref(), it.scope)));
    }

    /// Gives a namespace to what has none.
    pub fn use_namespace(&mut self, namespace: Option<&str>) {
        let unnamed = self.members.iter_mut().map(|member| &mut member.namespace);
        let unnamed = unnamed.chain(self.companions.iter_mut().map(|neighbour| &mut neighbour.namespace));
        for slot in unnamed.filter(|slot| slot.is_none()) {
            *slot = namespace.map(str::to_owned);
        }
    }

    /// A workload reads its certificate's Secret in its own namespace. Where the Certificate is among the items it
    /// must be there.
    pub fn check_certificates(&self, items: &[Item<'_>], inventory: &[Workload<'_>], report: &mut Report) {
        let mut certificates: BTreeMap<&str, Vec<&Ident<'_>>> = BTreeMap::new();
        for ident in items.iter().filter_map(Item::ident).filter(|ident| ident.kind == "Certificate") {
            certificates.entry(&ident.name).or_default().push(ident);
        }
        for member in self.members.iter().filter(|member| member.has_certificate()) {
            let Some(workload) = member.seats.first().and_then(|seat| inventory.get(seat.workload)) else { continue };
            let name = member.certificate_name();
            let Some(named) = certificates.get(name.as_str()) else { continue };
            let here = |namespace: Option<&str>| namespace.unwrap_or("default").to_owned();
            let wanted = here(workload.ident.namespace.as_deref());
            if named.iter().any(|ident| here(ident.namespace.as_deref()) == wanted) {
                continue;
            }
            let message = format!(
                "the Certificate {} is not in namespace {}, where {} is",
                quote(&name),
                quote(&wanted),
                words(workload)
            );
            report.push(
                Diagnostic::error(Code::NamespaceMismatch, message)
                    .at(Place::Config(member.bound.binding.place.clone()))
                    .help(format!("say {} for this workload", typed(&format_args!("namespace: {wanted}")))),
            );
        }
    }
}
