//! Creates a CA. The caller provides the time; the key is random.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, KeyUsagePurpose};
use time::{Duration, OffsetDateTime};

use crate::certificate::Authority;
use crate::secret::Secret;

/// The CA could not be generated.
#[derive(Debug, thiserror::Error)]
#[error("cannot generate a CA")]
pub struct Error(#[from] rcgen::Error);

/// A CA named `name` that is valid for a year from `now`, with what IAM Roles Anywhere requires of a trust anchor:
/// CA:TRUE, keyCertSign, ECDSA P-256. <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>
///
/// # Errors
/// The system provides no randomness.
pub fn mint(name: &str, now: OffsetDateTime) -> Result<Authority, Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = now;
    params.not_after = now + Duration::days(365);
    let certificate = params.self_signed(&key)?;
    Ok(Authority { certificate: certificate.pem(), key: Secret::new(key.serialize_pem()) })
}
