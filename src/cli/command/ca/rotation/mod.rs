//! `iamra ca rotation`

mod words;

use std::path::PathBuf;

use clap::ValueEnum;
use time::OffsetDateTime;

use crate::cli::declaration::File;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::rotation::{self, Looking, Seen};
use crate::cli::sources::Shared;
use crate::cli::{Exit, report};
use crate::diag::Report;

/// Say where a scope is in the rotation of its CA, and which step is next
///
/// Reads the declaration, and what is given of the cluster and of AWS: a step counts as done only if that shows it. What has been
/// done too early is an error: a CA that signs and is not trusted yet, one that is no longer trusted and still in use.
///
/// Exit codes: 0 nothing is wrong, 1 a step is out of order, 3 the declaration is ahead of what can be told.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Folder of the declaration, or its file
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// The only scope to look at; all when omitted
    #[arg(long, value_name = "NAME")]
    scope: Option<String>,
    /// Objects of the cluster: Certificates, their requests and issuers, Pods, and the CAs' Secrets, of which only `tls.crt` is
    /// read, as `kubectl get … --output json` prints them; `-` is stdin
    #[arg(long, value_name = "FILE")]
    objects: Vec<PathBuf>,
    /// The trust anchor, as `aws rolesanywhere get-trust-anchor` prints it, in place of asking AWS
    #[arg(long, value_name = "FILE")]
    trust_anchor: Vec<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    shared: Shared,
}

/// How the steps are written.
#[derive(Clone, Copy, Default, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Human,
    /// With a schema version, for scripts
    Json,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let file = File::open(&args.dir)?;
    let mut report = Report::default();
    let text = rotations(args, &file, &mut report)?;
    report::finish_with(&report, file.sources(), io, |io| match text {
        Some(text) => io.data(|out| out.write_all(text.as_bytes())),
        None => Ok(()),
    })
}

/// All that is said on stdout; `None` when the declaration or what is given cannot be read, which is reported.
fn rotations(args: &Args, file: &File, report: &mut Report) -> Result<Option<String>, Error> {
    let looking = Looking { scope: args.scope.as_deref(), objects: &args.objects, shared: &args.shared };
    let Some(read) = looking.read(file, report)? else { return Ok(None) };
    let Some(scopes) = looking.scopes(&read, report) else { return Ok(None) };
    let Some(seen) = Seen::of(&looking, &args.trust_anchor, &scopes, report)? else { return Ok(None) };
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let all: Vec<_> = scopes.iter().map(|it| (it.declared(), rotation::of(it, &read, &seen, now, report))).collect();
    Ok(Some(match args.format {
        Format::Human => words::human(&all),
        Format::Json => words::json(&all),
    }))
}
