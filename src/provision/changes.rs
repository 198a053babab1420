//! How one resource differs from what it should be, and the calls that end that.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::action::{Action, ProfileSettings};
use super::desired::{Trusted, Wanted};
use super::difference::{Open, Step, arn_of, trust_policy};
use super::key::Key;
use super::observe::Seen;
use super::state::{Source, State};
use crate::duration::Duration;
use crate::policy::{self, is_same, is_wider};
use crate::quote::quote;

/// The longest trust policy after a request for a higher quota.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const LONGEST_POLICY: usize = 4096;

/// The ARNs that are known.
type Arns = BTreeMap<Key, String>;

/// Inline policies by name.
type Inline = BTreeMap<String, Value>;

/// What has to be done about a resource.
#[derive(Default)]
pub(super) struct Found {
    pub(super) words: Vec<String>,
    pub(super) steps: Vec<Step>,
    pub(super) is_escalation: bool,
}

/// How a resource differs, and the calls that end that.
pub(super) fn changes(key: &Key, wanted: &Wanted, seen: &Seen, arns: &Arns) -> Found {
    match (wanted, &seen.state) {
        (Wanted::TrustAnchor(wanted), State::TrustAnchor { enabled, source }) => {
            anchor_changes(wanted.as_ref(), (*enabled, source.as_ref()), &seen.arn)
        }
        (Wanted::Role { .. }, State::Role { .. }) => role_changes(key, wanted, &seen.state, arns),
        (Wanted::Profile { .. }, State::Profile { .. }) => profile_changes(wanted, seen, arns),
        _ => Found::default(),
    }
}

fn role_changes(key: &Key, wanted: &Wanted, state: &State, arns: &Arns) -> Found {
    let (
        Wanted::Role { trusted, policies, inline, longest },
        State::Role { trust_policy: old, longest: now, policies: there, inline: inline_there },
    ) = (wanted, state)
    else {
        return Found::default();
    };
    let (mut found, name) = (Found::default(), &key.name);
    let new = trust_policy(trusted, arns);
    if new.as_ref().is_none_or(|new| !is_same(old, new)) {
        found.words.push(format!("its trust policy must be that of the declaration: it {}", trusts(trusted)));
        found.is_escalation |= new.as_ref().is_none_or(|new| is_wider(old, new));
        let update = Action::UpdateTrustPolicy(name.clone(), Value::Null);
        found.steps.push(Step { action: update, open: Some(Open::Policy(trusted.clone())) });
    }
    for policy in policies.difference(there) {
        found.words.push(format!("gets policy {policy}"));
        found.is_escalation = true;
        found.steps.push(Action::AttachPolicy(name.clone(), policy.clone()).into());
    }
    for policy in there.difference(policies) {
        found.words.push(format!("loses policy {policy}"));
        found.is_escalation |= may_deny(policy);
        found.steps.push(Action::DetachPolicy(name.clone(), policy.clone()).into());
    }
    inline_changes(name, inline, inline_there, &mut found);
    if now != longest {
        found.words.push(format!("sessions of up to {}, not {}", Duration::of(*longest), Duration::of(*now)));
        found.is_escalation |= longest > now;
        found.steps.push(Action::UpdateLongestSession(name.clone(), *longest).into());
    }
    found
}

/// Whether a managed policy may have denied something, by its name: it is not read. AWS's own ones that do are for roles and users
/// that somebody has to stop.
/// <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html>
fn may_deny(arn: &str) -> bool {
    let of_aws = arn.split_once(":iam::aws:policy/").map(|(_, name)| name);
    of_aws.is_none_or(|name| name.contains("Deny") || name.contains("Quarantine"))
}

/// What is the role's own. One that is longer for a moment could be refused, so what goes does so first.
fn inline_changes(role: &str, wanted: &Inline, there: &Inline, found: &mut Found) {
    for (name, policy) in there.iter().filter(|(name, _)| !wanted.contains_key(*name)) {
        found.words.push(format!("loses inline policy {}", quote(name)));
        // It may have denied something.
        found.is_escalation |= is_wider(policy, &Value::Null);
        found.steps.push(Action::DeleteInlinePolicy(role.to_owned(), name.clone()).into());
    }
    for (name, policy) in wanted {
        let old = there.get(name);
        if old.is_some_and(|old| is_same(old, policy)) {
            continue;
        }
        let how = if old.is_some() { "has another" } else { "gets" };
        found.words.push(format!("{how} inline policy {}", quote(name)));
        found.is_escalation |= is_wider(old.unwrap_or(&Value::Null), policy);
        found.steps.push(put(role, name, policy));
    }
}

pub(super) fn put(role: &str, name: &str, policy: &Value) -> Step {
    Action::PutInlinePolicy(role.to_owned(), name.to_owned(), policy.clone()).into()
}

fn profile_changes(wanted: &Wanted, seen: &Seen, arns: &Arns) -> Found {
    let (
        Wanted::Profile { role, session, accepts_session_name: accepts },
        State::Profile { enabled, roles, session: now, accepts_session_name: accepted },
    ) = (wanted, &seen.state)
    else {
        return Found::default();
    };
    let mut found = Found::default();
    let arn = arn_of(role, arns);
    if arn.as_ref().is_none_or(|arn| *roles != BTreeSet::from([arn.clone()])) {
        let role = arn.as_deref().unwrap_or("the one to be created");
        found.words.push(format!("its only role must be {role}"));
        found.is_escalation |= arn.as_ref().is_none_or(|arn| !roles.contains(arn));
    }
    if now != session {
        found.words.push(format!("sessions of up to {}, not {}", Duration::of(*session), Duration::of(*now)));
        found.is_escalation |= session > now;
    }
    if accepts != accepted {
        found.words.push(format!("{} session names", if *accepts { "accepts" } else { "does not accept" }));
        found.is_escalation |= *accepts;
    }
    if !found.words.is_empty() {
        let update = Action::UpdateProfile(seen.arn.clone(), settings(*session, *accepts));
        found.steps.push(Step { action: update, open: Some(Open::Arn(role.clone())) });
    }
    if !enabled {
        found.words.push("it is disabled".to_owned());
        found.is_escalation = true;
        found.steps.push(Action::EnableProfile(seen.arn.clone()).into());
    }
    found
}

fn anchor_changes(wanted: Option<&Source>, (enabled, source): (bool, Option<&Source>), arn: &str) -> Found {
    let mut found = Found::default();
    // What nobody says stays as it is.
    if let Some(wanted) = wanted.filter(|wanted| source.is_none_or(|source| !source.is(wanted))) {
        found.words = wanted.words().into_iter().map(|it| format!("trusts {it}")).collect();
        found.words.extend(source.into_iter().flat_map(Source::words).map(|it| format!("has trusted {it}")));
        found.is_escalation = true;
        found.steps.push(Action::UpdateTrustAnchor(arn.to_owned(), wanted.clone()).into());
    }
    if !enabled {
        found.words.push("it is disabled".to_owned());
        found.is_escalation = true;
        found.steps.push(Action::EnableTrustAnchor(arn.to_owned()).into());
    }
    found
}

pub(super) fn settings(session: u64, accepts_session_name: bool) -> ProfileSettings {
    ProfileSettings { role: String::new(), session, accepts_session_name }
}

pub(super) fn trusts(trusted: &BTreeSet<Trusted>) -> String {
    let workloads: BTreeSet<_> = trusted.iter().map(|it| it.workload.as_str()).collect();
    if workloads.is_empty() {
        return "trusts nobody, because no workload has it".to_owned();
    }
    format!("trusts {}", workloads.into_iter().collect::<Vec<_>>().join(", "))
}

/// That a policy is longer than IAM takes, as far as that is known.
pub(super) fn too_long(trusted: &BTreeSet<Trusted>, arns: &Arns) -> Option<String> {
    let size = policy::size(&trust_policy(trusted, arns)?);
    (size > LONGEST_POLICY)
        .then(|| format!("its trust policy would have {size} characters, and IAM takes {LONGEST_POLICY} at most"))
}
