//! A CA whose certificate and key are about to be written into a Secret, checked as IAM Roles Anywhere and
//! cert-manager would: what they refuse later is refused here, in words.

use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, KeyPair as _, RsaKeyPair};
use sha2::{Digest as _, Sha256};
use x509_parser::asn1_rs::{Any, FromDer as _, Sequence};
use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry as oid;
use x509_parser::pem::Pem;
use x509_parser::public_key::PublicKey;

use super::lock::hex;
use crate::secret::Secret;

/// A CA's certificate chain and private key, both in PEM.
#[derive(Debug, Clone)]
pub struct Authority {
    /// The chain, issuing certificate first.
    pub certificate: String,
    /// The private key of the first certificate.
    pub key: Secret,
}

impl Authority {
    /// Accepts one chain that can be a trust anchor.
    ///
    /// # Errors
    /// The sentence that says what is wrong.
    pub fn check_chain(certificate: &str) -> Result<(), String> {
        let chain = Pem::iter_from_buffer(certificate.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| "the CA certificate is not PEM".to_owned())?;
        if chain.is_empty() {
            return Err("the CA certificate is not PEM: it has no `BEGIN CERTIFICATE`".to_owned());
        }
        let mut parsed: Vec<X509Certificate<'_>> = Vec::new();
        for block in &chain {
            if block.label != "CERTIFICATE" {
                return Err(format!(
                    "the CA certificate holds a block `{}`; only certificates belong there",
                    block.label
                ));
            }
            let one = block.parse_x509().map_err(|_| "the CA certificate cannot be read".to_owned())?;
            check_anchor(&one)?;
            if let Some(previous) = parsed.last()
                && previous.issuer() != one.subject()
            {
                return Err(format!(
                    "the CA certificate is not one chain: `{}` was not issued by `{}`, which follows it",
                    previous.subject(),
                    one.subject()
                ));
            }
            parsed.push(one);
        }
        Ok(())
    }

    /// Accepts one chain that can be a trust anchor, and the key of its first certificate.
    ///
    /// # Errors
    /// The sentence that says what is wrong; never a part of the key.
    pub fn check(certificate: &str, key: &Secret) -> Result<Self, String> {
        Self::check_chain(certificate)?;
        let first = Pem::iter_from_buffer(certificate.as_bytes()).find_map(Result::ok);
        let first = first.expect("a chain that was checked has a certificate");
        if !belongs(&first.parse_x509().expect("it was checked"), key)? {
            return Err("the private key does not belong to the CA certificate".to_owned());
        }
        // PEM blocks end in a newline; files that are joined later depend on it.
        let ended = |pem: &str| format!("{}\n", pem.trim_end());
        Ok(Self { certificate: ended(certificate), key: Secret::new(ended(key.reveal())) })
    }
}

/// The first certificate's SHA-256 in hexadecimal, and its end of life in RFC 3339. `None` when it is no certificate.
pub(super) fn fingerprint(certificate: &str) -> Option<(String, String)> {
    let block = Pem::iter_from_buffer(certificate.as_bytes()).next()?.ok()?;
    let end = block.parse_x509().ok()?.validity().not_after.to_datetime();
    let (date, time) = (end.date(), end.time());
    let not_after = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    );
    Some((format!("sha256:{}", hex(&Sha256::digest(&block.contents))), not_after))
}

/// The requirements of the trust model's documentation: v3, CA:TRUE, keyCertSign, SHA-256 or stronger, RSA or EC.
fn check_anchor(certificate: &X509Certificate<'_>) -> Result<(), String> {
    let subject = certificate.subject();
    let constraints = certificate.basic_constraints().ok().flatten();
    if !constraints.is_some_and(|constraints| constraints.value.ca) {
        return Err(format!("`{subject}` is not a CA: its basic constraints do not say CA:TRUE"));
    }
    let usage = certificate.key_usage().ok().flatten();
    if !usage.is_some_and(|usage| usage.value.key_cert_sign()) {
        return Err(format!("`{subject}` may not sign certificates: its key usage lacks keyCertSign"));
    }
    // What cert-manager and OpenSSL write today; anything else is MD5, SHA-1 or not RSA or ECDSA.
    let strong = [
        oid::OID_PKCS1_SHA256WITHRSA,
        oid::OID_PKCS1_SHA384WITHRSA,
        oid::OID_PKCS1_SHA512WITHRSA,
        oid::OID_PKCS1_RSASSAPSS,
        oid::OID_SIG_ECDSA_WITH_SHA256,
        oid::OID_SIG_ECDSA_WITH_SHA384,
        oid::OID_SIG_ECDSA_WITH_SHA512,
    ];
    if !strong.contains(&certificate.signature_algorithm.algorithm) {
        return Err(format!("`{subject}` is not signed by RSA or ECDSA with SHA-256 or stronger"));
    }
    match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(_) | PublicKey::EC(_)) => Ok(()),
        _ => Err(format!("`{subject}` has a key that is neither RSA nor EC")),
    }
}

fn belongs(certificate: &X509Certificate<'_>, key: &Secret) -> Result<bool, String> {
    let unreadable = || "the CA's private key cannot be read: write it in PEM as PKCS#8, PKCS#1 or SEC 1".to_owned();
    let block = Pem::iter_from_buffer(key.reveal().as_bytes())
        .filter_map(Result::ok)
        .find(|block| block.label.ends_with("PRIVATE KEY"))
        .ok_or_else(unreadable)?;
    let public = &certificate.public_key().subject_public_key.data;
    let is_rsa = matches!(certificate.public_key().parsed(), Ok(PublicKey::RSA(_)));
    match (block.label.as_str(), is_rsa) {
        ("RSA PRIVATE KEY", true) => rsa(RsaKeyPair::from_der(&block.contents), public).ok_or_else(unreadable),
        ("PRIVATE KEY", true) => rsa(RsaKeyPair::from_pkcs8(&block.contents), public).ok_or_else(unreadable),
        ("EC PRIVATE KEY", false) => elliptic(&block.contents, public).ok_or_else(unreadable),
        ("PRIVATE KEY", false) => {
            pkcs8_inner(&block.contents).and_then(|inner| elliptic(inner, public)).ok_or_else(unreadable)
        }
        ("RSA PRIVATE KEY", false) | ("EC PRIVATE KEY", true) => Ok(false),
        ("ENCRYPTED PRIVATE KEY", _) => Err("the CA's private key is encrypted; cert-manager cannot use it".to_owned()),
        _ => Err(unreadable()),
    }
}

fn rsa(key: Result<RsaKeyPair, ring::error::KeyRejected>, public: &[u8]) -> Option<bool> {
    key.ok().map(|key| key.public_key().as_ref() == public)
}

/// Whether the SEC 1 private key belongs to the public point. `None` when it cannot be read or its curve is not known.
fn elliptic(sec1: &[u8], public: &[u8]) -> Option<bool> {
    let scalar = octets(sec1)?;
    let algorithm = match public.len() {
        65 => &signature::ECDSA_P256_SHA256_ASN1_SIGNING,
        97 => &signature::ECDSA_P384_SHA384_ASN1_SIGNING,
        _ => return None,
    };
    let key = EcdsaKeyPair::from_private_key_and_public_key(algorithm, scalar, public, &SystemRandom::new());
    Some(key.is_ok())
}

/// The scalar of an EC private key in the block of this label: SEC 1, or PKCS #8 around it. `None` when it is neither.
pub fn ec_scalar<'d>(label: &str, der: &'d [u8]) -> Option<&'d [u8]> {
    octets(if label == "EC PRIVATE KEY" { der } else { pkcs8_inner(der)? })
}

/// The private key inside a PKCS#8 wrapping: version, algorithm, octets.
fn pkcs8_inner(der: &[u8]) -> Option<&[u8]> {
    let (_, sequence) = Sequence::from_der(der).ok()?;
    let content = content_of(der, &sequence)?;
    let (rest, _version) = Any::from_der(content).ok()?;
    let (rest, _algorithm) = Any::from_der(rest).ok()?;
    let (_, octets) = Any::from_der(rest).ok()?;
    Some(octets.data)
}

/// The scalar of a SEC 1 private key: version, octets, …
fn octets(sec1: &[u8]) -> Option<&[u8]> {
    let (_, sequence) = Sequence::from_der(sec1).ok()?;
    let (rest, _version) = Any::from_der(content_of(sec1, &sequence)?).ok()?;
    let (_, octets) = Any::from_der(rest).ok()?;
    Some(octets.data)
}

/// A parsed sequence may own its content; the slice of `der` has the lifetime that is needed.
fn content_of<'d>(der: &'d [u8], sequence: &Sequence<'_>) -> Option<&'d [u8]> {
    der.len().checked_sub(sequence.content.len()).map(|start| &der[start..])
}
