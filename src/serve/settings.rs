//! What the server is told, by whoever starts it.

use std::path::PathBuf;
use std::time::Duration;

use time::OffsetDateTime;

use crate::certificate::Certificate;
use crate::resolve::Identity;

/// How many hops a response may travel if nobody says it: as for AWS's helper, whose flag it is, that of Linux itself.
pub const HOP_LIMIT: u32 = 64;

/// Everything that the server is told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The roles; the first is that of the main port.
    pub roles: Vec<Role>,
    /// Where sessions are asked for, if not in the region of the trust anchor.
    pub region: Option<String>,
    /// How many hops a response may travel.
    pub hop_limit: u32,
    /// Where the authorization token is written; without it there are no container credentials.
    pub token_file: Option<PathBuf>,
    /// What the metadata service says of where it is. Without it there is no metadata service: who can reach that needs no
    /// authorization token.
    pub metadata: Option<Metadata>,
    /// The endpoint in place of the region's public one.
    pub endpoint: Option<String>,
    /// Whether to use the region's FIPS endpoint.
    pub is_fips: bool,
    /// Whether to use the region's dual-stack endpoint.
    pub is_dual_stack: bool,
    /// The time limit of a call.
    pub time: Duration,
    /// Whether each request is logged.
    pub is_verbose: bool,
}

/// What the metadata service says of where it is.
#[derive(Debug, Clone, Default)]
pub struct Metadata {
    /// The region.
    pub region: Option<String>,
    /// The availability zone.
    pub zone: Option<String>,
}

/// A role that credentials are served for.
#[derive(Debug, Clone)]
pub struct Role {
    /// Its name in paths.
    pub name: String,
    /// What a session is asked with.
    pub identity: Identity,
    /// What it is signed with.
    pub files: Files,
    /// How long its sessions are to last, in seconds.
    pub seconds: u64,
    /// The sessions' name.
    pub session_name: Option<String>,
    /// Its port, if it has one.
    pub port: Option<u16>,
}

/// What a stand-in for AWS stands in for.
#[derive(Debug, Clone)]
pub struct Account {
    /// The trust anchor, the profile and the role that there are.
    pub identity: Identity,
    /// The CA that the trust anchor trusts.
    pub authority: Certificate,
    /// The common name that the role's trust policy asks for.
    pub common_name: String,
}

/// The files that a session is signed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The certificate; certificates behind the first are its chain.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// The chain, in place of what follows the certificate.
    pub intermediates: Option<PathBuf>,
}

/// What the server has of the outside.
#[derive(Debug, Clone, Copy)]
pub struct World {
    /// The clock.
    pub now: fn() -> OffsetDateTime,
    /// Where a line of the log goes.
    pub log: fn(&str),
}

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A port cannot be had.
    #[error("{0} cannot be listened on")]
    Port(std::net::SocketAddr, #[source] std::io::Error),
    /// No event queue.
    #[error("the operating system provides no event queue")]
    Runtime(#[source] std::io::Error),
    /// No random numbers.
    #[error("the operating system provides no random numbers")]
    Random,
    /// The token cannot be written.
    #[error(transparent)]
    Disk(#[from] crate::disk::Error),
    /// AWS gave no credentials.
    #[error("there are no credentials: {0}")]
    None(String),
    /// This build cannot serve.
    #[error("this build of iamra has no credential server: use one with the cargo feature `serve`")]
    NotHere,
}
