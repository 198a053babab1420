//! `iamra matrix`

use std::path::PathBuf;

use crate::cli::Exit;
use crate::cli::declaration::File;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::report::{finish, finish_with};
use crate::cli::sources::Offline;
use crate::cli::terminal::width;
use crate::cli::trust::{Everywhere, Given, recorded};
use crate::diag::Report;
use crate::matrix::{self, Matrix};

/// Show which workload can assume which role
///
/// Compares every workload in every cluster with every role. Judges the trust policies in files, in the lock (`iamra lock
/// --trust-policies`) and, for roles without either, those that the declaration means. A workload that can assume the role
/// of another one is an error, one of which that cannot be told a warning.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Folder of the declaration, or its file
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    given: Given,
    #[command(flatten)]
    offline: Offline,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Every workload with its own role, and each other pair that is not denied
    #[default]
    Table,
    /// The same with a `schemaVersion`
    Json,
    /// Only what is not as it should be, for a comment on a pull request
    Markdown,
    /// A heat map
    Svg,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let shared = &args.offline.shared();
    let file = File::open(&args.dir)?;
    let mut report = Report::default();
    let Some(mut whole) = Everywhere::read(&file, shared, &mut report)? else {
        return finish(&report, file.sources(), io);
    };
    let (recorded, profiles) = recorded(&file, shared)?;
    let policies = whole.policies(&args.given, recorded.as_ref(), &mut report)?;
    if report.has_errors() {
        return finish(&report, file.sources(), io);
    }
    whole.keep(shared.cluster.as_ref());
    whole.judge(&policies, &profiles, &mut report);
    let matrix = Matrix::of(&whole.declared, &policies, &profiles);
    finish_with(&report, file.sources(), io, |io| {
        let text = match args.format {
            Format::Table => matrix::table(&matrix).within(width()),
            Format::Json => matrix::json(&matrix),
            Format::Markdown => matrix::markdown(&matrix),
            Format::Svg => matrix::svg(&matrix),
        };
        io.data(|out| out.write_all(text.as_bytes()))?;
        if args.format == Format::Table {
            io.remark(&format_args!("{}\n", matrix::summary(&matrix)))?;
        }
        Ok(())
    })
}
