//! How far a long run is, on a terminal.

use super::io::Io;
use crate::quote::quote;

/// Erases the line.
/// <https://www.ecma-international.org/publications-and-standards/standards/ecma-48/>
const BEGIN: &str = "\r\u{1b}[K";

/// One line that is written again and again; nothing if nobody watches.
pub(super) struct Progress<'i> {
    io: &'i mut Io,
    all: usize,
    done: usize,
}

impl<'i> Progress<'i> {
    pub(super) fn of(all: usize, io: &'i mut Io) -> Self {
        Self { io, all, done: 0 }
    }

    /// One more is done.
    pub(super) fn step(&mut self, name: &str) {
        self.done += 1;
        if self.io.is_watched() {
            let line = format!("{BEGIN}{} of {}: {}", self.done, self.all, quote(&name));
            let end = if self.done == self.all { BEGIN } else { "" };
            // Whatever is wrong with the terminal, the words that count say it.
            let _ = write!(self.io.err(), "{line}{end}");
        }
    }
}
