//! `iamra can-assume`

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::cli::Exit;
use crate::cli::declaration::File;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::report::{finish, tell};
use crate::cli::sources::Offline;
use crate::cli::trust::{Everywhere, Given, known, recorded};
use crate::diag::{Code, Diagnostic, Report, known_names};
use crate::matrix::{Declared, Matrix, Pair, Role, Source, word};
use crate::quote::{line, quote};
use crate::trust::Verdict;

/// Say whether a workload can assume a role, and why
///
/// Names the clause of the role's trust policy that decides. Simulates the call offline: the names in the workload's
/// certificate, as a profile maps them by default, against the role's trust policy from a file, from the lock or, without
/// both, from the declaration. A workload in several clusters is judged in each.
///
/// Exit codes: 0 allowed, 1 an error, 3 it cannot be told, 4 denied.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// The workload
    workload: String,
    /// The role: its name in the declaration, or its ARN
    role: String,
    /// The declaration, or a folder at or below it
    #[arg(long, value_name = "PATH", default_value = ".")]
    declaration: PathBuf,
    #[command(flatten)]
    given: Given,
    #[command(flatten)]
    offline: Offline,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let shared = &args.offline.shared();
    let file = File::open(&args.declaration)?;
    let mut report = Report::default();
    let Some(whole) = Everywhere::read(&file, shared, &mut report)? else { return finish(&report, file.sources(), io) };
    let (recorded, profiles) = recorded(&file, shared)?;
    let policies = whole.policies(&args.given, recorded.as_ref(), &mut report)?;
    let matrix = Matrix::of(&whole.declared, &policies, &profiles);
    let pairs = pairs(args, &whole.declared, &matrix, &mut report);
    if report.has_errors() {
        return finish(&report, file.sources(), io);
    }
    tell(&report, file.sources(), io)?;
    let text: String = pairs.iter().map(|pair| said(&matrix, pair)).collect();
    io.data(|out| out.write_all(text.as_bytes()))?;
    let worst = |verdict| pairs.iter().any(|pair| pair.verdict == verdict);
    Ok(match (worst(Verdict::Unknown), worst(Verdict::Deny)) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::Differs,
        (false, false) => Exit::Done,
    })
}

/// The workload in each cluster, with the role that the name means there. What is not declared is reported.
fn pairs<'m>(args: &Args, declared: &Declared, matrix: &'m Matrix<'_>, report: &mut Report) -> Vec<Pair<'m>> {
    let only = args.offline.cluster.as_ref();
    let is_meant = |pair: &Pair<'_>| {
        pair.workload.name == args.workload && only.is_none_or(|only| pair.workload.cluster.as_ref() == Some(only))
    };
    let of_workload: Vec<_> = matrix.pairs().filter(is_meant).collect();
    if of_workload.is_empty() {
        let names = declared.workloads.iter().map(|it| it.name.as_str());
        let of_cluster = only.map_or_else(String::new, |it| format!(" of cluster {}", quote(it)));
        let message = format!("no workload {}{of_cluster} is declared", quote(&args.workload));
        report.push(Diagnostic::error(Code::UnknownWorkload, message).help(known_names(&args.workload, names)));
        return Vec::new();
    }
    if known(declared, &args.role, None, report).is_empty() {
        return Vec::new();
    }
    let is_role = |pair: &Pair<'_>, role: &Role| role.arn == pair.role.arn;
    // By its name, the role of the workload's own cluster; if that has none, of every cluster.
    let roles = |pair: &Pair<'_>| match declared.roles_called(&args.role, pair.workload.cluster.as_deref()) {
        here if here.is_empty() => declared.roles_called(&args.role, None),
        here => here,
    };
    of_workload.into_iter().filter(|pair| roles(pair).into_iter().any(|role| is_role(pair, role))).collect()
}

fn said(matrix: &Matrix<'_>, pair: &Pair<'_>) -> String {
    let source = match pair.source {
        Source::Declaration => "that the declaration means".to_owned(),
        Source::Lock => "in the lock".to_owned(),
        Source::File(name) => format!("in {}", line(name)),
    };
    let (verdict, who, role) = (word(pair.verdict), pair.workload, &pair.role.arn);
    let mut text = format!("{verdict}: {who} as {role}, by the trust policy {source}\n");
    for clause in matrix.decision(pair).clauses {
        let _ = writeln!(text, "  {}", line(&clause.to_string()));
    }
    text
}
