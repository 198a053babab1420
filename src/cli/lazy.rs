//! The options of a command are described only when it is the command that was typed: to describe those of all forty takes
//! clap as long as everything else that a small command does.

use std::cell::Cell;
use std::ffi::OsString;
use std::ops::Deref;

use clap::{ArgMatches, Args, Command, Error, FromArgMatches, Parser};

thread_local! {
    static WAITS: Cell<bool> = const { Cell::new(false) };
}

/// Reads the arguments. What is wrong with them is said by who knows all options; help is laid out by its caller.
pub(super) fn parsed<P: Parser>(arguments: &[OsString]) -> Result<P, Error> {
    WAITS.set(true);
    let parsed = P::try_parse_from(arguments);
    WAITS.set(false);
    parsed.or_else(|error| if error.use_stderr() { P::try_parse_from(arguments) } else { Err(error) })
}

/// The arguments of a command.
pub(super) struct Lazy<A>(A);

impl<A> Deref for Lazy<A> {
    type Target = A;

    fn deref(&self) -> &A {
        &self.0
    }
}

impl<A: Args> Args for Lazy<A> {
    fn augment_args(command: Command) -> Command {
        if WAITS.get() { command.defer(A::augment_args) } else { A::augment_args(command) }
    }

    fn augment_args_for_update(command: Command) -> Command {
        A::augment_args_for_update(command)
    }
}

impl<A: FromArgMatches> FromArgMatches for Lazy<A> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        A::from_arg_matches(matches).map(Self)
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, Error> {
        A::from_arg_matches_mut(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }

    fn update_from_arg_matches_mut(&mut self, matches: &mut ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches_mut(matches)
    }
}
