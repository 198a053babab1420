//! The workloads among the items of a list.

mod kind;
mod opted_in;
mod order;
mod place;
mod targets;

pub use kind::{Allows, KINDS, WorkloadKind};
pub use opted_in::opted_in;
pub use order::{HELM_HOOK, HOOK, Order, Phase, SYNC_WAVE};
pub use place::{ALONE, PodPlace};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use memchr::memmem;

use crate::config::{Binding, Naming, Target, Which};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::{Ident, Item, ResourceRef, annotation, stem};
use crate::parallel;
use crate::yaml::{FieldPath, NodeRef, SyntaxError};
use targets::{FEW, Targets};

/// A workload that a binding may target: an object, and a place in it that describes a pod. An object with several pod
/// templates is several workloads.
///
/// It does not keep the tree of the object, which takes twice as much memory as the text: to read that once more when the object
/// is patched takes less than a tenth of what patching takes.
#[derive(Debug, Clone)]
pub struct Workload {
    /// Which item of the list it is.
    pub index: usize,
    /// When it is applied.
    pub order: Order,
    /// Its current name.
    pub ident: Ident<'static>,
    /// Where its pod is described, one for workloads in a row of one kind.
    pub place: Arc<PodPlace>,
    /// Whether a target without paths includes it.
    is_usual: bool,
    /// Which sidecars it can have.
    pub allows: Allows,
    /// All of its names from kustomize, with their namespaces; the current one first.
    pub names: Vec<(String, Option<String>)>,
    /// Its kind, and the kinds of objects that refer to its pod template.
    kinds: Vec<String>,
    /// Its own labels, each name once.
    pub labels: Vec<(String, String)>,
    /// What it refers to instead of having a pod template itself.
    refers_to: Option<Box<Target>>,
}

impl Workload {
    /// How diagnostics name it.
    pub fn resource_ref(&self) -> ResourceRef {
        self.ident.resource_ref()
    }

    /// Whether it matches the target's kind, and its name or labels.
    pub fn is_meant_by(&self, target: &Target) -> bool {
        self.is_placed_for(target)
            && target.kind.as_ref().is_none_or(|kind| self.kinds.contains(kind))
            && self.is_called(&target.which)
    }

    /// Whether the target includes the pods of this place.
    fn is_placed_for(&self, target: &Target) -> bool {
        match target.pod_templates.as_slice() {
            [] => self.is_usual,
            said => said.contains(&self.place.at),
        }
    }

    /// Whether this is its full name, not the prefix that the API server generates names from.
    pub fn is_named(&self, wanted: &str) -> bool {
        self.names.iter().any(|(name, _)| name == wanted && stem(&self.ident.name) == self.ident.name)
    }

    fn is_called(&self, which: &Which) -> bool {
        match which {
            Which::Name(wanted) => self.names.iter().any(|(name, _)| name == wanted),
            Which::Labels(wanted) => wanted.iter().all(|(name, value)| self.label(name) == Some(value)),
        }
    }

    fn label(&self, name: &str) -> Option<&String> {
        self.labels.iter().find(|(it, _)| it == name).map(|(_, value)| value)
    }

    /// Whether it can be in the namespace: it sets none, or this one, or did so before kustomize changed it.
    pub fn may_be_in(&self, namespace: &str) -> bool {
        self.ident.namespace.is_none() || self.names.iter().any(|(_, it)| it.as_deref() == Some(namespace))
    }
}

/// The workloads that the bindings can target, in the order of the items. Nothing else is parsed.
///
/// `naming` is what kustomize has put around their names, unless it says the original names itself.
pub fn inventory(items: &[Item<'_>], bindings: &[&Binding], naming: &Naming, report: &mut Report) -> Vec<Workload> {
    let targets = Targets::of(bindings.iter().map(|binding| &binding.target), naming);
    let mut found = named(items, &targets, report);
    // A Rollout may refer to the pod template of a workload with another name.
    let referrers: BTreeMap<_, _> =
        found.iter().filter_map(|it| Some((it.index, Target::clone(it.refers_to.as_ref()?)))).collect();
    if !referrers.is_empty() {
        let known: BTreeSet<_> = found.iter().map(|it| it.index).collect();
        let also = named(items, &Targets::of(referrers.values(), naming), report);
        found.extend(also.into_iter().filter(|it| !known.contains(&it.index)));
        found = joined(found, &referrers);
    }
    found.sort_by_key(|it| it.index);
    found
}

/// Merges workloads that refer to another one's pod template into that one, which gets their names. One that refers to
/// a missing workload is kept, and has no pod template to patch.
fn joined(found: Vec<Workload>, referrers: &BTreeMap<usize, Target>) -> Vec<Workload> {
    let (referring, mut found): (Vec<_>, Vec<_>) = found.into_iter().partition(|it| referrers.contains_key(&it.index));
    let mut by_name: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (position, workload) in found.iter().enumerate() {
        for (name, _) in &workload.names {
            by_name.entry(name.clone()).or_default().insert(position);
        }
    }
    let mut lost = Vec::new();
    for referrer in referring {
        let target = referrers.get(&referrer.index);
        let meant = target.and_then(|target| {
            let Which::Name(name) = &target.which else { return None };
            let is_meant = |it: &Workload| it.is_meant_by(target) && it.ident.namespace == referrer.ident.namespace;
            by_name.get(name)?.iter().copied().find(|at| found.get(*at).is_some_and(is_meant))
        });
        match meant.and_then(|at| found.get_mut(at)) {
            Some(meant) => {
                meant.names.extend(referrer.names);
                meant.kinds.extend(referrer.kinds);
                meant.labels = each_once(std::mem::take(&mut meant.labels).into_iter().chain(referrer.labels));
            }
            None => lost.push(referrer),
        }
    }
    found.extend(lost);
    found
}

/// Labels of which those with one name are one: the last counts.
fn each_once(labels: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    labels.collect::<BTreeMap<_, _>>().into_iter().collect()
}

/// What the object refers to instead of having a pod template there.
fn referred(object: NodeRef<'_>, place: &PodPlace) -> Option<Box<Target>> {
    let reference = object.at(&FieldPath::keys("spec.workloadRef"))?;
    let text = |key| reference.get(key).and_then(NodeRef::text).map(str::to_owned);
    let has_template = object.at(&place.at).is_some();
    let which = Which::Name(text("name")?);
    (!has_template).then(|| Box::new(Target { kind: text("kind"), which, pod_templates: Vec::new() }))
}

fn named<'b>(items: &[Item<'_>], targets: &Targets<'b>, report: &mut Report) -> Vec<Workload> {
    let finders = |values: &[&'b str]| values.iter().map(|value| memmem::Finder::new(*value)).collect::<Vec<_>>();
    let labelled: Vec<_> = targets.values.iter().take(FEW + 1).map(|values| finders(values)).collect();
    let renamed = memmem::Finder::new("previousNames");
    let candidates = items.iter().enumerate().filter(|(_, item)| {
        item.ident().is_none_or(|ident| {
            ident.kind.ends_with(LIST)
                || targets.is_workload(ident)
                    && (targets.has_name(&ident.name)
                        || labelled.len() > FEW
                        || item.may_say(&renamed)
                        || labelled.iter().any(|values| values.iter().all(|value| item.may_say(value))))
        })
    });
    let candidates: Vec<_> = candidates.collect();
    let read = parallel::map(&candidates, |(index, item)| {
        let mut found = Report::default();
        (read(*index, item, targets, &mut found), found)
    });
    let mut workloads: Vec<Workload> = Vec::with_capacity(candidates.len());
    for (found, told) in read {
        report.append(told);
        for mut workload in found {
            if let Some(last) = workloads.last().filter(|last| last.place == workload.place) {
                workload.place = Arc::clone(&last.place);
            }
            workloads.push(workload);
        }
    }
    workloads
}

/// The suffix of the kinds of lists.
const LIST: &str = "List";

/// Whether kubectl would apply its items instead of the object itself.
fn is_list(object: NodeRef<'_>) -> bool {
    let is_of_kind = object.get("kind").and_then(NodeRef::text).is_some_and(|kind| kind.ends_with(LIST));
    is_of_kind && object.get("items").is_some_and(|items| items.items().len() > 0)
}

/// The diagnostic for an item that must be processed and cannot be parsed.
pub fn unreadable(index: usize, error: &SyntaxError) -> Diagnostic {
    let message = format!("item {index} cannot be read: {}", error.message);
    Diagnostic::error(Code::UnreadableItem, message).at(Place::Input(error.offset))
}

fn read(index: usize, item: &Item<'_>, targets: &Targets<'_>, report: &mut Report) -> Vec<Workload> {
    let object = match item.parse() {
        Ok(object) => object,
        Err(error) => {
            report.push(unreadable(index, &error));
            return Vec::new();
        }
    };
    if is_list(object.root()) {
        let message = format!("item {index} is a list inside a list, and its objects would not be processed");
        report.push(
            Diagnostic::error(Code::UnreadableItem, message)
                .at(Place::Input(item.offset()))
                .help("move its objects to the outer list, or write each as a separate document"),
        );
        return Vec::new();
    }
    let Some(ident) = object.ident() else { return Vec::new() };
    let labels = object.root().at(&FieldPath::keys("metadata.labels")).into_iter().flat_map(NodeRef::entries);
    let labels = labels.filter_map(|(name, value)| Some((name.text()?.to_owned(), value.text()?.to_owned())));
    let kind = WorkloadKind::find(&ident.api_version, &ident.kind);
    let usual = kind.map(|kind| kind.places(object.root()));
    let workload = Workload {
        index,
        place: Arc::new(PodPlace::template(FieldPath::root())),
        is_usual: true,
        allows: kind.map_or(Allows::Unordered, |kind| kind.allows(object.root())),
        kinds: vec![ident.kind.to_string()],
        names: names(object.root(), targets.naming),
        order: Order::of(object.root()),
        refers_to: None,
        ident,
        labels: each_once(labels),
    };
    let meant = targets.calling(&workload);
    let said = meant.iter().filter(|target| target.kind.as_deref() == Some(&*workload.ident.kind));
    let said = said.flat_map(|target| target.pod_templates.iter().cloned().map(PodPlace::template));
    let mut places: Vec<(PodPlace, bool)> = usual.iter().flatten().cloned().map(|place| (place, true)).collect();
    for place in said {
        if places.iter().all(|(known, _)| known.at != place.at) {
            places.push((place, usual.is_none()));
        }
    }
    let with_place = |(place, is_usual)| {
        let refers_to = referred(object.root(), &place);
        Workload { place: Arc::new(place), is_usual, refers_to, ..workload.clone() }
    };
    let workloads = places.into_iter().map(with_place);
    let mut workloads: Vec<_> =
        workloads.filter(|workload| meant.iter().any(|target| workload.is_placed_for(target))).collect();
    // As a rule there is one, and room for four.
    workloads.shrink_to_fit();
    workloads
}

/// Every name that the object has had; a `generateName` is listed with and without its trailing dash.
fn names(object: NodeRef<'_>, naming: &Naming) -> Vec<(String, Option<String>)> {
    let mut names: Vec<_> = annotation::names(object)
        .iter()
        .map(|name| (name.name.to_owned(), name.namespace.map(str::to_owned)))
        .collect();
    let stems = names.iter().map(|(name, namespace)| (stem(name).to_owned(), namespace.clone()));
    let stems: Vec<_> = stems.filter(|it| !names.contains(it)).collect();
    names.extend(stems);
    let originals =
        names.iter().filter_map(|(name, namespace)| Some((naming.original(name)?.to_owned(), namespace.clone())));
    let originals: Vec<_> = originals.filter(|it| !names.contains(it)).collect();
    names.extend(originals);
    names
}
