//! Identities that nobody declares, and marks on objects that the declaration does not make.

use std::collections::BTreeSet;

use super::object::Object;
use super::stream::Stream;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::issuer::Contents;
use crate::plan::Plan;
use crate::quote::quote;
use crate::render::{GENERATED_FOR, WORKLOAD};
use crate::workload::Workload;
use crate::yaml::FieldPath;

/// An identity that is not declared, or sits in an object that is not meant.
pub(super) fn check(plan: &Plan<'_>, wanted: &[Object], stream: &Stream, inventory: &[Workload], report: &mut Report) {
    let placements = plan.workloads.iter().flat_map(|planned| {
        let workload = planned.binding().workload.as_str();
        planned
            .placements
            .iter()
            .filter_map(move |placement| Some((workload, inventory.get(placement.workload)?.index)))
    });
    let placements: BTreeSet<_> = placements.collect();
    let declared: BTreeSet<_> = plan.workloads.iter().map(|planned| planned.binding().workload.as_str()).collect();
    let mut say = |object: &Object, workload: &str| {
        let message = format!("{} has the identity of {}, which is not declared", object.words(), quote(&workload));
        let mark = if object.is_ours() { GENERATED_FOR } else { WORKLOAD };
        report.push(
            Diagnostic::error(Code::UndeclaredIdentity, message)
                .at(Place::Item(object.resource_ref(), FieldPath::keys("metadata.annotations").key(mark)))
                .help("declare it under `workloads`, or render again without it"),
        );
    };
    for object in stream.patched() {
        for workload in object.marks().iter().filter(|workload| !placements.contains(&(**workload, object.index))) {
            say(object, workload);
        }
    }
    for object in stream.ours() {
        for workload in object.marks().iter().filter(|workload| !declared.contains(*workload)) {
            say(object, workload);
        }
    }
    let wanted: BTreeSet<_> = wanted.iter().map(Object::part).collect();
    let is_known = |object: &&Object| {
        let is_declared = object.marks().iter().all(|workload| declared.contains(workload));
        !is_declared || wanted.contains(&object.part()) || is_ca(plan, object)
    };
    for object in stream.ours().filter(|object| !is_known(object)) {
        report.push(
            Diagnostic::error(
                Code::UndeclaredIdentity,
                format!("{} is marked as iamra's, and the declaration renders no such object", object.words()),
            )
            .at(Place::Item(object.resource_ref(), FieldPath::keys("metadata.annotations")))
            .help("remove it: an object with this mark is treated as iamra's own"),
        );
    }
}

/// Whether it is the Secret of a CA, whose key is not at hand here.
fn is_ca(plan: &Plan<'_>, object: &Object) -> bool {
    plan.prerequisites.iter().any(|prerequisite| {
        let gvk = &prerequisite.object.kind.gvk;
        prerequisite.object.contents == Contents::KeyPair
            && (object.kind(), object.group()) == (gvk.kind, gvk.group)
            && object.scope() == Some(prerequisite.scope)
    })
}
