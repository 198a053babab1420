//! AWS behind the port of `provision`: each call once, at the pace that the service allows.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use tokio::time::{Instant, timeout_at};

use super::anywhere::PACE;
use super::calls::Account;
use super::failure;
use super::login::Connection;
use super::rejected::{Answered, Rejected};
use super::session::Session;
use super::{anywhere_resources, iam_resources, parameters};
use crate::provision::{Action, Failure, Fault, Outcome, Provisioner};
use crate::reference::Origin;

/// How long something that was just made may take to be visible, each time.
const PAUSE: Duration = Duration::from_secs(2);
/// How often a call is made that is rejected because there are too many.
const TRIES: u32 = 6;

/// The resources of AWS accounts, to look at and to change.
pub struct Provisioning<'s> {
    session: &'s Session,
    connections: RefCell<BTreeMap<Account, Connection>>,
    last: Cell<Option<Instant>>,
}

impl<'s> Provisioning<'s> {
    /// By this connection, whose time limit is that of each call.
    pub fn new(session: &'s Session) -> Self {
        Self { session, connections: RefCell::default(), last: Cell::new(None) }
    }

    /// The settings of an account, without retries of anything that changes it: what may have happened must not happen twice.
    async fn connection(&self, account: &Account, action: &Action) -> Connection {
        let known = self.connections.borrow().get(account).cloned();
        let found = if let Some(found) = known {
            found
        } else {
            let found = self.session.config(account).await;
            self.connections.borrow_mut().insert(account.clone(), found.clone());
            found
        };
        if !action.changes() {
            return found;
        }
        let sdk = found.sdk.into_builder().retry_config(RetryConfig::disabled()).build();
        Connection { sdk, login: found.login }
    }

    async fn once(&self, account: &Account, action: &Action) -> Answered {
        let connection = self.connection(account, action).await;
        if connection.region().is_none() {
            return Err(Rejected::refused(failure::no_region()));
        }
        match action.permission().split_once(':') {
            Some(("rolesanywhere", _)) => anywhere_resources::call(&connection, action).await,
            Some(("ssm", _)) => parameters::call(&connection, action).await,
            _ => iam_resources::call(&connection, action).await,
        }
    }
}

impl Provisioner for Provisioning<'_> {
    fn call(&self, site: &Origin, action: &Action) -> Result<Outcome, Failure> {
        let Origin { profile, assume_role, region, .. } = site.clone();
        let account = Account { profile, assume_role, region };
        let is_paced = action.permission().starts_with("rolesanywhere:");
        let mut tries = 1;
        loop {
            let since = self.last.get().map(|last| last.elapsed());
            if let Some(since) = since.filter(|since| is_paced && *since < PACE) {
                self.session.sleep(PACE.saturating_sub(since));
            }
            self.session.renew();
            let answer = self.session.wait(async |deadline| timeout_at(deadline, self.once(&account, action)).await);
            if is_paced {
                self.last.set(Some(Instant::now()));
            }
            let rejected = match answer {
                Ok(Ok(outcome)) => return Ok(outcome),
                Ok(Err(rejected)) => rejected,
                Err(_) => return Err(Failure { fault: Fault::Unclear, answer: self.session.too_late() }),
            };
            if !rejected.is_throttled || tries == TRIES {
                return Err(rejected.failure);
            }
            self.session.sleep(PACE * tries);
            tries += 1;
        }
    }

    fn pause(&self) {
        self.session.sleep(PAUSE);
    }
}
