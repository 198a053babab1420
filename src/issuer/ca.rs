//! Shared by the issuers that sign with a CA's Secret: cert-manager's issuer and that Secret.

use serde_json::json;

use super::issuer_ref::{CLUSTER_KIND, IssuerRef};
use super::object::{CA_SECRET, CLUSTER_ISSUER, Contents, ISSUER, IssuerObject, Part};
use super::scope::CaId;
use super::value::Issuer;
use crate::reference::{Reference, Wanted};

/// Without `digital signature`, a CA issuer writes no KeyUsage at all, and AWS rejects the certificate.
/// <https://github.com/cert-manager/cert-manager/blob/master/pkg/util/pki/csr.go>
/// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>
const USAGES: &[&str] = &["digital signature", "client auth"];

/// Whom an issuer serves, and where the Secret is that it signs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// `ca`: an Issuer in every namespace with a Certificate, and the Secret beside it.
    Namespace,
    /// `clusterCa`: one ClusterIssuer, and the Secret in the namespace where cert-manager looks for it.
    Cluster {
        /// cert-manager's `--cluster-resource-namespace`.
        namespace: String,
    },
}

impl Reach {
    /// The namespace in which something beside the Secret stands once.
    pub(super) fn home(&self) -> Option<String> {
        match self {
            Self::Namespace => None,
            Self::Cluster { namespace } => Some(namespace.clone()),
        }
    }
}

/// `iam-ra-ca`, and `iam-ra-ca-SCOPE` beyond the default scope.
pub(super) fn secret_name(ca: CaId<'_>) -> String {
    ca.scoped("iam-ra-ca")
}

/// The Secret of a scope whose CA is looked up.
pub fn secret(ca: CaId<'_>, reach: &Reach) -> IssuerObject {
    let contents = Contents::KeyPair;
    IssuerObject { kind: &CA_SECRET, part: Part::Secret, name: secret_name(ca), home: reach.home(), contents }
}

/// The issuer of a scope that signs with a Secret, which the objects of `before` make if it does not exist.
/// <https://cert-manager.io/docs/configuration/ca/>
pub(super) fn issuer(
    ca: CaId<'_>,
    reach: &Reach,
    secret: &str,
    before: Vec<IssuerObject>,
    references: Vec<(Reference, Wanted)>,
) -> Issuer {
    let (object, kind) = match reach {
        Reach::Namespace => (&ISSUER, None),
        Reach::Cluster { .. } => (&CLUSTER_ISSUER, Some(CLUSTER_KIND)),
    };
    // `iam-ra`, and `iam-ra-SCOPE` beyond the default scope.
    let name = ca.scoped("iam-ra");
    let contents = Contents::Spec(json!({"ca": {"secretName": secret}}));
    let issuer_ref = IssuerRef::new(None, kind, &name);
    let mut objects = before;
    objects.push(IssuerObject { kind: object, part: Part::Signer, name, home: None, contents });
    Issuer {
        issuer_ref,
        usages: USAGES,
        objects,
        secret_home: reach.home(),
        generation: ca.generation,
        other: None,
        references,
    }
}
