//! X.509 certificates and the keys that belong to them, read: what a trust anchor trusts, what a workload presents.

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use sha2::{Digest as _, Sha256};
use x509_parser::pem::Pem;

use crate::secret::Secret;

/// A certificate, as far as anybody here wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Its bytes.
    pub der: Vec<u8>,
    /// Its subject, such as `CN=payment-service`.
    pub subject: String,
    /// The subject's first common name.
    pub common_name: Option<String>,
    /// The issuer's first common name.
    pub issuer_common_name: Option<String>,
    /// Its serial number in decimal.
    pub serial: String,
    /// When it ends, in seconds since 1970.
    pub not_after: i64,
    /// The same, for people: RFC 3339.
    pub end: String,
    public_key: Vec<u8>,
}

impl Certificate {
    /// Every certificate of a PEM text.
    ///
    /// # Errors
    /// The sentence that says what is wrong.
    pub fn all(pem: &str) -> Result<Vec<Self>, String> {
        let blocks = Pem::iter_from_buffer(pem.as_bytes()).collect::<Result<Vec<_>, _>>();
        let blocks = blocks.map_err(|_| "it is not PEM".to_owned())?;
        let certificates = blocks.iter().filter(|block| block.label == "CERTIFICATE").map(Self::read);
        let certificates = certificates.collect::<Result<Vec<_>, _>>()?;
        if certificates.is_empty() { Err("it has no `BEGIN CERTIFICATE`".to_owned()) } else { Ok(certificates) }
    }

    fn read(block: &Pem) -> Result<Self, String> {
        let parsed = block.parse_x509().map_err(|_| "a certificate in it cannot be read".to_owned())?;
        let first = |name: &x509_parser::x509::X509Name<'_>| {
            name.iter_common_name().next().and_then(|it| it.as_str().ok()).map(str::to_owned)
        };
        let end = parsed.validity().not_after.to_datetime();
        Ok(Self {
            der: block.contents.clone(),
            subject: parsed.subject().to_string(),
            common_name: first(parsed.subject()),
            issuer_common_name: first(parsed.issuer()),
            serial: parsed.tbs_certificate.serial.to_string(),
            not_after: end.unix_timestamp(),
            end: format!("{} {:02}:{:02} UTC", end.date(), end.hour(), end.minute()),
            public_key: parsed.public_key().subject_public_key.data.to_vec(),
        })
    }

    /// SHA-256 of its bytes in hexadecimal.
    pub fn fingerprint(&self) -> String {
        Sha256::digest(&self.der).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A private key that can sign as IAM Roles Anywhere wants it: with SHA-256.
pub enum Signer {
    /// RSA, PKCS #1 v1.5.
    Rsa(RsaKeyPair),
    /// ECDSA over P-256.
    P256(EcdsaKeyPair),
}

impl Signer {
    /// The key of this certificate, in PEM as PKCS #1, SEC 1 or PKCS #8.
    ///
    /// # Errors
    /// The sentence that says what is wrong; never a part of the key.
    pub fn read(pem: &Secret, certificate: &Certificate) -> Result<Self, String> {
        let block = Pem::iter_from_buffer(pem.reveal().as_bytes())
            .filter_map(Result::ok)
            .find(|block| block.label.ends_with("PRIVATE KEY"))
            .ok_or("the private key is not in PEM")?;
        let (der, public) = (block.contents.as_slice(), certificate.public_key.as_slice());
        let rsa = || RsaKeyPair::from_pkcs8(der).or_else(|_| RsaKeyPair::from_der(der)).ok();
        if let Some(key) = rsa() {
            let its = ring::signature::KeyPair::public_key(&key).as_ref() == public;
            return if its { Ok(Self::Rsa(key)) } else { Err(not_its()) };
        }
        if public.len() != 65 {
            return Err(
                "this program signs with RSA of 2048 to 4096 bits and with ECDSA over P-256, and the key is another \
                        (the credential helper can do more)"
                    .to_owned(),
            );
        }
        let scalar = crate::resolve::ec_scalar(&block.label, der).ok_or("the private key cannot be read")?;
        let random = SystemRandom::new();
        EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_ASN1_SIGNING, scalar, public, &random)
            .map(Self::P256)
            .map_err(|_| not_its())
    }

    /// The name of the algorithm in a request.
    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "AWS4-X509-RSA-SHA256",
            Self::P256(_) => "AWS4-X509-ECDSA-SHA256",
        }
    }

    /// The signature of a text; `None` when the machine gives no randomness.
    pub fn sign(&self, text: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, text, &mut signature).ok()?;
                Some(signature)
            }
            Self::P256(key) => key.sign(&random, text).ok().map(|signature| signature.as_ref().to_vec()),
        }
    }
}

fn not_its() -> String {
    "the private key does not belong to the certificate".to_owned()
}
