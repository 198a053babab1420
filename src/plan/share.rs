//! Who sits where: one identity in a pod, or several that share it container by container.

use std::collections::{BTreeMap, BTreeSet};

use super::{Seat, words};
use crate::config::{Binding, Containers};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::quote::quote;
use crate::resolve::Bound;
use crate::workload::Workload;

/// A seat for every identity and object that were found to belong together. Identities that mean the same pod share it
/// when each names containers of its own; their sidecars listen on the next free ports.
pub(super) fn seats<'r>(
    found: &[(&'r Bound, usize)],
    inventory: &[Workload<'_>],
    report: &mut Report,
) -> Vec<(&'r Bound, Seat)> {
    let mut pods: BTreeMap<usize, Vec<(&Binding, u16)>> = BTreeMap::new();
    let mut seats = Vec::new();
    for (bound, workload) in found {
        let binding = &bound.binding;
        let others = pods.entry(*workload).or_default();
        if let Some((other, _)) = others.iter().find(|(other, _)| !can_share(other, binding)) {
            report.push(
                Diagnostic::error(
                    Code::NameCollision,
                    format!(
                        "workloads {} and {} both mean {}",
                        quote(&other.workload),
                        quote(&binding.workload),
                        inventory.get(*workload).map(words).unwrap_or_default()
                    ),
                )
                .at(Place::Config(binding.place.clone()))
                .help("keep one of them, or give each `containers:` of its own"),
            );
            continue;
        }
        let wanted = binding.sidecar.port;
        let taken: BTreeSet<_> = others.iter().map(|(_, port)| *port).collect();
        let port = (wanted..=u16::MAX).chain(1024..wanted).find(|port| !taken.contains(port)).unwrap_or(wanted);
        others.push((binding, port));
        seats.push((*bound, Seat { workload: *workload, port, is_shared: false }));
    }
    for (_, seat) in &mut seats {
        seat.is_shared = pods.get(&seat.workload).is_some_and(|pod| pod.len() > 1);
    }
    seats
}

fn can_share(one: &Binding, other: &Binding) -> bool {
    match (&one.containers, &other.containers) {
        (Containers::Only(one), Containers::Only(other)) => one.iter().all(|name| !other.contains(name)),
        _ => false,
    }
}
