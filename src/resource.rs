//! AWS's resources as values: what somebody has read there, for those who judge it.

use serde_json::Value;

use crate::resolve::NoAnswer;

/// An answer of AWS, or why there is none.
pub type Found<T> = Result<T, NoAnswer>;

/// A trust anchor.
#[derive(Debug, Clone)]
pub struct TrustAnchor {
    /// Whether it may be used.
    pub enabled: bool,
    /// What it trusts, in PEM; `None` when that is AWS Private CA.
    pub certificates: Option<String>,
}

/// A profile.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Whether it may be used.
    pub enabled: bool,
    /// The ARNs of the roles that it lets a session have.
    pub roles: Vec<String>,
    /// The longest session, in seconds.
    pub duration: Option<u64>,
    /// Whether a session may say its name.
    pub accepts_session_name: bool,
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

/// An answer of CreateSession that is no session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The error's name, such as `AccessDeniedException`.
    pub kind: String,
    /// AWS's own words.
    pub message: String,
}
