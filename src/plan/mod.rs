//! What should be: which object gets which identity, and which objects must stand beside it.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Binding;
use crate::diag::{Code, Diagnostic, Place, Report, nearest};
use crate::issuer::{Companion, Issuer};
use crate::krm::Item;
use crate::resolve::{Authority, Bound, Resolved};
use crate::workload::{Kind, Workload};

/// What should be.
#[derive(Debug)]
pub struct Plan<'r> {
    /// Every workload of the declaration.
    pub members: Vec<Member<'r>>,
    /// What its Certificates need, once a namespace and scope.
    pub companions: Vec<Neighbour<'r>>,
}

/// A workload, its namespace and, when the objects were at hand, which of them it is.
#[derive(Debug)]
pub struct Member<'r> {
    /// The workload and its identity.
    pub bound: &'r Bound,
    /// The namespace of what is emitted for it; none is written when `None`.
    pub namespace: Option<String>,
    /// Its place in the inventory.
    pub workload: Option<usize>,
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
    /// `<workload>-cert`: the Certificate and the Secret that cert-manager writes for it.
    pub fn certificate_name(&self) -> String {
        format!("{}-cert", self.bound.binding.workload)
    }
}

/// Plans without looking at objects: what the declaration alone says.
pub fn declared<'r>(resolved: &'r Resolved, fallback: Option<&str>) -> Plan<'r> {
    let members = resolved.bindings.iter().map(|bound| {
        let declared = bound.binding.namespace.as_ref().map(ToString::to_string);
        Member { bound, namespace: declared.or_else(|| fallback.map(str::to_owned)), workload: None }
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
    for (position, workload) in inventory.iter().enumerate() {
        for (name, _) in &workload.names {
            by_name.entry(name).or_default().insert(position);
        }
    }
    let mut taken: BTreeMap<usize, &str> = BTreeMap::new();
    let mut members = Vec::new();
    for bound in &resolved.bindings {
        let binding = &bound.binding;
        let named = by_name.get(binding.target.name.as_str()).into_iter().flatten().copied();
        let named: Vec<_> = named.filter(|position| inventory[*position].is_kind_of(&binding.target)).collect();
        let Some(position) = find(bound, &named, items, inventory, report) else { continue };
        if let Some(other) = taken.insert(position, &binding.workload) {
            report.push(
                Diagnostic::error(
                    Code::NameCollision,
                    format!("workloads `{other}` and `{}` both mean {}", binding.workload, words(&inventory[position])),
                )
                .at(Place::Config(binding.place.clone()))
                .help("keep one of them: a pod has one identity"),
            );
            continue;
        }
        let declared = binding.namespace.as_ref().map(ToString::to_string);
        let found = inventory[position].ident.namespace.as_ref().map(ToString::to_string);
        // kustomize may have moved the workload; what belongs to it goes where it is now.
        members.push(Member { bound, namespace: found.or(declared), workload: Some(position) });
    }
    with_companions(resolved, members)
}

fn with_companions<'r>(resolved: &'r Resolved, members: Vec<Member<'r>>) -> Plan<'r> {
    let mut seen = BTreeSet::new();
    let mut companions = Vec::new();
    for member in &members {
        let binding = &member.bound.binding;
        let (issuer, scope): (&Issuer, &str) = (&binding.issuer, &binding.scope);
        if seen.insert((member.namespace.clone(), scope)) {
            companions.extend(issuer.companions(scope).into_iter().map(|companion| Neighbour {
                namespace: member.namespace.clone(),
                scope,
                companion,
                authority: resolved.authorities.get(scope),
            }));
        }
    }
    Plan { members, companions }
}

fn find(
    bound: &Bound,
    named: &[usize],
    items: &[Item<'_>],
    inventory: &[Workload<'_>],
    report: &mut Report,
) -> Option<usize> {
    let binding = &bound.binding;
    let here: Vec<usize> = match &binding.namespace {
        Some(namespace) => {
            named.iter().copied().filter(|index| inventory[*index].may_be_in(namespace.as_str())).collect()
        }
        None => named.to_vec(),
    };
    let place = Place::Config(binding.place.clone());
    let wanted = binding.target.kind.as_deref().unwrap_or("workload");
    match here.as_slice() {
        [one] => Some(*one),
        [] => {
            let target = &binding.target.name;
            let message = format!("no {wanted} named `{target}` is among the objects");
            let elsewhere: Vec<_> = named.iter().map(|index| words(&inventory[*index])).collect();
            let help = if is_unknown_kind(binding, items) {
                format!(
                    "there is one, of a kind that iamra does not know: say where the pod template of a {wanted} is with `target.podTemplatePath`"
                )
            } else if elsewhere.is_empty() {
                let known =
                    items.iter().filter_map(Item::ident).filter(|it| Kind::find(&it.api_version, &it.kind).is_some());
                let known: Vec<_> = known.map(|ident| &*ident.name).filter(|name| name != target).collect();
                match nearest(target, known.iter().copied()) {
                    Some(nearest) => format!("did you mean `{nearest}`?"),
                    None => "check `target` and that the object is part of this build".to_owned(),
                }
            } else {
                format!("there is {}; say `namespace:` accordingly", elsewhere.join(" and "))
            };
            report.push(Diagnostic::error(Code::WorkloadNotFound, message).at(place).help(help));
            None
        }
        several => {
            let found: Vec<_> = several.iter().map(|index| words(&inventory[*index])).collect();
            let message = format!("several objects are named `{}`: {}", binding.target.name, found.join(", "));
            let help = "say which one with `target.kind` or `namespace`";
            report.push(Diagnostic::error(Code::AmbiguousTarget, message).at(place).help(help));
            None
        }
    }
}

/// Whether what is meant is there, and is nothing that iamra takes for a workload.
fn is_unknown_kind(binding: &Binding, items: &[Item<'_>]) -> bool {
    let mut idents = items.iter().filter_map(Item::ident);
    idents.any(|ident| {
        *ident.name == binding.target.name
            && binding.target.kind.as_deref() == Some(&*ident.kind)
            && Kind::find(&ident.api_version, &ident.kind).is_none()
    })
}

fn words(workload: &Workload<'_>) -> String {
    let ident = &workload.ident;
    let namespace =
        ident.namespace.as_ref().map_or_else(String::new, |namespace| format!(" in namespace `{namespace}`"));
    format!("{} `{}`{namespace}", ident.kind, ident.name)
}

impl Plan<'_> {
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
        let certificates: Vec<_> =
            items.iter().filter_map(Item::ident).filter(|ident| ident.kind == "Certificate").collect();
        for member in &self.members {
            let Some(workload) = member.workload.map(|position| &inventory[position]) else { continue };
            let name = member.certificate_name();
            let mut named = certificates.iter().filter(|ident| *ident.name == name).peekable();
            let here = |namespace: Option<&str>| namespace.unwrap_or("default").to_owned();
            let wanted = here(workload.ident.namespace.as_deref());
            if named.peek().is_none() || named.any(|ident| here(ident.namespace.as_deref()) == wanted) {
                continue;
            }
            let message =
                format!("the Certificate `{name}` is not in namespace `{wanted}`, where {} is", words(workload));
            report.push(
                Diagnostic::error(Code::NamespaceMismatch, message)
                    .at(Place::Config(member.bound.binding.place.clone()))
                    .help(format!("say `namespace: {wanted}` for this workload")),
            );
        }
    }
}
