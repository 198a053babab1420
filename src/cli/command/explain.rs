//! `iamra explain`

use clap::builder::PossibleValuesParser;

use crate::cli::Exit;
use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::diag::Code;

/// Explain a diagnostic, and how to fix it
#[derive(clap::Args)]
pub(in crate::cli) struct Args {
    /// The code in brackets, such as `late-renewal`; lists all codes when omitted
    #[arg(value_parser = PossibleValuesParser::new(Code::all().map(Code::name)), hide_possible_values = true)]
    code: Option<String>,
}

pub(super) fn run(args: &Args, io: &mut Io) -> Result<Exit, Error> {
    let code = args.code.as_deref().and_then(Code::find);
    io.data(|out| {
        if let Some(code) = code {
            return out.write_all(code.page().as_bytes());
        }
        let width = Code::all().map(|code| code.name().len()).max().unwrap_or(0);
        Code::all().try_for_each(|code| writeln!(out, "{:width$}  {}", code.name(), code.summary()))
    })?;
    Ok(Exit::Done)
}
