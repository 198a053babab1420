//! The profiles in a lock.

use serde_json::Value;

use crate::quote::quote;
use crate::trust::{Profile, Profiles};
use crate::yaml::NodeRef;

/// The section of a lock. One without it is not asked about them.
pub(super) const SECTION: &str = "profiles";

/// The section, if there is one. An error is a node and a message that follows the file's name.
pub(super) fn read(root: NodeRef<'_>) -> Result<Option<Profiles>, (Option<NodeRef<'_>>, String)> {
    let Some(section) = root.get(SECTION) else { return Ok(None) };
    let wrong = |node| (Some(node), "has a profile that is not `arn: {roleArns: …, attributeMappings: …}`".to_owned());
    if !section.is_map() {
        return Err(wrong(section));
    }
    let profile = |(key, it): (NodeRef<'_>, NodeRef<'_>)| Some((key.text()?.to_owned(), Profile::of(&it.to_value())?));
    section.entries().map(|entry| profile(entry).ok_or_else(|| wrong(entry.0))).collect::<Result<_, _>>().map(Some)
}

/// The section as it is written.
pub(super) fn section(profiles: &Profiles) -> Value {
    Value::Object(profiles.iter().map(|(arn, profile)| (arn.clone(), profile.to_value())).collect())
}

/// Differences between profiles in AWS and recorded ones; none where the lock has no profiles.
pub(super) fn drift(recorded: Option<&Profiles>, fresh: &Profiles) -> Vec<String> {
    let Some(recorded) = recorded else { return Vec::new() };
    let changed = fresh.iter().filter_map(|(arn, profile)| match recorded.get(arn) {
        None => Some(format!("the profile {arn} is not locked")),
        Some(locked) if locked.mapping != profile.mapping => Some(format!("{arn} has different attribute mappings")),
        Some(locked) if locked.roles != profile.roles => Some(format!("{arn} lists different roles")),
        Some(_) => None,
    });
    let unused = recorded.keys().filter(|arn| !fresh.contains_key(*arn));
    let unused = unused.map(|arn| format!("the profile {} is locked, and none is declared with this ARN", quote(arn)));
    changed.chain(unused).collect()
}
