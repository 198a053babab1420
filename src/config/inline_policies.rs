//! The policies that are a role's own.

use std::collections::BTreeMap;

use serde_json::Value;

use super::placed::invalid;
use super::v1alpha1 as wire;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::policy;
use crate::quote::quote;
use crate::yaml::FieldPath;

/// The role's own policies as values.
pub(super) fn read(role: &wire::Role) -> BTreeMap<String, Value> {
    role.inline_policies.iter().map(|(name, policy)| (name.clone(), policy.clone().into())).collect()
}

/// Reports what IAM would not take.
pub(super) fn check(role: &wire::Role, at: &FieldPath, report: &mut Report) {
    let policies = read(role);
    for (name, policy) in &policies {
        let at = at.key(name.as_str());
        if let Some(why) = policy::name_fault(name) {
            invalid(report, &at, format!("an inline policy cannot be called {}: {why}", quote(name)));
        }
        if let Some(why) = policy::fault(policy) {
            invalid(report, &at, format!("{} is not a policy of a role: {why}", quote(name)));
        }
    }
    let size: usize = policies.values().map(policy::size).sum();
    if size > policy::LARGEST_INLINE {
        let most = policy::LARGEST_INLINE;
        let message = format!("the inline policies have {size} characters together, and IAM takes {most}");
        let help = "create a managed policy, and list its ARN under `policies`";
        report.push(Diagnostic::error(Code::InvalidValue, message).at(Place::Config(at.clone())).help(help));
    }
}
