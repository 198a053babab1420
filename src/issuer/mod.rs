//! Who signs the workloads' certificates. The only place that tells the kinds of issuer apart.

use crate::reference::Reference;

/// The scope that is meant where none is named.
pub const DEFAULT_SCOPE: &str = "default";

/// Who signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Issuer {
    /// A cert-manager CA issuer that iamra emits beside the Certificates that need it.
    Ca(CaSecret),
    /// An issuer that exists.
    Existing(IssuerRef),
}

/// Where the certificate and key of a CA come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaSecret {
    /// A Secret of this name that somebody else puts into the namespace.
    Existing(String),
    /// Parameters with certificate and key in PEM.
    Ssm {
        /// The certificate.
        certificate: Reference,
        /// The private key.
        key: Reference,
    },
}

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

/// Kinds of issuer that serve their own namespace alone, by group: cert-manager's, and those of the external issuers in
/// cert-manager's own list (<https://cert-manager.io/docs/configuration/issuers/>), from their definitions.
const NAMESPACED: &[(&str, &str)] = &[
    ("cert-manager.io", "Issuer"),
    ("awspca.cert-manager.io", "AWSPCAIssuer"),
    ("cas-issuer.jetstack.io", "GoogleCASIssuer"),
    ("certmanager.step.sm", "StepIssuer"),
];

impl IssuerRef {
    /// Whether it signs for its own namespace alone. Of a kind that is not known here nobody can say that.
    pub fn is_namespaced(&self) -> bool {
        NAMESPACED.contains(&(self.group.as_str(), self.kind.as_str()))
    }
}

/// An object that must stand beside the Certificates of a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IssuerObject {
    /// The Secret with the CA whose certificate and key were looked up.
    CaSecret {
        /// Its name.
        name: String,
    },
    /// The CA Issuer.
    CaIssuer {
        /// Its name.
        name: String,
        /// The Secret it signs with.
        secret: String,
    },
}

impl IssuerObject {
    /// Its kind and its name.
    pub fn ident(&self) -> (&'static str, &str) {
        match self {
            Self::CaSecret { name } => ("Secret", name),
            Self::CaIssuer { name, .. } => ("Issuer", name),
        }
    }

    /// The Secret that it reads, which may be somebody else's.
    pub fn reads(&self) -> Option<&str> {
        match self {
            Self::CaSecret { .. } => None,
            Self::CaIssuer { secret, .. } => Some(secret),
        }
    }
}

impl Issuer {
    /// The issuer of a scope that says nothing: a CA whose Secret exists.
    pub fn of_scope(scope: &str) -> Self {
        Self::Ca(CaSecret::Existing(ca_secret_name(scope)))
    }

    /// How a Certificate of the scope names it.
    pub fn issuer_ref(&self, scope: &str) -> IssuerRef {
        match self {
            Self::Ca(_) => {
                IssuerRef { group: "cert-manager.io".to_owned(), kind: "Issuer".to_owned(), name: issuer_name(scope) }
            }
            Self::Existing(issuer) => issuer.clone(),
        }
    }

    /// What must stand beside the Certificates of the scope, in every namespace that has one.
    pub fn objects(&self, scope: &str) -> Vec<IssuerObject> {
        let issuer = |secret: &str| IssuerObject::CaIssuer { name: issuer_name(scope), secret: secret.to_owned() };
        match self {
            Self::Ca(CaSecret::Existing(name)) => vec![issuer(name)],
            Self::Ca(CaSecret::Ssm { .. }) => {
                let name = ca_secret_name(scope);
                vec![IssuerObject::CaSecret { name: name.clone() }, issuer(&name)]
            }
            Self::Existing(_) => Vec::new(),
        }
    }

    /// The parameters of a CA that is written into the manifests.
    pub fn ca_pair(&self) -> Option<(&Reference, &Reference)> {
        match self {
            Self::Ca(CaSecret::Ssm { certificate, key }) => Some((certificate, key)),
            Self::Ca(CaSecret::Existing(_)) | Self::Existing(_) => None,
        }
    }

    /// References that must be answered before anything can be rendered; the second half of a pair says whether it is secret.
    pub fn references(&self) -> Vec<(&Reference, bool)> {
        self.ca_pair().map_or_else(Vec::new, |(certificate, key)| vec![(certificate, false), (key, true)])
    }
}

/// `iam-ra-ca`, and `iam-ra-ca-SCOPE` beyond the default scope.
pub fn ca_secret_name(scope: &str) -> String {
    scoped("iam-ra-ca", scope)
}

/// `iam-ra`, and `iam-ra-SCOPE` beyond the default scope.
fn issuer_name(scope: &str) -> String {
    scoped("iam-ra", scope)
}

fn scoped(base: &str, scope: &str) -> String {
    if scope == DEFAULT_SCOPE { base.to_owned() } else { format!("{base}-{scope}") }
}
