//! `iamra role delete`

use std::collections::BTreeSet;

use super::role_name;
use crate::cli::Exit;
use crate::cli::declaration::File;
use crate::cli::editing::{Draft, Editing};
use crate::cli::error::Error;
use crate::cli::estate::{self, Estate, agreed, carry_out};
use crate::cli::io::Io;
use crate::cli::live::Asks;
use crate::cli::report::finish;
use crate::config::{Config, Whole};
use crate::diag::Report;
use crate::draft::role::{self, User};
use crate::quote::quote;

/// Remove a role that no workload has from the declaration, and delete what iamra has made for it in AWS
///
/// Deletes the IAM role, the profile and their parameters, if they have the tags of this installation. Asks before it changes AWS.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The role's name
    #[arg(value_parser = role_name)]
    name: String,
    #[command(flatten)]
    editing: Editing,
    #[command(flatten)]
    asks: Asks,
    /// Change the declaration alone
    #[arg(long)]
    without_aws: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let estate = Estate::everywhere(&args.asks);
    let mut report = Report::default();
    let file = File::open(args.editing.declaration())?;
    let Some(elsewhere) = users_elsewhere(&args.name, &file, &mut report)? else {
        return finish(&report, file.sources(), io);
    };
    let with_aws = !args.without_aws;
    // If an earlier run was stopped after it had changed the file, what it did not delete is that of a role with no settings.
    let (mut with_role, mut is_declared) = (None, false);
    let change = |text: &str, declaration: Whole<'_>, configs: &[Config]| {
        is_declared = role::has(&args.name, declaration);
        let change = if is_declared || !with_aws {
            role::delete(&args.name, text, declaration, configs, &elsewhere)?
        } else {
            role::unchanged(text)
        };
        with_role = Some(if is_declared { text.to_owned() } else { role::with(&args.name, text)? });
        Ok(change)
    };
    let Some(done) = Draft::open(&args.editing)?.change(io, change)? else { return Ok(Exit::WrongInput) };
    let Some(text) = with_role.filter(|_| with_aws) else { return Ok(Exit::Done) };
    let (file, session) = (File::on_disk(&done.file().path, text)?, estate.session()?);
    let Some(comparison) = estate.role_left(&file, &args.name, &session, &mut report)? else {
        return finish(&report, file.sources(), io);
    };
    if !is_declared && !comparison.has_calls() {
        report.push(role::unknown(&args.name, &done.file().text));
        return finish(&report, done.file().sources(), io);
    }
    let nothing = format!("nothing in AWS is iamra's of role {}", quote(&args.name));
    if !agreed(&comparison, &nothing, args.yes || args.editing.dry_run, io)? {
        io.words(&"nothing was deleted in AWS; `iamra aws apply` does it later\n")?;
        return Ok(Exit::Differs);
    }
    if args.editing.dry_run {
        return finish(&report, file.sources(), io);
    }
    carry_out(&comparison, &session, &mut report, io)?;
    finish(&report, done.file().sources(), io)
}

/// The workloads of other declarations that have the role. `None` when one of them cannot be read, which is reported.
fn users_elsewhere(role: &str, file: &File, report: &mut Report) -> Result<Option<BTreeSet<User>>, Error> {
    let Some(others) = estate::others(file, report)? else { return Ok(None) };
    let users = others.iter().flat_map(|(name, configs)| role::users(role, configs, Some(name)));
    Ok(Some(users.collect()))
}
