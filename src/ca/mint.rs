//! Creates a CA. The caller provides the time; the key is random.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, KeyUsagePurpose};
use time::{Duration, OffsetDateTime};

use crate::certificate::Authority;
use crate::secret::Secret;

/// The CA could not be generated.
#[derive(Debug, thiserror::Error)]
#[error("cannot generate a CA")]
pub struct Error(#[from] rcgen::Error);

/// How long the demo's CA lives, in days.
const OF_DEMO: i64 = 365;
/// How long a CA lives that signs in earnest, in days: it takes a rotation to replace it.
const IN_EARNEST: i64 = 3650;

/// A CA named `name` that is valid for a year from `now`, with what IAM Roles Anywhere requires of a trust anchor:
/// CA:TRUE, keyCertSign, ECDSA P-256. <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>
///
/// # Errors
/// The system provides no randomness.
pub fn mint(name: &str, now: OffsetDateTime) -> Result<Authority, Error> {
    let key = KeyPair::generate()?;
    Ok(Authority { certificate: signed(name, &key, now, OF_DEMO)?, key: Secret::new(key.serialize_pem()) })
}

/// A new key for a CA.
///
/// # Errors
/// The system provides no randomness.
pub fn key() -> Result<Secret, Error> {
    Ok(Secret::new(KeyPair::generate()?.serialize_pem()))
}

/// The CA with this key, for ten years from `now`.
///
/// # Errors
/// The key cannot be used.
pub fn certify(name: &str, key: &Secret, now: OffsetDateTime) -> Result<Authority, Error> {
    let pair = KeyPair::from_pem(key.reveal())?;
    Ok(Authority { certificate: signed(name, &pair, now, IN_EARNEST)?, key: key.clone() })
}

fn signed(name: &str, key: &KeyPair, now: OffsetDateTime, days: i64) -> Result<String, Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = now;
    params.not_after = now + Duration::days(days);
    Ok(params.self_signed(key)?.pem())
}
