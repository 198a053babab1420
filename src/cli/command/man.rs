//! `iamra man`

use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use crate::cli::error::Error;
use crate::cli::{Cli, Exit, help};
use crate::disk;

/// Write a manual page for each command into a folder, for packages
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// Folder to write to, such as `share/man/man1`
    dir: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<Exit, Error> {
    let mut command = help::with_examples(Cli::command()).disable_help_subcommand(true);
    command.build();
    write(&command, &args.dir)
}

/// Writes the page of a command, and those of the commands below it.
fn write(command: &Command, dir: &Path) -> Result<Exit, Error> {
    let page = Man::new(command.clone());
    let mut text = Vec::new();
    page.render(&mut text).map_err(Error::Output)?;
    disk::write(&dir.join(page.get_filename()), &String::from_utf8_lossy(&text))?;
    command.get_subcommands().filter(|below| !below.is_hide_set()).try_for_each(|below| write(below, dir).map(drop))?;
    Ok(Exit::Done)
}
