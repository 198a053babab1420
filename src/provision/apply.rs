//! Makes the calls of a comparison, in their order.

use std::collections::BTreeSet;

use super::action::{Action, Failure, Fault, Outcome, Provisioner};
use super::difference::{Comparison, Difference, Step, Verb};
use super::key::{Key, Kind};

/// How often a call is made about something that was just made and is not visible everywhere yet.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency>
const TRIES: usize = 15;

/// Where it stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// At which resource.
    pub key: Key,
    /// The call.
    pub action: Action,
    /// Why.
    pub failure: Failure,
}

/// Makes all calls. `tell` is called after each resource. What was made stays; the next run goes on from there.
///
/// # Errors
/// Where and why it stopped.
pub fn apply(
    comparison: &Comparison,
    aws: &dyn Provisioner,
    tell: &mut dyn FnMut(&Difference),
) -> Result<(), Box<Stopped>> {
    let mut applying = Applying { aws, arns: comparison.arns.clone(), young: BTreeSet::new() };
    for difference in in_order(comparison) {
        for step in &difference.steps {
            applying.step(&difference.key, step)?;
        }
        tell(difference);
    }
    Ok(())
}

/// What is made, in the order in which it is needed, then what is deleted, in the opposite order.
fn in_order(comparison: &Comparison) -> Vec<&Difference> {
    let with_steps = comparison.differences.iter().filter(|it| !it.steps.is_empty());
    let (mut deleted, mut made): (Vec<_>, Vec<_>) = with_steps.partition(|it| it.verb == Verb::Delete);
    made.sort_by_key(|it| &it.key);
    deleted.sort_by(|one, other| other.key.cmp(&one.key));
    made.extend(deleted);
    made
}

struct Applying<'a> {
    aws: &'a dyn Provisioner,
    arns: std::collections::BTreeMap<Key, String>,
    /// What this run has made.
    young: BTreeSet<Key>,
}

impl Applying<'_> {
    fn step(&mut self, key: &Key, step: &Step) -> Result<(), Box<Stopped>> {
        let Some(action) = step.action(&self.arns) else {
            let missing = step.needs().into_iter().find(|needed| !self.arns.contains_key(needed));
            let failure = super::action::missing(missing.unwrap_or(key));
            return Err(Box::new(Stopped { key: key.clone(), action: step.action.clone(), failure }));
        };
        let is_young = self.young.contains(key) || step.needs().iter().any(|needed| self.young.contains(*needed));
        match self.tried(key, &action, is_young) {
            Ok(Outcome::Text(arn)) => {
                self.arns.insert(key.clone(), arn);
                self.young.insert(key.clone());
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(failure) => Err(Box::new(Stopped { key: key.clone(), action, failure })),
        }
    }

    fn tried(&self, key: &Key, action: &Action, is_young: bool) -> Result<Outcome, Failure> {
        let mut tries = 1;
        loop {
            let failure = match self.aws.call(&key.site, action) {
                Err(failure) if failure.fault == Fault::NotThere && action.deletes() => return Ok(Outcome::Done),
                Err(failure) => failure,
                Ok(outcome) => return Ok(outcome),
            };
            // IAM says yes before all of it knows; what depends on that may be rejected for some seconds.
            let may_pass = match failure.fault {
                Fault::InUse => key.kind == Kind::Role,
                Fault::NotThere | Fault::Refused => is_young,
                Fault::Exists | Fault::Unclear => false,
            };
            if !may_pass || tries == TRIES {
                return Err(failure);
            }
            self.aws.pause();
            tries += 1;
        }
    }
}
