//! Whether policies on certificates name the issuers that are there.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::{Code, Diagnostic, Place, Report};
use crate::issuer::IssuerRef;
use crate::krm::{Ident, Item, Object, annotation, group_of};
use crate::plan::Plan;
use crate::quote::{quote, quote_object};
use crate::render::SCOPE;
use crate::yaml::FieldPath;

/// Reports issuers of ours that kustomize calls otherwise than the policies do, which name them in texts of their own.
pub fn check_policies(plan: &Plan<'_>, items: &[Item<'_>], report: &mut Report) {
    let approved = plan.approvals.iter().map(|it| (it.binding().scope.as_str(), it.issuer));
    let guarded = plan.guards.iter().map(|it| (it.scope, it.issuer));
    let own = approved.chain(guarded).filter(|(_, issuer)| issuer.is_own());
    let issuers: BTreeMap<_, _> = own.map(|(scope, issuer)| ((scope, issuer.generation), issuer)).collect();
    let all: BTreeSet<_> = issuers.values().map(|issuer| issuer.issuer_ref.name.as_str()).collect();
    for ((scope, _), issuer) in issuers {
        let IssuerRef { group, kind, name } = &issuer.issuer_ref;
        let is_kind =
            |it: &&Ident<'_>| it.kind == *kind && group_of(&it.api_version) == group && !all.contains(&*it.name);
        for (item, ident) in items.iter().filter_map(|item| Some((item, item.ident().filter(is_kind)?))) {
            let is_its = |object: &Object<'_>| annotation::get(object.root(), SCOPE) == Some(scope);
            if !item.parse().is_ok_and(|object| is_its(&object)) {
                continue;
            }
            let message = format!(
                "the policy on the certificates of {} does not apply to it under the name {}",
                quote_object(kind, name),
                quote(&ident.name)
            );
            report.push(
                Diagnostic::error(Code::UnguardedIssuer, message)
                    .at(Place::Item(ident.resource_ref(), FieldPath::keys("metadata.name")))
                    .help("leave out `namePrefix` and `nameSuffix`, or run `iamra inject` on what kustomize has built"),
            );
        }
    }
}
