//! Signatures of others: whether a CA has made one under a certificate, and a certificate's key one under a text.

use ring::signature::{ECDSA_P256_SHA256_ASN1, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm};
use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::{
    OID_KEY_TYPE_EC_PUBLIC_KEY, OID_PKCS1_RSAENCRYPTION, OID_PKCS1_SHA256WITHRSA, OID_SIG_ECDSA_WITH_SHA256,
};
use x509_parser::prelude::FromDer as _;

use super::Certificate;
use crate::digest::hex;

/// The length of a point of P-256.
const P256: usize = 65;

impl Certificate {
    /// A certificate in DER.
    pub fn of_der(der: &[u8]) -> Option<Self> {
        let (rest, parsed) = X509Certificate::from_der(der).ok()?;
        rest.is_empty().then(|| Self::of(der, &parsed))
    }

    /// Whether this certificate's key has made the signature under the text, with SHA-256. Keys that are neither RSA nor of
    /// P-256 have made none.
    pub fn has_signed(&self, text: &[u8], signature: &[u8]) -> bool {
        let algorithm = self.parsed().and_then(|parsed| {
            let algorithm = &parsed.public_key().algorithm.algorithm;
            let found: &'static dyn VerificationAlgorithm = if *algorithm == OID_PKCS1_RSAENCRYPTION {
                &RSA_PKCS1_2048_8192_SHA256
            } else if *algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY && self.public_key.len() == P256 {
                &ECDSA_P256_SHA256_ASN1
            } else {
                return None;
            };
            Some(found)
        });
        algorithm.is_some_and(|it| UnparsedPublicKey::new(it, &self.public_key).verify(text, signature).is_ok())
    }

    /// Whether the CA has signed this certificate: by name, and by its key with SHA-256.
    pub fn is_signed_by(&self, authority: &Self) -> bool {
        let Some(parsed) = self.parsed() else { return false };
        let is_known =
            [OID_PKCS1_SHA256WITHRSA, OID_SIG_ECDSA_WITH_SHA256].contains(&parsed.signature_algorithm.algorithm);
        let signature = &parsed.signature_value.data;
        is_known && self.names_issuer(authority) && authority.has_signed(parsed.tbs_certificate.as_ref(), signature)
    }

    /// Whether somebody may show who they are with it at that time: it is no CA, may make signatures, and is valid.
    pub fn can_authenticate(&self, now: OffsetDateTime) -> bool {
        let Some(parsed) = self.parsed() else { return false };
        let is_authority = parsed.basic_constraints().ok().flatten().is_some_and(|it| it.value.ca);
        let can_sign = parsed.key_usage().ok().flatten().is_some_and(|usage| usage.value.digital_signature());
        !is_authority && can_sign && (self.not_before..=self.not_after).contains(&now)
    }

    /// Its serial number as AWS names sessions.
    pub fn serial_in_hexadecimal(&self) -> String {
        let bytes = self.parsed().map(|parsed| parsed.raw_serial().to_vec()).unwrap_or_default();
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        hex(bytes.get(zeros..).unwrap_or_default())
    }

    fn parsed(&self) -> Option<X509Certificate<'_>> {
        X509Certificate::from_der(&self.der).ok().map(|(_, parsed)| parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::PrivateKey;
    use crate::secret::Secret;

    fn read(name: &str) -> String {
        std::fs::read_to_string(format!("{}/tests/data/keys/{name}.pem", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    /// Kinds of keys, and whether their signatures are verified here.
    const KINDS: &[(&str, bool)] = &[("rsa2048", true), ("p256", true), ("p384", false), ("p521", false)];

    #[test]
    fn a_text_is_signed_by_the_key_that_has_signed_it_and_only_as_it_is() {
        for (kind, is_verified) in KINDS {
            let leaf = Certificate::first(&read(&format!("{kind}-leaf"))).unwrap();
            let key = PrivateKey::of(&leaf, &Secret::new(read(&format!("{kind}-key")))).unwrap().unwrap();
            let signature = key.sign(b"text").unwrap();
            assert_eq!(leaf.has_signed(b"text", &signature), *is_verified, "{kind}");
            assert!(!leaf.has_signed(b"Text", &signature) && !leaf.has_signed(b"text", &signature[1..]), "{kind}");
            let other = if *kind == "p256" { "rsa2048" } else { "p256" };
            let other = Certificate::first(&read(&format!("{other}-leaf"))).unwrap();
            assert!(!other.has_signed(b"text", &signature), "{kind}");
        }
    }

    #[test]
    fn a_certificate_is_its_own_bytes() {
        let leaf = Certificate::first(&read("p256-leaf")).unwrap();
        assert_eq!(Certificate::of_der(&leaf.der).as_ref(), Some(&leaf));
        let mut more = leaf.der.clone();
        more.push(0);
        for bad in [&more, &leaf.der[..20], &[]] {
            assert_eq!(Certificate::of_der(bad), None);
        }
    }
}
