//! `iamra status`

mod model;

use std::path::PathBuf;

use clap::ValueEnum;
use time::OffsetDateTime;

use model::{Authority, InAws, Lock, Problem, SCHEMA_VERSION, Status};

use crate::aws::{self, Provisioning};
use crate::cli::Exit;
use crate::cli::at_hand::AtHand;
use crate::cli::declaration::File;
use crate::cli::delegated::remark;
use crate::cli::error::Error;
use crate::cli::estate::{Estate, failed};
use crate::cli::io::Io;
use crate::cli::live::Asks;
use crate::cli::paths::display;
use crate::cli::report;
use crate::config::Whole;
use crate::diag::Report;
use crate::disk;
use crate::pipeline;
use crate::provision;
use crate::resolve::Layered;
use crate::yaml::NodeRef;

/// Show what the lock covers, and when CAs expire
///
/// Reads the declaration, its lock and the values file, and makes no calls. Counts all clusters together. With `--live`,
/// also shows whether AWS has each resource that the declaration means, in the account and region of every cluster, with
/// the permissions of `iamra aws plan`.
///
/// Exit codes: 0 also if something is missing or differs, 1 the declaration is invalid, 3 AWS could not be read.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Folder of the declaration, or its file
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Output format; `json` has a `schemaVersion`, which increases when a field is removed or changes its meaning
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Look at AWS, too, and change nothing
    #[arg(long, hide = !aws::IS_HERE)]
    live: bool,
    #[command(flatten)]
    asks: Asks,
    #[command(flatten)]
    at_hand: AtHand,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let file = File::open(&args.dir)?;
    let mut report = Report::default();
    let documents = file.documents(&mut report);
    let said = match &documents {
        Some(documents) => read(&file, documents.whole(), &args.at_hand, &mut report)?,
        None => None,
    };
    if let Some(mut status) = said.filter(|_| !report.has_errors()) {
        if args.live {
            status.aws = live(args, &file, &mut report)?;
        }
        io.data(|out| match args.format {
            Format::Json => status.write_json(out),
            Format::Text => out.write_all(status.words().as_bytes()),
        })?;
        remark(&file, None, io)?;
    }
    report::finish(&report, file.sources(), io)
}

/// What AWS has. Accounts that cannot be read are reported, and what is in the others is shown.
fn live(args: &Args, file: &File, report: &mut Report) -> Result<Option<Vec<InAws>>, Error> {
    let estate = Estate::of(None, &args.at_hand.operator, &args.asks);
    let session = estate.session()?;
    let Some(desired) = estate.desired(file, None, Some(&session), report)? else { return Ok(None) };
    let (observed, failures) = provision::observe_each(&desired, &Provisioning::new(&session));
    for failure in failures.values() {
        report.push(failed(failure));
    }
    let standings = provision::standings(&desired, &observed, &failures);
    Ok(Some(standings.iter().map(|it| InAws::of(it, &observed)).collect()))
}

fn read(file: &File, declaration: Whole<'_>, at_hand: &AtHand, report: &mut Report) -> Result<Option<Status>, Error> {
    let node = declaration.root();
    let Some(path) = at_hand.lock.on_disk(node, &file.folder, report) else { return Ok(None) };
    let text = disk::read_if_there(&path)?;
    let Some(policy) = at_hand.operator.policy(report)? else { return Ok(None) };
    let answers = at_hand.answers(&display(&path), text.as_deref(), at_hand.lock.is_asked_for(), report)?;
    let Some(declared) = pipeline::lock_plan(declaration, report) else { return Ok(None) };
    let mut found = Report::default();
    let known = declared.read(&Layered(answers.lookups()), &policy, &mut found);
    let lock = Lock::of(display(&path), text.is_some(), &answers.lock, &declared, &known);
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let count = |node: NodeRef<'_>, field: &str| {
        let entries = node.get("spec").and_then(|spec| spec.get(field)).map(NodeRef::entries);
        entries.map_or(0, |entries| entries.len())
    };
    Ok(Some(Status {
        schema_version: SCHEMA_VERSION,
        declaration: file.name.clone(),
        workloads: count(declaration.own(), "workloads"),
        roles: count(node, "roles"),
        // One scope exists even if none is declared.
        scopes: count(node, "scopes").max(1),
        clusters: count(node, "clusters"),
        lock,
        // Every command that renders would report the same.
        ready: !found.has_errors(),
        aws: None,
        problems: found.diagnostics().into_iter().map(Problem::of).collect(),
        authorities: known
            .iter()
            .filter_map(|(query, answer)| Authority::of(query, answer.as_ref().ok()?, now))
            .collect(),
    }))
}
