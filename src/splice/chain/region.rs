//! Two variables set the region: SDKs read one or the other, so they must have the same value.

use super::Variable;

// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html>
// <https://boto3.amazonaws.com/v1/documentation/api/latest/guide/configuration.html>
pub(super) const NAMES: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

/// If the author has set one of the two, the other one gets the same value.
pub(super) fn follow(missing: &mut Vec<(&'static str, String)>, variables: &[Variable]) {
    for [ours, theirs] in [NAMES, [NAMES[1], NAMES[0]]] {
        let Some(set) = variables.iter().find(|it| it.name == theirs) else { continue };
        let value = match (&set.value, &set.from) {
            (Some(value), _) => Some(value.clone()),
            // It is in `env` before our variables, so they can refer to it.
            (None, None) => Some(format!("$({theirs})")),
            (None, Some(_)) => None,
        };
        missing.retain_mut(|(name, region)| {
            if *name == ours
                && let Some(value) = &value
            {
                region.clone_from(value);
            }
            *name != ours || value.is_some()
        });
    }
}
