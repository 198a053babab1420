//! `ca.secret.ssm`: a CA issuer that iamra emits, and the Secret with the CA, whose certificate and key are parameters in PEM.

use super::ca;
use super::value::Issuer;
use crate::reference::{Reference, Wanted};

/// The issuer of a scope.
pub fn issuer(scope: &str, certificate: Reference, key: Reference) -> Issuer {
    let secret = ca::secret(scope);
    let signer = ca::issuer(scope, &secret.name);
    Issuer {
        issuer_ref: ca::issuer_ref(scope),
        usages: ca::USAGES,
        objects: vec![secret, signer],
        references: vec![(certificate, Wanted::Certificate), (key, Wanted::Key)],
    }
}
