//! X.509 certificates and the keys that belong to them, read: what a trust anchor trusts, what a workload presents.

mod authority;
mod key;
mod signature;
pub mod succession;

pub use authority::Authority;
pub use key::{CrlSignature, PrivateKey, Unusable};

use std::fmt::Display;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;
use x509_parser::objects::{oid_registry, oid2abbrev};
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer as _;
use x509_parser::revocation_list::CertificateRevocationList;
use x509_parser::x509::X509Name;

use crate::diag::{Code, Diagnostic};
use crate::digest::sha256_hex;
use crate::quote::line;

/// A time in RFC 3339, to the second.
pub fn rfc3339(at: OffsetDateTime) -> String {
    format!("{}T{:02}:{:02}:{:02}Z", at.date(), at.hour(), at.minute(), at.second())
}

/// The properties of a certificate that iamra uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Its bytes.
    pub der: Vec<u8>,
    /// Its subject, such as `CN=payment-service`.
    pub subject: String,
    /// The subject's attributes: type (`CN`, `OU`, …) and value, in the certificate's order.
    pub attributes: Vec<(String, String)>,
    /// The subject's first common name.
    pub common_name: Option<String>,
    /// The issuer's first common name.
    pub issuer_common_name: Option<String>,
    /// Its serial number in decimal.
    pub serial: String,
    /// When it begins.
    pub not_before: OffsetDateTime,
    /// When it ends.
    pub not_after: OffsetDateTime,
    /// Its public key, as in its `subjectPublicKey`.
    pub public_key: Vec<u8>,
    /// Whether it may sign CRLs: it has the usage, or none at all.
    pub signs_crls: bool,
    /// The identifier of its key, if it has one.
    pub key_identifier: Option<Vec<u8>>,
    /// The identifier of the key that signed it, if it says one.
    issuer_key: Option<Vec<u8>>,
    /// The subject in DER.
    name: Vec<u8>,
    /// The issuer in DER.
    issuer_name: Vec<u8>,
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
        Ok(Self::of(&block.contents, &parsed))
    }

    fn of(der: &[u8], parsed: &X509Certificate<'_>) -> Self {
        let first =
            |name: &X509Name<'_>| name.iter_common_name().next().and_then(|it| it.as_str().ok()).map(str::to_owned);
        Self {
            der: der.to_vec(),
            subject: line(&parsed.subject().to_string()),
            attributes: attributes(parsed.subject()),
            common_name: first(parsed.subject()),
            issuer_common_name: first(parsed.issuer()),
            serial: parsed.tbs_certificate.serial.to_string(),
            not_before: parsed.validity().not_before.to_datetime(),
            not_after: parsed.validity().not_after.to_datetime(),
            public_key: parsed.public_key().subject_public_key.data.to_vec(),
            signs_crls: parsed.key_usage().ok().flatten().is_none_or(|usage| usage.value.crl_sign()),
            key_identifier: parsed.iter_extensions().find_map(|extension| match extension.parsed_extension() {
                ParsedExtension::SubjectKeyIdentifier(identifier) => Some(identifier.0.to_vec()),
                _ => None,
            }),
            issuer_key: parsed.iter_extensions().find_map(|extension| match extension.parsed_extension() {
                ParsedExtension::AuthorityKeyIdentifier(identifier) => {
                    Some(identifier.key_identifier.as_ref()?.0.to_vec())
                }
                _ => None,
            }),
            name: parsed.subject().as_raw().to_vec(),
            issuer_name: parsed.issuer().as_raw().to_vec(),
        }
    }

    /// The first certificate of a PEM text, when it holds nothing that cannot be read.
    pub fn first(pem: &str) -> Option<Self> {
        Self::all(pem).ok()?.into_iter().next()
    }

    /// Whether it names the other one as its issuer, and its key: a CA that was made again has the same name. The signature
    /// is not checked.
    pub fn names_issuer(&self, issuer: &Self) -> bool {
        let keys = self.issuer_key.as_ref().zip(issuer.key_identifier.as_ref());
        self.issuer_name == issuer.name && keys.is_none_or(|(named, key)| named == key)
    }

    /// Whether both have the same subject, byte for byte.
    pub fn has_name_of(&self, other: &Self) -> bool {
        self.name == other.name
    }

    /// Whether a CRL in DER names this one as its issuer, byte for byte.
    pub fn is_named_by_crl(&self, der: &[u8]) -> bool {
        CertificateRevocationList::from_der(der).is_ok_and(|(_, list)| list.issuer().as_raw() == self.name)
    }

    /// When it ends, for people.
    pub fn end(&self) -> String {
        let end = self.not_after;
        format!("{} {:02}:{:02} UTC", end.date(), end.hour(), end.minute())
    }

    /// When it ends, in RFC 3339.
    pub fn end_rfc3339(&self) -> String {
        rfc3339(self.not_after)
    }

    /// What is wrong with its validity at a time, in seconds since 1970.
    pub fn trouble(&self, now: i64) -> Option<Trouble> {
        let [start, end] = [self.not_before, self.not_after].map(OffsetDateTime::unix_timestamp);
        if end <= now {
            return Some(Trouble::Over(self.end()));
        }
        if start > now {
            return Some(Trouble::NotYet);
        }
        (end - now < SOON).then(|| Trouble::Soon(self.end()))
    }

    /// It in PEM.
    pub fn pem(&self) -> String {
        let text = STANDARD.encode(&self.der);
        let mut lines = vec!["-----BEGIN CERTIFICATE-----"];
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at_checked(64).unwrap_or((rest, ""));
            lines.push(line);
            rest = after;
        }
        lines.push("-----END CERTIFICATE-----\n");
        lines.join("\n")
    }

    /// SHA-256 of its bytes in hexadecimal.
    pub fn fingerprint(&self) -> String {
        sha256_hex(&self.der)
    }
}

/// How long before its end a CA is to be replaced, in seconds: a month.
const SOON: i64 = 30 * 24 * 3600;

/// Why a CA cannot be relied on at some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It has ended.
    Over(String),
    /// It has not begun.
    NotYet,
    /// It ends soon.
    Soon(String),
}

impl Trouble {
    /// The diagnostic about a CA of this subject.
    pub fn of(&self, subject: &impl Display) -> Diagnostic {
        let help =
            "renew it, add the new certificate to the trust anchor, which can hold two, and replace the CA's Secret";
        let (make, words): (fn(_, _) -> _, _) = match self {
            Self::Over(end) => (Diagnostic::error, format!("expired on {end}")),
            Self::NotYet => (Diagnostic::error, "is not valid yet: check the clock of who made it".to_owned()),
            Self::Soon(end) => (Diagnostic::warning, format!("expires soon, on {end}")),
        };
        make(Code::CaExpiry, format!("the CA {subject} {words}")).help(help)
    }
}

/// What cannot be read as text is left out.
fn attributes(name: &X509Name<'_>) -> Vec<(String, String)> {
    let kind = |oid| oid2abbrev(oid, oid_registry()).map_or_else(|_| oid.to_id_string(), str::to_owned);
    name.iter_attributes().filter_map(|it| Some((kind(it.attr_type()), it.as_str().ok()?.to_owned()))).collect()
}
