//! Roles of IAM, and the account by STS: looked at and changed, in the protocol that both services share.

use std::collections::BTreeMap;

use super::failure;
use super::http::{decoded, elements};
use super::iam::{self, Service};
use super::login::Connection;
use super::rejected::{Answered, Rejected};
use crate::provision::{Action, Listed, Outcome, State, Tags};

/// Makes a call of these services.
pub(super) async fn call(connection: &Connection, action: &Action) -> Answered {
    let service = if *action == Action::GetCallerIdentity { Service::Sts } else { Service::Iam };
    let name = action.permission().split(':').nth(1).unwrap_or_default();
    let parameters = parameters(action);
    let (mut names, mut marker) = (Vec::new(), None);
    loop {
        let mut all = parameters.clone();
        all.extend(marker.map(|marker| ("Marker".to_owned(), marker)));
        let answer = iam::query(connection, service, name, &all).await;
        let region = failure::region(connection);
        let xml = answer.map_err(|error| Rejected::of(&error, service.words(), region, connection, action))?;
        let unreadable = || Rejected::unreadable(service.words(), region, connection, action);
        let element = match action {
            Action::ListRoles => "RoleName",
            Action::ListAttachedPolicies(_) => "PolicyArn",
            Action::ListInlinePolicies(_) => "member",
            _ => return outcome(action, &xml).ok_or_else(unreadable),
        };
        names.extend(elements(&xml, element));
        let is_cut = elements(&xml, "IsTruncated").first().is_some_and(|it| it == "true");
        marker = elements(&xml, "Marker").into_iter().next().filter(|_| is_cut);
        if marker.is_none() {
            return Ok(Outcome::Names(names));
        }
    }
}

/// The parameters of a call.
fn parameters(action: &Action) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, value: &str| all.push((name.to_owned(), value.to_owned()));
    match action {
        Action::GetRole(role)
        | Action::ListAttachedPolicies(role)
        | Action::ListInlinePolicies(role)
        | Action::DeleteRole(role) => add("RoleName", role),
        Action::CreateRole(role, policy, longest, tags) => {
            add("RoleName", role);
            add("AssumeRolePolicyDocument", &policy.to_string());
            add("MaxSessionDuration", &longest.to_string());
            all.extend(of_tags(tags));
        }
        Action::TagRole(role, tags) => {
            add("RoleName", role);
            all.extend(of_tags(tags));
        }
        Action::UpdateTrustPolicy(role, policy) => {
            add("RoleName", role);
            add("PolicyDocument", &policy.to_string());
        }
        Action::UpdateLongestSession(role, longest) => {
            add("RoleName", role);
            add("MaxSessionDuration", &longest.to_string());
        }
        Action::AttachPolicy(role, policy) | Action::DetachPolicy(role, policy) => {
            add("RoleName", role);
            add("PolicyArn", policy);
        }
        Action::PutInlinePolicy(role, policy, document) => {
            add("RoleName", role);
            add("PolicyName", policy);
            add("PolicyDocument", &document.to_string());
        }
        Action::GetInlinePolicy(role, policy) | Action::DeleteInlinePolicy(role, policy) => {
            add("RoleName", role);
            add("PolicyName", policy);
        }
        _ => {}
    }
    all
}

fn of_tags(tags: &Tags) -> impl Iterator<Item = (String, String)> {
    (1..).zip(tags).flat_map(|(index, (key, value)): (u32, _)| {
        let name = |part: &str| format!("Tags.member.{index}.{part}");
        [(name("Key"), key.clone()), (name("Value"), value.clone())]
    })
}

fn outcome(action: &Action, xml: &str) -> Option<Outcome> {
    let first = |name: &str| elements(xml, name).into_iter().next();
    match action {
        Action::GetCallerIdentity => first("Account").map(Outcome::Text),
        Action::CreateRole(..) => first("Arn").map(Outcome::Text),
        Action::GetRole(name) => {
            let tags: Tags = elements(xml, "Key").into_iter().zip(elements(xml, "Value")).collect();
            let state = State::Role {
                // The policy comes percent-encoded.
                trust_policy: serde_json::from_str(&decoded(&first("AssumeRolePolicyDocument")?)).ok()?,
                longest: first("MaxSessionDuration")
                    .and_then(|text| text.parse().ok())
                    .unwrap_or(iam::LONGEST_BY_DEFAULT),
                policies: [].into(),
                inline: BTreeMap::new(),
            };
            Some(Outcome::Resources(vec![Listed { name: name.clone(), arn: first("Arn")?, tags, state }]))
        }
        // This one, too.
        Action::GetInlinePolicy(..) => {
            serde_json::from_str(&decoded(&first("PolicyDocument")?)).ok().map(Outcome::Policy)
        }
        _ => Some(Outcome::Done),
    }
}
