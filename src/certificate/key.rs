//! Private keys in PEM as PKCS #8, PKCS #1 or SEC 1, and what they sign.

use p384::ecdsa::signature::hazmat::PrehashSigner as _;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use x509_parser::asn1_rs::{Any, FromDer as _, Oid, Sequence};
use x509_parser::oid_registry::{OID_KEY_TYPE_EC_PUBLIC_KEY, OID_PKCS1_RSAENCRYPTION};
use x509_parser::pem::Pem;

use super::Certificate;
use crate::digest;
use crate::secret::Secret;

/// The private key of a certificate.
pub struct PrivateKey(KeyKind);

enum KeyKind {
    /// RSA of 2048 to 4096 bits.
    Rsa(RsaKeyPair),
    /// RSA of more bits: no signature is made with it.
    OtherRsa,
    P256(EcdsaKeyPair),
    P384(p384::ecdsa::SigningKey),
    P521(p521::ecdsa::SigningKey),
}

/// How a CRL is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrlSignature {
    /// RSA, PKCS #1 v1.5, with SHA-256.
    RsaSha256,
    /// ECDSA over P-256 with SHA-256.
    P256Sha256,
    /// ECDSA over P-384 with SHA-384.
    P384Sha384,
}

/// The longest modulus that ring reads: 4096 bits, and a byte for the sign.
/// <https://github.com/briansmith/ring/blob/main/src/rsa/keypair.rs>
const MOST: usize = 513;

/// Why a text is not a usable private key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// It is protected by a password.
    Encrypted,
    /// It is not PEM, or neither an RSA nor an EC key.
    Unreadable,
}

impl PrivateKey {
    /// The key, if it is this certificate's.
    ///
    /// # Errors
    /// It cannot be used at all.
    pub fn of(certificate: &Certificate, pem: &Secret) -> Result<Option<Self>, Unusable> {
        let block = Pem::iter_from_buffer(pem.reveal().as_bytes())
            .filter_map(Result::ok)
            .find(|block| block.label.ends_with("PRIVATE KEY"))
            .ok_or(Unusable::Unreadable)?;
        let (der, public) = (block.contents.as_slice(), certificate.public_key.as_slice());
        let found = match block.label.as_str() {
            "RSA PRIVATE KEY" => rsa(der, public),
            "EC PRIVATE KEY" => elliptic(der, public),
            "PRIVATE KEY" => match pkcs8(der)? {
                (algorithm, inner) if algorithm == OID_PKCS1_RSAENCRYPTION => rsa(inner, public),
                (algorithm, inner) if algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY => elliptic(inner, public),
                _ => Err(Unusable::Unreadable),
            },
            "ENCRYPTED PRIVATE KEY" => Err(Unusable::Encrypted),
            _ => Err(Unusable::Unreadable),
        };
        Ok(found?.map(Self))
    }

    /// Whether a signature can be made with it here.
    pub fn can_sign(&self) -> bool {
        !matches!(self.0, KeyKind::OtherRsa)
    }

    /// The name of the algorithm in a request to IAM Roles Anywhere, which takes SHA-256 with every key.
    /// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-sign-process.html>
    pub fn algorithm(&self) -> &'static str {
        match self.0 {
            KeyKind::Rsa(_) | KeyKind::OtherRsa => "AWS4-X509-RSA-SHA256",
            KeyKind::P256(_) | KeyKind::P384(_) | KeyKind::P521(_) => "AWS4-X509-ECDSA-SHA256",
        }
    }

    /// What it signs a CRL with; `None` when it cannot.
    pub fn crl_signature(&self) -> Option<CrlSignature> {
        match self.0 {
            KeyKind::Rsa(_) => Some(CrlSignature::RsaSha256),
            KeyKind::P256(_) => Some(CrlSignature::P256Sha256),
            KeyKind::P384(_) => Some(CrlSignature::P384Sha384),
            KeyKind::OtherRsa | KeyKind::P521(_) => None,
        }
    }

    /// The signature of a CRL.
    pub fn sign_crl(&self, list: &[u8]) -> Option<Vec<u8>> {
        match &self.0 {
            KeyKind::P384(key) => {
                let signature: p384::ecdsa::DerSignature = key.sign_prehash(&digest::sha384(list)).ok()?;
                Some(signature.as_bytes().to_vec())
            }
            _ => self.sign(list),
        }
    }

    /// The signature of a text with SHA-256, as PKCS #1 v1.5 or in DER; `None` when the key cannot sign here, or the machine
    /// gives no randomness.
    /// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-sign-process.html>
    pub fn sign(&self, text: &[u8]) -> Option<Vec<u8>> {
        let hash = digest::sha256(text);
        match &self.0 {
            KeyKind::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature).ok()?;
                Some(signature)
            }
            KeyKind::OtherRsa => None,
            KeyKind::P256(key) => {
                key.sign(&SystemRandom::new(), text).ok().map(|signature| signature.as_ref().to_vec())
            }
            KeyKind::P384(key) => {
                let signature: p384::ecdsa::DerSignature = key.sign_prehash(&hash).ok()?;
                Some(signature.as_bytes().to_vec())
            }
            KeyKind::P521(key) => {
                let signature: p521::ecdsa::DerSignature = key.sign_prehash(&hash).ok()?;
                Some(signature.as_bytes().to_vec())
            }
        }
    }
}

/// The key in PKCS #1, if the public key is its own.
/// <https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1.2>
fn rsa(pkcs1: &[u8], public: &[u8]) -> Result<Option<KeyKind>, Unusable> {
    if let Ok(key) = RsaKeyPair::from_der(pkcs1) {
        return Ok((key.public_key().as_ref() == public).then_some(KeyKind::Rsa(key)));
    }
    // Modulus and exponent follow the version; the public key has nothing else.
    let own = fields(pkcs1)?;
    let Some(own @ [modulus, _]) = own.get(1..3) else { return Err(Unusable::Unreadable) };
    if modulus.len() <= MOST {
        // The parts of the key are inconsistent, or the key is too short to be trusted.
        return Err(Unusable::Unreadable);
    }
    // A public key of another algorithm is not a sequence.
    Ok(fields(public).is_ok_and(|numbers| own == numbers).then_some(KeyKind::OtherRsa))
}

/// The key in SEC 1, if the public point is its own.
/// <https://www.rfc-editor.org/rfc/rfc5915#section-3>
fn elliptic(sec1: &[u8], public: &[u8]) -> Result<Option<KeyKind>, Unusable> {
    // Version, scalar, …
    let scalar = *fields(sec1)?.get(1).ok_or(Unusable::Unreadable)?;
    // The length of the point determines the curve: in certificates, the point is uncompressed.
    // <https://www.rfc-editor.org/rfc/rfc5480#section-2.2>
    let found = match public.len() {
        65 => {
            let (algorithm, random) = (&ECDSA_P256_SHA256_ASN1_SIGNING, SystemRandom::new());
            let key = EcdsaKeyPair::from_private_key_and_public_key(algorithm, scalar, public, &random);
            key.ok().map(KeyKind::P256)
        }
        97 => {
            let key = p384::ecdsa::SigningKey::from_slice(scalar).ok();
            key.filter(|key| key.verifying_key().to_sec1_point(false).as_bytes() == public).map(KeyKind::P384)
        }
        133 => {
            let key = p521::ecdsa::SigningKey::from_slice(scalar).ok();
            key.filter(|key| key.verifying_key().to_sec1_point(false).as_bytes() == public).map(KeyKind::P521)
        }
        _ => None,
    };
    Ok(found)
}

/// What PKCS #8 wraps: version, algorithm and its parameters, the key in octets.
fn pkcs8(der: &[u8]) -> Result<(Oid<'_>, &[u8]), Unusable> {
    let fields = fields(der)?;
    let [_, algorithm, key, ..] = fields.as_slice() else { return Err(Unusable::Unreadable) };
    let (_, oid) = Oid::from_der(algorithm).map_err(|_| Unusable::Unreadable)?;
    Ok((oid, key))
}

/// The contents of everything in a sequence.
fn fields(der: &[u8]) -> Result<Vec<&[u8]>, Unusable> {
    let (_, sequence) = Sequence::from_der(der).map_err(|_| Unusable::Unreadable)?;
    // A parsed sequence may own its content; a slice of `der` has the required lifetime.
    let mut rest = der.get(der.len().saturating_sub(sequence.content.len())..).unwrap_or_default();
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let (after, field) = Any::from_der(rest).map_err(|_| Unusable::Unreadable)?;
        fields.push(field.data);
        rest = after;
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn read(name: &str) -> String {
        std::fs::read_to_string(format!("{}/tests/data/keys/{name}.pem", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    fn of(certificate: &str, key: &str) -> Result<Option<PrivateKey>, Unusable> {
        PrivateKey::of(&Certificate::all(&read(certificate)).unwrap()[0], &Secret::new(read(key)))
    }

    const KINDS: [&str; 5] = ["rsa2048", "rsa8192", "p256", "p384", "p521"];

    #[test]
    fn a_key_is_its_own_certificate_s_alone() {
        for kind in KINDS {
            for other in KINDS {
                let found = of(&format!("{kind}-leaf"), &format!("{other}-key"));
                assert_eq!(matches!(found, Ok(Some(_))), kind == other, "{kind} {other}");
            }
        }
        assert!(matches!(of("p521-leaf", "p521-sec1-key"), Ok(Some(_))));
        // A different key of the same kind.
        let other = read("p384-key").replace('A', "B");
        assert!(!matches!(
            PrivateKey::of(&Certificate::all(&read("p384-leaf")).unwrap()[0], &Secret::new(other)),
            Ok(Some(_))
        ));
    }

    #[test]
    fn a_key_whose_parts_do_not_fit_together_is_none() {
        let text = read("rsa2048-key");
        let mut der = Pem::iter_from_buffer(text.as_bytes()).next().unwrap().unwrap().contents;
        *der.last_mut().unwrap() ^= 1;
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der));
        let found = PrivateKey::of(&Certificate::all(&read("rsa2048-leaf")).unwrap()[0], &Secret::new(pem));
        assert_eq!(found.err(), Some(Unusable::Unreadable));
    }

    #[test]
    fn what_is_no_key_is_said_to_be_none() {
        let certificate = &Certificate::all(&read("p256-leaf")).unwrap()[0];
        let block = |label: &str| format!("-----BEGIN {label}-----\nMAoCAQEEBQEBAQEB\n-----END {label}-----\n");
        for text in ["", "a key", &read("p256-leaf"), &block("PRIVATE KEY"), &block("DSA PRIVATE KEY")] {
            let found = PrivateKey::of(certificate, &Secret::new(text));
            assert_eq!(found.err(), Some(Unusable::Unreadable), "{text}");
        }
        let encrypted = PrivateKey::of(certificate, &Secret::new(block("ENCRYPTED PRIVATE KEY")));
        assert_eq!(encrypted.err(), Some(Unusable::Encrypted));
    }

    #[test]
    fn every_kind_signs_but_rsa_that_is_too_long() {
        for kind in KINDS {
            let key = of(&format!("{kind}-leaf"), &format!("{kind}-key")).unwrap().unwrap();
            assert_eq!(key.can_sign(), kind != "rsa8192");
            assert_eq!(key.sign(b"text").is_some(), key.can_sign());
            assert_eq!(key.algorithm().contains("ECDSA"), kind.starts_with('p'));
        }
    }
}
