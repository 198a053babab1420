//! `existing`: an issuer that already exists, cert-manager's or an external one.

use super::issuer_ref::IssuerRef;
use super::value::Issuer;

/// A CA issuer needs both, and it is not known whether this is one. AWS Private CA's issuer passes both on
/// (<https://github.com/cert-manager/aws-privateca-issuer/blob/main/pkg/aws/pca.go>).
const USAGES: &[&str] = &["digital signature", "client auth"];

/// The issuer that is named.
pub fn issuer(issuer_ref: IssuerRef) -> Issuer {
    Issuer {
        issuer_ref,
        usages: USAGES,
        objects: Vec::new(),
        secret_home: None,
        generation: 1,
        other: None,
        references: Vec::new(),
    }
}
