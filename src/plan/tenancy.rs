//! Whether workloads may have their roles in the namespaces where they turn out to be.

use super::{PlannedWorkload, words};
use crate::config::ROLE;
use crate::diag::{Place, Report};
use crate::name::DnsLabel;
use crate::quote::quote;
use crate::resolve::Resolved;
use crate::workload::Workload;

/// Reports the workloads that may not have their roles where their objects are. An object without a namespace is in
/// `fallback`, if that is known, because it is applied there.
pub(super) fn check(
    resolved: &Resolved,
    workloads: &[PlannedWorkload<'_>],
    inventory: &[Workload],
    fallback: Option<&str>,
    report: &mut Report,
) {
    for planned in workloads {
        let binding = planned.binding();
        let role = quote(&binding.role.name);
        for found in planned.placements.iter().filter_map(|placement| inventory.get(placement.workload)) {
            let declared = binding.namespace.as_ref().map(DnsLabel::as_str);
            let here = found.ident.namespace.as_deref().or(fallback).or(declared);
            let Some(refusal) = resolved.tenants.refuses(binding, here) else { continue };
            let (words, place) = if binding.is_listed {
                let workload = quote(&binding.workload);
                let words = format!("{} gets role {role} from workload {workload}", words(found));
                (words, Place::Config(binding.place.clone()))
            } else {
                let at = found.place.annotations().key(ROLE);
                (format!("{} is annotated with role {role}", words(found)), Place::Item(found.resource_ref(), at))
            };
            report.push(refusal.of(&words, place));
        }
    }
}

/// The same without objects: as far as the declaration and the caller tell where they are.
pub fn check_tenants(resolved: &Resolved, fallback: Option<&str>, report: &mut Report) {
    for binding in resolved.bindings.iter().map(|it| &it.declared) {
        let here = binding.namespace.as_ref().map(DnsLabel::as_str).or(fallback);
        if let Some(refusal) = resolved.tenants.refuses(binding, here) {
            let words = format!("workload {} has role {}", quote(&binding.workload), quote(&binding.role.name));
            report.push(refusal.of(&words, Place::Config(binding.place.clone())));
        }
    }
}
