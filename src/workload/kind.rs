//! The kinds of workload as a table. A kind is added by one row.

use crate::yaml::FieldPath;

/// A kind of workload: its API group and name, and where its pod template is.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The kind.
    pub kind: &'static str,
    template: &'static str,
}

/// Every kind that iamra can patch.
pub const KINDS: &[Kind] = &[Kind { group: "apps", kind: "Deployment", template: "spec.template" }];

impl Kind {
    /// The row of a kind, if there is one.
    pub fn find(api_version: &str, kind: &str) -> Option<&'static Self> {
        let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
        KINDS.iter().find(|row| row.kind == kind && row.group == group)
    }

    /// Where the pod template is.
    pub fn template(&self) -> FieldPath {
        FieldPath::keys(self.template)
    }
}
