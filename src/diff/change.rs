//! One change, in words and as data.

use crate::quote::line;
use crate::yaml::FieldPath;

/// What has changed. The kebab-case name is a promise: scripts may rely on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// A workload has a role where it had none.
    RoleGained,
    /// A workload no longer has a role.
    RoleLost,
    /// A workload has a different role.
    RoleMoved,
    /// A role is a different IAM role.
    RoleArn,
    /// A role has a different profile, which limits its sessions.
    Profile,
    /// A role has a different trust anchor, and so a different CA.
    TrustAnchor,
    /// A role has different policies.
    Policies,
    /// A role's sessions last longer or shorter.
    Session,
    /// The issuer, or the place of its CA's key, is different.
    Issuer,
    /// A CA takes the place of another one at once, so that not both are trusted while certificates of both are in use.
    CaWithoutOverlap,
    /// Something else limits the certificates of an issuer, or nothing does.
    MintPolicy,
    /// A workload's certificate has a different subject.
    CommonName,
    /// A workload is in a different namespace.
    Namespace,
    /// The workloads of a namespace may have different roles.
    NamespaceRoles,
    /// Different folders may declare the workloads of a namespace.
    NamespacePaths,
    /// A different object gets the identity.
    Target,
    /// Different containers get credentials.
    Containers,
    /// A certificate has a longer or shorter lifetime.
    CertificateLife,
    /// A certificate is renewed earlier or later before it expires.
    RenewalMargin,
    /// A certificate has a different kind of key.
    PrivateKey,
    /// A certificate's key is kept in a Secret, or no longer.
    KeyPlace,
    /// A different program holds the key.
    SidecarImage,
    /// The sidecar has different settings.
    Sidecar,
    /// Containers get different variables.
    Environment,
    /// A check is stricter or less strict.
    Checks,
    /// An object is added.
    ObjectAdded,
    /// An object is removed.
    ObjectRemoved,
    /// An object is changed.
    ObjectChanged,
    /// The pods of a workload are replaced.
    Restart,
}

/// One row per kind, in the order of the enum: its name and summary.
const TABLE: &[(ChangeKind, &str, &str)] = &[
    (ChangeKind::RoleGained, "role-gained", "a workload has a role where it had none"),
    (ChangeKind::RoleLost, "role-lost", "a workload no longer has a role"),
    (ChangeKind::RoleMoved, "role-moved", "a workload has a different role"),
    (ChangeKind::RoleArn, "role-arn", "a role is a different IAM role"),
    (ChangeKind::Profile, "profile", "a role has a different profile"),
    (ChangeKind::TrustAnchor, "trust-anchor", "a role has a different trust anchor, and so a different CA"),
    (ChangeKind::Policies, "policies", "a role has different policies"),
    (ChangeKind::Session, "session", "a role's sessions last longer or shorter"),
    (ChangeKind::Issuer, "issuer", "the issuer of the certificates, or the place of its CA's key, is different"),
    (ChangeKind::CaWithoutOverlap, "ca-without-overlap", "a CA takes the place of another one at once"),
    (ChangeKind::MintPolicy, "mint-policy", "something else limits the certificates of an issuer, or nothing does"),
    (ChangeKind::CommonName, "common-name", "a workload's certificate has a different subject"),
    (ChangeKind::Namespace, "namespace", "a workload is in a different namespace"),
    (ChangeKind::NamespaceRoles, "namespace-roles", "the workloads of a namespace may have different roles"),
    (ChangeKind::NamespacePaths, "namespace-paths", "different folders may declare the workloads of a namespace"),
    (ChangeKind::Target, "target", "a different object gets the identity"),
    (ChangeKind::Containers, "containers", "different containers get credentials"),
    (ChangeKind::CertificateLife, "certificate-life", "a certificate has a longer or shorter lifetime"),
    (ChangeKind::RenewalMargin, "renewal-margin", "a certificate is renewed earlier or later before it expires"),
    (ChangeKind::PrivateKey, "private-key", "a certificate has a different kind of key"),
    (ChangeKind::KeyPlace, "key-place", "a certificate's key is kept in a Secret, or no longer"),
    (ChangeKind::SidecarImage, "sidecar-image", "a different program holds the certificate's key"),
    (ChangeKind::Sidecar, "sidecar", "the sidecar has different settings"),
    (ChangeKind::Environment, "environment", "containers get different variables"),
    (ChangeKind::Checks, "checks", "a check is stricter or less strict"),
    (ChangeKind::ObjectAdded, "object-added", "an object is added"),
    (ChangeKind::ObjectRemoved, "object-removed", "an object is removed"),
    (ChangeKind::ObjectChanged, "object-changed", "an object is changed"),
    (ChangeKind::Restart, "restart", "the pods of a workload are replaced"),
];

impl ChangeKind {
    /// Every kind, in a stable order.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|(kind, ..)| *kind)
    }

    /// The kebab-case name.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// One line that says what it means.
    pub fn summary(self) -> &'static str {
        self.row().2
    }

    #[expect(clippy::indexing_slicing, reason = "a test holds the table to the order of the enum")]
    fn row(self) -> &'static (Self, &'static str, &'static str) {
        &TABLE[self as usize]
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// What it is about.
    pub kind: ChangeKind,
    /// Whether somebody can do more than before, or for longer, or whether that cannot be excluded.
    pub escalation: bool,
    /// The clusters it happens in; none when the declaration names none.
    pub clusters: Vec<String>,
    /// The workload, role, scope or object.
    pub subject: String,
    /// The whole change in one line.
    pub message: String,
    /// What was, when it is one value.
    pub before: Option<String>,
    /// What is, when it is one value.
    pub after: Option<String>,
    /// Where it is declared, or was.
    pub place: FieldPath,
}

impl Change {
    pub(super) fn new(kind: ChangeKind, subject: &str, place: FieldPath, message: &str) -> Self {
        let (before, after) = (None, None);
        Self {
            kind,
            escalation: false,
            clusters: Vec::new(),
            subject: line(subject),
            message: line(message),
            before,
            after,
            place,
        }
    }

    /// Says from what to what.
    #[must_use]
    pub(super) fn values(self, before: impl Into<String>, after: impl Into<String>) -> Self {
        Self { before: Some(line(&before.into())), after: Some(line(&after.into())), ..self }
    }

    /// Says whether it is an escalation.
    #[must_use]
    pub(super) fn escalates(self, escalation: bool) -> Self {
        Self { escalation, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_follows_the_enum() {
        for (index, (kind, name, _)) in TABLE.iter().enumerate() {
            assert_eq!(*kind as usize, index, "{name} is out of order");
        }
    }
}
