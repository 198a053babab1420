//! Which sidecar serves an identity, where several are in one pod.

use crate::config::{Delivery, Sidecar};
use crate::plan::PlannedWorkload;

/// An identity that the sidecar of another one serves, too.
#[derive(Debug, Clone, Copy)]
pub struct Further<'p, 'r> {
    /// The identity.
    pub planned: &'p PlannedWorkload<'r>,
    /// Its port.
    pub port: u16,
}

impl<'r> Further<'_, 'r> {
    /// The name of its workload.
    pub(super) fn workload(&self) -> &'r str {
        &self.planned.binding().workload
    }
}

/// Which sidecar serves an identity.
#[derive(Debug, Clone, Copy)]
pub enum Serving<'f, 'p, 'r> {
    /// Its own, which serves these, too.
    Itself(&'f [Further<'p, 'r>]),
    /// That of the pod's first identity, whose port is this.
    First(u16),
}

impl Serving<'_, '_, '_> {
    /// The port that the application calls: each identity has its own, except that container credentials are told apart
    /// by their paths.
    pub(super) fn port(self, settings: &Sidecar) -> u16 {
        match self {
            Self::First(port) if settings.delivery == Delivery::Container => port,
            _ => settings.port,
        }
    }
}
