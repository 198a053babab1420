//! `iamra trust-policy`

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::cli::Exit;
use crate::cli::declaration::File;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::report::finish_with;
use crate::cli::sources::Offline;
use crate::cli::trust::{Everywhere, known};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::matrix::{Declared, Role};
use crate::policy;
use crate::quote::quote;
use crate::yaml::emit;

/// Print the trust policy for a role's workloads alone
///
/// It allows them, and nobody else, to assume the role. The policy requires the trust anchor, its account, and the names in
/// the certificates of the workloads that have the role, in all clusters. Without ROLE, the policies of all roles, by ARN.
/// ARNs come from the declaration, the values file and the lock.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Only this role: its name in the declaration, or its ARN
    role: Option<String>,
    /// The declaration, or a folder at or below it
    #[arg(long, value_name = "PATH", default_value = ".")]
    declaration: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    offline: Offline,
}

#[derive(Clone, Copy, Default, clap::ValueEnum)]
enum Format {
    /// The policy, as `aws iam update-assume-role-policy` reads it
    #[default]
    Json,
    /// The property of an `AWS::IAM::Role`, in YAML
    Cloudformation,
    /// A file `*.tf.json` with the policies as a local value
    Terraform,
}

/// The longest policy by default, and after a request for a higher quota.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const SIZE: usize = 2048;
const LARGEST: usize = 4096;

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let shared = &args.offline.shared();
    let file = File::open(&args.declaration)?;
    let mut report = Report::default();
    let whole = Everywhere::read(&file, shared, &mut report)?;
    let cluster = shared.cluster.as_deref();
    let policies = whole.map(|whole| policies(&whole.declared, args.role.as_deref(), cluster, &mut report));
    finish_with(&report, file.sources(), io, |io| {
        let Some(policies) = policies.filter(|_| !report.has_errors()) else { return Ok(()) };
        let text = printed(args.format, &policies, args.role.is_some());
        io.data(|out| out.write_all(text.as_bytes()))
    })
}

/// The policies of the roles that are asked for. What cannot be used is reported.
fn policies(declared: &Declared, only: Option<&str>, cluster: Option<&str>, report: &mut Report) -> Policies {
    let wanted: Vec<&Role> = match only {
        Some(name) => known(declared, name, cluster, report),
        None => declared.roles.values().filter(|role| is_in(role, cluster)).collect(),
    };
    if let (Some(name), [_, _, ..]) = (only, wanted.as_slice()) {
        let arns: Vec<_> = wanted.iter().map(|role| role.arn.to_string()).collect();
        let message = format!("role {} is a different one in each cluster: {}", quote(name), arns.join(", "));
        report.push(
            Diagnostic::error(Code::AmbiguousCluster, message).help("choose one with `--cluster NAME`, or by its ARN"),
        );
    }
    let mut all = declared.policies(report);
    let mut found = Policies::new();
    for role in wanted {
        match all.remove(role.arn.as_str()) {
            Some(policy) => {
                report_size(role, &policy, report);
                found.insert(role.arn.to_string(), policy);
            }
            None if only.is_some() || !report.has_errors() => nobody(role, only.is_some(), report),
            None => {}
        }
    }
    found
}

/// By ARN.
type Policies = BTreeMap<String, Value>;

fn is_in(role: &Role, cluster: Option<&str>) -> bool {
    cluster.is_none() || role.called.iter().any(|(at, _)| at.as_deref() == cluster)
}

/// IAM accepts no policy without a statement, so there is none that allows nobody.
fn nobody(role: &Role, is_asked_for: bool, report: &mut Report) {
    let make = if is_asked_for { Diagnostic::error } else { Diagnostic::warning };
    let message = format!("no workload has {}, and a trust policy must allow somebody", role.arn);
    report.push(
        make(Code::TrustPolicy, message)
            .at(Place::Config(role.place.clone()))
            .help("give the role to a workload, or remove it from the declaration and from AWS"),
    );
}

fn report_size(role: &Role, policy: &Value, report: &mut Report) {
    let size = policy::size(policy);
    if size <= SIZE {
        return;
    }
    let (make, more): (fn(Code, String) -> Diagnostic, _) = if size <= LARGEST {
        (Diagnostic::warning, "request a higher quota for `Role trust policy length`, up to 4096")
    } else {
        (Diagnostic::error, "distribute its workloads over several roles, for example one for each cluster")
    };
    let message = format!(
        "the trust policy of {} has {size} characters; IAM accepts {SIZE}, or {LARGEST} with a higher quota",
        role.arn
    );
    report.push(make(Code::LongTrustPolicy, message).at(Place::Config(role.place.clone())).help(more));
}

/// Without a role, all policies are printed by ARN, however many there are.
fn printed(format: Format, policies: &Policies, is_one: bool) -> String {
    let all = |shown: &dyn Fn(&Value) -> Value| -> Value {
        policies.iter().map(|(arn, policy)| (arn.clone(), shown(policy))).collect::<Map<_, _>>().into()
    };
    let one = policies.values().next().filter(|_| is_one);
    match format {
        Format::Json => format!("{:#}\n", one.cloned().unwrap_or_else(|| all(&Value::clone))),
        Format::Cloudformation => {
            let property = |policy: &Value| json!({"AssumeRolePolicyDocument": policy});
            emit::document(&one.map_or_else(|| all(&property), property))
        }
        Format::Terraform => {
            let document = json!({"locals": {"iamra_trust_policies": escaped(&all(&Value::clone))}});
            format!("{document:#}\n")
        }
    }
}

/// Strings of Terraform's JSON syntax are templates.
/// <https://developer.hashicorp.com/terraform/language/syntax/json>
fn escaped(value: &Value) -> Value {
    match value {
        Value::String(text) => text.replace("${", "$${").replace("%{", "%%{").into(),
        Value::Array(values) => values.iter().map(escaped).collect(),
        Value::Object(entries) => entries.iter().map(|(key, value)| (key.clone(), escaped(value))).collect(),
        other => other.clone(),
    }
}
