//! `iamra lock`

use std::path::{Path, PathBuf};

use crate::cli::Exit;
use crate::cli::at_hand::{LockFile, Operator};
use crate::cli::declaration::File;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::live::{Asking, Asks, explain};
use crate::cli::paths::display;
use crate::cli::report;
use crate::config::Whole;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::resolve::{self, Answers, Lockfile};
use crate::{disk, pipeline};

/// Look up references in AWS, and write the values to `iamra.lock`
///
/// The lock has the values for every cluster of the declaration with the versions of their parameters, and the
/// fingerprint and expiry of each CA certificate. It never contains a key. Commit it: rendering then needs no network
/// and no credentials.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Folder of the declaration, or its file
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Write nothing; print how AWS differs from the lock, and exit with 4 if it does
    #[arg(long)]
    check: bool,
    /// Print the calls that would be made, and exit without making them
    #[arg(long)]
    explain_calls: bool,
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
    if args.explain_calls {
        explain(&policy, Vec::new(), report, |lookup, report| drop(lock_plan.read(lookup, &policy, report)))?;
        return Ok(None);
    }
    let Some(path) = args.lock.on_disk(declaration.root(), &file.folder, report) else { return Ok(None) };
    let there = disk::read_if_there(&path)?;
    if let Some(text) = there.as_deref().filter(|_| !args.check)
        && !resolve::is_lock(text)
    {
        report.push(
            Diagnostic::error(Code::InvalidLock, format!("{} is not a lock file, and was not changed", display(&path)))
                .at(Place::File(display(&path), None))
                .help("remove it, or write the lock to another file (`--lock FILE`)"),
        );
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
    let mut found = Report::default();
    let session = args.asks.session()?;
    let answers = lock_plan.read(&Asking::new(&session, &args.asks), &policy, &mut found);
    let failed = found.has_errors();
    report.append(found);
    if failed {
        return Ok(None);
    }
    if let Some(lock) = &lock {
        say_drift(&path, lock.drift(&answers), report);
        return Ok(report.has_errors().then_some(Exit::Differs));
    }
    write(&path, there.as_deref(), &answers, io)?;
    if lock_plan.has_keys {
        io.words(
            &"note: a CA's private key is never stored in the lock: rendering it needs `--live`, or `--values FILE`\n",
        )?;
    }
    Ok(None)
}

/// Writes the lock, unless it is up to date.
fn write(path: &Path, there: Option<&str>, answers: &Answers, io: &mut Io) -> Result<(), Error> {
    let (text, name) = (resolve::lock(answers), display(path));
    if there == Some(&text) {
        return io.words(&format_args!("{name} is up to date\n"));
    }
    disk::write(path, &text)?;
    io.words(&format_args!("{name}: {} references locked\n", answers.len()))
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
