//! The inputs and outputs of this room, shared by builds with and without the cargo feature `aws`.

use time::OffsetDateTime;

use crate::certificate::{Certificate, PrivateKey};

/// The texts of AWS's two files; empty where there is none.
#[derive(Debug, Clone, Default)]
pub struct Profiles {
    /// `~/.aws/config`
    pub config: String,
    /// `~/.aws/credentials`
    pub credentials: String,
    /// The profile that AWS_PROFILE names.
    pub named: Option<String>,
}

/// The inputs of a request for a session.
pub struct Presented<'p> {
    /// The workload's certificate and its chain.
    pub chain: &'p [Certificate],
    /// Its key.
    pub key: &'p PrivateKey,
    /// How long the session is to last, in seconds.
    pub seconds: u64,
    /// The session's name.
    pub session_name: Option<&'p str>,
    /// The time of the signature.
    pub now: OffsetDateTime,
}

/// The session that AWS issued; its credentials are discarded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The ARN of the session.
    pub arn: String,
    /// When it expires, in AWS's format.
    pub expiration: String,
}
