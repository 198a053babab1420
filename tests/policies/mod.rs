//! Trust policies at random, and an evaluator that shares no line with the one under test.

mod caller;
mod oracle;
mod random;

pub(crate) use caller::caller;
pub(crate) use oracle::{Call, judge};
pub(crate) use random::Random;
