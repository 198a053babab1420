//! The resources with names by which they refer to each other, and values in which ARNs are references.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::digest;
use crate::provision::desired::{Desired, Link, Trusted, Wanted};
use crate::provision::difference::trust_policy;
use crate::provision::key::{Key, Kind, Owner, Tags};

/// A value, in which some texts are not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Text(String),
    /// A number or a boolean.
    Plain(String),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
    /// The ARN of another resource.
    Arn(Key),
    /// The number of the account.
    Account,
}

impl Node {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn number(number: u64) -> Self {
        Self::Plain(number.to_string())
    }

    pub(super) fn truth(is: bool) -> Self {
        Self::Plain(is.to_string())
    }

    pub(super) fn map<const N: usize>(entries: [(&str, Self); N]) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    pub(super) fn texts<'t>(texts: impl IntoIterator<Item = &'t String>) -> Self {
        Self::List(texts.into_iter().map(Self::text).collect())
    }
}

impl From<&Link> for Node {
    fn from(link: &Link) -> Self {
        match link {
            Link::Known(arn) => Self::text(arn.to_string()),
            Link::Of(key) => Self::Arn(key.clone()),
        }
    }
}

/// One resource.
pub(super) struct Part<'d> {
    pub(super) key: &'d Key,
    pub(super) wanted: &'d Wanted,
    pub(super) tags: Tags,
    /// The words of its name without what all have, from which programs make names.
    pub(super) words: String,
}

/// All resources, in the order in which they are needed.
pub(super) struct Parts<'d> {
    pub(super) all: Vec<Part<'d>>,
    /// What has the ARN for each reference of the declaration, and what it leads to.
    pub(super) references: BTreeMap<String, (&'d Key, &'d Key)>,
}

impl<'d> Parts<'d> {
    pub(super) fn of(desired: &'d Desired) -> Self {
        let made = desired.resources.iter().filter(|(_, it)| it.wanted != Wanted::Kept);
        let part = |(key, it): (&'d Key, &'d crate::provision::desired::Resource)| Part {
            key,
            wanted: &it.wanted,
            tags: it.owner.tags(),
            words: words(key, &it.owner),
        };
        let all: Vec<_> = made.map(part).collect();
        let mut references = BTreeMap::new();
        for Part { key, wanted, .. } in &all {
            match wanted {
                Wanted::Parameter(Link::Of(target)) => {
                    references.insert(format!("ssm:{}", key.name), (*key, target));
                }
                Wanted::TrustAnchor(_) | Wanted::Profile { .. } if !desired.is_by_parameter(key) => {
                    let kind = if key.kind == Kind::TrustAnchor { "trust-anchor" } else { "profile" };
                    references.insert(format!("rolesanywhere:{kind}/{}", key.name), (*key, *key));
                }
                _ => {}
            }
        }
        Self { all, references }
    }

    /// A name for each resource that `make` makes of its words, in which no two of a group are the same.
    pub(super) fn names(&self, make: impl Fn(Kind, &str) -> String) -> BTreeMap<&'d Key, String> {
        let (mut names, mut taken) = (BTreeMap::new(), BTreeSet::new());
        for Part { key, words, .. } in &self.all {
            let mut name = make(key.kind, words);
            if !taken.insert((key.kind, name.clone())) {
                name.extend(digest::sha256_hex(key.name.as_bytes()).chars().take(8));
                taken.insert((key.kind, name.clone()));
            }
            names.insert(*key, name);
        }
        names
    }
}

/// `admin` for the role `iam-ra-default-admin`, and `roles/admin/role-arn` for its parameter.
fn words(key: &Key, owner: &Owner) -> String {
    let own = match key.kind {
        Kind::Parameter => key.name.strip_prefix(&format!("{}/", owner.installation)),
        _ => key.name.strip_prefix(&owner.name("")),
    };
    own.unwrap_or(&key.name).to_owned()
}

/// Stands for what is not known, in a text that no declaration can have.
const ACCOUNT: &str = "\0account";

/// The trust policy of a role, in which trust anchors and their account are references.
pub(super) fn trust(trusted: &BTreeSet<Trusted>) -> Node {
    let anchors: BTreeSet<&Key> = trusted
        .iter()
        .filter_map(|it| match &it.trust_anchor {
            Link::Of(key) => Some(key),
            Link::Known(_) => None,
        })
        .collect();
    let stand_ins: BTreeMap<Key, String> = anchors
        .into_iter()
        .enumerate()
        .map(|(index, key)| (key.clone(), format!("arn:\0:rolesanywhere:\0:{ACCOUNT}:trust-anchor/{index:06}")))
        .collect();
    let back: BTreeMap<&str, &Key> = stand_ins.iter().map(|(key, text)| (text.as_str(), key)).collect();
    // Without an answer, a name could not be required, which has been reported.
    policy(&trust_policy(trusted, &stand_ins).unwrap_or_default(), &back)
}

/// A policy as it is.
pub(super) fn document(policy_document: &Value) -> Node {
    policy(policy_document, &BTreeMap::new())
}

fn policy(value: &Value, stand_ins: &BTreeMap<&str, &Key>) -> Node {
    match value {
        Value::String(text) if text == ACCOUNT => Node::Account,
        Value::String(text) => {
            stand_ins.get(text.as_str()).map_or_else(|| Node::text(text), |key| Node::Arn((*key).clone()))
        }
        Value::Array(values) => Node::List(values.iter().map(|it| policy(it, stand_ins)).collect()),
        Value::Object(entries) => {
            Node::Map(entries.iter().map(|(key, it)| (key.clone(), policy(it, stand_ins))).collect())
        }
        other => Node::Plain(other.to_string()),
    }
}
