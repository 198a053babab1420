//! `iamra role list`

use std::path::PathBuf;

use crate::cli::Exit;
use crate::cli::declaration::File;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::report::finish_with;
use crate::cli::sources::Offline;
use crate::cli::terminal::width;
use crate::diag::Report;
use crate::roster::{self, Roles};

/// List roles: cluster, scope, longest session, policies, the workloads that have it, and its ARN
///
/// Lists all clusters, or the one selected by `--cluster`. ARNs come from the lock file; `-` stands for one that is not locked.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The declaration, or a folder at or below it
    #[arg(long, default_value = ".", value_name = "PATH")]
    declaration: PathBuf,
    /// Print JSON with a `schemaVersion`
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    offline: Offline,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let (file, mut report) = (File::open(&args.declaration)?, Report::default());
    let shared = args.offline.shared();
    let cluster = shared.cluster.as_deref();
    let roles = file.ask(&shared, &mut report, |node, lookup, _| Some(Roles::read(node, cluster, lookup)))?;
    if let Some(roles) = &roles {
        report.append(roles.report.clone());
    }
    finish_with(&report, file.sources(), io, |io| {
        let Some(roles) = roles else { return Ok(()) };
        let text = if args.json { roster::roles_json(&roles) } else { roster::roles_table(&roles).within(width()) };
        io.data(|out| out.write_all(text.as_bytes()))
    })
}
