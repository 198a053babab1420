//! Output of clap: help, the version, and usage errors. Its errors repeat the arguments in full, so they are filtered
//! here; and whole numbers are parsed with better messages than Rust's.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::ops::RangeInclusive;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};

use super::error::Error;
use super::io::Io;
use super::{Cli, Exit};
use super::{habits, help};
use crate::quote;

/// Prefix of the variables that set arguments.
const VARIABLES: &str = "IAMRA_";

/// Prints the usage error, or the requested help. A closed pipe is not an error.
pub(super) fn say(mut words: clap::Error, arguments: &[OsString], io: &mut Io) -> Result<Exit, Error> {
    if is_help(words.kind()) {
        words = laid_out(arguments).unwrap_or(words);
    } else if words.use_stderr() {
        habits::explain(&mut words, &Cli::command(), arguments);
    }
    if words.use_stderr() {
        // If stderr is closed too, only the exit code can report the error.
        let _ = explain(&words, arguments, io);
        return Ok(Exit::Usage);
    }
    match words.print().and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::Output(error)),
        _ => Ok(Exit::Done),
    }
}

/// Help for whoever calls iamra on a terminal, without arguments.
pub(super) fn brief(io: &mut Io) -> Result<(), Error> {
    let help = help::laid_out(Cli::command()).render_help();
    if io.is_watched() {
        return write!(anstream::stderr(), "{}", help.ansi()).map_err(Error::Output);
    }
    io.words(&help)
}

fn is_help(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand)
}

/// The help that was asked for.
fn laid_out(arguments: &[OsString]) -> Option<clap::Error> {
    help::laid_out(Cli::command()).try_get_matches_from(arguments).err().filter(|error| is_help(error.kind()))
}

fn explain(words: &clap::Error, arguments: &[OsString], io: &mut Io) -> Result<(), Error> {
    let shown: Vec<_> = arguments.iter().map(shown).collect();
    let variables = env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with(VARIABLES));
    let hidden = variables.filter(|(_, value)| !is_plain(&value.to_string_lossy())).map(|(name, _)| name).next();
    if hidden.is_none() && arguments.iter().all(|it| is_plain(&it.to_string_lossy())) {
        let rendered = words.render().to_string();
        let shortened = arguments.iter().fold(rendered.clone(), shorten);
        // `print` keeps the colours.
        return if shortened == rendered { words.print().map_err(Error::Output) } else { io.words(&shortened) };
    }
    let words = match (hidden, Cli::try_parse_from(&shown)) {
        (Some(name), _) => format!("error: the value of {} is invalid and is not shown\n", name.display()),
        (None, Err(error)) => error.render().to_string(),
        (None, Ok(_)) => "error: an argument is invalid and is not shown\n".to_owned(),
    };
    io.words(&words)
}

/// The words without what is too long of an argument. That it is long is not what is wrong with it: other arguments are
/// long, too.
fn shorten(words: String, argument: &OsString) -> String {
    let text = argument.to_string_lossy();
    let value = text.split_once('=').filter(|_| text.starts_with("--")).map_or(&*text, |(_, value)| value);
    if value.chars().count() <= quote::LONGEST { words } else { words.replace(value, &quote::part(value)) }
}

/// The argument in a form that messages can repeat; with a leading dash, it stays an option.
fn shown(argument: &OsString) -> OsString {
    let text = argument.to_string_lossy();
    if is_plain(&text) && text.chars().count() <= quote::LONGEST {
        return argument.clone();
    }
    let (option, value) = match text.split_once('=') {
        Some((option, value)) if text.starts_with("--") && is_plain(option) => (format!("{option}="), value),
        _ if text.starts_with('-') => ("--".to_owned(), text.trim_start_matches('-')),
        _ => (String::new(), text.as_ref()),
    };
    format!("{option}{}", if is_plain(&text) { quote::part(value) } else { quote::part(&text) }).into()
}

fn is_plain(text: &str) -> bool {
    quote::line(text) == text
}

/// A whole number in these bounds, or what was expected instead.
pub(super) fn whole_number(text: &str, bounds: RangeInclusive<u32>) -> Result<u32, String> {
    let number = text.parse().ok().filter(|number| bounds.contains(number));
    number.ok_or_else(|| format!("expected a whole number from {} to {}", bounds.start(), bounds.end()))
}
