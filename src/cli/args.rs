//! Arguments that several commands share, and what they mean.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser as _};

use super::Exit;
use super::environment::POLICY;
use super::error::Error;
#[cfg(feature = "aws")]
use super::live::{Asker, Asking, Live, explain};
use crate::config::Mode;
use crate::diag;
use crate::diag::{Diagnostic, Place, Report};
use crate::disk;
use crate::pipeline::{self, Request};
use crate::resolve::{Guarded, Layered, Lockfile, Lookup, Policy, Resolved, Values, lock_path};
use crate::yaml::{Document, NodeRef, SyntaxError};

/// What every command has that looks at identities.
#[derive(Args, Clone)]
pub(super) struct Shared {
    /// Cluster to render for, when the declaration has several
    #[arg(long, env = CLUSTER, value_name = "NAME")]
    pub(super) cluster: Option<String>,
    #[command(flatten)]
    pub(super) sources: Sources,
    /// Whether the calls to AWS are only shown.
    #[cfg(feature = "aws")]
    #[arg(skip)]
    pub(super) explain_calls: bool,
}

/// The variable that says which cluster it is.
pub(super) const CLUSTER: &str = "IAMRA_CLUSTER";

/// Where references are answered from.
#[derive(Args, Clone)]
pub(super) struct Sources {
    /// File with values of references, one `ssm:/name: value` a line
    #[arg(long, env = "IAMRA_VALUES", value_name = "FILE")]
    pub(super) values: Option<PathBuf>,
    #[command(flatten)]
    pub(super) lock: LockFile,
    #[command(flatten)]
    pub(super) operator: Operator,
    #[cfg(feature = "aws")]
    #[command(flatten)]
    pub(super) live: Live,
}

/// Which lock it is.
#[derive(Args, Clone)]
pub(super) struct LockFile {
    /// Lock file, when it is not `iamra.lock` beside the declaration
    #[arg(long = "lock", env = "IAMRA_LOCK", value_name = "FILE")]
    pub(super) named: Option<PathBuf>,
}

impl LockFile {
    /// The lock of the declaration at `node`.
    pub(super) fn path(&self, node: NodeRef<'_>, folder: &Path) -> PathBuf {
        self.named.clone().unwrap_or_else(|| folder.join(lock_path(node)))
    }
}

/// What the operator allows.
#[derive(Args, Clone)]
pub(super) struct Operator {
    /// File with what declarations may refer to, for whoever renders the repositories of others
    #[arg(long = "policy", env = POLICY, value_name = "FILE", value_parser = OsStringValueParser::new().map(PathBuf::from))]
    file: Option<PathBuf>,
}

impl Operator {
    /// What may be looked up: everything, unless somebody says otherwise. `None` when that cannot be understood, which is
    /// reported.
    pub(super) fn policy(&self, report: &mut Report) -> Result<Option<Policy>, Error> {
        let Some(path) = &self.file else { return Ok(Some(Policy::default())) };
        if path.as_os_str().is_empty() {
            let message = format!("{POLICY} is empty, and without a policy there is no limit");
            let help = "name the operator's file, or unset the variable where none is wanted";
            report.push(Diagnostic::error(diag::Code::InvalidPolicy, message).help(help));
            return Ok(None);
        }
        Ok(Policy::read(&display(path), &disk::read(path)?, report))
    }
}

/// What a command has that looks at identities and can show which calls that takes.
#[derive(Args)]
pub(super) struct Explained {
    #[command(flatten)]
    shared: Shared,
    /// Print the calls that `--live` would make for what the lock does not have, make none, and do nothing else
    #[cfg(feature = "aws")]
    #[arg(long)]
    explain_calls: bool,
}

impl Explained {
    pub(super) fn shared(&self) -> Shared {
        Shared {
            #[cfg(feature = "aws")]
            explain_calls: self.explain_calls,
            ..self.shared.clone()
        }
    }
}

/// A declaration on disk.
pub(super) struct File {
    /// Its path, as messages name it.
    pub(super) name: String,
    /// Its text.
    pub(super) text: String,
    /// The folder it is in.
    pub(super) folder: PathBuf,
}

impl File {
    /// The declaration that `path` means.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let path = disk::find_declaration(path)?;
        let name = path.strip_prefix(".").unwrap_or(&path).display().to_string();
        let folder = path.parent().unwrap_or_else(|| Path::new("")).to_owned();
        Ok(Self { name, text: disk::read(&path)?, folder })
    }

    /// From the declaration to identities; what is wrong is in the report.
    pub(super) fn resolve(
        &self,
        shared: &Shared,
        request: Request<'_>,
        report: &mut Report,
    ) -> Result<Option<Resolved>, Error> {
        let Some(document) = self.document(report) else { return Ok(None) };
        shared.resolve(document.root(), &self.folder, request, report)
    }

    /// What `question` makes of the declaration and of whoever answers its references; nothing when it is not YAML.
    pub(super) fn ask<T>(
        &self,
        shared: &Shared,
        report: &mut Report,
        question: impl FnOnce(NodeRef<'_>, &dyn Lookup, &mut Report) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        let Some(document) = self.document(report) else { return Ok(None) };
        let Some(policy) = shared.sources.operator.policy(report)? else { return Ok(None) };
        shared.look_up(&policy, document.root(), &self.folder, report, question)
    }

    fn document(&self, report: &mut Report) -> Option<Document<'_>> {
        Document::parse(&self.text).map_err(|error| report.push(syntax_error(&error))).ok()
    }
}

/// That the declaration is not YAML.
pub(super) fn syntax_error(error: &SyntaxError) -> Diagnostic {
    Diagnostic::error(diag::Code::SyntaxError, format!("the declaration is not YAML: {}", error.message))
        .at(Place::ConfigText(error.offset))
}

impl Shared {
    /// What is asked for: the cluster of these arguments, and what the command does.
    pub(super) fn request<'r>(&'r self, mode: Option<Mode>, namespace: Option<&'r str>) -> Request<'r> {
        Request { cluster: self.cluster.as_deref(), mode, namespace, ..Request::default() }
    }

    pub(super) fn new(cluster: Option<String>, sources: Sources) -> Self {
        Self {
            cluster,
            sources,
            #[cfg(feature = "aws")]
            explain_calls: false,
        }
    }

    /// The same for an application of Argo CD.
    pub(super) fn for_argo_cd(&self, cluster: Option<String>, lock: PathBuf) -> Self {
        let sources = Sources {
            lock: LockFile { named: Some(lock) },
            #[cfg(feature = "aws")]
            live: self.sources.live.asked_by(Asker::ArgoCd),
            ..self.sources.clone()
        };
        Self::new(cluster, sources)
    }

    /// Looks up what the declaration at `node` refers to: in the values file, then in the lock beside it, then, if that is
    /// wanted, in AWS.
    pub(super) fn resolve(
        &self,
        node: NodeRef<'_>,
        folder: &Path,
        request: Request<'_>,
        report: &mut Report,
    ) -> Result<Option<Resolved>, Error> {
        let Some(policy) = self.sources.operator.policy(report)? else { return Ok(None) };
        let resolved = self.look_up(&policy, node, folder, report, |node, lookup, report| {
            let broken = report.has_errors();
            let mut found = Report::default();
            let resolved = pipeline::resolve(node, request, lookup, &mut found);
            // What a lock that cannot be read does not have is no news.
            report.append(if broken { found.without(diag::Code::StaleLock) } else { found });
            resolved
        })?;
        if let Some(resolved) = &resolved {
            policy.check(resolved, report);
        }
        Ok(resolved.filter(|_| !report.has_errors()))
    }

    /// What `question` makes of the declaration at `node` and of whoever answers its references.
    fn look_up<T>(
        &self,
        policy: &Policy,
        node: NodeRef<'_>,
        folder: &Path,
        report: &mut Report,
        question: impl FnOnce(NodeRef<'_>, &dyn Lookup, &mut Report) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        let lock_path = self.sources.lock.path(node, folder);
        let answers =
            self.sources.answers(&display(&lock_path), disk::read_if_there(&lock_path)?.as_deref(), report)?;
        #[cfg(feature = "aws")]
        if self.explain_calls {
            explain(policy, answers.lookups(), report, |lookup, report| drop(question(node, lookup, report)))?;
            return Ok(None);
        }
        #[cfg(feature = "aws")]
        let live = &self.sources.live;
        #[cfg(feature = "aws")]
        let session = if live.is_on(node) && !report.has_errors() { Some(live.asks.session()?) } else { None };
        #[cfg(feature = "aws")]
        let aws = session.as_ref().map(|session| Asking::new(session, &live.asks));
        let lookups = answers.lookups().into_iter();
        #[cfg(feature = "aws")]
        let lookups = lookups.chain(aws.iter().map(|aws| aws as &dyn Lookup));
        let lookup = Guarded { policy, lookup: &Layered(lookups.collect()) };
        let answer = question(node, &lookup, report);
        #[cfg(feature = "aws")]
        aws.iter().for_each(Asking::note);
        Ok(answer)
    }
}

impl Sources {
    /// The same without AWS, even where the declaration would ask it.
    #[cfg(feature = "aws")]
    pub(super) fn asking_nobody(self) -> Self {
        Self { live: self.live.asked_by(Asker::Nobody), ..self }
    }

    /// What answers references, given the text of the lock.
    pub(super) fn answers(&self, name: &str, lock: Option<&str>, report: &mut Report) -> Result<Answers, Error> {
        let values = match &self.values {
            Some(path) => Some(Values::read(&display(path), &disk::read(path)?, report)),
            None => None,
        };
        Ok(Answers { values, lock: Lockfile::read(name, lock, report) })
    }
}

/// What answers references without asking anybody: values given by hand, then the lock.
pub(super) struct Answers {
    values: Option<Values>,
    lock: Lockfile,
}

impl Answers {
    pub(super) fn lookups(&self) -> Vec<&dyn Lookup> {
        let mut lookups: Vec<&dyn Lookup> = self.values.iter().map(|values| values as &dyn Lookup).collect();
        lookups.push(&self.lock);
        lookups
    }
}

/// How messages name a file.
pub(super) fn display(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).display().to_string()
}

fn is_bug(diagnostic: &Diagnostic) -> bool {
    diagnostic.code == diag::Code::InternalError
}

/// How a command ends that has reported everything. Where AWS failed, another try may do.
pub(super) fn exit(report: &Report) -> Exit {
    let mut errors = report.diagnostics().into_iter().filter(|it| it.severity == diag::Severity::Error);
    match errors.next() {
        None => Exit::Done,
        Some(first) if is_bug(first) || errors.clone().any(is_bug) => Exit::Bug,
        Some(first) if first.code == diag::Code::AwsFailed && errors.all(|it| it.code == first.code) => Exit::Failed,
        Some(_) => Exit::WrongInput,
    }
}
