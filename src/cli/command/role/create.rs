//! `iamra role create`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::role_name;
use crate::cli::Exit;
use crate::cli::editing::{Draft, Editing};
use crate::cli::error::Error;
use crate::cli::estate::{Part, agreed, carry_out};
use crate::cli::io::Io;
use crate::cli::manifests;
use crate::cli::report::finish;
use crate::config::Whole;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::draft::role;
use crate::duration::Duration;
use crate::output::{Declaration, Sources};
use crate::quote::quote;
use crate::yaml::Document;

/// Declare a role, and make it in AWS: the IAM role with its policies, the profile, and the parameters with their ARNs
///
/// Run again with other arguments, it changes the role; settings whose arguments are omitted stay as they are. The role trusts the
/// workloads that have it: nobody before `iamra k8s onboard`. Asks before it changes AWS.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The role's name
    #[arg(value_parser = role_name)]
    name: String,
    /// ARN of an IAM policy that it has; once for each, and then it has no others
    #[arg(long = "policy", value_name = "ARN")]
    policies: Vec<String>,
    /// File with a policy of its own, in JSON or YAML; the name is that of the file when omitted
    #[arg(long = "inline-policy", value_name = "[NAME=]FILE")]
    inline_policies: Vec<String>,
    /// Its scope, whose trust anchor it trusts; `default` when omitted
    #[arg(long, value_name = "NAME")]
    scope: Option<String>,
    /// How long its sessions last, from 15 minutes to 12 hours: `1h`, or in seconds
    #[arg(long, value_parser = session, value_name = "DURATION")]
    session_duration: Option<Duration>,
    #[command(flatten)]
    editing: Editing,
    #[command(flatten)]
    part: Part,
    /// Change the declaration alone
    #[arg(long)]
    without_aws: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// As in the declaration, or as in AWS.
fn session(text: &str) -> Result<Duration, String> {
    let duration = match text.parse() {
        Ok(seconds) if seconds > 0 => Duration::of(seconds),
        _ => Duration::parse(text)?,
    };
    // <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-create-session.html>
    if (900..=43_200).contains(&duration.seconds()) {
        return Ok(duration);
    }
    Err("a session lasts from `15m` to `12h`, which is 900 to 43200 seconds".to_owned())
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let mut report = Report::default();
    let Some(inline_policies) = inline_policies(&args.inline_policies, &mut report)? else {
        return finish(&report, Sources { declaration: Declaration::FunctionConfig(None), input: None }, io);
    };
    let asked = role::Request {
        role: &args.name,
        scope: args.scope.as_deref(),
        policies: &args.policies,
        inline_policies: &inline_policies,
        session: args.session_duration.as_ref(),
        cluster: args.part.cluster.as_deref(),
    };
    let change = |text: &str, declaration: Whole<'_>, _: &[_]| role::create(&asked, text, declaration);
    let draft = Draft::open(&args.editing)?;
    let new = draft.skeleton();
    let changed = draft.changed(&new, io, change)?;
    let Some(changed) = changed else { return Ok(Exit::WrongInput) };
    if args.without_aws {
        changed.commit(io)?;
        return Ok(Exit::Done);
    }
    let estate = args.part.estate();
    // What AWS cannot have, such as a name that is too long, is not written.
    if estate.desired(&changed.file, None, None, &mut report)?.is_none() {
        return finish(&report, changed.file.sources(), io);
    }
    let done = changed.commit(io)?;
    let file = done.file();
    let session = estate.session()?;
    let compared = estate.role_compared(file, &args.name, &session, &mut report)?;
    let Some(comparison) = compared.filter(|_| !report.has_errors()) else {
        return finish(&report, file.sources(), io);
    };
    let as_declared = format!("role {} is in AWS as declared", quote(&args.name));
    if !agreed(&comparison, &as_declared, args.yes || args.editing.dry_run, io)? {
        io.words(&"nothing was changed in AWS; `iamra aws apply` does the same later\n")?;
        return Ok(Exit::Differs);
    }
    if args.editing.dry_run {
        return finish(&report, file.sources(), io);
    }
    carry_out(&comparison, &session, &mut report, io)?;
    let exit = finish(&report, file.sources(), io)?;
    if exit == Exit::Done && comparison.has_calls() {
        io.remark(&format_args!("{as_declared}; `iamra lock` records the ARNs\n"))?;
    }
    Ok(exit)
}

/// The policies by name. `None` when one cannot be read, which is reported.
fn inline_policies(files: &[String], report: &mut Report) -> Result<Option<BTreeMap<String, Value>>, Error> {
    let mut found = BTreeMap::new();
    for given in files {
        let (name, path) = match given.split_once('=') {
            Some((name, path)) if !name.contains('/') => (Some(name.to_owned()), PathBuf::from(path)),
            _ => (None, PathBuf::from(given)),
        };
        let stem = || Path::new(&path).file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let text = manifests::text(&path, "pipe a policy into it")?;
        let file = manifests::name_of(&path).to_owned();
        let mut refuse = |why: String, help: &str| {
            let wrong = Diagnostic::error(Code::InvalidValue, format!("{file} is not a policy: {why}"));
            report.push(wrong.at(Place::File(file.clone(), None)).help(help));
        };
        let policy = match Document::parse(&text) {
            Ok(document) => {
                if let Some(name) = document.root().repeated() {
                    refuse(format!("it has {} twice in one mapping", quote(&name)), "keep one of them");
                    continue;
                }
                document.root().to_value()
            }
            Err(error) => {
                refuse(error.message, "write the policy as JSON or YAML");
                continue;
            }
        };
        if let Some(why) = crate::policy::fault(&policy) {
            refuse(why, "write a policy document with `Version` and `Statement`");
        }
        let name = name.or_else(stem).filter(|_| path.as_os_str() != "-" || given.contains('='));
        match name {
            Some(name) if found.contains_key(&name) => {
                refuse(
                    format!("policy {} has been given already", quote(&name)),
                    "write `--inline-policy NAME=FILE` with a name of its own for each",
                );
            }
            Some(name) => drop(found.insert(name, policy)),
            None => refuse("it has no name".to_owned(), "write `--inline-policy NAME=-`"),
        }
    }
    Ok((!report.has_errors()).then_some(found))
}
