//! Replaces AWS in a build without the cargo feature `aws`: the same interface, in which every answer is that AWS is
//! not supported.

mod calls;
mod given;
mod inspections;

pub use calls::{Account, Ask, Call, Names, calls};
pub use given::{Declined, Granted, Issued, Presented, Profiles};
pub use inspections::{Inspection, anchor_inspections, inspections, profile_inspections, role_inspections};

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::arn::Arn;
use crate::diag::Code;
use crate::provision::{Action, Failure, Fault, Outcome, Provisioner};
use crate::reference::{Origin, Query};
use crate::resolve::{Answers, Identity, Lookup, NoAnswer};
use crate::resource::{Found, Profile, Refusal, Role, Seen, TrustAnchor};

/// Whether this build can ask AWS.
pub const IS_HERE: bool = false;

/// Progress of calls; never called.
pub type Progress<'p> = dyn Fn(usize, usize) + 'p;

/// A lookup whose every answer is that AWS is not supported.
pub struct Aws<'a> {
    /// The session, which does nothing.
    pub session: &'a Session,
    /// Never called.
    pub progress: &'a Progress<'a>,
}

impl Lookup for Aws<'_> {
    fn answer(&self, queries: &BTreeSet<Query>) -> Answers {
        queries.iter().map(|query| (query.clone(), Err(nobody()))).collect()
    }
}

fn nobody() -> NoAnswer {
    NoAnswer {
        code: Code::AwsFailed,
        why: "this build of iamra has no support for AWS".to_owned(),
        help: "use a build with the cargo feature `aws`, or provide the values in a file (`--values FILE`)".to_owned(),
    }
}

/// Settings from the command line and the environment.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long AWS may be asked.
    pub time: Time,
    /// How often one call is tried.
    pub attempts: Option<u32>,
    /// AWS's files of profiles.
    pub profiles: Profiles,
}

/// How long AWS may be asked.
#[derive(Debug, Clone)]
pub struct Time;

impl Time {
    /// A time limit of this length.
    pub fn new(_: Duration) -> Self {
        Self
    }
}

/// A place in S3; there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {}

impl Location {
    /// What names no place.
    pub fn parse(_: &str) -> Option<Self> {
        None
    }
}

/// Whose credentials a metadata service serves: not supported.
///
/// # Errors
/// Always.
pub fn caller(_: &str, _: &str, _: &str) -> Result<String, String> {
    Err(nobody().why)
}

/// The connection to AWS, which does not exist.
pub struct Session;

/// The resources of AWS accounts, which cannot be reached.
pub struct Provisioning;

impl Provisioning {
    /// Does nothing.
    pub fn new(_: &Session) -> Self {
        Self
    }
}

impl Provisioner for Provisioning {
    fn call(&self, _: &Origin, _: &Action) -> Result<Outcome, Failure> {
        Err(Failure { fault: Fault::Refused, answer: nobody() })
    }

    fn pause(&self) {}
}

impl Session {
    /// Always succeeds: nothing is connected.
    ///
    /// # Errors
    /// None.
    pub fn new(_: Settings) -> std::io::Result<Self> {
        Ok(Self)
    }

    /// What AWS has for each identity: not supported.
    pub fn inspect(&self, identities: &[(&Identity, &Origin)], _: &Progress<'_>) -> Vec<Seen> {
        let unseen = |_: &_| Seen { trust_anchor: Err(nobody()), profile: Err(nobody()), role: Err(nobody()) };
        identities.iter().map(unseen).collect()
    }

    /// What AWS has for each role: not supported.
    pub fn roles(&self, roles: &[(&Arn, &Origin)], _: &Progress<'_>) -> BTreeMap<Arn, Found<Role>> {
        roles.iter().map(|(arn, _)| ((*arn).clone(), Err(nobody()))).collect()
    }

    /// What AWS has for each trust anchor: not supported.
    pub fn trust_anchors(&self, anchors: &[(&Arn, &Origin)], _: &Progress<'_>) -> BTreeMap<Arn, Found<TrustAnchor>> {
        anchors.iter().map(|(arn, _)| ((*arn).clone(), Err(nobody()))).collect()
    }

    /// What AWS has for each profile: not supported.
    pub fn profiles(&self, profiles: &[(&Arn, &Origin)], _: &Progress<'_>) -> BTreeMap<Arn, Found<Profile>> {
        profiles.iter().map(|(arn, _)| ((*arn).clone(), Err(nobody()))).collect()
    }

    /// Asks for a session.
    ///
    /// # Errors
    /// AWS is not supported.
    pub fn create_session(
        &self,
        _: &Identity,
        _: &Presented<'_>,
        _: &Progress<'_>,
    ) -> Result<Result<Granted, Refusal>, NoAnswer> {
        Err(nobody())
    }

    /// The text of an object of S3.
    ///
    /// # Errors
    /// AWS is not supported.
    pub fn object(&self, _: &Account, location: &Location, _: &Progress<'_>) -> Result<String, NoAnswer> {
        match *location {}
    }
}
