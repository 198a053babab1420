//! `iamra check`

mod builds;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use crate::cli::declaration::File;
use crate::cli::delegated::Delegated;
use crate::cli::error::Error;
use crate::cli::findings::{Checked, Format, Levels, Vouched};
use crate::cli::io::Io;
use crate::cli::manifests::parse;
use crate::cli::paths::display;
use crate::cli::sources::{Offline, Shared};
use crate::cli::{Exit, kustomization, kustomize, trust};
use crate::config::{self, Mode};
use crate::diag::{Code, Diagnostic, Level, Place, Report};
use crate::diff::Snapshot;
use crate::disk;
use crate::git::{self, Repository, Version};
use crate::krm::Stream;
use crate::pipeline::{self, LockPlan};
use crate::plan::Absence;
use crate::resolve::{Guarded, LOCK_NAME, Layered, Resolved};
use crate::verify::Rendered;
use crate::yaml::NodeRef;

/// Check declarations and locks against every rule, offline
///
/// Checks all clusters of a declaration. If there is a lock, every reference must be in it. In a folder with a
/// kustomization, the kustomize build is checked too: for anything that would prevent an identity or, if iamra is part
/// of the build, as `iamra verify` does.
///
/// With `--builds`, every build of the declarations is checked, in parallel: a workload that is in none of them is an error,
/// and stdout says which workload is in which build.
///
/// Exit codes: 0 no error (there may be warnings), 1 an error, 3 something could not be checked.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Folders of declarations, their files, or their locks; `.` when omitted. With `--builds`, folders with kustomizations in
    /// or below them, or patterns; the declaration's folder when omitted
    paths: Vec<PathBuf>,
    #[command(flatten)]
    whole: Whole,
    /// The declaration of all kustomizations among PATHS, or its folder; for each, in it or above it when omitted
    #[arg(long, value_name = "PATH")]
    declaration: Option<PathBuf>,
    /// Check what is staged, not what is on disk
    #[arg(long, hide = !git::IS_HERE)]
    staged: bool,
    /// Require a lock that covers every reference; without this flag, a missing lock is a warning
    #[arg(long)]
    locked: bool,
    /// Output format; all formats except `human` go to stdout
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    levels: Levels,
    #[command(flatten)]
    given: trust::Given,
    #[command(flatten)]
    sidecar: Vouched,
    #[command(flatten)]
    kustomize: kustomize::Options,
    #[command(flatten)]
    offline: Offline,
}

/// Whether all builds are checked.
#[derive(clap::Args)]
struct Whole {
    /// Check all builds: the kustomizations that no other one includes
    #[arg(long, conflicts_with = "staged")]
    builds: bool,
    /// Take files among PATHS as changed files: check only the builds that may read one of them, or all if there is none
    #[arg(long, requires = "builds")]
    changed: bool,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    if args.whole.builds {
        return builds::run(args, io);
    }
    let shared = &args.offline.shared();
    // The diagnostics of each declaration: a second build with it adds only those about that build.
    let mut said: BTreeMap<String, (Report, BTreeMap<Code, Level>, bool)> = BTreeMap::new();
    let mut checked = Vec::new();
    let here = [PathBuf::from(".")];
    for path in if args.paths.is_empty() { &here[..] } else { &args.paths } {
        let source = if args.staged { Source::Index(Repository::find(path)?) } else { Source::Disk };
        let file = source.declaration(args.declaration.as_deref().unwrap_or(path))?;
        let is_built = kustomization::is_kustomization(path);
        let mut one = match said.get(&file.name) {
            Some(_) if !is_built => continue,
            Some((_, levels, is_unanswered)) => {
                Checked { levels: BTreeMap::clone(levels), is_unanswered: *is_unanswered, ..Checked::of(file) }
            }
            None => check(file, &source, args, shared)?.0,
        };
        let delegated = Delegated::of(&one.file, source.version())?;
        let mut claims = delegated.claims();
        if one.file.extends() {
            one.report.append(claims.pop().unwrap_or_default());
        } else {
            if !delegated.files.is_empty() {
                // Its workloads may all be theirs.
                one.report = one.report.without(Code::NothingToDo);
            }
            for (file, claims) in delegated.whole()?.files.into_iter().zip(claims) {
                if said.contains_key(&file.name) {
                    continue;
                }
                let (mut other, _) = check(file, &source, args, shared)?;
                // What is wrong with the base is said once.
                other.report = Delegated::own(&other.file, other.report).beyond(&one.report);
                other.report.append(claims);
                said.insert(other.file.name.clone(), (other.report.clone(), other.levels.clone(), other.is_unanswered));
                other.report.judge(&args.levels.over(&other.levels));
                checked.push(other);
            }
        }
        let about_declaration = (one.report.clone(), one.levels.clone(), one.is_unanswered);
        match source {
            Source::Disk if is_built => check_build(path, &mut one, args, shared, io)?,
            Source::Index(_) if is_built => {
                let name = crate::quote::quote(&path.display()).to_string();
                io.words(&format_args!("note: the kustomize build of {name} is not checked with `--staged`\n"))?;
            }
            _ => {}
        }
        match said.get(&one.file.name) {
            Some((declaration, ..)) => one.report = one.report.beyond(declaration),
            None => drop(said.insert(one.file.name.clone(), about_declaration)),
        }
        one.report.judge(&args.levels.over(&one.levels));
        checked.push(one);
    }
    args.format.write(&checked, io)
}

/// Where files are read.
enum Source {
    Disk,
    Index(Repository),
}

impl Source {
    /// The version of the repository; `None` on disk.
    fn version(&self) -> Option<(&Repository, &Version)> {
        match self {
            Self::Disk => None,
            Self::Index(repository) => Some((repository, &Version::Index)),
        }
    }

    /// The declaration for a path; for a lock, the one next to it.
    fn declaration(&self, path: &Path) -> Result<File, Error> {
        let is_lock = path.file_name().is_some_and(|name| name == LOCK_NAME);
        let path = match path.parent().filter(|_| is_lock) {
            Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
            Some(folder) => folder,
            None => path,
        };
        match self {
            Self::Disk => File::open(path),
            Self::Index(repository) => {
                let found = repository.find_declaration(&Version::Index, &repository.place(path)?)?;
                let found = found.ok_or_else(|| Error::Unstaged(path.to_owned()))?;
                File::in_git(repository, &Version::Index, &found)
            }
        }
    }

    /// The lock's name and its text. A lock named on the command line is at that path.
    fn lock(
        &self,
        file: &File,
        node: NodeRef<'_>,
        shared: &Shared,
        report: &mut Report,
    ) -> Result<Option<(String, Option<String>)>, Error> {
        let lock = &shared.sources.at_hand.lock;
        let path = match self {
            Self::Disk => lock.on_disk(node, &file.folder, report),
            Self::Index(_) => lock.path(node, &file.folder, report),
        };
        let Some(path) = path else { return Ok(None) };
        let text = match self {
            Self::Disk => disk::read_if_there(&path)?,
            Self::Index(repository) => {
                let place = if lock.named.is_some() { repository.place(&path)? } else { path.clone() };
                repository.read(&Version::Index, &place)?
            }
        };
        Ok(Some((display(&path), text)))
    }
}

/// The declaration, and what each of its clusters sees; nothing if it is invalid.
fn check(file: File, source: &Source, args: &Args, shared: &Shared) -> Result<(Checked, Snapshot), Error> {
    let mut checked = Checked::of(file);
    let snapshot = checked.check(source, args, shared)?;
    Ok((checked, snapshot))
}

/// Checks the kustomize build of the folder against the declaration.
fn check_build(dir: &Path, checked: &mut Checked, args: &Args, shared: &Shared, io: &mut Io) -> Result<(), Error> {
    let built = match args.kustomize.run(dir, io, || {}) {
        Ok(built) => built,
        Err(error) => {
            checked.report.push(not_built(&error));
            return Ok(());
        }
    };
    let mut report = Report::default();
    match parse("kustomize build", &built) {
        Ok(stream) => check_stream(dir, &stream, checked, args, shared, &mut report)?,
        Err(instead) => report.push(*instead),
    }
    checked.report.append(report);
    checked.input = String::from_utf8(built).ok().map(|text| ("kustomize build".to_owned(), text));
    Ok(())
}

fn not_built(error: &Error) -> Diagnostic {
    Diagnostic::error(Code::NotChecked, format!("the kustomize build was not checked: {}", error.words()))
        .help("fix this, or pass the declaration's file to check only that file: `iamra check iamra.yaml`")
}

/// Checks the built manifests against the declaration.
fn check_stream(
    dir: &Path,
    stream: &Stream<'_>,
    checked: &Checked,
    args: &Args,
    shared: &Shared,
    report: &mut Report,
) -> Result<(), Error> {
    let rendered = Rendered::of(&stream.items, &args.sidecar.images);
    let opted_in = rendered.opted_in(report);
    let whole = &disk::whole(dir);
    let shared = &checked.file.shared_for(whole, shared);
    let request = shared.request(Some(Mode::Transform));
    let absence = checked.file.absence_in(whole);
    let naming = kustomization::naming(whole);
    let request = pipeline::Request { opted_in: &opted_in, naming: Some(&naming), ..request };
    let mut found = Report::default();
    let resolved = checked.file.resolve(shared, request, &mut found)?;
    // Diagnostics about the declaration alone are already reported; those about this build are not.
    report.append(if checked.is_unanswered { found.without(Code::UnresolvedReference) } else { found });
    if let Some(resolved) = resolved {
        check_rendered(&resolved, &rendered, absence, report);
    }
    Ok(())
}

fn check_rendered(resolved: &Resolved, rendered: &Rendered<'_, '_>, absence: Absence, report: &mut Report) {
    if rendered.has_ours() {
        pipeline::verify(resolved, rendered, absence, report);
    } else {
        pipeline::rehearse(resolved, rendered, absence, report);
    }
}

impl Checked {
    /// Checks the declaration and its lock for all clusters.
    fn check(&mut self, source: &Source, args: &Args, shared: &Shared) -> Result<Snapshot, Error> {
        let report = &mut self.report;
        let Some(documents) = self.file.documents(report) else { return Ok(Snapshot::new()) };
        let declaration = documents.whole();
        let at_hand = &shared.sources.at_hand;
        let Some(policy) = at_hand.operator.policy(report)? else { return Ok(Snapshot::new()) };
        let lock = source.lock(&self.file, declaration.root(), shared, report)?;
        let Some((name, lock)) = lock else { return Ok(Snapshot::new()) };
        let must_be_there = args.locked || at_hand.lock.is_asked_for();
        let answers = at_hand.answers(&name, lock.as_deref(), must_be_there, report)?;
        let layered = Layered(answers.lookups());
        let lookup = Guarded { policy: &policy, lookup: &layered };
        // A lock never has keys, so a CA is checked completely only with a values file.
        let mode = if at_hand.values.is_some() { Mode::All } else { Mode::Transform };
        let request = shared.request(Some(mode));
        let mut found = Report::default();
        let snapshot = pipeline::snapshot(declaration, request, Some(&lookup), &mut found).unwrap_or_default();
        for resolved in snapshot.values().filter_map(|view| view.resolved.as_ref()) {
            policy.check(resolved, &mut found);
        }
        if let Some(lock_plan) = lock_plan(declaration, &snapshot, &mut found) {
            let answers = lock_plan.read(&layered, &policy, &mut found);
            lock_plan.check_expiry(&answers, OffsetDateTime::now_utc().unix_timestamp(), &mut found);
        }
        if !snapshot.is_empty() && !found.has_errors() {
            let policies = (&args.given, &answers.lock);
            trust::check((declaration, &lookup), shared.cluster.as_ref(), policies, &mut found)?;
        }
        if lock.is_none() && at_hand.values.is_none() {
            let all = found.diagnostics().len();
            found = found.without(Code::UnresolvedReference);
            let missing = all - found.diagnostics().len();
            self.is_unanswered = missing > 0;
            if self.is_unanswered {
                found.push(unanswered(&name, missing));
            }
        }
        report.append(found);
        self.levels = snapshot.values().next().map(|view| view.config.checks.clone()).unwrap_or_default();
        Ok(snapshot)
    }
}

/// What the lock of a valid declaration holds.
fn lock_plan(declaration: config::Whole<'_>, snapshot: &Snapshot, report: &mut Report) -> Option<LockPlan> {
    let view = |name: Option<&str>| snapshot.get(&name.map(str::to_owned));
    let views: Option<Vec<_>> = config::clusters(declaration).into_iter().map(view).collect();
    match views {
        _ if snapshot.is_empty() => None,
        Some(views) => Some(LockPlan::of(views.into_iter().map(|view| view.config.clone()).collect())),
        // Only some of the clusters have been loaded.
        None => pipeline::lock_plan(declaration, report),
    }
}

/// The warning that there is no lock and no values file yet.
fn unanswered(lock: &str, missing: usize) -> Diagnostic {
    let references = if missing == 1 { "1 reference has".to_owned() } else { format!("{missing} references have") };
    let message = format!("nothing can be rendered offline yet: {references} no value, and there is no {lock}");
    Diagnostic::warning(Code::UnresolvedReference, message)
        .at(Place::File(lock.to_owned(), None))
        .help("run `iamra lock`, or provide the values in a file (`--values FILE`); `--locked` makes this an error")
}
