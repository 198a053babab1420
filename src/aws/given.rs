//! The inputs and outputs of this room, shared by builds with and without the cargo feature `aws`.

use std::time::Duration;

use time::OffsetDateTime;

use crate::certificate::{Certificate, PrivateKey};
use crate::resource::Refusal;
use crate::secret::Secret;

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
    /// Where the session is asked for, and what is signed for.
    pub region: &'p str,
    /// How long the session is to last, in seconds.
    pub seconds: u64,
    /// The session's name.
    pub session_name: Option<&'p str>,
    /// The time of the signature.
    pub now: OffsetDateTime,
}

/// The session that AWS issued, without its credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The ARN of the session.
    pub arn: String,
    /// When it expires, in AWS's format.
    pub expiration: String,
}

/// The session that AWS issued, with its credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// Whose it is, and how long.
    pub granted: Granted,
    /// The access key's ID.
    pub access_key_id: Secret,
    /// The access key's other half.
    pub secret_access_key: Secret,
    /// What shows that both are of this session.
    pub session_token: Secret,
}

/// Why AWS issued no session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declined {
    /// What AWS said.
    pub refusal: Refusal,
    /// How long AWS wants to be left alone.
    pub retry_after: Option<Duration>,
}
