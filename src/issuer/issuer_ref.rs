//! How a Certificate names its issuer.

/// cert-manager's own group, the default of an issuerRef.
/// <https://github.com/cert-manager/cert-manager/blob/master/pkg/apis/meta/v1/types.go>
pub const GROUP: &str = "cert-manager.io";

/// The default kind of an issuerRef.
/// <https://github.com/cert-manager/cert-manager/blob/master/pkg/apis/meta/v1/types.go>
pub const KIND: &str = "Issuer";

/// cert-manager's issuer for all namespaces.
/// <https://cert-manager.io/docs/configuration/>
pub(super) const CLUSTER_KIND: &str = "ClusterIssuer";

/// The group of aws-privateca-issuer.
pub(super) const PRIVATE_CA_GROUP: &str = "awspca.cert-manager.io";

/// Kinds of issuer that serve only their own namespace, by group: cert-manager's, and those of the external issuers in
/// cert-manager's own list (<https://cert-manager.io/docs/configuration/issuers/>), from their definitions.
const NAMESPACED: &[(&str, &str)] = &[
    (GROUP, KIND),
    (PRIVATE_CA_GROUP, "AWSPCAIssuer"),
    ("cas-issuer.jetstack.io", "GoogleCASIssuer"),
    ("certmanager.step.sm", "StepIssuer"),
];

/// How a Certificate names its issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerRef {
    /// `cert-manager.io` or the group of an external issuer.
    pub group: String,
    /// `Issuer`, `ClusterIssuer`, …
    pub kind: String,
    /// Its name.
    pub name: String,
}

impl IssuerRef {
    /// Group and kind default to cert-manager's own.
    pub fn new(group: Option<&str>, kind: Option<&str>, name: &str) -> Self {
        Self { group: group.unwrap_or(GROUP).to_owned(), kind: kind.unwrap_or(KIND).to_owned(), name: name.to_owned() }
    }

    /// Whether who names the other one may get a certificate from this one. cert-manager rejects a kind that it does not know;
    /// of external issuers, aws-privateca-issuer takes any other kind for its AWSPCAIssuer.
    /// <https://github.com/cert-manager/aws-privateca-issuer/blob/main/pkg/controllers/certificaterequest_controller.go>
    pub fn is_meant_by(&self, other: &Self) -> bool {
        let is_named = self.group == other.group && self.name == other.name;
        is_named && (self.is_external() || self.kind == other.kind)
    }

    /// Whether another controller than cert-manager signs.
    pub fn is_external(&self) -> bool {
        self.group != GROUP
    }

    /// Whether it signs only for its own namespace; false for unknown kinds.
    pub fn is_namespaced(&self) -> bool {
        NAMESPACED.contains(&(self.group.as_str(), self.kind.as_str()))
    }
}
