//! What is given to AWS's door, and what comes out of it, whether this build has what is behind it or not.

use time::OffsetDateTime;

use crate::certificate::{Certificate, PrivateKey};

/// The texts of AWS's two files; empty where there is none.
#[derive(Debug, Clone, Default)]
pub struct Profiles {
    /// `~/.aws/config`
    pub config: String,
    /// `~/.aws/credentials`
    pub credentials: String,
}

/// What a session is asked for with.
pub struct Presented<'p> {
    /// The workload's certificate, and the chain behind it.
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

/// Who one became: the credentials themselves are thrown away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The ARN of the session.
    pub arn: String,
    /// When it ends, as AWS writes it.
    pub expiration: String,
}
