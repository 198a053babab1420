//! `iamra aws plan`

use crate::cli::Exit;
use crate::cli::error::Error;
use crate::cli::estate::{AS_DECLARED, Authorities, Estate, Folder};
use crate::cli::io::Io;
use crate::cli::report::{finish, finish_with};
use crate::diag::Report;
use crate::output;

/// Print how AWS differs from the declaration: trust anchors, roles, profiles and parameters
///
/// Looks into the account and region of every cluster, and changes nothing. What has the tags of this installation is iamra's to
/// change; everything else is used as it is. Escalations, after which somebody may do more than before, come first.
///
/// Exit codes: 0 AWS is as declared, 4 something differs, 1 something has to be decided first.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    folder: Folder,
    #[command(flatten)]
    estate: Estate,
    #[command(flatten)]
    authorities: Authorities,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    #[default]
    Human,
    /// With a schema version, for scripts
    Json,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let (file, mut report) = (args.folder.file()?, Report::default());
    let session = args.estate.session()?;
    let compared = args.estate.compared(&file, &args.authorities, &session, &mut report)?;
    let Some(comparison) = compared else { return finish(&report, file.sources(), io) };
    let exit = finish_with(&report, file.sources(), io, |io| {
        let text = match args.format {
            Format::Human => output::resources(&comparison),
            Format::Json => output::resources_json(&comparison),
        };
        io.data(|out| out.write_all(text.as_bytes()))?;
        io.words(&format_args!("{}\n", output::resources_summary(&comparison, AS_DECLARED)))
    })?;
    Ok(if exit == Exit::Done && comparison.differs() { Exit::Differs } else { exit })
}
