//! `iamra completion`

use clap::{CommandFactory as _, ValueEnum};
use clap_complete::aot::{Shell, generate};

use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::{Cli, Exit};

/// Print what completes commands and options in a shell
///
/// For bash, put `source <(iamra completion bash)` into ~/.bashrc. For zsh, write it to a file `_iamra` in a folder of `fpath`
/// before `compinit` runs. For fish, write it to ~/.config/fish/completions/iamra.fish.
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Known,
}

/// The shells in which a test completes.
#[derive(Clone, Copy, ValueEnum)]
enum Known {
    Bash,
    Fish,
    Zsh,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let shell = match args.shell {
        Known::Bash => Shell::Bash,
        Known::Fish => Shell::Fish,
        Known::Zsh => Shell::Zsh,
    };
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "iamra", &mut script);
    io.data(|out| out.write_all(&script))?;
    Ok(Exit::Done)
}
