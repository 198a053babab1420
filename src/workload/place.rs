//! The places in an object that describe pods.

use crate::yaml::{FieldPath, NodeRef};

/// The place in an object that describes a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodPlace {
    /// Its path in the declaration and in messages.
    pub at: FieldPath,
    /// The path of the object with the fields of the pod's `spec`.
    pub spec: FieldPath,
    /// The path of the pod's metadata.
    pub metadata: FieldPath,
    /// Fields below `spec` with the pod's containers: lists, or a single container.
    pub containers: &'static [&'static str],
    /// The help if there are no containers.
    pub hint: &'static str,
}

/// The containers of a pod.
pub(super) const CONTAINERS: &[&str] = &["initContainers", "containers"];

/// Argo's name for the only container of a template.
pub const ALONE: &str = "main";

const HINT: &str = "set `target.podTemplatePath` to its pod template; if another workload creates its pods, \
                    include that workload in this build";

impl PodPlace {
    /// A pod template, which has its own `metadata` and `spec`.
    pub fn template(at: FieldPath) -> Self {
        let (spec, metadata) = (at.key("spec"), at.key("metadata"));
        Self { at, spec, metadata, containers: CONTAINERS, hint: HINT }
    }

    /// The fields of a pod's `spec` among others, with the pod's metadata in one of them.
    pub(super) fn fields(
        at: FieldPath,
        metadata: &str,
        containers: &'static [&'static str],
        hint: &'static str,
    ) -> Self {
        Self { spec: at.clone(), metadata: at.key(metadata), at, containers, hint }
    }

    /// The pod's ServiceAccount and its field: in the pod's `spec`, or in the nearest object around it, where operators
    /// have the field. The API server also accepts the deprecated field, and has a default.
    /// <https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/>
    pub fn account<'d>(&self, object: NodeRef<'d>) -> (FieldPath, &'d str) {
        let mut around = Some(self.spec.clone());
        while let Some(here) = around {
            for field in ["serviceAccountName", "serviceAccount"] {
                let at = here.key(field);
                if let Some(name) = object.at(&at).and_then(NodeRef::text).filter(|name| !name.is_empty()) {
                    return (at, name);
                }
            }
            around = here.split_last().map(|(outer, _)| outer);
        }
        (self.spec.clone(), "default")
    }

    /// Whether the pod's metadata is that of the object.
    pub fn is_whole_object(&self) -> bool {
        self.metadata == FieldPath::root().key("metadata")
    }

    /// The names of the pod's containers, init containers among them.
    pub fn container_names<'d>(&self, object: NodeRef<'d>) -> Vec<&'d str> {
        let fields = self.containers.iter().filter_map(|field| object.at(&self.spec.join(&FieldPath::keys(field))));
        let name = |container: NodeRef<'d>| container.get("name").and_then(NodeRef::text);
        let named = fields.flat_map(|field| {
            let alone = field.is_map().then(|| name(field).unwrap_or(ALONE));
            field.items().filter_map(name).chain(alone).collect::<Vec<_>>()
        });
        named.collect()
    }

    /// The path of the pod's annotations.
    pub fn annotations(&self) -> FieldPath {
        self.metadata.key("annotations")
    }

    /// The paths that may have containers other than init containers; messages name the first one.
    pub fn running(&self) -> impl Iterator<Item = FieldPath> {
        let fields = self.containers.iter().filter(|field| **field != "initContainers");
        fields.map(|field| self.spec.join(&FieldPath::keys(field)))
    }
}

/// The paths in an object that match a pattern: dotted keys, with `[]` for each entry of a list and `*` for each value of
/// a mapping. The keys after them need not exist.
pub(super) fn expand(object: NodeRef<'_>, pattern: &str) -> Vec<FieldPath> {
    let mut found = vec![FieldPath::root()];
    for part in pattern.split('.') {
        found = found.iter().flat_map(|path| step(object, path, part)).collect();
    }
    found
}

fn step(object: NodeRef<'_>, path: &FieldPath, part: &str) -> Vec<FieldPath> {
    if part == "*" {
        let entries = object.at(path).into_iter().flat_map(NodeRef::entries);
        return entries.filter_map(|(key, _)| Some(path.key(key.text()?))).collect();
    }
    let Some(list) = part.strip_suffix("[]") else { return vec![path.key(part)] };
    let path = path.key(list);
    let items: Vec<_> = object.at(&path).into_iter().flat_map(NodeRef::items).collect();
    let name = |item: &NodeRef<'_>| item.get("name").and_then(NodeRef::text).map(str::to_owned);
    let names: Vec<_> = items.iter().map(name).collect();
    let place = |(index, name): (usize, &Option<String>)| match name {
        Some(name) if names.iter().flatten().filter(|it| *it == name).count() == 1 => path.named(name),
        _ => path.index(index),
    };
    names.iter().enumerate().map(place).collect()
}

/// The path that a pattern would match if each of its collections had one entry.
pub(super) fn example(pattern: &str) -> FieldPath {
    pattern.split('.').fold(FieldPath::root(), |path, part| match part.strip_suffix("[]") {
        Some(list) => path.key(list).index(0),
        None => path.key(part),
    })
}
