//! AWS's resources as values, as read from AWS.

use serde_json::Value;

use crate::resolve::NoAnswer;
use crate::trust::Mapping;

/// An answer of AWS, or why there is none.
pub type Found<T> = Result<T, NoAnswer>;

/// A trust anchor.
#[derive(Debug, Clone)]
pub struct TrustAnchor {
    /// Whether it is enabled.
    pub enabled: bool,
    /// What it trusts, in PEM; `None` when that is AWS Private CA.
    pub certificates: Option<String>,
}

/// A profile.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Whether it is enabled.
    pub enabled: bool,
    /// The ARNs of the roles that it allows.
    pub roles: Vec<String>,
    /// The longest session, in seconds.
    pub duration: Option<u64>,
    /// Whether it accepts session names.
    pub accepts_session_name: bool,
    /// Which names of a certificate become tags.
    pub mapping: Mapping,
}

/// An IAM role.
#[derive(Debug, Clone)]
pub struct Role {
    /// The longest session, in seconds.
    pub longest_session: u64,
    /// The trust policy.
    pub trust_policy: Value,
}

/// What AWS has for one identity.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The trust anchor.
    pub trust_anchor: Found<TrustAnchor>,
    /// The profile.
    pub profile: Found<Profile>,
    /// The role.
    pub role: Found<Role>,
}

/// An error response of CreateSession.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The error's name, such as `AccessDeniedException`.
    pub kind: String,
    /// AWS's own message.
    pub message: String,
}
