//! Assigns identities to pods: one per pod, or several for different containers.

use std::collections::{BTreeMap, BTreeSet};

use super::{Placement, words};
use crate::config::{Binding, Containers};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::quote::quote;
use crate::resolve::ResolvedBinding;
use crate::workload::Workload;

/// How many identities may share a pod. Each has its own sidecar, port and certificate, and is compared with all others,
/// so a number far beyond any real pod is rejected.
const MOST: usize = 64;

/// A placement for every identity and its objects. Identities that target the same pod can share it if each lists
/// different containers; their sidecars listen on the next free ports.
pub(super) fn placements<'r>(
    found: &[(&'r ResolvedBinding, usize)],
    inventory: &[Workload<'_>],
    report: &mut Report,
) -> Vec<(&'r ResolvedBinding, Placement)> {
    let mut pods: BTreeMap<usize, Vec<(&Binding, u16)>> = BTreeMap::new();
    let mut placements = Vec::new();
    for (found, workload) in found {
        let binding = &found.declared;
        let others = pods.entry(*workload).or_default();
        if others.len() == MOST {
            let pod = inventory.get(*workload).map(words).unwrap_or_default();
            report.push(
                Diagnostic::error(Code::NameCollision, format!("more than {MOST} workloads target {pod}"))
                    .at(Place::Config(binding.place.clone()))
                    .help("split the pod into several"),
            );
            continue;
        }
        if let Some((other, _)) = others.iter().find(|(other, _)| !can_share(other, binding)) {
            report.push(
                Diagnostic::error(
                    Code::NameCollision,
                    format!(
                        "workloads {} and {} both target {}",
                        quote(&other.workload),
                        quote(&binding.workload),
                        inventory.get(*workload).map(words).unwrap_or_default()
                    ),
                )
                .at(Place::Config(binding.place.clone()))
                .help("keep one of them, or set different `containers:` for each, or, if the object has several pod templates, a different `target.podTemplatePath`"),
            );
            continue;
        }
        let wanted = binding.sidecar.port;
        let taken: BTreeSet<_> = others.iter().map(|(_, port)| *port).collect();
        // Lower ports need root. <https://man7.org/linux/man-pages/man7/ip.7.html>
        let port = (wanted..=u16::MAX).chain(1024..wanted).find(|port| !taken.contains(port)).unwrap_or(wanted);
        others.push((binding, port));
        placements.push((*found, Placement { workload: *workload, port, is_shared: false }));
    }
    for (_, placement) in &mut placements {
        placement.is_shared = pods.get(&placement.workload).is_some_and(|pod| pod.len() > 1);
    }
    placements
}

fn can_share(one: &Binding, other: &Binding) -> bool {
    match (&one.containers, &other.containers) {
        (Containers::Only(one), Containers::Only(other)) => one.iter().all(|name| !other.contains(name)),
        _ => false,
    }
}
