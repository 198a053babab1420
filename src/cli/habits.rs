//! What people who know other programs type, and what it is called here.

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

use crate::quote::typed;

/// Commands of kubectl, Terraform, Helm and iam-ra, and what does that here.
const COMMANDS: &[(&str, &str)] = &[
    ("add", "`iamra k8s onboard` declares a workload, `iamra role create` a role"),
    ("apply", "`iamra aws apply` changes AWS; for a cluster, pipe manifests into `kubectl apply --server-side -f -`"),
    ("completions", "`iamra completion`"),
    ("create", "`iamra role create` declares a role, `iamra k8s onboard` a workload"),
    ("delete", "`iamra k8s offboard` removes a workload, `iamra role delete` a role, `iamra strip` what was rendered"),
    ("generate", "`iamra render` prints what is added, `iamra build` everything"),
    ("get", "`iamra list`"),
    ("lint", "`iamra check`"),
    ("offboard", "`iamra k8s offboard`"),
    ("onboard", "`iamra k8s onboard`"),
    ("patch", "`iamra inject`"),
    ("plan", "`iamra aws plan`"),
    ("setup", "`iamra k8s setup`"),
    ("show", "`iamra view`"),
    ("teardown", "`iamra k8s teardown`"),
    ("template", "`iamra render` prints what is added, `iamra build` everything"),
    ("validate", "`iamra check`"),
];

/// Adds to a usage error what the habit is called here.
pub(super) fn explain(error: &mut clap::Error, root: &Command, arguments: &[OsString]) {
    let words: Vec<_> = arguments.iter().skip(1).filter_map(|word| word.to_str()).collect();
    let tip = match (error.kind(), error.get(ContextKind::InvalidSubcommand), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::InvalidSubcommand, Some(ContextValue::String(name)), _) => {
            COMMANDS.iter().find(|(habit, _)| habit == name).map(|(_, here)| format!("here that is {here}"))
        }
        (ErrorKind::UnknownArgument, _, Some(ContextValue::String(option))) => option_tip(root, &words, option),
        _ => None,
    };
    if let Some(tip) = tip {
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![StyledStr::from(tip)]));
    }
}

/// What an option that kubectl has is called here.
fn option_tip(root: &Command, words: &[&str], option: &str) -> Option<String> {
    let (command, path) = called(root, words);
    let value = words.iter().skip_while(|word| **word != option).nth(1).filter(|word| !word.starts_with('-'));
    let has = |name: &str| command.get_arguments().any(|arg| arg.get_long() == Some(name));
    let of_command = || value.map(|value| typed(&format!("{path} {value}")));
    match option {
        "-f" | "--filename" | "-k" | "--kustomize" if command.get_positionals().next().is_some() => {
            Some(format!("no option is needed: {}", of_command()?))
        }
        "-o" | "--output" if has("format") => {
            let format = command.get_arguments().find(|arg| arg.get_long() == Some("format"));
            let formats: Vec<_> = format.map(Arg::get_possible_values).unwrap_or_default();
            let is_one = value.is_some_and(|value| formats.iter().any(|format| format.matches(value, false)));
            let formats: Vec<_> = formats.iter().map(|format| format.get_name().to_owned()).collect();
            Some(match value {
                Some(value) if is_one => typed(&format!("{path} --format {value}")),
                _ => format!("`--format` is one of {}", formats.join(", ")),
            })
        }
        "-o" | "--output" if has("json") => Some(typed(&format!("{path} --json"))),
        "-n" | "--namespace" => Some(
            "`namespace:` in `iamra.yaml`, below `spec`, a cluster or a workload, says in which namespace something is"
                .to_owned(),
        ),
        "--live" => Some("this command never calls AWS; `iamra lock` looks up what it needs, once".to_owned()),
        "-A" | "--all-namespaces" => Some("a declaration is for all of its namespaces".to_owned()),
        "--context" => {
            Some("`kubectl config use-context` chooses the cluster to read, `--cluster` the declared one".to_owned())
        }
        _ => None,
    }
}

/// The command that is called, and how it is typed.
fn called<'c>(root: &'c Command, words: &[&str]) -> (&'c Command, String) {
    let mut found = (root, root.get_name().to_owned());
    for word in words {
        let Some(below) = found.0.find_subcommand(word) else { break };
        found = (below, format!("{} {word}", found.1));
    }
    found
}
