//! Policies of approver-policy that somebody adds: a request is approved if any policy admits it, so a wide one lifts the limits
//! of those that iamra renders.

use std::collections::{BTreeMap, BTreeSet};

use super::object::Object;
use crate::config::MintPolicy;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::issuer::IssuerRef;
use crate::krm::{Item, group_of};
use crate::quote::quote_object;
use crate::render::POLICY;
use crate::resolve::Resolved;
use crate::yaml::FieldPath;

/// Reports the policies that are about an issuer whose certificates approver-policy limits, and not ours.
pub(super) fn check(resolved: &Resolved, items: &[Item<'_>], ours: &BTreeSet<usize>, report: &mut Report) {
    let limited = resolved.bindings.iter().map(|binding| &binding.declared);
    let limited = limited.filter(|binding| binding.mint_policy == Some(MintPolicy::ApproverPolicy));
    let issuers = limited.map(|binding| &binding.issuer.issuer_ref);
    let issuers: BTreeMap<_, _> = issuers.map(|it| ((&it.group, &it.kind, &it.name), it)).collect();
    if issuers.is_empty() {
        return;
    }
    let is_policy = |item: &Item<'_>| {
        item.ident().is_some_and(|it| it.kind == POLICY.kind && group_of(&it.api_version) == POLICY.group)
    };
    let others = items.iter().enumerate().filter(|(index, item)| !ours.contains(index) && is_policy(item));
    for (index, item) in others {
        // An item that cannot be read is reported with everything else that strangers do.
        let Ok(document) = item.parse() else { continue };
        let policy = Object::of(index, document.to_value());
        let Some(issuer) = issuers.values().find(|issuer| selects(&policy, issuer)) else { continue };
        let message = format!(
            "{} also admits requests to {}, which approver-policy should admit for declared workloads alone",
            policy.words(),
            quote_object(&issuer.kind, &issuer.name)
        );
        report.push(
            Diagnostic::warning(Code::UnguardedIssuer, message)
                .at(Place::Item(policy.resource_ref(), FieldPath::keys("spec.selector")))
                .help("name other issuers in `selector.issuerRef`: a request is approved if any policy admits it"),
        );
    }
}

/// Whether a policy is about an issuer. Fields that are left out select everything, and so does `*`.
/// <https://cert-manager.io/docs/policy/approval/approver-policy/#selector>
fn selects(policy: &Object, issuer: &IssuerRef) -> bool {
    let is = |field: &str, value: &str| {
        let pattern = policy.text(field);
        // What is behind the first star is not compared: a warning too many is better than one too few.
        let (before, star) = pattern.split_once('*').map_or((pattern, false), |(before, _)| (before, true));
        pattern.is_empty() || if star { value.starts_with(before) } else { value == pattern }
    };
    is("/spec/selector/issuerRef/name", &issuer.name)
        && is("/spec/selector/issuerRef/kind", &issuer.kind)
        && is("/spec/selector/issuerRef/group", &issuer.group)
}
