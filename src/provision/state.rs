//! Resources as they are in AWS.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::key::Tags;
use crate::certificate::Certificate;

/// What a trust anchor trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// CAs, by their certificates in PEM: one or two.
    Certificates(String),
    /// AWS Private CA, by the CA's ARN.
    PrivateCa(String),
}

impl Source {
    /// Whether both trust the same: the order of certificates and the text around them do not matter.
    pub(super) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Certificates(one), Self::Certificates(other)) => fingerprints(one) == fingerprints(other),
            _ => self == other,
        }
    }

    /// Who is trusted, for people.
    pub(super) fn words(&self) -> Vec<String> {
        match self {
            Self::Certificates(pem) => {
                let all = Certificate::all(pem).unwrap_or_default();
                all.iter().map(|it| format!("CA {}, SHA-256 {}", it.subject, it.fingerprint())).collect()
            }
            Self::PrivateCa(arn) => vec![arn.clone()],
        }
    }
}

/// Of the certificates; a text that has none stands for itself.
fn fingerprints(pem: &str) -> BTreeSet<String> {
    Certificate::all(pem)
        .map_or_else(|_| [pem.to_owned()].into(), |all| all.iter().map(Certificate::fingerprint).collect())
}

/// What a resource is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// A trust anchor.
    TrustAnchor {
        /// Whether it is enabled.
        enabled: bool,
        /// What it trusts, if that is known.
        source: Option<Source>,
    },
    /// A role.
    Role {
        /// Who may assume it.
        trust_policy: Value,
        /// The longest session, in seconds.
        longest: u64,
        /// The ARNs of the attached policies.
        policies: BTreeSet<String>,
        /// The policies that are its own, by name.
        inline: BTreeMap<String, Value>,
    },
    /// A profile.
    Profile {
        /// Whether it is enabled.
        enabled: bool,
        /// The ARNs of its roles.
        roles: BTreeSet<String>,
        /// The longest session, in seconds.
        session: u64,
        /// Whether it accepts session names.
        accepts_session_name: bool,
    },
    /// A parameter. The value of one that is encrypted is not read.
    Parameter {
        /// Its value.
        value: String,
    },
}

/// A resource in the answer of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// Its ARN; empty for a parameter.
    pub arn: String,
    /// Its tags, where the call returns them.
    pub tags: Tags,
    /// What it is like, as far as the call returns it.
    pub state: State,
}
