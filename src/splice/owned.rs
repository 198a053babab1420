//! What iamra added to a user's object, and the notes that are needed to restore the original.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::pod::{Container, Pod};
use crate::krm::{ResourceRef, annotation};
use crate::render::{CONFIG_HASH, ENVIRONMENT, WORKLOAD, is_sidecar, is_volume};
use crate::workload::WorkloadKind;
use crate::yaml::edit::{self, Edit};
use crate::yaml::{FieldPath, NodeRef};

/// The annotation with what cannot be determined from the object itself. Written only if needed.
pub(super) const UNDO: &str = "iamra.dev/undo";

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
    /// The dotted path of the pod template, if the object's kind does not determine it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) template: Option<String>,
}

impl Undo {
    /// No notes, for a pod template at this path.
    pub(super) fn for_template(object: &ResourceRef, template: &FieldPath) -> Self {
        let is_known =
            WorkloadKind::find(&object.api_version, &object.kind).is_some_and(|kind| kind.has_template_at(template));
        Self { template: (!is_known).then(|| template.to_string()), ..Self::default() }
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
            let names = container.env().map(|(name, _)| name).filter(|name| ENVIRONMENT.contains(name));
            let names: Vec<_> = names.map(str::to_owned).collect();
            if !names.is_empty() {
                self.kept.insert(container.name.to_owned(), names);
            }
        }
    }

    /// Notes which variables of a container iamra added, if their names do not show it.
    pub(super) fn note_added<'n>(&mut self, container: &Container<'_>, names: impl Iterator<Item = &'n str>) {
        let names: Vec<_> = names.filter(|name| !ENVIRONMENT.contains(name)).map(str::to_owned).collect();
        if !names.is_empty() {
            self.added.entry(container.name.to_owned()).or_default().extend(names);
        }
    }

    /// Notes how an empty collection is written, before it is filled. `at` is relative to the object.
    pub(super) fn remember(&mut self, pod: Pod<'_>, at: &FieldPath) {
        if let Some(source) = edit::empty_source(pod.document, &pod.prefix.join(at)) {
            self.empty.insert(at.to_string(), source);
        }
    }
}

/// The path of the pod template, if it was noted.
pub(super) fn template(object: NodeRef<'_>) -> Option<FieldPath> {
    Undo::of(object).template.map(|dotted| FieldPath::keys(&dotted))
}

/// Whether iamra patched the object: it has the annotation, and additions of iamra are in its pod template. The annotation
/// alone may be the author's.
pub(super) fn is_patched(pod: Pod<'_>) -> bool {
    let is_marked = pod.node(&FieldPath::root()).is_some_and(|object| annotation::get(object, WORKLOAD).is_some());
    let has_hash = || pod.node(&pod.at("metadata.annotations").key(CONFIG_HASH)).is_some();
    let has_parts =
        || ["volumes", "initContainers", "containers"].iter().any(|list| !named_entries(pod, list).ours.is_empty());
    is_marked && (has_hash() || has_parts())
}

/// A collection that iamra may have filled, and which of its entries it added.
struct Slot {
    at: FieldPath,
    entries: usize,
    ours: Vec<FieldPath>,
}

/// The edits that remove everything that iamra added.
pub(super) fn removals(pod: Pod<'_>) -> Vec<Edit> {
    let Some(object) = pod.node(&FieldPath::root()) else { return Vec::new() };
    let undo = Undo::of(object);
    let mut edits = Vec::new();
    let mut empty_slot = |slot: &Slot| -> bool {
        let at = pod.prefix.join(&slot.at);
        if slot.ours.is_empty() {
            return false;
        }
        if slot.ours.len() < slot.entries {
            edits.extend(slot.ours.iter().map(|ours| Edit::Remove { at: pod.prefix.join(ours) }));
            return false;
        }
        match undo.empty.get(&slot.at.to_string()) {
            Some(source) => edits.push(Edit::Restore { at, source: source.clone() }),
            None => return true,
        }
        false
    };
    let mut gone = Vec::new();
    let marks: &[&str] = if pod.is_whole_object() { &[WORKLOAD, UNDO, CONFIG_HASH] } else { &[WORKLOAD, UNDO] };
    let mut slots = vec![annotations(pod, &FieldPath::root(), marks)];
    slots.extend(["volumes", "initContainers", "containers"].map(|list| named_entries(pod, list)));
    slots.extend(pod.containers().iter().flat_map(|container| [variables(container, &undo), mounts(container)]));
    for slot in slots {
        if empty_slot(&slot) {
            gone.push(slot.at);
        }
    }
    if !pod.is_whole_object() {
        let empty = template_annotations(pod, &mut empty_slot);
        gone.extend(empty);
    }
    edits.extend(gone.iter().map(|at| Edit::Remove { at: pod.prefix.join(at) }));
    edits
}

/// What to remove from the pod template's metadata, in addition to single annotations.
fn template_annotations(pod: Pod<'_>, empty_slot: &mut impl FnMut(&Slot) -> bool) -> Option<FieldPath> {
    // The template's annotations may be all that its metadata holds.
    let inner = annotations(pod, pod.template, &[CONFIG_HASH]);
    if !empty_slot(&inner) {
        return None;
    }
    let metadata = pod.at("metadata");
    let entries = pod.node(&metadata).map_or(0, |node| node.entries().len());
    let outer = Slot { at: metadata.clone(), entries, ours: vec![inner.at.clone()] };
    match (entries, empty_slot(&outer)) {
        (1, true) => Some(metadata),
        (1, false) => None,
        _ => Some(inner.at),
    }
}

fn annotations(pod: Pod<'_>, owner: &FieldPath, marks: &[&str]) -> Slot {
    let at = owner.join(&FieldPath::keys("metadata.annotations"));
    let keys: Vec<_> = pod.node(&at).into_iter().flat_map(NodeRef::entries).map(|(key, _)| key.text()).collect();
    let is_ours = |key: &&str| marks.contains(key);
    let ours = keys.iter().copied().flatten().filter(is_ours).map(|key| at.key(key)).collect();
    Slot { entries: keys.len(), ours, at }
}

fn named_entries(pod: Pod<'_>, list: &str) -> Slot {
    let at = pod.at("spec").key(list);
    let items: Vec<_> = pod.node(&at).into_iter().flat_map(NodeRef::items).collect();
    let is_ours = |item: &NodeRef<'_>| {
        let name = item.get("name").and_then(NodeRef::text);
        name.is_some_and(if list == "volumes" { is_volume } else { is_sidecar })
    };
    let ours = items.iter().enumerate().filter(|(_, item)| is_ours(item)).map(|(index, _)| at.index(index)).collect();
    Slot { entries: items.len(), ours, at }
}

fn variables(container: &Container<'_>, undo: &Undo) -> Slot {
    let at = container.path.key("env");
    let kept = undo.kept.get(container.name);
    let added = undo.added.get(container.name);
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
