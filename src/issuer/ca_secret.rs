//! `ca.secret.existing`: a CA issuer that iamra emits with the Certificates that need it. The Secret with the CA is
//! created in the namespace by other means.

use super::ca;
use super::value::Issuer;

/// The issuer of a scope; without a name, the Secret has the scope's default name.
pub fn issuer(scope: &str, secret: Option<&str>) -> Issuer {
    let named = ca::secret_name(scope);
    Issuer {
        issuer_ref: ca::issuer_ref(scope),
        usages: ca::USAGES,
        objects: vec![ca::issuer(scope, secret.unwrap_or(&named))],
        references: Vec::new(),
    }
}
