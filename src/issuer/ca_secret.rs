//! `ca.secret.existing`: a CA issuer that iamra emits beside the Certificates that need it. Somebody else puts the Secret with
//! the CA into the namespace.

use super::ca;
use super::value::Issuer;

/// The issuer of a scope; where the Secret has no name it has that of the scope.
pub fn issuer(scope: &str, secret: Option<&str>) -> Issuer {
    let named = ca::secret_name(scope);
    Issuer {
        issuer_ref: ca::issuer_ref(scope),
        usages: ca::USAGES,
        objects: vec![ca::issuer(scope, secret.unwrap_or(&named))],
        references: Vec::new(),
    }
}
