//! `iamra aws permissions`

use crate::cli::Exit;
use crate::cli::error::Error;
use crate::cli::estate::Estate;
use crate::cli::io::Io;
use crate::cli::report::finish_with;
use crate::diag::Report;
use crate::provision::{self, Purpose};

/// Print the smallest IAM policy with which a command can be run
///
/// Names and prefixes are those of the declaration. AWS is not called.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The command
    #[arg(value_enum)]
    command: Of,
    #[command(flatten)]
    estate: Estate,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Of {
    /// `iamra lock`, without trust policies
    Lock,
    /// `iamra aws plan`
    Plan,
    /// `iamra aws apply`
    Apply,
    /// `iamra destroy`
    Destroy,
    /// `iamra aws adopt`
    Adopt,
    /// `iamra ca rotate`
    Rotate,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let (file, mut report) = (args.estate.file()?, Report::default());
    let desired = args.estate.desired(&file, None, None, &mut report)?;
    let purpose = match args.command {
        Of::Lock => Purpose::Lock,
        Of::Plan => Purpose::Plan,
        Of::Apply => Purpose::Apply,
        Of::Destroy => Purpose::Destroy,
        Of::Adopt => Purpose::Adopt,
        Of::Rotate => Purpose::Rotate,
    };
    let cluster = args.estate.cluster.as_deref();
    let policy = desired.map(|desired| provision::permissions(purpose, &desired.narrowed(cluster)));
    finish_with(&report, file.sources(), io, |io| {
        let Some(policy) = policy else { return Ok(()) };
        let text = format!("{policy:#}\n");
        io.data(|out| out.write_all(text.as_bytes()))
    })
}
