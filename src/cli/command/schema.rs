//! `iamra schema`

use crate::cli::Exit;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::config;

/// Print the JSON Schema of `iamra.yaml`, for editors
#[derive(clap::Args)]
pub(in crate::cli) struct Args {}

pub(super) fn run(_: &Args, io: &mut Io) -> Result<Exit, Error> {
    io.data(|out| {
        serde_json::to_writer_pretty(&mut *out, config::json_schema())?;
        out.write_all(b"\n")
    })?;
    Ok(Exit::Done)
}
