//! The trust policies in a lock.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::quote::quote;
use crate::yaml::NodeRef;

/// The section of a lock. One without it is not asked about them.
pub(super) const SECTION: &str = "trustPolicies";

/// The trust policies that roles have in AWS, by ARN.
pub type TrustPolicies = BTreeMap<String, Value>;

/// The section, if there is one. An error is a node and a message that follows the file's name.
pub(super) fn read(root: NodeRef<'_>) -> Result<Option<TrustPolicies>, (Option<NodeRef<'_>>, String)> {
    let Some(section) = root.get(SECTION) else { return Ok(None) };
    let wrong = |node| (Some(node), "has a trust policy that is not `arn: {Statement: …}`".to_owned());
    if !section.is_map() {
        return Err(wrong(section));
    }
    let policy = |(key, policy): (NodeRef<'_>, NodeRef<'_>)| {
        Some((key.text()?.to_owned(), policy.to_value())).filter(|(_, policy)| policy.is_object())
    };
    section.entries().map(|entry| policy(entry).ok_or_else(|| wrong(entry.0))).collect::<Result<_, _>>().map(Some)
}

/// Differences between the trust policies that roles have and recorded ones.
pub(super) fn drift(recorded: Option<&TrustPolicies>, fresh: &TrustPolicies) -> Vec<String> {
    let locked = |role: &str| recorded.and_then(|recorded| recorded.get(role));
    let changed = fresh.iter().filter_map(|(role, policy)| match locked(role) {
        None => Some(format!("the trust policy of {role} is not locked")),
        Some(locked) if locked != policy => Some(format!("{role} has a different trust policy")),
        Some(_) => None,
    });
    let unused = recorded.into_iter().flatten().filter(|(role, _)| !fresh.contains_key(*role));
    let unused = unused.map(|(role, _)| {
        format!("the trust policy of {} is locked, and no role is declared with this ARN", quote(role))
    });
    changed.chain(unused).collect()
}
