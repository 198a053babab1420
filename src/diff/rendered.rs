//! Changes of what the declarations render: objects that are added, removed or changed, and pods that are replaced.

use std::collections::BTreeMap;

use serde_json::Value;

use super::View;
use super::change::{Change, ChangeKind};
use crate::plan::{self, Placement, Sharing};
use crate::quote::quote;
use crate::render::{self, PodChange, Serving};
use crate::yaml::{self, FieldPath};

/// Changes of what is rendered. None are reported if one version cannot be rendered; a version without a declaration
/// renders nothing.
pub(super) fn compare(before: Option<&View>, after: Option<&View>) -> Vec<Change> {
    let (Some(old), Some(new)) = (Made::of(before), Made::of(after)) else { return Vec::new() };
    let mut changes = Vec::new();
    let mut say = |kind, object: &str, place: &FieldPath, words: &str| {
        changes.push(Change::new(kind, object, place.clone(), &format!("{object} is {words}")));
    };
    for (name, (value, place)) in &new.objects {
        match old.objects.get(name) {
            None => say(ChangeKind::ObjectAdded, name, place, "added"),
            Some((was, _)) if was != value => say(ChangeKind::ObjectChanged, name, place, "changed"),
            Some(_) => {}
        }
    }
    for (name, (_, place)) in old.objects.iter().filter(|(name, _)| !new.objects.contains_key(*name)) {
        say(ChangeKind::ObjectRemoved, name, place, "removed");
    }
    for (name, (pod, place)) in &new.pods {
        if old.pods.get(name).is_some_and(|(was, _)| was != pod) {
            let message = format!("the pods of {} are replaced", quote(&name));
            changes.push(Change::new(ChangeKind::Restart, name, place.clone(), &message));
        }
    }
    changes
}

/// What one version renders.
#[derive(Default)]
struct Made {
    objects: BTreeMap<String, (Value, FieldPath)>,
    pods: BTreeMap<String, (PodChange, FieldPath)>,
}

impl Made {
    fn of(view: Option<&View>) -> Option<Self> {
        let Some(view) = view else { return Some(Self::default()) };
        let resolved = view.resolved.as_ref()?;
        let plan = plan::declared(resolved, None);
        let place = |object: &Value| {
            let annotations = yaml::at(object, "/metadata/annotations");
            let at = |key: &str, section: &str| Some(FieldPath::keys(section).key(annotations?.get(key)?.as_str()?));
            at(render::GENERATED_FOR, "spec.workloads").or_else(|| at(render::SCOPE, "spec.scopes")).unwrap_or_default()
        };
        let objects = render::objects(&plan, resolved.argo_cd, false).map(|object| object.value);
        Some(Self {
            objects: objects.map(|object| (name(&object), (object.clone(), place(&object)))).collect(),
            pods: plan
                .workloads
                .iter()
                .map(|planned| {
                    let binding = &planned.binding();
                    let placement = Placement { workload: 0, port: binding.sidecar.port, sharing: Sharing::Alone };
                    let change = render::pod_change(planned, placement, &binding.sidecar, None, Serving::Itself(&[]));
                    (binding.workload.clone(), (change, binding.place.clone()))
                })
                .collect(),
        })
    }
}

fn name(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let metadata = &object["metadata"];
    let namespace = metadata["namespace"].as_str().map_or_else(String::new, |namespace| format!("{namespace}/"));
    format!("{} {namespace}{}", text(&object["kind"]), text(&metadata["name"]))
}
