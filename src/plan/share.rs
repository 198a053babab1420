//! Assigns identities to pods: one per pod, or several for different containers.

use std::collections::{BTreeMap, BTreeSet};

use super::{Placement, Sharing, words};
use crate::config::{Binding, Containers, Sidecar};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::quote::quote;
use crate::resolve::ResolvedBinding;
use crate::workload::Workload;

/// How many identities may share a pod. Each has its own sidecar, port and certificate, and is compared with all others,
/// so a number far beyond any real pod is rejected.
const MOST: usize = 64;

/// A placement for every identity and its objects. Identities that target the same pod can share it if each lists
/// different containers; each has the next free port, in one sidecar for all where its helper can have several roles.
pub(super) fn placements<'r>(
    found: &[(&'r ResolvedBinding, usize)],
    inventory: &[Workload],
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
        placements.push((*found, Placement { workload: *workload, port, sharing: Sharing::Alone }));
    }
    let sharing: BTreeMap<_, _> = pods.into_iter().map(|(workload, pod)| (workload, sharing(&pod))).collect();
    for (_, placement) in &mut placements {
        placement.sharing = sharing.get(&placement.workload).copied().unwrap_or(Sharing::Alone);
    }
    placements
}

/// One sidecar is for all of a pod's identities, or each has one.
fn sharing(pod: &[(&Binding, u16)]) -> Sharing {
    let [(first, _), others @ ..] = pod else { return Sharing::Alone };
    if others.is_empty() {
        return Sharing::Alone;
    }
    let has_several = first.sidecar.helper.can().has_several_roles && first.sidecar.delivery.is_served();
    // What each role has of its own; a further role's settings are separated by commas.
    let common = |it: &Binding| Sidecar { port: 0, role_session_name: None, ..Sidecar::clone(&it.sidecar) };
    let has_comma = |it: &Binding| it.sidecar.role_session_name.as_ref().is_some_and(|name| name.contains(','));
    let wanted = common(first);
    let fits = |(it, _): &(&Binding, u16)| common(it) == wanted && !has_comma(it);
    if has_several && others.iter().all(fits) { Sharing::Together } else { Sharing::Apart }
}

fn can_share(one: &Binding, other: &Binding) -> bool {
    match (&one.containers, &other.containers) {
        (Containers::Only(one), Containers::Only(other)) => one.iter().all(|name| !other.contains(name)),
        _ => false,
    }
}
