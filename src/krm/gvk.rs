//! Group, version and kind of an object.

/// A kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gvk {
    /// `apps`; empty for the core group.
    pub group: &'static str,
    /// `v1`
    pub version: &'static str,
    /// `ConfigMap`
    pub kind: &'static str,
}

impl Gvk {
    /// `apps/v1`, and `v1` in the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }
}

/// The group of an `apiVersion`: `apps`; empty for the core group.
pub fn group_of(api_version: &str) -> &str {
    api_version.rsplit_once('/').map_or("", |(group, _)| group)
}
