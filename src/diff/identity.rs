//! Changes of roles and scopes: the identities of workloads in AWS, and the issuers of their certificates.

use std::collections::BTreeMap;

use serde_json::Value;

use super::change::{Change, ChangeKind};
use super::{DeclaredWorkload, FieldPath, rotation};
use crate::arn::Arn;
use crate::config::{MintPolicy, Role};
use crate::issuer::Issuer;
use crate::policy::{is_same, is_wider};
use crate::quote::{quote, quote_all, quote_object};
use crate::reference::Reference;
use crate::resolve::Identity;

type Workloads<'s> = BTreeMap<&'s str, DeclaredWorkload<'s>>;

/// Changes of roles and scopes that workloads use before and after. Unused ones are ignored.
pub(super) fn compare(old: &Workloads<'_>, new: &Workloads<'_>) -> Vec<Change> {
    let in_scope = |it: &DeclaredWorkload<'_>| (it.binding.role.name.clone(), it.binding.scope.clone());
    let (before, after) = (by(old, in_scope), by(new, in_scope));
    let mut users: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for (name, it) in new {
        users.entry(in_scope(it)).or_default().push(name);
    }
    let mut changes = Vec::new();
    for (key @ (name, _), is) in &after {
        // A role that has moved to another scope is compared with how it was there.
        let any = || before.iter().find(|((other, _), _)| other == name).map(|(_, was)| was);
        let Some(was) = before.get(key).or_else(any) else { continue };
        let users = users.get(key).map(|users| list(users)).unwrap_or_default();
        changes.extend(role(name, was, is, &users));
    }
    let scope = |it: &DeclaredWorkload<'_>| it.binding.scope.clone();
    let (before, after) = (by(old, scope), by(new, scope));
    for (name, was) in &before {
        let Some(is) = after.get(name) else { continue };
        changes.extend(issuer(name, was, is));
        changes.extend(mint_policy(name, was, is));
    }
    changes
}

/// The first workload of each group.
fn by<'s, K: Ord>(
    workloads: &Workloads<'s>,
    key: impl Fn(&DeclaredWorkload<'s>) -> K,
) -> BTreeMap<K, DeclaredWorkload<'s>> {
    let mut all = BTreeMap::new();
    for workload in workloads.values() {
        all.entry(key(workload)).or_insert(*workload);
    }
    all
}

fn list(names: &[&str]) -> String {
    quote_all(names)
}

fn role(name: &str, was: &DeclaredWorkload<'_>, is: &DeclaredWorkload<'_>, users: &str) -> Vec<Change> {
    let (old, new) = (&was.binding.role, &is.binding.role);
    let at = FieldPath::keys("spec.roles").key(name);
    let mut changes = Vec::new();
    let mut arn = |kind, words: &str, reference: fn(&Role) -> &Reference, arn: fn(&Identity) -> &Arn| {
        let value = |it: &DeclaredWorkload<'_>| it.resolved.map(|resolved| arn(&resolved.identity).to_string());
        let (old_value, new_value) = (value(was), value(is));
        let same_reference = reference(old).as_str() == reference(new).as_str();
        // If both values are known, only they count: two different references can mean the same.
        let same = match (&old_value, &new_value) {
            (Some(old), Some(new)) => old == new,
            _ => same_reference,
        };
        if same {
            return;
        }
        let text = |value: Option<String>, role: &Role| value.unwrap_or_else(|| reference(role).to_string());
        let (old_text, new_text) = match (old_value, new_value) {
            (Some(old), Some(new)) => (old, new),
            _ => (text(None, old), text(None, new)),
        };
        let message =
            format!("role {} has a different {words}: {new_text} instead of {old_text} (for {users})", quote(&name));
        changes.push(
            Change::new(kind, name, reference(new).place.clone(), &message).values(old_text, new_text).escalates(true),
        );
    };
    arn(ChangeKind::RoleArn, "IAM role", |role| &role.role, |identity| &identity.role);
    arn(ChangeKind::Profile, "profile", |role| &role.profile, |identity| &identity.profile);
    arn(ChangeKind::TrustAnchor, "trust anchor", |role| &role.trust_anchor, |identity| &identity.trust_anchor);
    changes.extend(policies(old, new, &at, users));
    if old.session.seconds() != new.session.seconds() {
        let longer = new.session.seconds() > old.session.seconds();
        let word = if longer { "longer" } else { "shorter" };
        let message = format!(
            "sessions of role {} are {word}: {} instead of {} (for {users})",
            quote(&name),
            new.session,
            old.session
        );
        let change = Change::new(ChangeKind::Session, name, at.key("sessionDuration"), &message);
        changes.push(change.values(old.session.as_str(), new.session.as_str()).escalates(longer));
    }
    changes
}

fn policies(old: &Role, new: &Role, at: &FieldPath, users: &str) -> Option<Change> {
    let missing = |from: &Role, of: &Role| -> Vec<String> {
        let attached = of.policies.iter().filter(|policy| !from.policies.contains(policy)).cloned();
        let inline = of.inline_policies.keys().filter(|name| !from.inline_policies.contains_key(*name));
        attached.chain(inline.map(|name| inline_words(name))).collect()
    };
    let kept = new.inline_policies.iter().filter_map(|(name, is)| Some((name, old.inline_policies.get(name)?, is)));
    let changed: Vec<_> = kept.filter(|(_, was, is)| !is_same(was, is)).collect();
    let (gained, lost) = (missing(old, new), missing(new, old));
    if gained.is_empty() && lost.is_empty() && changed.is_empty() {
        return None;
    }
    let changed_words: Vec<_> = changed.iter().map(|(name, ..)| inline_words(name)).collect();
    let words =
        |word: &str, policies: &[String]| (!policies.is_empty()).then(|| format!("{word} {}", policies.join(", ")));
    let parts = [words("gains", &gained), words("has another", &changed_words), words("loses", &lost)];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    let message = format!("role {} {} (for {users})", quote(&new.name), parts.join(" and "));
    let is_attached = |policy: &String| new.policies.contains(policy) && !old.policies.contains(policy);
    let none = Value::Null;
    let mut names = old.inline_policies.keys().chain(new.inline_policies.keys());
    let of = |role: &Role, name: &String| role.inline_policies.get(name).cloned().unwrap_or_else(|| none.clone());
    let escalates = new.policies.iter().any(is_attached) || names.any(|name| is_wider(&of(old, name), &of(new, name)));
    let field = if old.policies == new.policies { "inlinePolicies" } else { "policies" };
    let all = |role: &Role| {
        let inline = role.inline_policies.keys().map(|name| inline_words(name));
        role.policies.iter().cloned().chain(inline).collect::<Vec<_>>().join(", ")
    };
    let change = Change::new(ChangeKind::Policies, &new.name, at.key(field), &message);
    Some(change.values(all(old), all(new)).escalates(escalates))
}

fn inline_words(name: &str) -> String {
    format!("inline policy {}", quote(&name))
}

fn issuer(scope: &str, was: &DeclaredWorkload<'_>, is: &DeclaredWorkload<'_>) -> Vec<Change> {
    let words = |issuer: &Issuer| {
        let key = if issuer.shows_key() { ", with the CA's private key in the manifests" } else { "" };
        format!("{}{key}", quote_object(&issuer.issuer_ref.kind, &issuer.issuer_ref.name))
    };
    let (was, is) = (&was.binding.issuer, &is.binding.issuer);
    if was == is {
        return Vec::new();
    }
    if let Some(step) = rotation::step(scope, was, is) {
        return vec![step];
    }
    let (old, new) = (words(was), words(is));
    let message = if old == new {
        format!("the issuer of scope {} gets its CA from a different source", quote(&scope))
    } else {
        format!("scope {} has a different issuer: {new} instead of {old}", quote(&scope))
    };
    let place = FieldPath::keys("spec.scopes").key(scope).key("issuer");
    let change = Change::new(ChangeKind::Issuer, scope, place, &message).values(old, new).escalates(true);
    std::iter::once(change).chain(rotation::without_overlap(scope, was, is)).collect()
}

/// Who limits the certificates of an issuer. What the API server admits is narrower than what approver-policy approves.
fn mint_policy(scope: &str, was: &DeclaredWorkload<'_>, is: &DeclaredWorkload<'_>) -> Option<Change> {
    let strength = |policy| match policy {
        None | Some(MintPolicy::None) => 0,
        Some(MintPolicy::ApproverPolicy) => 1,
        Some(MintPolicy::AdmissionPolicy) => 2,
    };
    let words = |policy| match policy {
        None | Some(MintPolicy::None) => "nobody",
        Some(MintPolicy::ApproverPolicy) => "approver-policy",
        Some(MintPolicy::AdmissionPolicy) => "an admission policy",
    };
    let (old, new) = (was.binding.mint_policy, is.binding.mint_policy);
    let (before, after) = (words(old), words(new));
    let message =
        format!("the certificates of scope {}'s issuer are limited by {after} instead of {before}", quote(&scope));
    let place = FieldPath::keys("spec.scopes").key(scope).key("issuer").key("mintPolicy");
    let change = Change::new(ChangeKind::MintPolicy, scope, place, &message).values(before, after);
    (before != after).then(|| change.escalates(strength(new) < strength(old)))
}
