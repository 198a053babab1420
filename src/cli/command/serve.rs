//! Serves credentials on the loopback interface, as AWS's helper does and as container credentials.

use std::path::PathBuf;

use crate::cli::Exit;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::serving::{Further, Sessions, with_role, world};
use crate::cli::signals;
use crate::quote::line;
use crate::serve;

/// Serve credentials of IAM Roles Anywhere on the loopback interface
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
    #[arg(long, value_name = "HOPS", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=255))]
    hop_limit: u32,
    /// A further role, at `/v1/credentials/NAME` and, with a port, there (repeatable)
    #[arg(long = "role", value_name = "ARN[,profile=ARN][,name=NAME][,port=PORT]", value_parser = Further::read)]
    roles: Vec<Further>,
    /// Write a new authorization token for container credentials to this file
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Region that the metadata service tells
    #[arg(long, value_name = "REGION")]
    placement_region: Option<String>,
    /// Availability zone that the metadata service tells
    #[arg(long, value_name = "ZONE")]
    placement_zone: Option<String>,
    /// Ask the running server on this port whether it has credentials, print why not, and exit
    #[arg(long)]
    check: bool,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    if args.check {
        return match serve::check(args.port) {
            Ok(words) => io.data(|out| writeln!(out, "{}", line(&words))).map(|()| Exit::Done),
            Err(words) => io.words(&format_args!("{}\n", line(&words))).map(|()| Exit::Failed),
        };
    }
    let mut settings = args.sessions.settings(Some(args.port))?;
    let first = settings.roles.first().map(|role| role.identity.clone());
    for further in &args.roles {
        if let Some(first) = &first {
            settings = with_role(settings, further.role(first))?;
        }
    }
    settings.hop_limit = args.hop_limit;
    settings.token_file.clone_from(&args.token_file);
    settings.placement_region.clone_from(&args.placement_region);
    settings.zone.clone_from(&args.placement_zone);
    signals::end_well();
    serve::run(settings, world())?;
    Ok(Exit::Done)
}
