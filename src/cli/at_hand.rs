//! Sources of values that need no calls: the values file and the lock; and the operator's policy.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser as _};

use super::environment::POLICY;
use super::error::Error;
use super::io::aside;
use super::paths::{display, is_unpacked, outside_repository};
use crate::diag::{Code, Diagnostic, Report};
use crate::disk;
use crate::git;
use crate::resolve::{LOCK_NAME, Lockfile, Lookup, OperatorPolicy, Values, lock_path};
use crate::yaml::NodeRef;

/// What help calls the options that say where the values of references come from.
pub(super) const HEADING: &str = "Where values come from";

/// Sources of values that need no calls, and the operator's policy.
#[derive(Args, Clone)]
pub(super) struct AtHand {
    /// File with the values of references, one `ssm:/name: value` per line
    #[arg(long, help_heading = HEADING, env = "IAMRA_VALUES", value_name = "FILE")]
    pub(super) values: Option<PathBuf>,
    #[command(flatten)]
    pub(super) lock: LockFile,
    #[command(flatten)]
    pub(super) operator: Operator,
}

/// The lock file to use.
#[derive(Args, Clone)]
pub(super) struct LockFile {
    /// Lock file, if it is not `iamra.lock` next to the declaration
    #[arg(long = "lock", help_heading = HEADING, env = "IAMRA_LOCK", value_name = "FILE")]
    pub(super) named: Option<PathBuf>,
    /// Whether it may be missing although it is named, because the user did not name it.
    #[arg(skip)]
    pub(super) may_be_missing: bool,
}

impl LockFile {
    /// The lock of the declaration at `node`. `None` when it is outside the folder, which is reported.
    pub(super) fn path(&self, node: NodeRef<'_>, folder: &Path, report: &mut Report) -> Option<PathBuf> {
        if let Some(named) = &self.named {
            return Some(named.clone());
        }
        let path = lock_path(node).map_err(|wrong| report.push(*wrong)).ok()?;
        Some(folder.join(path.unwrap_or_else(|| LOCK_NAME.into())))
    }

    /// The same on disk, where links are resolved and checked.
    pub(super) fn on_disk(&self, node: NodeRef<'_>, folder: &Path, report: &mut Report) -> Option<PathBuf> {
        let path = self.path(node, folder, report)?;
        let is_declared = self.named.is_none() && lock_path(node).is_ok_and(|path| path.is_some());
        if is_declared && !disk::is_in_working_copy(folder, &path) {
            report.push(outside_repository(&path));
            return None;
        }
        Some(path)
    }

    /// Whether the lock must exist, because the user named it.
    pub(super) fn is_asked_for(&self) -> bool {
        self.named.is_some() && !self.may_be_missing
    }
}

/// What the operator allows.
#[derive(Args, Clone)]
pub(super) struct Operator {
    /// Policy file that limits what declarations may refer to, for rendering other people's repositories
    #[arg(long = "policy", help_heading = HEADING, env = POLICY, value_name = "FILE", value_parser = OsStringValueParser::new().map(PathBuf::from))]
    file: Option<PathBuf>,
}

impl Operator {
    /// What its variable says.
    pub(super) fn of_environment() -> Self {
        Self { file: std::env::var_os(POLICY).map(PathBuf::from) }
    }

    /// What may be looked up: everything if there is no policy. `None` when the policy cannot be read, which is
    /// reported.
    pub(super) fn policy(&self, report: &mut Report) -> Result<Option<OperatorPolicy>, Error> {
        let Some(path) = &self.file else { return Ok(Some(OperatorPolicy::default())) };
        if path.as_os_str().is_empty() {
            let message = format!("{POLICY} is empty, and without a policy nothing is restricted");
            let help = "set it to the operator's policy file, or unset it if no policy is wanted";
            report.push(Diagnostic::error(Code::InvalidPolicy, message).help(help));
            return Ok(None);
        }
        Ok(OperatorPolicy::read(&display(path), &disk::read_given(path)?, report))
    }
}

impl AtHand {
    /// The files that the user names.
    pub(super) fn named(&self) -> impl Iterator<Item = &Path> {
        [&self.values, &self.lock.named, &self.operator.file].into_iter().flatten().map(PathBuf::as_path)
    }

    /// The sources of values, given the text of the lock. A missing lock that `must_be_there` is reported.
    pub(super) fn answers(
        &self,
        name: &str,
        lock: Option<&str>,
        must_be_there: bool,
        report: &mut Report,
    ) -> Result<Answers, Error> {
        let values = values(self.values.as_deref(), report)?;
        if lock.is_some() {
            aside(&format_args!("read {name}"));
        }
        let is_missing = lock.is_none() && must_be_there;
        let lock = if is_missing { Lockfile::missing(name, report) } else { Lockfile::read(name, lock, report) };
        Ok(Answers { values, lock })
    }
}

/// The values file, if one is given.
pub(super) fn values(path: Option<&Path>, report: &mut Report) -> Result<Option<Values>, Error> {
    let read = |path: &Path| {
        let text = disk::read_given(path)?;
        aside(&format_args!("read {}", display(path)));
        Ok(Values::read(&display(path), &text, is_committed(path), report))
    };
    path.map(read).transpose()
}

/// Whether a file is in a repository for others to read: Git tracks it, or Argo CD has it from one. Where nothing can tell,
/// as in a folder without Git, it is not: what is said would be wrong for those who keep keys where they belong.
fn is_committed(path: &Path) -> bool {
    let ceilings = std::env::var_os("GIT_CEILING_DIRECTORIES").unwrap_or_default();
    let ceilings: Vec<_> = std::env::split_paths(&ceilings).collect();
    git::is_tracked(path, &ceilings) || is_unpacked(path)
}

/// The sources of values that need no calls: the values file, then the lock.
pub(super) struct Answers {
    values: Option<Values>,
    pub(super) lock: Lockfile,
}

impl Answers {
    pub(super) fn lookups(&self) -> Vec<&dyn Lookup> {
        let mut lookups: Vec<&dyn Lookup> = self.values.iter().map(|values| values as &dyn Lookup).collect();
        lookups.push(&self.lock);
        lookups
    }
}
