//! Creates a CA. The caller provides the time; the key is random.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384,
};
use time::{Duration, OffsetDateTime};

use crate::certificate::Authority;
use crate::secret::Secret;

/// The CA could not be generated.
#[derive(Debug, thiserror::Error)]
#[error("cannot generate a CA")]
pub struct Error(#[from] rcgen::Error);

/// What a new key is. RSA is not among them: ring, on which all of this stands, generates no RSA keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Algorithm {
    /// ECDSA P-256.
    #[default]
    P256,
    /// ECDSA P-384.
    P384,
}

/// What a CA's certificate says.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'s> {
    /// Its common name.
    pub name: &'s str,
    /// When it begins.
    pub from: OffsetDateTime,
    /// How long it lasts.
    pub life: Duration,
}

/// Clocks of clients may be behind.
const SKEW: Duration = Duration::hours(1);

/// The longest common name, in characters. <https://www.rfc-editor.org/rfc/rfc5280#appendix-A.1>
const LONGEST_NAME: usize = 64;

impl<'s> Subject<'s> {
    /// How long a CA lasts if nobody says so: replacing it takes a rotation of all certificates.
    pub const LIFE: Duration = Duration::days(10 * 365);

    /// Of a CA that is used from now on, by clients whose clocks may be behind. A name that is too long is cut.
    pub fn from_now(name: &'s str, now: OffsetDateTime, life: Duration) -> Self {
        Self { name: name.get(..LONGEST_NAME).unwrap_or(name), from: now - SKEW, life }
    }
}

/// A CA with a new key, with what IAM Roles Anywhere requires of a trust anchor: CA:TRUE, keyCertSign, ECDSA.
/// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>
///
/// # Errors
/// The system provides no randomness.
pub fn mint(subject: Subject<'_>, algorithm: Algorithm) -> Result<Authority, Error> {
    let algorithm = match algorithm {
        Algorithm::P256 => &PKCS_ECDSA_P256_SHA256,
        Algorithm::P384 => &PKCS_ECDSA_P384_SHA384,
    };
    signed(subject, &KeyPair::generate_for(algorithm)?)
}

/// The CA of a key that is there, in PEM as PKCS #8.
///
/// # Errors
/// It is none, or of an algorithm that cannot sign here.
pub fn certify(subject: Subject<'_>, key: &Secret) -> Result<Authority, Error> {
    let made = signed(subject, &KeyPair::from_pem(key.reveal())?)?;
    Ok(Authority { key: key.clone(), ..made })
}

/// A certificate of this CA with a new key, for somebody who shows who they are to IAM Roles Anywhere; both in PEM.
///
/// # Errors
/// The CA cannot sign, or the system provides no randomness.
pub fn issue(subject: Subject<'_>, authority: &Authority) -> Result<(String, Secret), Error> {
    let issuer = Issuer::from_ca_cert_pem(&authority.certificate, KeyPair::from_pem(authority.key.reveal())?)?;
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, subject.name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    params.not_before = subject.from;
    params.not_after = subject.from + subject.life;
    let certificate = params.signed_by(&key, &issuer)?;
    Ok((certificate.pem(), Secret::new(key.serialize_pem())))
}

fn signed(subject: Subject<'_>, key: &KeyPair) -> Result<Authority, Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, subject.name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = subject.from;
    params.not_after = subject.from + subject.life;
    let certificate = params.self_signed(key)?;
    Ok(Authority { certificate: certificate.pem(), key: Secret::new(key.serialize_pem()) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::{Certificate, PrivateKey};

    const SUBJECT: Subject<'static> =
        Subject { name: "test", from: OffsetDateTime::UNIX_EPOCH, life: Duration::days(3650) };

    fn first(authority: &Authority) -> Certificate {
        Certificate::first(&authority.certificate).unwrap()
    }

    #[test]
    fn a_ca_of_each_algorithm_can_be_a_trust_anchor() {
        for (algorithm, point) in [(Algorithm::P256, 65), (Algorithm::P384, 97)] {
            let made = mint(SUBJECT, algorithm).unwrap();
            Authority::check(&made.certificate, &made.key).unwrap();
            let certificate = first(&made);
            assert_eq!((certificate.public_key.len(), certificate.subject.as_str()), (point, "CN=test"));
            assert_eq!(certificate.not_after - certificate.not_before, SUBJECT.life);
        }
    }

    #[test]
    fn what_a_ca_issues_is_for_one_who_authenticates() {
        let made = mint(SUBJECT, Algorithm::P256).unwrap();
        let (pem, key) = issue(Subject { name: "app", life: Duration::hours(1), ..SUBJECT }, &made).unwrap();
        let (leaf, authority) = (Certificate::first(&pem).unwrap(), first(&made));
        assert_eq!(leaf.subject, "CN=app");
        assert!(PrivateKey::of(&leaf, &key).unwrap().is_some());
        assert!(leaf.is_signed_by(&authority) && !authority.is_signed_by(&leaf));
        // Another CA with the same name.
        assert!(!leaf.is_signed_by(&first(&mint(SUBJECT, Algorithm::P256).unwrap())));
        let at = |hours| SUBJECT.from + Duration::hours(hours);
        assert!(leaf.can_authenticate(at(0)) && leaf.can_authenticate(at(1)) && !leaf.can_authenticate(at(2)));
        assert!(!authority.can_authenticate(at(0)));
    }

    #[test]
    fn a_key_that_is_there_stays_the_key() {
        let made = mint(SUBJECT, Algorithm::P256).unwrap();
        let again = certify(SUBJECT, &made.key).unwrap();
        assert_eq!(first(&made).public_key, first(&again).public_key);
        assert_eq!(made.key, again.key);
        assert!(certify(SUBJECT, &Secret::new("no key")).is_err());
    }
}
