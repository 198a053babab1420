//! How each resource that the declaration means stands in AWS.

use std::collections::{BTreeMap, BTreeSet};

use super::action::Failure;
use super::compare::compare;
use super::desired::{Desired, Wanted};
use super::difference::{Difference, Verb, arn_of};
use super::key::{Key, Site};
use super::observe::{Observed, Seen};
use super::state::{Source, State};

/// How a resource is, compared with the declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// As it should be.
    AsDeclared,
    /// It is there, and different.
    Differs,
    /// It is not there.
    Missing,
    /// Somebody else has made it.
    NotOurs,
    /// AWS does not say it.
    Unknown,
}

impl Stands {
    /// For people and for programs.
    pub fn words(self) -> &'static str {
        match self {
            Self::AsDeclared => "as declared",
            Self::Differs => "differs",
            Self::Missing => "missing",
            Self::NotOurs => "not iamra's",
            Self::Unknown => "not readable",
        }
    }
}

/// A resource, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What.
    pub key: Key,
    /// The clusters that use it.
    pub clusters: BTreeSet<String>,
    /// Its ARN, if it is there and has one.
    pub arn: Option<String>,
    /// How it stands.
    pub stands: Stands,
    /// What it is like, how it differs, or why that is not known.
    pub words: Vec<String>,
}

/// All resources of the declaration, in the order in which they are made.
pub fn standings(desired: &Desired, observed: &Observed, failures: &BTreeMap<Site, Failure>) -> Vec<Standing> {
    let comparison = compare(desired, observed, None);
    let meant = desired.resources.iter().filter(|(_, it)| it.wanted != Wanted::Kept);
    let each = meant.map(|(key, resource)| {
        let of_it: Vec<_> = comparison.differences.iter().filter(|it| it.key == *key).collect();
        let is_known = match &resource.wanted {
            Wanted::Parameter(link) => arn_of(link, &comparison.arns).is_some(),
            _ => comparison.arns.contains_key(key),
        };
        let seen = observed.resources.get(key).and_then(|seen| seen.first());
        let (stands, words) = match failures.get(&key.site) {
            Some(failure) => (Stands::Unknown, vec![failure.answer.why.clone()]),
            None if of_it.is_empty() => undisputed(seen, is_known),
            None => (stands(&of_it, seen), of_it.iter().flat_map(|it| it.words.clone()).collect()),
        };
        let arn = comparison.arns.get(key).cloned();
        Standing { key: key.clone(), clusters: resource.clusters.clone(), arn, stands, words }
    });
    each.collect()
}

/// A resource without differences: it is right, somebody else has it elsewhere, or something has to be decided first.
fn undisputed(seen: Option<&Seen>, is_known: bool) -> (Stands, Vec<String>) {
    match seen {
        Some(Seen { not_ours: Some(why), .. }) => (Stands::NotOurs, vec![why.clone()]),
        Some(seen) if is_known => (Stands::AsDeclared, is_like(&seen.state)),
        Some(_) => (Stands::Unknown, vec!["what it needs has to be decided first; see `iamra aws plan`".to_owned()]),
        None if is_known => (Stands::NotOurs, vec!["its parameter names another one".to_owned()]),
        None => (Stands::Missing, Vec::new()),
    }
}

fn stands(differences: &[&Difference], seen: Option<&Seen>) -> Stands {
    let has = |verb| differences.iter().any(|it| it.verb == verb);
    match seen {
        None => Stands::Missing,
        Some(_) if has(Verb::Leave) => Stands::NotOurs,
        Some(_) => Stands::Differs,
    }
}

/// What matters of one that is as declared.
fn is_like(state: &State) -> Vec<String> {
    match state {
        State::TrustAnchor { enabled, source } => {
            let trusts = source.iter().flat_map(Source::words).map(|it| format!("trusts {it}"));
            let enabled = if *enabled { "enabled" } else { "disabled" };
            std::iter::once(enabled.to_owned()).chain(trusts).collect()
        }
        State::Profile { enabled, .. } => vec![if *enabled { "enabled" } else { "disabled" }.to_owned()],
        State::Role { .. } | State::Parameter { .. } => Vec::new(),
    }
}
