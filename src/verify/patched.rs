//! Whether each declared workload has what iamra puts into it.

use std::collections::BTreeMap;

use super::names::Names;
use super::object::home_of;
use super::untouched;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::{Changes, Item};
use crate::plan::Plan;
use crate::quote::quote_object;
use crate::workload::Workload;
use crate::yaml::{Document, FieldPath, Step};

pub(super) fn check(
    plan: &Plan<'_>,
    injected: &Changes,
    names: &Names<'_>,
    items: &[Item<'_>],
    inventory: &[Workload],
    report: &mut Report,
) {
    let placements = plan.workloads.iter().flat_map(|planned| &planned.placements);
    let patched = placements.filter_map(|placement| inventory.get(placement.workload));
    // Once per object, even if it describes several pods.
    let patched: BTreeMap<_, _> = patched.map(|workload| (workload.index, workload)).collect();
    for workload in patched.into_values() {
        let Some(Ok(object)) = items.get(workload.index).map(Item::parse) else { continue };
        let found = object.document.root().to_value();
        let mut wanted = match injected.replaced.get(&workload.index) {
            #[expect(clippy::expect_used, reason = "an edit reads its result again before it gives it")]
            Some(edited) => {
                let text = edited.text(object.document.text());
                Document::parse(&text).expect("the edit was proven").root().to_value()
            }
            None => found.clone(),
        };
        let target = workload.resource_ref();
        for astray in names.adopt(home_of(target.namespace.as_deref()), &mut wanted, &found, false) {
            let message = format!(
                "{} refers to {}, which is not what the declaration renders for it",
                quote_object(&target.kind, &target.name),
                quote_object(&astray.kind, &astray.name)
            );
            let help = "render the whole declaration, and make kustomize update references together with names (`name-reference.yaml`)";
            report.push(
                Diagnostic::error(Code::DanglingReference, message)
                    .at(Place::Item(target.clone(), astray.at))
                    .help(help),
            );
        }
        if let Some(at) = untouched::difference(&wanted, &found, &FieldPath::root()) {
            let message = format!("{} does not have its declared identity", quote_object(&target.kind, &target.name));
            let help = if matches!(at.split_last(), Some((_, Step::Key(key))) if key == "image") {
                "set this image as `sidecar.image` in the declaration, or allow it with `--sidecar-image IMAGE`"
            } else {
                "render it again with iamra; do not edit what iamra added"
            };
            report.push(Diagnostic::error(Code::NotInjected, message).at(Place::Item(target, at)).help(help));
        }
    }
}
