//! Edits of a declaration: the text goes in; the changed text and messages come out. Comments, order and formatting are
//! preserved.

mod edit;
pub mod init;
mod leftover;
pub mod offboard;
pub mod onboard;
mod pin;
pub mod role;
pub mod rotate;
pub mod secrets;
mod section;
pub mod setup;
pub mod teardown;

pub use edit::{Change, Others, Refused};

use crate::config::{self, Config, Whole};
use crate::diag::{Code, Report};
use crate::issuer::DEFAULT_SCOPE;

/// The text of a new, empty declaration, in which cert-manager makes the CA.
pub fn skeleton(name: &str) -> String {
    let asked = init::Request {
        scope: DEFAULT_SCOPE,
        ca: Some(init::Ca::InCluster),
        prefix: None,
        region: None,
        cluster: None,
        name,
    };
    init::text(&asked)
}

/// The declaration for each cluster; `None` when it is invalid for one of them.
pub fn read(declaration: Whole<'_>, report: &mut Report) -> Option<Vec<Config>> {
    let mut found = Report::default();
    let configs = config::load_all(declaration, &config::clusters(declaration), &[], &mut found);
    // For these commands, a cluster without workloads is normal at the start and at the end.
    report.append(found.without(Code::NothingToDo));
    configs
}
