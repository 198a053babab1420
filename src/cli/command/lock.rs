//! `iamra lock`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::arn::{Arn, ArnKind};
use crate::aws::Session;
use crate::cli::Exit;
use crate::cli::at_hand::{LockFile, Operator, values};
use crate::cli::declaration::File;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::live::{self, Asking, Asks};
use crate::cli::paths::display;
use crate::cli::report;
use crate::config::Whole;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::pipeline::{self, LockPlan};
use crate::quote::line;
use crate::reference::{Origin, Query, Reference, Wanted};
use crate::resolve::{self, Answers, Layered, Lockfile, Lookup, NoAnswer, OperatorPolicy, Trust, Values};
use crate::trust::Profile;
use crate::{aws, disk};

/// Look up references in AWS, and write them to `iamra.lock`
///
/// The lock has the values for every cluster of the declaration with the versions of their parameters, and the
/// fingerprint and expiry of each CA certificate. It never contains a key. Commit it: rendering then needs no network
/// and no credentials.
///
/// With `--trust-policies`, it also has the trust policy of every role, read with `iam:GetRole`, and of every profile the
/// roles that it lists and its attribute mappings, read with `rolesanywhere:GetProfile`; `iamra check` then reports which
/// workload can assume the role of another one. A lock that has them keeps having them.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Folder of the declaration, or its file
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Write nothing; print how AWS differs from the lock, and exit with 4 if it does
    #[arg(long)]
    check: bool,
    /// Record the trust policies and the profiles that the roles have in AWS, too
    #[arg(long)]
    trust_policies: bool,
    /// Print the calls that would be made, and exit without making them
    #[arg(long)]
    explain_calls: bool,
    /// File with values that are not looked up in AWS: one `ssm:/name: value` per line, or the outputs of what `iamra aws export` printed,
    /// as `terraform output -json` or `aws cloudformation describe-stacks` prints them
    #[arg(long, value_name = "FILE")]
    values: Option<PathBuf>,
    #[command(flatten)]
    lock: LockFile,
    #[command(flatten)]
    operator: Operator,
    #[command(flatten)]
    asks: Asks,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let file = File::open(&args.dir)?;
    let mut report = Report::default();
    let documents = file.documents(&mut report);
    let ended = match &documents {
        Some(documents) => locked(args, documents.whole(), &file, &mut report, io)?,
        None => None,
    };
    let exit = report::finish(&report, file.sources(), io)?;
    Ok(ended.unwrap_or(exit))
}

/// How the command ends; `None` when errors in the input determine that.
fn locked(
    args: &Args,
    declaration: Whole<'_>,
    file: &File,
    report: &mut Report,
    io: &mut Io,
) -> Result<Option<Exit>, Error> {
    let Some(lock_plan) = pipeline::lock_plan(declaration, report) else { return Ok(None) };
    let Some(policy) = args.operator.policy(report)? else { return Ok(None) };
    let Some(path) = args.lock.on_disk(declaration.root(), &file.folder, report) else { return Ok(None) };
    let there = disk::read_if_there(&path)?;
    let with_policies = args.trust_policies || has_policies(there.as_deref());
    let values = values(args.values.as_deref(), report)?;
    if args.explain_calls {
        explain(&lock_plan, (&policy, values.as_ref()), with_policies, report)?;
        return Ok(None);
    }
    if there.as_deref().is_some_and(|text| !args.check && !resolve::is_lock(text)) {
        report.push(foreign(&path));
        return Ok(None);
    }
    if args.check && there.is_none() {
        report.push(drift(&path, format!("there is no {}", display(&path))));
        return Ok(Some(Exit::Differs));
    }
    let lock = there.as_deref().filter(|_| args.check).map(|text| Lockfile::read(&display(&path), Some(text), report));
    if report.has_errors() {
        return Ok(None);
    }
    if let Some(lock) = &lock {
        // A query without an entry is drift, whatever AWS returns and even if AWS cannot be called.
        say_drift(&path, lock.gaps(&lock_plan.queries), report);
    }
    let session = args.asks.session()?;
    let mut found = Report::default();
    let asking = Asking::new(&session, &args.asks);
    let lookups = values.iter().map(|it| it as &dyn Lookup).chain([&asking as &dyn Lookup]);
    let answers = lock_plan.read(&Layered(lookups.collect()), &policy, &mut found);
    let trust = (with_policies && !found.has_errors()).then(|| trust(&lock_plan, &answers, &session, &mut found));
    let failed = found.has_errors();
    report.append(found);
    if failed {
        return Ok(None);
    }
    if let Some(lock) = &lock {
        say_drift(&path, lock.drift(&answers), report);
        say_drift(&path, trust.iter().flat_map(|trust| lock.trust_drift(trust)).collect(), report);
        return Ok(report.has_errors().then_some(Exit::Differs));
    }
    write(&path, there.as_deref(), (&answers, trust.as_ref()), io)?;
    if lock_plan.has_keys {
        io.words(
            &"note: a CA's private key is never stored in the lock: rendering it needs `--live`, or `--values FILE`\n",
        )?;
    }
    Ok(None)
}

/// Whether the lock that is there has trust policies, so that the next one has them, too.
fn has_policies(there: Option<&str>) -> bool {
    Lockfile::read("", there, &mut Report::default()).trust_policies().is_some()
}

fn foreign(path: &Path) -> Diagnostic {
    Diagnostic::error(Code::InvalidLock, format!("{} is not a lock file, and was not changed", display(path)))
        .at(Place::File(display(path), None))
        .help("remove it, or write the lock to another file (`--lock FILE`)")
}

/// Prints the calls that would be made. The ARN of a role that has to be looked up is not known before.
fn explain(
    plan: &LockPlan,
    (policy, values): (&OperatorPolicy, Option<&Values>),
    with_policies: bool,
    report: &mut Report,
) -> Result<(), Error> {
    let at_hand = values.iter().map(|it| *it as &dyn Lookup).collect();
    let calls = live::calls(policy, at_hand, report, |lookup, report| drop(plan.read(lookup, policy, report)));
    if report.has_errors() {
        return Ok(());
    }
    let mut calls: Vec<_> = calls.iter().map(ToString::to_string).collect();
    if with_policies {
        let (roles, profiles) = (plan.roles(&Answers::new()), plan.profiles(&Answers::new()));
        calls.extend(aws::role_inspections(&asked(&roles)).iter().map(ToString::to_string));
        calls.extend(aws::profile_inspections(&asked(&profiles)).iter().map(ToString::to_string));
        for (kind, call, what) in
            [(ArnKind::Role, "iam:GetRole", "roles"), (ArnKind::Profile, "rolesanywhere:GetProfile", "profiles")]
        {
            let is_meant = |query: &&Query| query.wanted == Wanted::Arn(kind);
            let others = plan.queries.iter().filter(is_meant).map(|query| line(&query.reference));
            let others: Vec<_> = others.collect();
            if !others.is_empty() {
                calls.push(format!("{call} of the {what} that are looked up\n  {}", others.join(" ")));
            }
        }
    }
    live::print_calls(&calls)
}

/// What is asked about, and where.
fn asked<'r>(references: &'r BTreeMap<Arn, &Reference>) -> Vec<(&'r Arn, &'r Origin)> {
    references.iter().map(|(arn, reference)| (arn, &*reference.origin)).collect()
}

/// The trust policies of the roles, and the profiles. What cannot be read is reported.
fn trust(plan: &LockPlan, answers: &Answers, session: &Session, report: &mut Report) -> Trust {
    let (roles, profiles) = (plan.roles(answers), plan.profiles(answers));
    let mut say = |none: NoAnswer, reference: Option<&&Reference>| {
        let place = reference.map_or(Place::Nowhere, |it| Place::Config(it.place.clone()));
        report.push(Diagnostic::error(none.code, none.why).at(place).help(none.help));
    };
    let mut trust = Trust::default();
    for (arn, found) in session.roles(&asked(&roles), &live::tell) {
        match found {
            Ok(role) => drop(trust.policies.insert(arn.to_string(), role.trust_policy)),
            Err(none) => say(none, roles.get(&arn)),
        }
    }
    for (arn, found) in session.profiles(&asked(&profiles), &live::tell) {
        match found {
            Ok(it) => {
                let profile = Profile { roles: it.roles.into_iter().collect(), mapping: it.mapping };
                drop(trust.profiles.insert(arn.to_string(), profile));
            }
            Err(none) => say(none, profiles.get(&arn)),
        }
    }
    trust
}

/// Writes the lock, unless it is up to date.
fn write(
    path: &Path,
    there: Option<&str>,
    (answers, trust): (&Answers, Option<&Trust>),
    io: &mut Io,
) -> Result<(), Error> {
    let (text, name) = (resolve::lock(answers, trust), display(path));
    if there == Some(&text) {
        return io.remark(&format_args!("{name} is up to date\n"));
    }
    disk::write(path, &text)?;
    let policies = trust.map_or_else(String::new, |it| format!(" and {} trust policies", it.policies.len()));
    io.remark(&format_args!("{name}: {} references{policies} locked\n", answers.len()))
}

fn say_drift(path: &Path, drifts: Vec<String>, report: &mut Report) {
    for words in drifts {
        report.push(drift(path, words));
    }
}

fn drift(path: &Path, words: String) -> Diagnostic {
    Diagnostic::error(Code::LockDrift, words)
        .at(Place::File(display(path), None))
        .help("run `iamra lock`, and commit what it writes")
}
