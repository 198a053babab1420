//! `secret.ssm`: a CA issuer that iamra emits, and the Secret with the CA, whose certificate and key are parameters in PEM.

use super::ca::{self, Reach};
use super::scope::CaId;
use super::value::Issuer;
use crate::reference::{Reference, Wanted};

/// The issuer of a scope.
pub fn issuer(id: CaId<'_>, reach: &Reach, certificate: Reference, key: Reference) -> Issuer {
    let secret = ca::secret(id, reach);
    let name = secret.name.clone();
    let references = vec![(certificate, Wanted::Certificate), (key, Wanted::Key)];
    ca::issuer(id, reach, &name, vec![secret], references)
}
