//! Checks a CA certificate and key that will be written into a Secret by the rules of IAM Roles Anywhere and
//! cert-manager: what they would reject later is rejected here, with a message.

use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry as oid;
use x509_parser::pem::Pem;
use x509_parser::public_key::PublicKey;

use super::{Certificate, PrivateKey, Unusable};
use crate::quote::quote;
use crate::secret::{Secret, private_key};

/// A CA's certificate chain and private key, both in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
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
        // What stands around the blocks is written into the Secret with them, and so is a block that has no end.
        if private_key(certificate).is_some() {
            return Err("the CA certificate contains a private key; only certificates are allowed".to_owned());
        }
        let chain = Pem::iter_from_buffer(certificate.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| "the CA certificate is not PEM".to_owned())?;
        if chain.is_empty() {
            return Err("the CA certificate is not PEM: it has no `BEGIN CERTIFICATE`".to_owned());
        }
        // cert-manager accepts exactly one chain.
        // <https://github.com/cert-manager/cert-manager/blob/master/pkg/util/pki/parse.go>
        let mut parsed: Vec<X509Certificate<'_>> = Vec::new();
        for block in &chain {
            if block.label != "CERTIFICATE" {
                return Err(format!(
                    "the CA certificate contains a block {}; only certificates are allowed",
                    quote(&block.label)
                ));
            }
            let one = block.parse_x509().map_err(|_| "the CA certificate cannot be read".to_owned())?;
            check_anchor(&one)?;
            if let Some(previous) = parsed.last()
                && previous.issuer() != one.subject()
            {
                return Err(format!(
                    "the CA certificates are not one chain: {} was not issued by {}, which follows it",
                    quote(&previous.subject()),
                    quote(&one.subject())
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
        let chain = Certificate::all(certificate)?;
        let leaf = chain.first().ok_or("there is no certificate")?;
        match PrivateKey::of(leaf, key) {
            Ok(Some(_)) => {}
            Ok(None) => return Err("the private key does not belong to the CA certificate".to_owned()),
            Err(Unusable::Encrypted) => {
                return Err("the CA's private key is encrypted; cert-manager cannot use it".to_owned());
            }
            Err(Unusable::Unreadable) => {
                return Err(
                    "the CA's private key cannot be read: write it in PEM as PKCS#8, PKCS#1 or SEC 1".to_owned()
                );
            }
        }
        // PEM blocks end in a newline; files that are joined later depend on it.
        let ended = |pem: &str| format!("{}\n", pem.trim_end());
        Ok(Self { certificate: ended(certificate), key: Secret::new(ended(key.reveal())) })
    }
}

/// The requirements of the trust model's documentation: v3, CA:TRUE, keyCertSign, SHA-256 or stronger, RSA or EC.
/// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>
fn check_anchor(certificate: &X509Certificate<'_>) -> Result<(), String> {
    let subject = certificate.subject();
    let constraints = certificate.basic_constraints().ok().flatten();
    if !constraints.is_some_and(|constraints| constraints.value.ca) {
        return Err(format!("{} is not a CA: its basic constraints do not have CA:TRUE", quote(&subject)));
    }
    let usage = certificate.key_usage().ok().flatten();
    if !usage.is_some_and(|usage| usage.value.key_cert_sign()) {
        return Err(format!("{} may not sign certificates: its key usage lacks keyCertSign", quote(&subject)));
    }
    // The algorithms that cert-manager and OpenSSL use today; others use MD5 or SHA-1, or are neither RSA nor ECDSA.
    // <https://github.com/cert-manager/cert-manager/blob/master/pkg/util/pki/csr.go>
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
        return Err(format!("{} is not signed with RSA or ECDSA and SHA-256 or stronger", quote(&subject)));
    }
    match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(_) | PublicKey::EC(_)) => Ok(()),
        _ => Err(format!("{} has a key that is neither RSA nor EC", quote(&subject))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every kind of key that cert-manager signs with and IAM Roles Anywhere trusts.
    #[test]
    fn a_ca_of_every_kind_is_one_with_its_own_key_only() {
        let read = |name: &str| {
            std::fs::read_to_string(format!("{}/tests/data/keys/{name}.pem", env!("CARGO_MANIFEST_DIR"))).unwrap()
        };
        let kinds = ["rsa2048", "rsa8192", "p256", "p384", "p521"];
        for kind in kinds {
            for other in kinds {
                let key = Secret::new(read(&format!("{other}-key")));
                let checked = Authority::check(&read(&format!("{kind}-ca")), &key);
                let foreign = Some("the private key does not belong to the CA certificate");
                let expected = if kind == other { None } else { foreign };
                assert_eq!(checked.err().as_deref(), expected, "{kind} {other}");
            }
        }
    }

    /// What is written into a Secret as the certificate is read by everybody who may read certificates.
    #[test]
    fn a_key_beside_the_certificate_is_refused_whether_its_block_ends_or_not() {
        let read = |name: &str| {
            std::fs::read_to_string(format!("{}/tests/data/keys/{name}.pem", env!("CARGO_MANIFEST_DIR"))).unwrap()
        };
        let (certificate, key) = (read("p256-ca"), read("p256-key"));
        let (open, _) = key.split_once("-----END").unwrap();
        for beside in [key.as_str(), open] {
            for text in [format!("{certificate}{beside}"), format!("{beside}\n{certificate}")] {
                let why = Authority::check(&text, &Secret::new(&key)).unwrap_err();
                assert_eq!(why, "the CA certificate contains a private key; only certificates are allowed");
            }
        }
        assert!(Authority::check(&format!("# of the shop\n{certificate}"), &Secret::new(&key)).is_ok());
    }
}
