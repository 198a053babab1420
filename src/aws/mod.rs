//! AWS, asked live: parameters of SSM Parameter Store, trust anchors and profiles by their names, and objects of S3.
//!
//! [`Aws`] is a [`Lookup`]: `calls` says which calls answer a set of queries, `session` has the HTTP client, the
//! runtime and the credentials, `ssm` and `anywhere` make calls with SDKs, `s3`, `iam` and `create_session` through
//! `http`, `failure` has the messages for those that fail. `bounded` limits the size of responses, `busy` waits when a
//! service says so; `requester` asks for sessions without an AWS login, for a server; `caller` asks whose a session is, as an SDK beside that server does; `provisioning` changes what is there, with a file for each service; and `process` limits the output of a program that provides credentials. `none` replaces this room
//! in a build without the cargo feature `aws`. Nothing here knows what an answer is for. Only `requester` is asynchronous for
//! its callers, which are in `serve/`; nothing else outside is.

mod anywhere;
mod anywhere_resources;
mod bounded;
mod busy;
mod caller;
mod calls;
mod client;
mod create_session;
mod failure;
mod given;
mod http;
mod iam;
mod iam_resources;
mod inspect;
mod inspections;
mod login;
mod parameters;
mod process;
mod provisioning;
mod rejected;
#[cfg(feature = "serve")]
mod requester;
mod s3;
mod session;
mod ssm;

pub use caller::caller;
pub use calls::{Account, Ask, Call, Names, calls};
pub use given::{Declined, Granted, Issued, Presented, Profiles};
pub use inspections::{Inspection, anchor_inspections, inspections, profile_inspections, role_inspections};
pub use provisioning::Provisioning;
#[cfg(feature = "serve")]
pub use requester::{Endpoint, Requester};
pub use s3::Location;
pub use session::{Session, Settings, Time};

use std::collections::BTreeSet;

use crate::reference::Query;
use crate::resolve::{Answers, Lookup, NoAnswer};

/// Whether this build can ask AWS.
pub const IS_HERE: bool = true;

/// Called every second while calls are running, and once at the end if it was called before: how many calls have ended,
/// of how many.
pub type Progress<'p> = dyn Fn(usize, usize) + 'p;

/// A lookup that asks AWS.
pub struct Aws<'a> {
    /// How AWS is reached.
    pub session: &'a Session,
    /// Called with the progress.
    pub progress: &'a Progress<'a>,
}

impl Lookup for Aws<'_> {
    fn answer(&self, queries: &BTreeSet<Query>) -> Answers {
        let calls = calls(queries);
        let mut answers = self.session.run(calls, self.progress);
        for query in queries {
            // Every call answers all its queries, unless it was cut off.
            answers.entry(query.clone()).or_insert_with(|| Err(self.session.too_late()));
        }
        answers
    }
}

/// The answers of one call.
type Answered = Vec<(Query, Result<crate::resolve::Answer, NoAnswer>)>;
