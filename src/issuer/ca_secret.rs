//! `secret.existing`: a CA issuer that iamra emits. The Secret with the CA is created by other means.

use super::ca::{self, Reach};
use super::scope::CaId;
use super::value::Issuer;

/// The issuer of a scope; without a name, the Secret has the CA's default name.
pub fn issuer(id: CaId<'_>, reach: &Reach, secret: Option<&str>) -> Issuer {
    let named = ca::secret_name(id);
    ca::issuer(id, reach, secret.unwrap_or(&named), Vec::new(), Vec::new())
}
