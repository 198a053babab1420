//! The one question the core asks of the world.

use std::collections::{BTreeMap, BTreeSet};

use crate::diag::Code;
use crate::secret::Secret;

/// One value that is needed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Query {
    /// The reference as the declaration writes it.
    pub reference: String,
    /// Whether the value is key material.
    pub secret: bool,
}

/// Why there is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoAnswer {
    /// `unresolved-reference`, or what else is wrong.
    pub code: Code,
    /// What was looked at, and what was not there.
    pub why: String,
    /// How to have it.
    pub help: String,
}

/// An answer to every query: the value, or why there is none.
pub type Answers = BTreeMap<Query, Result<Secret, NoAnswer>>;

/// Answers queries: a lock file, a values file, AWS.
pub trait Lookup {
    /// Answers every query. One that has no answer never hides another.
    fn answer(&self, queries: &BTreeSet<Query>) -> Answers;
}

/// Several lookups; the first that has a value answers. Where none has, the last one says why.
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
