//! `iamra version`

use clap::ValueEnum;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::{aws, git, helper, serve};

/// Print version, commit and credential helper
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// JSON with a `schemaVersion`
    Json,
}

const SCHEMA_VERSION: u32 = 1;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Set by whoever builds releases and images.
const COMMIT: &str = match option_env!("IAMRA_COMMIT") {
    Some(commit) => commit,
    None => "",
};

/// Cargo features and what they are for; those that can be left out.
const PARTS: &[(&str, bool)] = &[("aws", aws::IS_HERE), ("git", git::IS_HERE), ("serve", serve::IS_HERE)];

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let parts: Vec<_> = PARTS.iter().filter(|(_, is_here)| *is_here).map(|(name, _)| *name).collect();
    let text = match args.format {
        Format::Text => {
            let parts = if parts.is_empty() { "none".to_owned() } else { parts.join(", ") };
            let commit = if COMMIT.is_empty() { "not recorded when it was built" } else { COMMIT };
            format!("iamra {VERSION}\ncommit: {commit}\ncredential helper: {}\nfeatures: {parts}\n", helper::IMAGE)
        }
        Format::Json => {
            let value = json!({
                "schemaVersion": SCHEMA_VERSION,
                "version": VERSION,
                "commit": (!COMMIT.is_empty()).then_some(COMMIT),
                "credentialHelper": helper::IMAGE,
                "features": parts,
            });
            format!("{value:#}\n")
        }
    };
    io.data(|out| out.write_all(text.as_bytes()))?;
    Ok(Exit::Done)
}
