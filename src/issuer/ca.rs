//! Shared by the issuers that sign with a CA's Secret: cert-manager's Issuer and that Secret.

use serde_json::json;

use super::issuer_ref::IssuerRef;
use super::object::{CA_ISSUER, CA_SECRET, Contents, IssuerObject};
use super::scope::scoped;

/// Without `digital signature`, a CA issuer writes no KeyUsage at all, and AWS rejects the certificate.
/// <https://github.com/cert-manager/cert-manager/blob/master/pkg/util/pki/csr.go>
/// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>
pub(super) const USAGES: &[&str] = &["digital signature", "client auth"];

/// `iam-ra-ca`, and `iam-ra-ca-SCOPE` beyond the default scope.
pub(super) fn secret_name(scope: &str) -> String {
    scoped("iam-ra-ca", scope)
}

/// `iam-ra`, and `iam-ra-SCOPE` beyond the default scope.
fn issuer_name(scope: &str) -> String {
    scoped("iam-ra", scope)
}

pub(super) fn issuer_ref(scope: &str) -> IssuerRef {
    IssuerRef::new(None, None, &issuer_name(scope))
}

/// The Secret of a scope whose CA is looked up.
pub fn secret(scope: &str) -> IssuerObject {
    IssuerObject { kind: &CA_SECRET, name: secret_name(scope), contents: Contents::KeyPair }
}

/// The Issuer of a scope that signs with this Secret.
/// <https://cert-manager.io/docs/configuration/ca/>
pub(super) fn issuer(scope: &str, secret: &str) -> IssuerObject {
    let spec = json!({"ca": {"secretName": secret}});
    IssuerObject { kind: &CA_ISSUER, name: issuer_name(scope), contents: Contents::Spec(spec) }
}
