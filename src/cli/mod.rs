//! The command line: arguments in, exit code out. Modules below this one know neither.

mod at_hand;
mod authority;
mod bases;
mod bug;
mod builds;
mod command;
mod core_dump;
mod declaration;
mod delegated;
mod editing;
mod environment;
mod error;
mod estate;
mod examples;
mod findings;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod habits;
mod help;
mod injection;
mod installation;
mod io;
mod kustomization;
mod kustomize;
mod lazy;
mod live;
mod manifests;
mod misuse;
mod paths;
mod progress;
mod rendered;
mod report;
mod revisions;
mod roster;
mod rotation;
mod serving;
mod signals;
mod small_pages;
mod sources;
mod terminal;
mod trust;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Parser;

use command::Command;
use error::Error;
use io::Io;

/// AWS credentials for pods outside AWS, from one declaration in Git to certificates and patched workloads
///
/// Without a command, iamra is a KRM function: it reads a ResourceList on stdin and writes one to stdout, as kustomize
/// and kpt expect.
#[derive(Parser)]
#[command(name = "iamra", version)]
#[command(args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    shared: sources::Shared,
    #[command(flatten)]
    terminal: terminal::Terminal,
}

/// How a command that did not fail ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// Done.
    Done = 0,
    /// The input is invalid; the errors have been reported.
    WrongInput = 1,
    /// The command was used wrongly; help has been shown.
    Usage = 2,
    /// AWS, a file or a program failed.
    Failed = 3,
    /// There is no error, but there are differences, such as those that the user did not agree to remove.
    Differs = 4,
    /// A bug in iamra came to light: `EX_SOFTWARE` of <https://man.openbsd.org/sysexits.3>.
    Bug = 70,
}

/// Runs the program with the process's arguments.
pub fn run() -> ExitCode {
    small_pages::for_server();
    core_dump::disable();
    environment::without_empty();
    ExitCode::from(ended(to_its_end))
}

/// How `work` ends, even if it panics.
fn ended(work: impl FnOnce() -> u8) -> u8 {
    bug::ask_for_reports();
    bug::caught(work).unwrap_or(Exit::Bug as u8)
}

/// Runs the command of the arguments, and returns its exit code.
fn to_its_end() -> u8 {
    let mut io = Io::new();
    let arguments = terminal::arranged(command::arguments());
    let outcome = match lazy::parsed::<Cli>(&arguments) {
        Ok(cli) => command(&cli, &mut io),
        Err(words) => misuse::say(words, &arguments, &mut io),
    };
    match outcome {
        Ok(exit) => exit as u8,
        Err(error) => {
            say(&error, &mut io);
            error.exit() as u8
        }
    }
}

/// Prints what failed, why, and what to do.
fn say(error: &Error, io: &mut Io) {
    // If stderr is closed too, only the exit code can report the error.
    let _ = io.words(&error.told());
}

/// Runs what was asked for.
fn command(cli: &Cli, io: &mut Io) -> Result<Exit, Error> {
    cli.terminal.heed();
    if cli.command.is_some() {
        signals::watch().map_err(Error::Signals)?;
    }
    match &cli.command {
        Some(command) => command.run(io),
        None if std::io::stdin().is_terminal() => misuse::brief(io).map(|()| Exit::Usage),
        None => command::function(&cli.shared, io),
    }
}
