//! Workloads that wait for objects that are applied after them, or deleted before them: they hang, and the sync with them.

use std::collections::BTreeMap;

use memchr::memmem::Finder;
use serde_json::Value;

use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::{Item, Object, annotation};
use crate::plan::{Plan, PlannedWorkload};
use crate::quote::quote_object;
use crate::render::{self, CERTIFICATE, GENERATED_FOR, Manifest};
use crate::workload::{HELM_HOOK, HOOK, Order, Phase, SYNC_WAVE, Workload};
use crate::yaml::{self, FieldPath};

/// Reports the workloads of the plan that run before the objects that they need, be these emitted or among the items.
pub fn check(
    plan: &Plan<'_>,
    emitted: impl Iterator<Item = Manifest>,
    items: &[Item<'_>],
    inventory: &[Workload],
    report: &mut Report,
) {
    let orders = plan.workloads.iter().flat_map(|planned| {
        let placed = planned.placements.iter().filter_map(|placement| inventory.get(placement.workload));
        placed.map(move |workload| (planned, workload, workload.order))
    });
    let unusual: Vec<_> = orders.filter(|(.., order)| *order != Order::USUAL && order.phase != Phase::After).collect();
    if unusual.is_empty() {
        return;
    }
    let emitted: Vec<_> = emitted.collect();
    let made = Made::of(&emitted, items);
    for (planned, workload, order) in unusual {
        let late =
            made.of_workload(planned).into_iter().find(|(.., made)| *made > order || order.phase == Phase::Deleted);
        let Some((kind, name, made)) = late else { continue };
        let object = items.get(workload.index).and_then(|item| item.parse().ok());
        report.push(diagnostic(workload, object.as_ref(), &quote_object(kind, &name), made));
    }
}

fn diagnostic(workload: &Workload, object: Option<&Object<'_>>, what: &str, made: Order) -> Diagnostic {
    let (target, order) = (workload.resource_ref(), workload.order);
    let who = quote_object(&target.kind, &target.name);
    let (message, help) = match order.phase {
        Phase::Before => (
            format!("{who} runs before other objects are applied, but waits for {what}, which is applied later"),
            format!(
                "make it part of the sync, with `{HOOK}: Sync` and `{SYNC_WAVE}: \"-1\"`, or let it run after the installation"
            ),
        ),
        Phase::Deleted => (
            format!("{who} runs after other objects are deleted, including {what}, which it waits for"),
            "use a hook that runs while the other objects exist".to_owned(),
        ),
        Phase::Sync | Phase::After => (
            format!("{who} is in wave {}, but waits for {what}, which is in wave {}", order.wave, made.wave),
            format!("give {what} an earlier `{SYNC_WAVE}`, or the workload a later one"),
        ),
    };
    let annotations = FieldPath::keys("metadata.annotations");
    let is_said = |at: &FieldPath| object.is_some_and(|object| object.root().at(at).is_some());
    let said = [HOOK, HELM_HOOK, SYNC_WAVE].map(|name| annotations.key(name)).into_iter().find(is_said);
    Diagnostic::error(Code::SyncOrder, message).at(Place::Item(target, said.unwrap_or(annotations))).help(help)
}

/// The objects that workloads need: those that are emitted, and those among the items.
struct Made<'m, 't> {
    emitted: BTreeMap<(&'m str, &'m str, Option<&'m str>), &'m Value>,
    /// By the workload that they were made for.
    found: BTreeMap<String, Vec<Object<'t>>>,
}

impl<'m, 't> Made<'m, 't> {
    fn of(emitted: &'m [Manifest], items: &[Item<'t>]) -> Self {
        let text = |value: &'m Value, pointer: &str| yaml::at(value, pointer).and_then(Value::as_str);
        let key = |it: &'m Manifest| {
            let value = &it.value;
            Some(((text(value, "/kind")?, text(value, "/metadata/name")?, text(value, "/metadata/namespace")), value))
        };
        let mark = Finder::new(GENERATED_FOR);
        let is_made = |item: &&Item<'_>| {
            let is_kind = |kind: &str| [CERTIFICATE.kind, "ConfigMap"].contains(&kind);
            item.ident().is_some_and(|ident| is_kind(&ident.kind)) && item.may_say(&mark)
        };
        let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for object in items.iter().filter(is_made).filter_map(|item| item.parse().ok()) {
            if let Some(workload) = annotation::get(object.root(), GENERATED_FOR).map(str::to_owned) {
                found.entry(workload).or_default().push(object);
            }
        }
        Self { emitted: emitted.iter().filter_map(key).collect(), found }
    }

    /// Kind, name and order of what is made for a workload.
    fn of_workload(&self, planned: &PlannedWorkload<'_>) -> Vec<(&'static str, String, Order)> {
        let binding = planned.binding();
        let namespace = planned.namespace.as_deref();
        let objects = self.found.get(&binding.workload).map(Vec::as_slice).unwrap_or_default();
        let made = render::idents(binding).into_iter().filter_map(|(kind, name)| {
            let emitted = self.emitted.get(&(kind, name.as_str(), namespace)).copied();
            let is_near = |theirs: Option<&str>| theirs.zip(namespace).is_none_or(|(one, other)| one == other);
            let found = objects.iter().find(|object| {
                object.ident().is_some_and(|ident| ident.kind == kind && is_near(ident.namespace.as_deref()))
            });
            // Annotations that others added to our objects stay.
            let value = |name: &str| {
                let ours = emitted.and_then(|it| yaml::at(it, "/metadata/annotations")?.get(name)?.as_str());
                ours.or_else(|| annotation::get(found?.root(), name))
            };
            (emitted.is_some() || found.is_some()).then(|| (kind, name, Order::of_annotations(value)))
        });
        made.collect()
    }
}
