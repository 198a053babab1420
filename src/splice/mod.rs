//! Applies edits to the objects' own text, and can remove everything that iamra added.

mod authorities;
mod chain;
mod committed;
mod conflict;
mod exposed;
mod leftover;
mod local;
mod mesh;
pub mod order;
mod owned;
mod pod;
mod policies;
mod readers;
mod software;
mod source;
mod taken;
mod upsert;
mod workload;

use std::collections::BTreeMap;

use crate::config::OUR_NAMES;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::{Changes, Item, Object};
use crate::parallel;
use crate::plan::{Placement, Plan, PlannedWorkload, Sharing};
use crate::render::{self, Further, Manifest, Serving};
use crate::workload::{Workload, unreadable};
pub use exposed::speaks_of_mounts;
pub use leftover::{Leftovers, delete};
pub use local::{Fate, declarations, is_declaration};
pub use policies::check_policies;
use readers::FileReaders;
use source::Sources;
pub use taken::Taken;
use workload::Injection;

/// One identity of a pod: its place in the plan, itself, and where it goes.
type Part<'p, 'r> = (usize, &'p PlannedWorkload<'r>, Placement);

/// Adds the identities to the planned workloads. `taken` tells which of their objects somebody else writes too.
pub fn inject(
    plan: &Plan<'_>,
    items: &[Item<'_>],
    inventory: &[Workload],
    taken: &Taken,
    report: &mut Report,
) -> Changes {
    let sources = Sources::of(items);
    // Grouped by object, then by pod.
    let mut objects: BTreeMap<usize, BTreeMap<usize, Vec<_>>> = BTreeMap::new();
    for (index, planned) in plan.workloads.iter().enumerate() {
        for placement in &planned.placements {
            let Some(workload) = inventory.get(placement.workload) else { continue };
            let pods = objects.entry(workload.index).or_default();
            pods.entry(placement.workload).or_default().push((index, planned, *placement));
        }
    }
    let objects: Vec<_> = objects.into_iter().collect();
    // What is added is made for one object at a time: for all of them, it takes more memory than their text.
    let injected = parallel::map(&objects, |(index, pods)| {
        let mut found = Report::default();
        let object = items.get(*index).map(Item::parse).transpose();
        let object = object.map_err(|error| found.push(unreadable(*index, &error)));
        let edited = object.ok().flatten().and_then(|object| {
            let pods = pods.iter().filter_map(|(position, parts)| {
                let workload = inventory.get(*position)?;
                Some((workload, injections(workload, &object, parts, taken)))
            });
            workload::inject(&object, &pods.collect::<Vec<_>>(), &sources, &mut found)
        });
        (edited, found)
    });
    let mut changes = Changes::default();
    for ((index, _), (edited, found)) in objects.iter().zip(injected) {
        changes.replaced.extend(edited.map(|edited| (*index, edited)));
        report.append(found);
    }
    sources.report_unreadable(report);
    changes
}

/// What one workload gets, identity by identity. `taken` says whose objects somebody else writes too.
fn injections<'r>(
    workload: &Workload,
    object: &Object<'_>,
    parts: &[Part<'_, 'r>],
    taken: &Taken,
) -> Vec<Injection<'r>> {
    let further: Vec<_> = parts.iter().skip(1).map(|(_, planned, at)| Further { planned, port: at.port }).collect();
    let first = parts.first().map(|(_, _, at)| at.port);
    let injection = |(position, (index, planned, placement)): (usize, &Part<'_, 'r>)| {
        let binding = planned.binding();
        let settings = workload.allows.fit(&binding.sidecar);
        let readers = FileReaders::of(workload, object, binding, &settings);
        let serving = match (placement.sharing, first) {
            (Sharing::Together, _) if position == 0 => Serving::Itself(&further),
            (Sharing::Together, Some(port)) => Serving::First(port),
            _ => Serving::Itself(&[]),
        };
        let mut change = render::pod_change(planned, *placement, &settings, readers.one(), serving);
        // What mounts the Secret may mean the one that the other object writes.
        change.secret = change.secret.filter(|_| !taken.has(*index));
        Injection { binding, change, readers }
    };
    parts.iter().enumerate().map(injection).collect()
}

/// Adds the objects, or replaces those that an earlier run added.
pub fn add(objects: impl Iterator<Item = Manifest>, items: &[Item<'_>], changes: &mut Changes, report: &mut Report) {
    upsert::upsert(objects, items, changes, report);
}

/// Reports Certificates of ours that fill one Secret.
pub fn check_fillers(items: &[Item<'_>], report: &mut Report) {
    upsert::check_fillers(items, Vec::new(), report);
}

/// Reports private keys in objects that are not secret.
pub fn check_committed(items: &[Item<'_>], report: &mut Report) {
    committed::check(items, report);
}

/// Reports who makes the Secrets that issuers sign with, and cannot or must not.
pub fn check_authorities(plan: &Plan<'_>, items: &[Item<'_>], report: &mut Report) {
    authorities::check(plan, items, report);
}

/// Removes everything that iamra added.
pub fn strip(items: &[Item<'_>], report: &mut Report) -> Changes {
    let mark = memchr::memmem::Finder::new(OUR_NAMES);
    let mut changes = Changes::default();
    for (index, item) in items.iter().enumerate() {
        if !item.may_say(&mark) {
            continue;
        }
        if upsert::is_generated(item) {
            changes.removed.insert(index);
            continue;
        }
        match workload::strip(item) {
            Ok(text) => changes.replaced.extend(text.map(|text| (index, text))),
            Err(refusal) => report.push(
                Diagnostic::error(Code::CannotEdit, format!("an object cannot be edited: {}", refusal.why))
                    .at(Place::Input(item.offset())),
            ),
        }
    }
    changes
}
