//! Lookups: the only way in which the core gets data from outside.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::Code;
use crate::quote::quote;
use crate::reference::Query;
use crate::secret::Secret;

/// A value and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The value.
    pub value: Secret,
    /// The parameter's version, where there is one.
    pub version: Option<i64>,
    /// The parameter's ARN, where there is one.
    pub arn: Option<String>,
}

impl From<Secret> for Answer {
    fn from(value: Secret) -> Self {
        Self { value, version: None, arn: None }
    }
}

/// Why there is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoAnswer {
    /// `unresolved-reference`, or what else is wrong.
    pub code: Code,
    /// What is missing.
    pub why: String,
    /// How to fix it.
    pub help: String,
}

/// An answer to every query: the value, or why there is none.
pub type Answers = BTreeMap<Query, Result<Answer, NoAnswer>>;

/// Answers queries: a lock file, a values file, AWS.
pub trait Lookup {
    /// Answers every query. A failed query does not affect others.
    fn answer(&self, queries: &BTreeSet<Query>) -> Answers;
}

/// A lookup that answers only from earlier answers.
pub struct Known<'a>(pub &'a Answers);

impl Lookup for Known<'_> {
    fn answer(&self, queries: &BTreeSet<Query>) -> Answers {
        let none = |query: &Query| NoAnswer {
            code: Code::UnresolvedReference,
            why: format!("{} has no value: it was not looked up", quote(&query.reference)),
            help: "provide it in a values file (`--values FILE`)".to_owned(),
        };
        let answer = |query: &Query| self.0.get(query).cloned().unwrap_or_else(|| Err(none(query)));
        queries.iter().map(|query| (query.clone(), answer(query))).collect()
    }
}

/// Several lookups; the first that has a value answers. If none has, the last one gives the reason.
pub struct Layered<'l>(pub Vec<&'l dyn Lookup>);

impl Lookup for Layered<'_> {
    fn answer(&self, queries: &BTreeSet<Query>) -> Answers {
        let mut answers = Answers::new();
        let mut open = queries.clone();
        for lookup in &self.0 {
            answers.extend(lookup.answer(&open));
            open.retain(|query| !matches!(answers.get(query), Some(Ok(_))));
        }
        answers
    }
}
