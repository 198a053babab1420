//! Changes of what is checked: a pull request that weakens a check could hide what the check would say of it.

use std::collections::BTreeSet;

use super::View;
use super::change::{Change, ChangeKind};
use crate::diag::{Code, Level};
use crate::quote::quote;
use crate::yaml::FieldPath;

/// Changes of the checks of one cluster.
pub(super) fn compare(before: Option<&View>, after: Option<&View>) -> Vec<Change> {
    let (Some(before), Some(after)) = (before, after) else { return Vec::new() };
    let (was, is) = (&before.config.checks, &after.config.checks);
    let codes: BTreeSet<_> = was.keys().chain(is.keys()).collect();
    codes.into_iter().filter_map(|code| changed(*code, was.get(code).copied(), is.get(code).copied())).collect()
}

fn changed(code: Code, was: Option<Level>, is: Option<Level>) -> Option<Change> {
    // Without a level, it is as strict as it is by itself, which may be an error.
    let strictness = |level| match level {
        Some(Level::Allow) => 0,
        Some(Level::Warn) => 1,
        None => 2,
        Some(Level::Deny) => 3,
    };
    let words = |level| match level {
        Some(Level::Allow) => "allow",
        Some(Level::Warn) => "warn",
        Some(Level::Deny) => "deny",
        None => "as it is by itself",
    };
    let (before, after) = (words(was), words(is));
    let is_weaker = strictness(is) < strictness(was);
    let how = if is_weaker { "less strict" } else { "stricter" };
    let message = format!("the check {} is {how}: {} instead of {}", quote(&code), quote(&after), quote(&before));
    let place = FieldPath::keys("spec.checks").key(code.name());
    let change = Change::new(ChangeKind::Checks, code.name(), place, &message).values(before, after);
    (was != is).then(|| change.escalates(is_weaker))
}
