//! What iamra added to a user's object, and the notes that are needed to restore the original.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::pod::{Container, Pod};
use crate::krm::annotation;
use crate::render::{CONFIG_HASH, ENVIRONMENT, WORKLOAD, is_sidecar, is_volume};
use crate::workload::PodPlace;
use crate::yaml::edit::{self, Edit};
use crate::yaml::{FieldPath, NodeRef};

/// The annotation with what cannot be determined from the object itself. Whole only if needed.
pub(super) const UNDO: &str = "iamra.dev/undo";

/// The annotation of a pod with the container that kubectl means when none is named.
/// <https://kubernetes.io/docs/reference/labels-annotations-taints/#kubectl-kubernetes-io-default-container>
pub(super) const DEFAULT: &str = "kubectl.kubernetes.io/default-container";

/// The lists of a pod that iamra adds entries with names of its own to.
const LISTS: [&str; 3] = ["volumes", "initContainers", "containers"];

/// The notes that are needed to restore the original.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Undo {
    /// Variables of the user that have names used by iamra, by container.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) kept: BTreeMap<String, Vec<String>>,
    /// Variables that iamra added with names that are not in [`ENVIRONMENT`], by container.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) added: BTreeMap<String, Vec<String>>,
    /// Empty collections that iamra filled, and how they were written.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) empty: BTreeMap<String, String>,
    /// The annotations of pods that iamra gave a default container.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) defaults: Vec<String>,
    /// The path of the pod template, if the object's kind does not determine it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) template: Option<String>,
    /// The paths of several pod templates, if the object's kind does not determine them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) templates: Vec<String>,
}

impl Undo {
    /// No notes, for pods at places that the object's kind determines; otherwise the paths of the places.
    pub(super) fn for_places(of_kind: &[PodPlace], places: &[&PodPlace]) -> Self {
        if places.iter().all(|place| of_kind.contains(place)) {
            return Self::default();
        }
        let written: Vec<_> = places.iter().map(|place| place.at.notation()).collect();
        match written.as_slice() {
            [only] => Self { template: Some(only.clone()), ..Self::default() },
            _ => Self { templates: written, ..Self::default() },
        }
    }

    /// The notes of an earlier run.
    pub(super) fn of(object: NodeRef<'_>) -> Self {
        annotation::get(object, UNDO).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// Whether there is nothing to remember.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Notes the variables, in any container, that had names used by iamra before it set any.
    pub(super) fn keep_variables(&mut self, pod: Pod<'_>) {
        for container in pod.containers() {
            let key = pod.key(&container);
            let names = container.env().map(|(name, _)| name).filter(|name| ENVIRONMENT.contains(name));
            let mut seen = BTreeSet::new();
            let names: Vec<_> = names.filter(|name| seen.insert(*name)).map(str::to_owned).collect();
            if !names.is_empty() {
                self.kept.insert(key, names);
            }
        }
    }

    /// Notes which variables of a container iamra added, if their names do not show it.
    pub(super) fn note_added<'n>(
        &mut self,
        pod: Pod<'_>,
        container: &Container<'_>,
        names: impl Iterator<Item = &'n str>,
    ) {
        let names: Vec<_> = names.filter(|name| !ENVIRONMENT.contains(name)).map(str::to_owned).collect();
        if !names.is_empty() {
            self.added.entry(pod.key(container)).or_default().extend(names);
        }
    }

    /// Notes how an empty collection is written, before it is filled. `at` is relative to the object.
    pub(super) fn remember(&mut self, pod: Pod<'_>, at: &FieldPath) {
        if let Some(source) = edit::empty_source(pod.document, &pod.prefix.join(at)) {
            self.empty.insert(at.to_string(), source);
        }
    }
}

/// Where a patched object describes its pods: at the noted paths, or where its kind has them.
pub(super) fn places(object: NodeRef<'_>, of_kind: Vec<PodPlace>) -> Vec<PodPlace> {
    let undo = Undo::of(object);
    let noted = undo.template.iter().chain(&undo.templates).filter_map(|written| FieldPath::parse(written));
    let noted = noted.map(|at| {
        let known = of_kind.iter().find(|place| place.at == at);
        known.cloned().unwrap_or_else(|| PodPlace::template(at))
    });
    let noted: Vec<_> = noted.collect();
    if noted.is_empty() { of_kind } else { noted }
}

/// Whether iamra patched the object that describes these pods: it has the annotation, and additions of iamra are in one
/// of the pods. The annotation alone may be the author's.
pub(super) fn is_patched(pods: &[Pod<'_>]) -> bool {
    let object = pods.first().and_then(|pod| pod.node(&FieldPath::root()));
    let is_marked = object.is_some_and(|object| annotation::get(object, WORKLOAD).is_some());
    let has_hash = |pod: Pod<'_>| pod.node(&pod.place.annotations().key(CONFIG_HASH)).is_some();
    let has_parts = |pod: Pod<'_>| LISTS.iter().any(|list| !named_entries(pod, list).ours.is_empty());
    is_marked && pods.iter().any(|pod| has_hash(*pod) || has_parts(*pod))
}

/// A collection that iamra may have filled, and which of its entries it added.
struct Slot {
    at: FieldPath,
    entries: usize,
    ours: Vec<FieldPath>,
}

/// The edits that remove everything that iamra added. All of the pods belong to one object.
pub(super) fn removals(pods: &[Pod<'_>]) -> Vec<Edit> {
    let object = pods.first().and_then(|pod| Some((*pod, pod.node(&FieldPath::root())?)));
    let Some((first, object)) = object else { return Vec::new() };
    let undo = Undo::of(object);
    let mut edits = Vec::new();
    let mut empty_slot = |slot: &Slot| -> bool {
        let at = first.prefix.join(&slot.at);
        if slot.ours.is_empty() {
            return false;
        }
        if slot.ours.len() < slot.entries {
            edits.extend(slot.ours.iter().map(|ours| Edit::Remove { at: first.prefix.join(ours) }));
            return false;
        }
        match undo.empty.get(&slot.at.to_string()) {
            Some(source) => edits.push(Edit::Restore { at, source: source.clone() }),
            None => return true,
        }
        false
    };
    let metadata = FieldPath::root().key("metadata");
    let is_whole_object = pods.iter().any(|pod| pod.place.is_whole_object());
    let of_pod = if is_whole_object { marks_of_pod(&metadata, &undo) } else { Vec::new() };
    let mut slots = vec![annotations(first, &metadata, &[&[WORKLOAD, UNDO], &*of_pod].concat())];
    for pod in pods {
        slots.extend(LISTS.map(|list| named_entries(*pod, list)));
        let containers = pod.containers();
        slots.extend(containers.iter().flat_map(|it| [variables(*pod, it, &undo), mounts(it)]));
    }
    let mut gone = Vec::new();
    for slot in slots {
        if empty_slot(&slot) {
            gone.push(slot.at);
        }
    }
    for pod in pods.iter().filter(|pod| !pod.place.is_whole_object()) {
        gone.extend(template_annotations(*pod, &undo, &mut empty_slot));
    }
    edits.extend(gone.iter().map(|at| Edit::Remove { at: first.prefix.join(at) }));
    edits
}

/// The annotations of a pod that iamra added.
fn marks_of_pod(metadata: &FieldPath, undo: &Undo) -> Vec<&'static str> {
    let is_given = undo.defaults.contains(&metadata.key("annotations").to_string());
    std::iter::once(CONFIG_HASH).chain(is_given.then_some(DEFAULT)).collect()
}

/// What to remove from the pod's metadata, in addition to single annotations.
fn template_annotations(pod: Pod<'_>, undo: &Undo, empty_slot: &mut impl FnMut(&Slot) -> bool) -> Option<FieldPath> {
    // The pod's annotations may be all that its metadata holds.
    let metadata = &pod.place.metadata;
    let inner = annotations(pod, metadata, &marks_of_pod(metadata, undo));
    if !empty_slot(&inner) {
        return None;
    }
    let entries = pod.node(metadata).map_or(0, |node| node.entries().len());
    let outer = Slot { at: metadata.clone(), entries, ours: vec![inner.at.clone()] };
    match (entries, empty_slot(&outer)) {
        (1, true) => Some(metadata.clone()),
        (1, false) => None,
        _ => Some(inner.at),
    }
}

fn annotations(pod: Pod<'_>, metadata: &FieldPath, marks: &[&str]) -> Slot {
    let at = metadata.key("annotations");
    let keys: Vec<_> = pod.node(&at).into_iter().flat_map(NodeRef::entries).map(|(key, _)| key.text()).collect();
    let is_ours = |key: &&str| marks.contains(key);
    let ours = keys.iter().copied().flatten().filter(is_ours).map(|key| at.key(key)).collect();
    Slot { entries: keys.len(), ours, at }
}

fn named_entries(pod: Pod<'_>, list: &str) -> Slot {
    let at = pod.spec(list);
    let items: Vec<_> = pod.node(&at).into_iter().flat_map(NodeRef::items).collect();
    let is_ours = |item: &NodeRef<'_>| {
        let name = item.get("name").and_then(NodeRef::text);
        name.is_some_and(if list == "volumes" { is_volume } else { is_sidecar })
    };
    let ours = items.iter().enumerate().filter(|(_, item)| is_ours(item)).map(|(index, _)| at.index(index)).collect();
    Slot { entries: items.len(), ours, at }
}

fn variables(pod: Pod<'_>, container: &Container<'_>, undo: &Undo) -> Slot {
    let at = container.path.key("env");
    let key = pod.key(container);
    let (kept, added) = (undo.kept.get(&key), undo.added.get(&key));
    let is_in = |names: Option<&Vec<String>>, name: &str| names.is_some_and(|names| names.iter().any(|it| it == name));
    let entries: Vec<_> = container.node.get("env").into_iter().flat_map(NodeRef::items).collect();
    let name = |entry: &NodeRef<'_>| entry.get("name").and_then(NodeRef::text).map(str::to_owned);
    let is_ours = |name: &str| {
        let is_set = ENVIRONMENT.contains(&name) && !is_in(kept, name);
        !is_sidecar(container.name) && (is_set || is_in(added, name))
    };
    let ours = entries.iter().enumerate().filter(|(_, entry)| name(entry).is_some_and(|name| is_ours(&name)));
    let ours = ours.map(|(index, _)| at.index(index)).collect();
    Slot { entries: entries.len(), ours, at }
}

/// The mounts of iamra's volumes. Those of the sidecar are removed with it.
fn mounts(container: &Container<'_>) -> Slot {
    let at = container.path.key("volumeMounts");
    let entries: Vec<_> = container.node.get("volumeMounts").into_iter().flat_map(NodeRef::items).collect();
    let is_ours = |entry: &NodeRef<'_>| {
        !is_sidecar(container.name) && entry.get("name").and_then(NodeRef::text).is_some_and(is_volume)
    };
    let ours = entries.iter().enumerate().filter(|(_, entry)| is_ours(entry)).map(|(index, _)| at.index(index));
    Slot { ours: ours.collect(), entries: entries.len(), at }
}
