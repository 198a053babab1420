//! Serves credentials on the loopback interface, as AWS's helper does and as container credentials.

use std::path::PathBuf;
use std::time::Duration;

use crate::cli::Exit;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::misuse::whole_number;
use crate::cli::serving::{Further, Sessions, path_part, with_role, world};
use crate::cli::signals;
use crate::quote::line;
use crate::serve::{self, HOP_LIMIT, Metadata};

/// Serve credentials on the loopback interface
///
/// Takes the flags of AWS's `aws_signing_helper serve`. Answers as version 2 of the metadata service of EC2 and, with
/// `--token-file`, as a provider of container credentials. Ends at once on SIGTERM, with exit code 0.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    sessions: Sessions,
    /// Port of the first role
    #[arg(long, default_value_t = 9911, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// How many hops a response may travel
    #[arg(long, value_name = "HOPS", default_value_t = HOP_LIMIT, value_parser = clap::value_parser!(u32).range(1..=255))]
    hop_limit: u32,
    /// Name of the first role in paths [default: the last part of its ARN]
    #[arg(long, value_parser = path_part)]
    name: Option<String>,
    /// A further role, at `/v1/credentials/NAME` and, with a port, there; with its own settings after commas (repeatable)
    #[arg(long = "role", value_name = "ARN[,SETTING=VALUE…]", value_parser = Further::read)]
    roles: Vec<Further>,
    /// Write a new authorization token for container credentials to this file
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Serve container credentials alone: who has no authorization token gets nothing
    #[arg(long, requires = "token_file", conflicts_with_all = ["placement_region", "placement_zone"])]
    no_metadata: bool,
    /// Region that the metadata service tells
    #[arg(long, value_name = "REGION")]
    placement_region: Option<String>,
    /// Availability zone that the metadata service tells
    #[arg(long, value_name = "ZONE")]
    placement_zone: Option<String>,
    /// Ask the running server on this port whether it has credentials, print why not, and exit
    #[arg(long)]
    check: bool,
    /// With `--check`: how long to wait for credentials, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "0", requires = "check", value_parser = |text: &str| whole_number(text, 0..=600))]
    wait: u32,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    if args.check {
        return match serve::check(args.port, Duration::from_secs(args.wait.into())) {
            Ok(words) => io.data(|out| writeln!(out, "{}", line(&words))).map(|()| Exit::Done),
            Err(words) => io.words(&format_args!("{}\n", line(&words))).map(|()| Exit::Failed),
        };
    }
    let mut settings = args.sessions.settings(Some(args.port))?;
    if let Some((first, name)) = settings.roles.first_mut().zip(args.name.as_ref()) {
        first.name.clone_from(name);
    }
    let first = settings.roles.first().cloned();
    for further in &args.roles {
        if let Some(first) = &first {
            settings = with_role(settings, further.role(first))?;
        }
    }
    settings.hop_limit = args.hop_limit;
    settings.token_file.clone_from(&args.token_file);
    let metadata = Metadata { region: args.placement_region.clone(), zone: args.placement_zone.clone() };
    settings.metadata = (!args.no_metadata).then_some(metadata);
    signals::end_well();
    serve::run(settings, world())?;
    Ok(Exit::Done)
}
