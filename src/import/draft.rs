//! Imported workloads and identities, before the entries of the declaration get names.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{declaration, entry};
use crate::arn::Arn;
use crate::digest::sha256_hex;
use crate::issuer::DEFAULT_SCOPE;
use crate::krm::{Ident, stem};

/// A workload and what it becomes.
#[derive(Clone)]
pub(super) struct DraftWorkload {
    pub(super) ident: Ident<'static>,
    /// The path of its pod template, if the object has several that are not all alike.
    pub(super) pod_template: Option<String>,
    pub(super) role: DraftRole,
    /// Containers that get no credentials.
    pub(super) except: Vec<String>,
    pub(super) trailing_slash: bool,
}

/// A role as a workload names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DraftRole {
    /// Its name.
    pub(super) name: String,
    /// `None` when it is known by name only.
    pub(super) arn: Option<Arn>,
    pub(super) profile: Option<Arn>,
    pub(super) scope: Scope,
}

/// The CA that signs for a role and its trust anchor, as far as known.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Scope {
    /// Roles of two accounts have two trust anchors.
    pub(super) account: Option<String>,
    pub(super) trust_anchor: Option<Arn>,
    /// Kind and name.
    pub(super) issuer: Option<(String, String)>,
}

/// The declaration of these workloads.
pub(super) fn draft(workloads: &[DraftWorkload]) -> Value {
    let scopes: BTreeSet<_> = workloads.iter().map(|workload| &workload.role.scope).collect();
    let scopes = if let [only] = Vec::from_iter(&scopes)[..] {
        BTreeMap::from([(*only, DEFAULT_SCOPE.to_owned())])
    } else {
        names(scopes.into_iter().map(|scope| (scope, scope.names())))
    };
    let roles = names(workloads.iter().map(|workload| (&workload.role, workload.role.names())));
    let names = names(workloads.iter().map(|workload| (workload.key(), names_of(&workload.ident))));
    let is_default = |name: &str| name == DEFAULT_SCOPE;
    let scope_entries = scopes.iter().map(|(scope, name)| (name, scope.entry()));
    let scope_entries = scope_entries.filter(|(name, entry)| !is_default(name) || *entry != json!({}));
    let role_entries = roles.iter().map(|(role, name)| {
        let scope = scopes.get(&role.scope).filter(|name| !is_default(name));
        let (arn, profile) = (role.arn.as_ref().map(Arn::as_str), role.profile.as_ref().map(Arn::as_str));
        (name, entry(vec![("scope", json!(scope)), ("roleArn", json!(arn)), ("profileArn", json!(profile))]))
    });
    #[expect(clippy::indexing_slicing, reason = "each workload and its role have just got a name")]
    let workload_entries = workloads.iter().map(|workload| {
        let name = &names[&workload.key()];
        (name, workload.entry(name, &roles[&workload.role]))
    });
    declaration(vec![
        ("region", json!(region(workloads))),
        ("scopes", sorted(scope_entries)),
        ("roles", sorted(role_entries)),
        ("workloads", sorted(workload_entries)),
    ])
}

/// The region of all trust anchors, if it is the same.
fn region(workloads: &[DraftWorkload]) -> Option<&str> {
    let anchors = workloads.iter().filter_map(|workload| workload.role.scope.trust_anchor.as_ref());
    let regions: BTreeSet<_> = anchors.map(|anchor| anchor.region.as_str()).collect();
    regions.first().copied().filter(|_| regions.len() == 1)
}

fn sorted<'n>(entries: impl Iterator<Item = (&'n String, Value)>) -> Value {
    Value::Object(
        entries
            .collect::<BTreeMap<_, _>>()
            .into_iter()
            .map(|(name, entry)| (name.clone(), entry))
            .collect::<Map<_, _>>(),
    )
}

impl DraftWorkload {
    fn key(&self) -> (&Ident<'static>, Option<&str>) {
        (&self.ident, self.pod_template.as_deref())
    }

    /// Whether it has the same settings as the other one.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let becomes = |it: &Self| (it.role.clone(), it.except.clone(), it.trailing_slash);
        becomes(self) == becomes(other)
    }

    fn entry(&self, name: &str, role: &str) -> Value {
        let target = self.ident.name.as_ref();
        let other = Some(target).filter(|target| stem(target) != name);
        let meant = entry(vec![
            ("kind", json!(self.ident.kind)),
            ("name", json!(other)),
            ("podTemplatePath", json!(self.pod_template)),
        ]);
        let environment = if self.trailing_slash { json!({"trailingSlash": true}) } else { Value::Null };
        entry(vec![
            ("role", role.into()),
            ("namespace", json!(self.ident.namespace)),
            ("target", meant),
            ("except", json!(self.except)),
            ("environment", environment),
        ])
    }
}

/// Candidate names, the shortest first; longer ones are used if the shorter ones are ambiguous.
type Names = [String; 3];

fn names_of(ident: &Ident<'_>) -> Names {
    let Ident { kind, namespace, name, .. } = ident;
    let name = stem(name);
    let longer = format!("{name}-{}", namespace.as_deref().unwrap_or("default"));
    let longest = format!("{longer}-{}", kind.to_lowercase());
    [name.to_owned(), longer, longest].map(short)
}

/// The name, or its start and a hash: the name of a workload is the common name of its certificate.
/// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>
fn short(name: String) -> String {
    const LONGEST: usize = 61;
    if name.len() <= LONGEST {
        return name;
    }
    let (start, hash) = (name.chars().take(48).collect::<String>(), sha256_hex(&name));
    format!("{}-{}", stem(&start), hash.chars().take(8).collect::<String>())
}

impl DraftRole {
    fn names(&self) -> Names {
        // The default references are parameter names, which allow only these characters.
        let allowed = |c: char| if c.is_ascii_alphanumeric() || "_.-".contains(c) { c } else { '-' };
        let name: String = self.name.chars().map(allowed).collect();
        let account = self.arn.as_ref().map_or("unknown", |arn| &arn.account);
        let longer = format!("{name}-{account}");
        [name, longer.clone(), longer]
    }
}

impl Scope {
    fn names(&self) -> Names {
        let account = self.account.as_deref().unwrap_or("unknown");
        let account = format!("account-{account}");
        let name = self.issuer.as_ref().map_or_else(|| account.clone(), |(_, name)| name.clone());
        let longer = format!("{name}-{account}");
        [name, longer.clone(), longer]
    }

    fn entry(&self) -> Value {
        let issuer = self.issuer.as_ref().map(|(kind, name)| json!({"existing": {"kind": kind, "name": name}}));
        let anchor = self.trust_anchor.as_ref().map(Arn::as_str);
        entry(vec![("trustAnchor", json!(anchor)), ("issuer", json!(issuer))])
    }
}

/// A name for each: the shortest unambiguous one, or the longest with a number if that is taken.
fn names<K: Ord>(wanted: impl Iterator<Item = (K, Names)>) -> BTreeMap<K, String> {
    let wanted: BTreeMap<K, Names> = wanted.collect();
    let mut wishes: BTreeMap<(usize, &str), usize> = BTreeMap::new();
    for (length, name) in wanted.values().flat_map(|names| names.iter().enumerate()) {
        *wishes.entry((length, name)).or_default() += 1;
    }
    let mut taken = BTreeSet::new();
    let mut named = Vec::new();
    for names in wanted.values() {
        let is_alone = |(length, name): &(usize, &String)| wishes.get(&(*length, name.as_str())) == Some(&1);
        let alone = names.iter().enumerate().find(is_alone).map(|(_, name)| name);
        let wish = alone.or(names.last()).map_or("", String::as_str);
        let mut name = wish.to_owned();
        let mut number = 2;
        while taken.contains(&name) {
            name = format!("{wish}-{number}");
            number += 1;
        }
        taken.insert(name.clone());
        named.push(name);
    }
    wanted.into_keys().zip(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_where_they_can_be_and_always_different() {
        let wanted = [
            ("a", ["x", "x-1", "x-1-a"], "x-1"),
            ("b", ["x", "x-2", "x-2-a"], "x-2-a"),
            ("c", ["x", "x-2", "x-2-b"], "x-2-b"),
            ("d", ["x-1", "y", "y"], "x-1-2"),
            ("e", ["q", "w", "w"], "w"),
            ("f", ["q", "w", "w"], "w-2"),
        ];
        let named = names(wanted.iter().map(|(key, names, _)| (key, names.map(str::to_owned))));
        for (key, _, expected) in &wanted {
            assert_eq!(named[key], *expected, "{key}");
        }
    }
}
