//! `iamra status`

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::ValueEnum;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::certificate::Certificate;
use crate::cli::Exit;
use crate::cli::at_hand::AtHand;
use crate::cli::declaration::File;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::paths::display;
use crate::cli::report;
use crate::config;
use crate::diag::Report;
use crate::disk;
use crate::pipeline::{self, LockPlan};
use crate::reference::Wanted;
use crate::resolve::{Answers, Layered, Lockfile, Lookup as _};
use crate::yaml::{Document, NodeRef};

/// Say what is declared, what the lock covers, and when its CAs end
///
/// It reads the declaration, its lock and values given by hand, and asks nobody. What all clusters together have counts.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Folder of the declaration, or its file
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// How it is said; `json` has a `schemaVersion`, which counts up when a field changes its meaning or goes
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
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

/// Version of the JSON.
const SCHEMA_VERSION: u32 = 1;

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let file = File::open(&args.dir)?;
    let mut report = Report::default();
    let said = match Document::parse(&file.text) {
        Ok(document) => read(&file, document.root(), &args.at_hand, &mut report)?,
        Err(error) => {
            report.push(config::syntax_error(&error));
            None
        }
    };
    if let Some(status) = said.filter(|_| !report.has_errors()) {
        let text = match args.format {
            Format::Json => format!("{status:#}\n"),
            Format::Text => words(&status),
        };
        io.data(|out| out.write_all(text.as_bytes()))?;
    }
    report::finish(&report, file.sources(), io)
}

fn read(file: &File, node: NodeRef<'_>, at_hand: &AtHand, report: &mut Report) -> Result<Option<Value>, Error> {
    let Some(path) = at_hand.lock.on_disk(node, &file.folder, report) else { return Ok(None) };
    let text = disk::read_if_there(&path)?;
    let Some(policy) = at_hand.operator.policy(report)? else { return Ok(None) };
    let answers = at_hand.answers(&display(&path), text.as_deref(), at_hand.lock.is_asked_for(), report)?;
    let Some(declared) = pipeline::lock_plan(node, report) else { return Ok(None) };
    let mut found = Report::default();
    let known = declared.read(&Layered(answers.lookups()), &policy, &mut found);
    let locked = Locked { file: display(&path), exists: text.is_some(), lock: &answers.lock, answers: known, found };
    let now = OffsetDateTime::now_utc().unix_timestamp();
    Ok(Some(status(&file.name, node, &declared, &locked, now)))
}

/// The lock, and what it and all else at hand say to the declaration's queries.
struct Locked<'l> {
    file: String,
    exists: bool,
    lock: &'l Lockfile,
    answers: Answers,
    /// What is in the way of rendering.
    found: Report,
}

fn status(file: &str, declaration: NodeRef<'_>, declared: &LockPlan, locked: &Locked<'_>, now: i64) -> Value {
    let spec = declaration.get("spec");
    let count = |field: &str| spec.and_then(|spec| spec.get(field)).map_or(0, |node| node.entries().count());
    let missing = locked.answers.iter().filter(|(_, answer)| answer.is_err());
    let missing: BTreeSet<_> = missing.map(|(query, _)| query.reference.as_str()).collect();
    let unused = locked.lock.unused(&declared.queries);
    let recorded = locked.lock.answer(&declared.queries);
    let problems = locked.found.diagnostics().into_iter();
    let problems: Vec<_> = problems
        .map(|it| json!({"code": it.code.name(), "severity": it.severity.word(), "message": it.message, "help": it.help}))
        .collect();
    let authorities: Vec<_> = locked
        .answers
        .iter()
        .filter(|(query, _)| query.wanted == Wanted::Certificate)
        .filter_map(|(query, answer)| Some((query, Certificate::all(answer.as_ref().ok()?.value.reveal()).ok()?)))
        .filter_map(|(query, chain)| {
            let leaf = chain.first()?;
            Some(json!({
                "reference": query.reference, "subject": leaf.subject, "fingerprint": format!("sha256:{}", leaf.fingerprint()),
                "notAfter": leaf.end(), "daysLeft": (leaf.not_after.unix_timestamp() - now).div_euclid(24 * 3600),
            }))
        })
        .collect();
    json!({
        "schemaVersion": SCHEMA_VERSION,
        "declaration": file,
        "workloads": count("workloads"),
        "roles": count("roles"),
        // One is there without being named.
        "scopes": count("scopes").max(1),
        "clusters": count("clusters"),
        "lock": {
            "file": locked.file, "exists": locked.exists, "locked": recorded.values().filter(|it| it.is_ok()).count(),
            "missing": missing, "unused": unused,
        },
        // What every command that renders would say, too.
        "ready": !locked.found.has_errors(),
        "problems": problems,
        "authorities": authorities,
    })
}

fn words(status: &Value) -> String {
    let count = |field: &str| {
        let count = status[field].as_u64().unwrap_or_default();
        if count == 1 { format!("1 {}", field.trim_end_matches('s')) } else { format!("{count} {field}") }
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut words = format!(
        "{}: {}, {}, {}, {}\n",
        text(&status["declaration"]),
        count("workloads"),
        count("roles"),
        count("scopes"),
        count("clusters")
    );
    let lock = &status["lock"];
    let (missing, unused) = (list(&lock["missing"]), list(&lock["unused"]));
    let file = text(&lock["file"]);
    let state = match (lock["exists"] == true, missing.len() + unused.len()) {
        (false, 0) => "not there, and nothing is missing without it".to_owned(),
        (false, _) => format!("not there, and {} references have to be looked up", missing.len()),
        (true, 0) => format!("{} references locked, it covers the declaration", lock["locked"]),
        (true, _) => {
            format!("{} references locked, {} missing, {} not needed", lock["locked"], missing.len(), unused.len())
        }
    };
    let _ = writeln!(words, "{file}: {state}");
    for (word, references) in [("missing", missing), ("not needed", unused)] {
        for reference in references {
            let _ = writeln!(words, "  {word}: {reference}");
        }
    }
    if status["ready"] != true {
        let codes: BTreeSet<_> =
            status["problems"].as_array().into_iter().flatten().map(|it| text(&it["code"])).collect();
        let codes: Vec<_> = codes.into_iter().collect();
        let _ = writeln!(words, "not everything can be rendered yet ({}): `iamra check` says why", codes.join(", "));
    }
    for authority in status["authorities"].as_array().into_iter().flatten() {
        let days = authority["daysLeft"].as_i64().unwrap_or_default();
        let left = if days < 0 { "expired".to_owned() } else { format!("{days} days left") };
        let _ = writeln!(words, "CA {}: until {}, {left}", text(&authority["subject"]), text(&authority["notAfter"]));
    }
    words
}

fn list(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
