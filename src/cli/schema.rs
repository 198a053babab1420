//! `iamra schema`

use super::Exit;
use super::error::Error;
use super::io::Io;
use crate::config;

/// Print the JSON Schema of `iamra.yaml`, for editors
#[derive(clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_: &Args, io: &mut Io) -> Result<Exit, Error> {
    io.data(|out| {
        serde_json::to_writer_pretty(&mut *out, config::json_schema())?;
        out.write_all(b"\n")
    })?;
    Ok(Exit::Done)
}
