//! Profiles, as far as they decide which sessions a certificate gets.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::caller::Mapping;

/// A profile of IAM Roles Anywhere. It is of no trust anchor: every certificate may be presented to every profile of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The ARNs of the roles that it gives sessions with.
    pub roles: BTreeSet<String>,
    /// Which names of a certificate become tags.
    pub mapping: Mapping,
}

/// Profiles by ARN.
pub type Profiles = BTreeMap<String, Profile>;

/// The names of AWS's tables of attributes.
/// <https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_AttributeMapping.html>
pub const TABLES: [&str; 3] = ["x509Subject", "x509Issuer", "x509SAN"];

impl Profile {
    /// It as a value, in AWS's words.
    pub fn to_value(&self) -> Value {
        let Mapping { subject, issuer, san } = &self.mapping;
        let [subject_key, issuer_key, san_key] = TABLES;
        json!({
            "roleArns": self.roles,
            "attributeMappings": {subject_key: subject, issuer_key: issuer, san_key: san},
        })
    }

    /// The profile that such a value is; `None` if it is none.
    pub fn of(value: &Value) -> Option<Self> {
        let texts = |value: Option<&Value>| -> Option<Vec<String>> {
            value?.as_array()?.iter().map(|it| it.as_str().map(str::to_owned)).collect()
        };
        let mappings = value.get("attributeMappings")?;
        let [subject, issuer, san] = TABLES.map(|table| texts(mappings.get(table)));
        let mapping = Mapping { subject: subject?, issuer: issuer?, san: san? };
        Some(Self { roles: texts(value.get("roleArns"))?.into_iter().collect(), mapping })
    }
}
