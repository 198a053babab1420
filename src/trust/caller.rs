//! The context of a call by IAM Roles Anywhere: its source, and the tags from the certificate.

use std::collections::BTreeMap;
use std::fmt;

use super::tag::{TagFault, tag_fault};

/// Attributes of a distinguished name: type (`CN`, `OU`, …) and value, in the certificate's order.
pub type Attributes = Vec<(String, String)>;

/// The names in a certificate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct CertificateNames {
    /// The subject.
    pub subject: Attributes,
    /// The issuer; `None` when it is not known.
    pub issuer: Option<Attributes>,
    /// The subject's other names.
    pub san: SubjectAlternativeNames,
}

/// Subject alternative names, in the certificate's order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct SubjectAlternativeNames {
    /// Names of hosts.
    pub dns: Vec<String>,
    /// URIs, such as SPIFFE identities.
    pub uri: Vec<String>,
    /// Directory names.
    pub directory: Vec<Attributes>,
}

impl CertificateNames {
    /// What a trust policy can pin a certificate to: condition keys and the values that they will have with the default
    /// mapping of a profile. The issuer's names, which all certificates of a CA share, are left out.
    /// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>
    pub fn pins(&self) -> Vec<(String, String)> {
        let subject = joined(&self.subject).into_iter().map(|(kind, value)| (format!("x509Subject/{kind}"), value));
        // Of several alternative names of one type, AWS uses the first.
        let san = [("DNS", &self.san.dns), ("URI", &self.san.uri)];
        let san = san.into_iter().filter_map(|(kind, all)| Some((format!("x509SAN/{kind}"), all.first()?.clone())));
        subject.chain(san).map(|(key, value)| (format!("aws:PrincipalTag/{key}"), value)).collect()
    }
}

/// For people: `OU=prod, CN=api, URI=spiffe://example.com/api`.
impl fmt::Display for CertificateNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = self.subject.iter().map(|(kind, value)| (kind.as_str(), value));
        let dns = self.san.dns.iter().map(|value| ("DNS", value));
        let all = subject.chain(dns).chain(self.san.uri.iter().map(|value| ("URI", value)));
        let all: Vec<_> = all.map(|(kind, value)| format!("{kind}={value}")).collect();
        f.write_str(&all.join(", "))
    }
}

/// Which names of a certificate the profile maps to tags: the specifiers of its `attributeMappings`.
/// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/attribute-mapping.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// Types of the subject's attributes, or `*`.
    pub subject: Vec<String>,
    /// Types of the issuer's attributes, or `*`.
    pub issuer: Vec<String>,
    /// `DNS`, `URI`, `Name/` and a type, or `Name/*`.
    pub san: Vec<String>,
}

impl Default for Mapping {
    /// The default mapping of a profile.
    /// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/attribute-mapping.html>
    fn default() -> Self {
        let all = |specifiers: &[&str]| specifiers.iter().map(|it| (*it).to_owned()).collect();
        Self { subject: all(&["*"]), issuer: all(&["*"]), san: all(&["DNS", "URI", "Name/*"]) }
    }
}

/// What is known of a key of the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fact {
    /// It has this value.
    Is(String),
    /// The call does not have it.
    Absent,
    /// It is not known.
    Unknown,
    /// Whoever requests a certificate can choose it or omit it.
    Chosen,
}

/// A call to assume the role.
#[derive(Debug, Clone)]
pub struct Caller {
    /// By key in lower case, because condition keys are not case-sensitive.
    facts: BTreeMap<String, Fact>,
    /// Whether the issuer's names are known.
    knows_issuer: bool,
    /// Whether it can have a certificate with any names.
    chooses_names: bool,
}

// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>
/// In lower case, as the keys of a call are.
const SUBJECT: &str = "aws:principaltag/x509subject/";
const ISSUER: &str = "aws:principaltag/x509issuer/";
const SAN: &str = "aws:principaltag/x509san/";
const SOURCE_ARN: &str = "aws:sourcearn";
const SOURCE_ACCOUNT: &str = "aws:sourceaccount";
const SOURCE_IDENTITY: &str = "sts:sourceidentity";

/// The longest common name that becomes a source identity with the prefix `CN=`; those of 62 to 64 characters have no
/// prefix.
/// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>
const LONGEST_PREFIXED_NAME: usize = 61;

impl Caller {
    /// The holder of a certificate with these names, for this trust anchor, account and profile mapping.
    pub fn new(names: &CertificateNames, mapping: &Mapping, trust_anchor: &str, account: &str) -> Self {
        let mut facts = BTreeMap::from([
            (SOURCE_ARN.to_owned(), Fact::Is(trust_anchor.to_owned())),
            (SOURCE_ACCOUNT.to_owned(), Fact::Is(account.to_owned())),
            (SOURCE_IDENTITY.to_owned(), source_identity(&names.subject)),
        ]);
        facts.extend(tags(names, mapping).into_iter().map(|(key, fact)| (key.to_lowercase(), fact)));
        let knows_issuer = names.issuer.is_some() || mapping.issuer.is_empty();
        Self { facts, knows_issuer, chooses_names: false }
    }

    /// The holder of any other certificate of the same CA.
    #[must_use]
    pub(super) fn with_any_subject(&self) -> Self {
        let mut facts = self.facts.clone();
        facts.retain(|key, _| !is_subject(key));
        facts.insert(SOURCE_IDENTITY.to_owned(), Fact::Chosen);
        Self { facts, chooses_names: true, ..*self }
    }

    /// The same names under any other trust anchor of the account.
    #[must_use]
    pub(super) fn with_other_trust_anchor(&self) -> Self {
        let mut facts = self.facts.clone();
        if let Some(Fact::Is(arn)) = facts.get_mut(SOURCE_ARN)
            && let Some((before, _)) = arn.rsplit_once('/')
        {
            *arn = format!("{before}/00000000-0000-0000-0000-000000000000");
        }
        Self { facts, ..*self }
    }

    /// What is known of a key, which is in lower case.
    pub(super) fn fact(&self, key: &str) -> &Fact {
        let default = || match () {
            () if is_subject(key) && self.chooses_names => &Fact::Chosen,
            () if is_subject(key) => &Fact::Absent,
            () if key.starts_with(ISSUER) && self.knows_issuer => &Fact::Absent,
            () => &Fact::Unknown,
        };
        self.facts.get(key).unwrap_or_else(default)
    }
}

/// The tags of a session: the names in the certificate that are mapped. Of several alternative names of one type, AWS
/// uses the first.
/// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>
fn tags(names: &CertificateNames, mapping: &Mapping) -> Vec<(String, Fact)> {
    let mut tags = Vec::new();
    let mut add = |table: &str, specifiers: &[String], below: &str, attributes: &Attributes| {
        for (kind, value) in joined(attributes) {
            let is_mapped = specifiers.iter().any(|it| *it == format!("{below}{kind}") || *it == format!("{below}*"));
            if is_mapped {
                tags.push((format!("aws:PrincipalTag/{table}/{below}{kind}"), tag(value)));
            }
        }
    };
    add("x509Subject", &mapping.subject, "", &names.subject);
    add("x509Issuer", &mapping.issuer, "", names.issuer.as_ref().unwrap_or(&Attributes::new()));
    if let Some(directory) = names.san.directory.first() {
        add("x509SAN", &mapping.san, "Name/", directory);
    }
    for (kind, values) in [("DNS", &names.san.dns), ("URI", &names.san.uri)] {
        let first = values.first().map(|value| (kind.to_owned(), value.clone()));
        add("x509SAN", &mapping.san, "", &first.into_iter().collect());
    }
    tags
}

fn is_subject(key: &str) -> bool {
    key.starts_with(SUBJECT) || key.starts_with(SAN)
}

/// Values of one type are one tag, joined by a slash.
/// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>
fn joined(attributes: &Attributes) -> Vec<(String, String)> {
    let mut joined: Vec<(String, String)> = Vec::new();
    for (kind, value) in attributes {
        match joined.iter_mut().find(|(known, _)| known == kind) {
            Some((_, values)) => {
                values.push('/');
                values.push_str(value);
            }
            None => joined.push((kind.clone(), value.clone())),
        }
    }
    joined
}

/// A value that a session tag cannot have is dropped silently. Whether an empty one is a value is not documented.
fn tag(value: String) -> Fact {
    match tag_fault(&value) {
        None if value.is_empty() => Fact::Unknown,
        None => Fact::Is(value),
        Some(TagFault::Long(_) | TagFault::Character(_)) => Fact::Absent,
        Some(TagFault::Perhaps(_)) => Fact::Unknown,
    }
}

/// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>
fn source_identity(subject: &Attributes) -> Fact {
    match subject.iter().find(|(kind, _)| kind == "CN") {
        Some((_, name)) if name.chars().count() <= LONGEST_PREFIXED_NAME => Fact::Is(format!("CN={name}")),
        Some((_, name)) => Fact::Is(name.clone()),
        // The serial number, which is unknown before the certificate is issued.
        None => Fact::Unknown,
    }
}
