//! What stands beside an input: answers to whatever a declaration asks for.

use std::collections::BTreeSet;

use iamra::reference::{Query, Wanted};
use iamra::resolve::{Answer, Answers, Lookup};
use iamra::secret::Secret;

pub const CERTIFICATE: &str = include_str!("../../tests/data/ca/cert.pem");
pub const KEY: &str = include_str!("../../tests/data/ca/key.pem");

/// Has an answer to every query: a valid one.
pub struct Everything;

impl Lookup for Everything {
    fn answer(&self, queries: &BTreeSet<Query>) -> Answers {
        let value = |query: &Query| match query.wanted {
            Wanted::Arn(kind) => kind.example().to_owned(),
            Wanted::Certificate => CERTIFICATE.to_owned(),
            Wanted::Key => KEY.to_owned(),
            Wanted::Location => "s3://bucket/key".to_owned(),
        };
        queries.iter().map(|query| (query.clone(), Ok(Answer::from(Secret::new(value(query)))))).collect()
    }
}
