//! The help: commands in groups, options that many commands share after the command's own, and examples. It is laid out
//! only for whoever asks for it.

use std::fmt::Write as _;

use clap::{Arg, Command};

use super::at_hand::HEADING;
use super::examples;

/// Commands that belong together.
struct Group {
    name: &'static str,
    commands: &'static [&'static str],
    /// What most people call of it.
    example: &'static str,
}

const GROUPS: &[Group] = &[
    Group { name: "Start", commands: &["demo", "init", "import"], example: "iamra demo" },
    Group {
        name: "Render",
        commands: &["render", "inject", "build", "strip"],
        example: "iamra build overlays/prod | kubectl apply --server-side -f -",
    },
    Group {
        name: "Declare",
        commands: &["k8s", "role", "lock"],
        example: "iamra k8s onboard payment-service --role payments | kubectl apply -f -",
    },
    Group { name: "Look", commands: &["list", "view", "graph", "status"], example: "iamra list --cluster prod" },
    Group {
        name: "Check",
        commands: &["check", "verify", "diff", "report", "doctor", "explain"],
        example: "iamra diff main...HEAD",
    },
    Group {
        name: "Trust",
        commands: &["can-assume", "matrix", "trust-policy"],
        example: "iamra can-assume payment-service admin",
    },
    Group { name: "AWS", commands: &["aws", "ca", "destroy"], example: "iamra aws plan" },
    Group {
        name: "Run inside other tools",
        commands: &["argocd", "install", "serve", "credential-process"],
        example: "iamra argocd generate",
    },
    Group {
        name: "Set up this program",
        commands: &["completion", "schema", "version"],
        example: "iamra completion bash",
    },
];

/// Where the rest is.
const MORE: &str = "`iamra help COMMAND` describes a command, `iamra --help` what iamra is as a KRM function.";

/// What `kpt fn doc` shows in addition to the commands.
const FUNCTION: &str = "\
As a KRM function: the functionConfig is `iamra.yaml`, or a ConfigMap with workload, region, trustAnchor, profileArn and \
roleArn for one workload. References are resolved from the `iamra.lock` next to it. A second run changes nothing.
  kpt fn eval --exec iamra --fn-config iamra.yaml
  kpt fn eval --exec iamra -- workload=api region=… trustAnchor=arn:… profileArn=arn:… roleArn=arn:…

Exit codes: 0 success, 1 invalid input, 2 wrong usage, 3 a file, a program or AWS failed, 4 differences found, \
70 a bug in iamra, 129, 130, 143 stopped by a signal.
Data goes to stdout, messages to stderr.";

/// The commands of `iamra` with their examples, for whatever prints help.
pub(super) fn with_examples(command: Command) -> Command {
    with_examples_at("", command)
}

fn with_examples_at(path: &str, command: Command) -> Command {
    let header = styled(command.get_styles().get_header(), "Examples:");
    let lines: Vec<_> = examples::of(path).map(|example| format!("  {example}")).collect();
    let command =
        if lines.is_empty() { command } else { command.after_help(format!("{header}\n{}", lines.join("\n"))) };
    each_below(path, command, with_examples_at)
}

/// The same for the terminal.
pub(super) fn laid_out(command: Command) -> Command {
    let command = each_below("", with_examples(command), laid_out_at);
    let header = *command.get_styles().get_header();
    let of_all: Vec<_> = command.get_arguments().filter(|arg| arg.is_global_set()).cloned().collect();
    let of_function: Vec<_> = command.get_arguments().filter(|arg| !arg.is_global_set()).cloned().collect();
    let every = format!("{}\n{}", styled(&header, "Options of every command:"), table(of_all).trim_end());
    let function = format!("{}\n{}", styled(&header, "Options of the KRM function:"), table(of_function).trim_end());
    let whole = format!("{every}\n\n{function}\n\n{FUNCTION}");
    let template =
        format!("{{about-with-newline}}\n{{usage-heading}} {{usage}}\n{}{{after-help}}", groups(&command).trim_end());
    // Those below take over what these are.
    let command = command.mut_args(|arg| if arg.is_global_set() { arg.hide(true) } else { arg });
    command.help_template(template).after_help(format!("{every}\n\n{MORE}")).after_long_help(whole)
}

fn laid_out_at(path: &str, command: Command) -> Command {
    let shared: Vec<_> =
        command.get_arguments().filter(|arg| arg.get_help_heading() == Some(HEADING)).cloned().collect();
    if shared.is_empty() {
        return each_below(path, command, laid_out_at);
    }
    let header = styled(command.get_styles().get_header(), &format!("{HEADING}:"));
    let names: Vec<_> = shared.iter().filter(|arg| !arg.is_hide_set()).filter_map(Arg::get_long).collect();
    let brief = format!("{header} see `--help`\n  --{}", names.join(", --"));
    let examples = command.get_after_help().map_or_else(String::new, |help| format!("{}\n\n", help.ansi()));
    let long = format!("{examples}{header}\n{}", table(shared).trim_end());
    let command = command.mut_args(|arg| if arg.get_help_heading() == Some(HEADING) { arg.hide(true) } else { arg });
    let command = command.after_help(format!("{examples}{brief}")).after_long_help(long);
    each_below(path, command, laid_out_at)
}

fn each_below(path: &str, command: Command, change: fn(&str, Command) -> Command) -> Command {
    command.mut_subcommands(|below| {
        let path = format!("{path} {}", below.get_name());
        change(path.trim_start(), below)
    })
}

/// The groups, each with an example and its commands.
fn groups(command: &Command) -> String {
    let styles = command.get_styles();
    let width = GROUPS.iter().flat_map(|it| it.commands).map(|name| name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for Group { name, commands, example } in GROUPS {
        let found = commands.iter().filter_map(|name| command.find_subcommand(name)).filter(|it| !it.is_hide_set());
        let found: Vec<_> = found.collect();
        if found.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n{} {example}", styled(styles.get_header(), &format!("{name}:")));
        for one in found {
            let name = styled(styles.get_literal(), one.get_name());
            let gap = " ".repeat(width + 2 - one.get_name().len());
            let about = one.get_about().map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(text, "  {name}{gap}{about}");
        }
    }
    text
}

/// Options in two columns, as short help has them.
fn table(args: Vec<Arg>) -> String {
    let mut command = Command::new("").disable_help_flag(true).args(args).help_template("{options}");
    command.render_help().ansi().to_string()
}

fn styled(style: &clap::builder::styling::Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn every_command_is_in_one_group() {
        let command = Cli::command();
        let all: BTreeSet<_> =
            command.get_subcommands().filter(|it| !it.is_hide_set()).map(Command::get_name).collect();
        let grouped: Vec<_> = GROUPS.iter().flat_map(|group| group.commands).copied().collect();
        assert_eq!(grouped.len(), grouped.iter().collect::<BTreeSet<_>>().len());
        let is_hidden = |name: &&&str| command.find_subcommand(name).is_some_and(Command::is_hide_set);
        let shown: BTreeSet<_> = grouped.iter().filter(|name| !is_hidden(name)).copied().collect();
        assert_eq!(shown, all);
    }
}
