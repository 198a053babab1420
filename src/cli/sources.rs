//! The sources of values, as set by arguments that several commands share.

use std::path::{Path, PathBuf};

use clap::Args;

use super::at_hand::{AtHand, HEADING, LockFile};
use super::error::Error;
use super::live::{Asker, Asking, Live, explain};
use super::paths::display;
use crate::aws;
use crate::config::{Mode, Whole};
use crate::diag::Report;
use crate::disk;
use crate::pipeline::{self, Request};
use crate::resolve::{Guarded, Layered, Lookup, OperatorPolicy, Resolved};

/// Arguments of every command that resolves identities.
#[derive(Args, Clone)]
pub(super) struct Shared {
    /// Cluster to render for, if the declaration has several
    #[arg(long, env = CLUSTER, value_name = "NAME")]
    pub(super) cluster: Option<String>,
    #[command(flatten)]
    pub(super) sources: Sources,
    /// Whether calls to AWS are only printed.
    #[arg(skip)]
    pub(super) explain_calls: bool,
}

/// The variable that says which cluster it is.
pub(super) const CLUSTER: &str = "IAMRA_CLUSTER";

/// The sources of values.
#[derive(Args, Clone)]
pub(super) struct Sources {
    #[command(flatten)]
    pub(super) at_hand: AtHand,
    #[command(flatten)]
    pub(super) live: Live,
}

/// Arguments of a command that resolves identities without calls to AWS.
#[derive(Args, Clone)]
pub(super) struct Offline {
    /// Cluster to check, if the declaration has several
    #[arg(long, env = CLUSTER, value_name = "NAME")]
    pub(super) cluster: Option<String>,
    #[command(flatten)]
    pub(super) at_hand: AtHand,
}

impl Offline {
    /// The same as [`Shared`], without calls to AWS even if the declaration requests them.
    pub(super) fn shared(&self) -> Shared {
        let sources = Sources { at_hand: self.at_hand.clone(), live: Live::nobody() };
        Shared::new(self.cluster.clone(), sources)
    }
}

/// Arguments of a command that resolves identities and can print the calls for that.
#[derive(Args)]
pub(super) struct Explained {
    #[command(flatten)]
    shared: Shared,
    /// Print the calls that `--live` would make for what the lock does not have, and exit without making them
    #[arg(long, help_heading = HEADING, hide = !aws::IS_HERE)]
    explain_calls: bool,
}

impl Explained {
    /// As they were given.
    pub(super) fn given(&self) -> &Shared {
        &self.shared
    }

    pub(super) fn shared(&self) -> Shared {
        Shared { explain_calls: self.explain_calls, ..self.shared.clone() }
    }
}

impl Shared {
    /// The request: the cluster of these arguments, and what the command does.
    pub(super) fn request(&self, mode: Option<Mode>) -> Request<'_> {
        Request { cluster: self.cluster.as_deref(), mode, ..Request::default() }
    }

    /// The same for a command that always calls AWS.
    pub(super) fn live(&self) -> Self {
        let sources = Sources { live: self.sources.live.always(), ..self.sources.clone() };
        Self { sources, ..self.clone() }
    }

    pub(super) fn new(cluster: Option<String>, sources: Sources) -> Self {
        Self { cluster, sources, explain_calls: false }
    }

    /// The same for an application of Argo CD.
    pub(super) fn for_argo_cd(&self, cluster: Option<String>, lock: PathBuf) -> Self {
        // Unless the operator names a lock, the author chooses one, or has none.
        let may_be_missing = self.sources.at_hand.lock.named.is_none();
        let lock = LockFile { named: Some(lock), may_be_missing };
        let sources = Sources {
            at_hand: AtHand { lock, ..self.sources.at_hand.clone() },
            live: self.sources.live.asked_by(Asker::ArgoCd),
        };
        Self::new(cluster, sources)
    }

    /// Looks up the references of a declaration: in the values file, then in the lock in `folder`, then, if enabled, in
    /// AWS.
    pub(super) fn resolve<'d>(
        &self,
        declaration: impl Into<Whole<'d>>,
        folder: &Path,
        request: Request<'_>,
        report: &mut Report,
    ) -> Result<Option<Resolved>, Error> {
        // Errors reported earlier must not hide the errors found here.
        let mut found = Report::default();
        let resolved = self.resolved(declaration.into(), folder, request, &mut found);
        let is_right = !found.has_errors();
        report.append(found);
        Ok(resolved?.filter(|_| is_right))
    }

    fn resolved(
        &self,
        declaration: Whole<'_>,
        folder: &Path,
        request: Request<'_>,
        report: &mut Report,
    ) -> Result<Option<Resolved>, Error> {
        let Some(policy) = self.sources.at_hand.operator.policy(report)? else { return Ok(None) };
        let resolved = self.look_up(&policy, declaration, folder, report, |declaration, lookup, report| {
            pipeline::resolve(declaration, request, lookup, report)
        })?;
        if let Some(resolved) = &resolved {
            policy.check(resolved, report);
        }
        Ok(resolved)
    }

    /// The result of `question` for a declaration and its lookup.
    pub(super) fn look_up<T>(
        &self,
        policy: &OperatorPolicy,
        declaration: Whole<'_>,
        folder: &Path,
        report: &mut Report,
        question: impl FnOnce(Whole<'_>, &dyn Lookup, &mut Report) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        let at_hand = &self.sources.at_hand;
        // The lock is that of the base, and so is what is said of it.
        let node = declaration.root();
        let Some(lock_path) = at_hand.lock.on_disk(node, folder, report) else { return Ok(None) };
        let lock = disk::read_if_there(&lock_path)?;
        let is_live = self.explain_calls || self.sources.live.is_on(node);
        let must_be_there = at_hand.lock.is_asked_for() && !is_live;
        let answers = at_hand.answers(&display(&lock_path), lock.as_deref(), must_be_there, report)?;
        if self.explain_calls {
            explain(policy, answers.lookups(), report, |lookup, report| drop(question(declaration, lookup, report)))?;
            return Ok(None);
        }
        let live = &self.sources.live;
        let session = if live.is_on(node) && !report.has_errors() { Some(live.asks.session()?) } else { None };
        let aws = session.as_ref().map(|session| Asking::new(session, &live.asks));
        let lookups = answers.lookups().into_iter();
        let lookups = lookups.chain(aws.iter().map(|aws| aws as &dyn Lookup));
        let lookup = Guarded { policy, lookup: &Layered(lookups.collect()) };
        let answer = question(declaration, &lookup, report);
        aws.iter().for_each(Asking::note);
        Ok(answer)
    }
}

impl Sources {
    /// The same without AWS, even if the declaration requests it.
    pub(super) fn asking_nobody(self) -> Self {
        Self { live: self.live.asked_by(Asker::Nobody), ..self }
    }
}
