//! Trust policies at random, and an evaluator that shares no line with the one under test.

mod oracle;
mod random;

pub(crate) use oracle::{Call, judge};
pub(crate) use random::Random;
