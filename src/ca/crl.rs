//! Certificate revocation lists: serial numbers of certificates that IAM Roles Anywhere refuses although they have not ended.

use std::collections::BTreeSet;
use std::fmt;

use rcgen::{
    CertificateRevocationListParams, Issuer, KeyIdMethod, PublicKeyData, RevokedCertParams, SerialNumber,
    SignatureAlgorithm, SigningKey,
};
use time::{Duration, OffsetDateTime};

use crate::certificate::{Certificate, CrlSignature, PrivateKey};
use crate::digest;

/// The longest serial number, in bytes. <https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.2>
const LONGEST_SERIAL: usize = 20;
/// The longest list that IAM Roles Anywhere takes, in bytes.
/// <https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_ImportCrl.html>
const LONGEST_LIST: usize = 300_000;

/// The serial number of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Serial {
    /// First, so that shorter ones are smaller.
    length: usize,
    bytes: Vec<u8>,
}

impl Serial {
    /// A number in decimal, or in hexadecimal with `0x` or with colons between bytes, as OpenSSL prints it.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let hexadecimal = text.strip_prefix("0x").map(str::to_owned);
        let hexadecimal = hexadecimal.or_else(|| text.contains(':').then(|| text.replace(':', "")));
        let (digits, radix) = match &hexadecimal {
            Some(digits) => (digits.as_str(), 16),
            None => (text, 10),
        };
        // What is longer is not a serial number, and not worth the time.
        if digits.is_empty() || digits.len() > 3 * LONGEST_SERIAL {
            return None;
        }
        let mut bytes: Vec<u8> = Vec::new();
        for digit in digits.chars() {
            let mut carry = digit.to_digit(radix)?;
            for byte in bytes.iter_mut().rev() {
                let value = u32::from(*byte) * radix + carry;
                let [.., low] = value.to_be_bytes();
                (*byte, carry) = (low, value >> 8);
            }
            if carry > 0 {
                let [.., low] = carry.to_be_bytes();
                bytes.insert(0, low);
            }
        }
        let is_good = (1..=LONGEST_SERIAL).contains(&bytes.len());
        is_good.then_some(Self { length: bytes.len(), bytes })
    }
}

/// In hexadecimal.
impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", digest::hex(&self.bytes))
    }
}

/// What a list says.
#[derive(Debug, Clone)]
pub struct Revocations {
    /// The certificates that are revoked.
    pub serials: BTreeSet<Serial>,
    /// The number of the list; each list of a CA has a greater one than the list before it.
    pub number: u64,
    /// When it is made.
    pub now: OffsetDateTime,
    /// When the next one is due.
    pub next: OffsetDateTime,
}

/// Why a list cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CrlError {
    /// The CA's key usage.
    #[error("the CA may not sign CRLs: its key usage lacks cRLSign")]
    Usage,
    /// The CA's key.
    #[error("a CRL can be signed with RSA keys of 2048 to 4096 bits, P-256 and P-384, and the CA has another key")]
    Key,
    /// The CA's certificate has a name or an extension that would be written otherwise.
    #[error("the CA's name cannot be written into a CRL as it is in its certificate")]
    Name,
    /// The system provides no randomness, or the time does not fit.
    #[error("the CRL cannot be signed")]
    Signing,
    /// It is too long.
    #[error("the CRL would have {0} bytes, and AWS takes at most 300000")]
    Long(usize),
}

impl Revocations {
    /// The list in PEM.
    ///
    /// # Errors
    /// The CA cannot sign it, or AWS would not take it.
    pub fn signed(&self, authority: &Certificate, key: &PrivateKey) -> Result<String, CrlError> {
        if !authority.signs_crls {
            return Err(CrlError::Usage);
        }
        let signer = Signer { key, public_key: &authority.public_key, algorithm: algorithm(key).ok_or(CrlError::Key)? };
        let der = authority.der.as_slice().into();
        let issuer = Issuer::from_ca_cert_der(&der, signer).map_err(|_| CrlError::Name)?;
        let seconds = |time: OffsetDateTime| time - Duration::nanoseconds(time.nanosecond().into());
        let now = seconds(self.now);
        let revoked = self.serials.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from(serial.bytes.clone()),
            revocation_time: now,
            reason_code: None,
            invalidity_date: None,
        });
        let list = CertificateRevocationListParams {
            this_update: now,
            next_update: seconds(self.next),
            crl_number: SerialNumber::from(self.number),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: issuer_key(authority),
        };
        let list = list.signed_by(&issuer).map_err(|_| CrlError::Signing)?;
        if !authority.is_named_by_crl(list.der()) {
            return Err(CrlError::Name);
        }
        let pem = list.pem().map_err(|_| CrlError::Signing)?;
        if pem.len() > LONGEST_LIST { Err(CrlError::Long(pem.len())) } else { Ok(pem) }
    }
}

/// The identifier of the CA's key, as in its certificate.
fn issuer_key(authority: &Certificate) -> KeyIdMethod {
    authority.key_identifier.clone().map_or(KeyIdMethod::Sha256, KeyIdMethod::PreSpecified)
}

fn algorithm(key: &PrivateKey) -> Option<&'static SignatureAlgorithm> {
    Some(match key.crl_signature()? {
        CrlSignature::RsaSha256 => &rcgen::PKCS_RSA_SHA256,
        CrlSignature::P256Sha256 => &rcgen::PKCS_ECDSA_P256_SHA256,
        CrlSignature::P384Sha384 => &rcgen::PKCS_ECDSA_P384_SHA384,
    })
}

/// A CA's key for rcgen, which reads fewer kinds of files than we do.
struct Signer<'k> {
    key: &'k PrivateKey,
    public_key: &'k [u8],
    algorithm: &'static SignatureAlgorithm,
}

impl PublicKeyData for Signer<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.public_key
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

impl SigningKey for Signer<'_> {
    fn sign(&self, list: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.key.sign_crl(list).ok_or(rcgen::Error::RemoteKeyError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_are_read_as_tools_print_them() {
        let said = |text: &str| Serial::parse(text).map(|serial| serial.to_string());
        for (text, serial) in [
            ("1", Some("0x01")),
            ("256", Some("0x0100")),
            ("0x0100", Some("0x0100")),
            ("01:00", Some("0x0100")),
            ("0xFFfe", Some("0xfffe")),
            (" 18446744073709551616 ", Some("0x010000000000000000")),
            ("1461501637330902918203684832716283019655932542975", Some("0xffffffffffffffffffffffffffffffffffffffff")),
            ("1461501637330902918203684832716283019655932542976", None),
            ("0", None),
            ("", None),
            ("0x", None),
            ("-1", None),
            ("ff", None),
            ("12 34", None),
        ] {
            assert_eq!(said(text).as_deref(), serial, "{text}");
        }
        assert!(Serial::parse(&"1".repeat(1000)).is_none());
    }
}
