//! What AWS has to follow when a declaration changes: who is trusted by the roles that iamra makes.

use std::collections::BTreeMap;

use super::declared::is_made;
use crate::config::{Binding, Config};
use crate::reference::{Origin, Target};
use crate::trust::CertificateNames;

/// A workload that a role will trust, or will trust no longer, when AWS is as declared again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrustChange {
    /// The role's name in the declaration.
    pub role: String,
    /// The workload's.
    pub workload: String,
    /// Whether it will be trusted.
    pub begins: bool,
}

/// What a trust policy requires, by which two workloads are one.
type Required = ((Target, Origin), (Target, Origin), CertificateNames);

/// How the trust policies change with the declaration. Roles that exist already are not among them: others change those.
pub fn trust_changes(before: &[Config], after: &[Config]) -> Vec<TrustChange> {
    let (old, new) = (required(before), required(after));
    let of = |binding: &&Binding, begins| TrustChange {
        role: binding.role.name.clone(),
        workload: binding.workload.clone(),
        begins,
    };
    let begun = new.iter().filter(|(key, _)| !old.contains_key(key)).map(|(_, it)| of(it, true));
    let mut all: Vec<_> = begun.collect();
    let ended = old.iter().filter(|(key, _)| !new.contains_key(key)).map(|(_, it)| of(it, false));
    // A workload whose names change is trusted by the new ones, and that is what it waits for.
    let ended: Vec<_> = ended.filter(|it| !all.contains(&TrustChange { begins: true, ..it.clone() })).collect();
    all.extend(ended);
    all.sort();
    all.dedup();
    all
}

fn required(configs: &[Config]) -> BTreeMap<Required, &Binding> {
    let bindings = configs.iter().flat_map(|config| &config.bindings).filter(|binding| is_made(&binding.role.role));
    let key = |binding: &Binding| {
        (binding.role.role.source(), binding.role.trust_anchor.source(), binding.certificate.names())
    };
    bindings.map(|binding| (key(binding), binding)).collect()
}
