//! How far a long run is, on a terminal.

use std::fmt::Display;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::error::Error;
use super::io::Io;
use crate::quote::quote;

/// What the line has. It ends before the edge of the terminal.
const LINE: &str = "{bar:20} {pos} of {len}, {elapsed}: {wide_msg}";

/// How often it is drawn.
const TICK: Duration = Duration::from_millis(250);

/// What the line has where nothing can be counted.
const WAITING: &str = "{spinner} {elapsed}: {wide_msg}";

/// What takes less needs no line.
const MOMENT: Duration = Duration::from_secs(1);

/// Does something of which nobody knows how long it takes. After a moment, a line says what is waited for.
pub(super) fn waiting<T>(what: &dyn Display, io: &Io, work: impl FnOnce() -> T) -> T {
    if !io.shows_progress() {
        return work();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()).with_message(quote(what).to_string());
    let bar = match ProgressStyle::with_template(WAITING) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    };
    let (done, is_done) = mpsc::channel::<()>();
    let result = thread::scope(|scope| {
        let bar = &bar;
        scope.spawn(move || {
            // The sender goes away when the work is done.
            if is_done.recv_timeout(MOMENT) == Err(RecvTimeoutError::Timeout) {
                bar.set_draw_target(ProgressDrawTarget::stderr());
                bar.enable_steady_tick(TICK);
            }
        });
        let result = work();
        drop(done);
        result
    });
    bar.finish_and_clear();
    result
}

/// One line that is drawn again and again; nothing if nobody watches.
pub(super) struct Progress<'i> {
    io: &'i mut Io,
    bar: ProgressBar,
}

impl<'i> Progress<'i> {
    pub(super) fn of(all: usize, io: &'i mut Io) -> Self {
        let target = if io.shows_progress() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(u64::try_from(all).ok(), target);
        // A template that cannot be read leaves the style that the bar has.
        let bar = match ProgressStyle::with_template(LINE) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        };
        if io.shows_progress() {
            // Time goes by on the line while nothing else happens.
            bar.enable_steady_tick(TICK);
        }
        Self { io, bar }
    }

    /// One more is done; its name is asked for only if somebody watches.
    pub(super) fn step(&self, name: impl FnOnce() -> String) {
        if !self.bar.is_hidden() {
            self.bar.set_message(quote(&name()).to_string());
            self.bar.inc(1);
        }
    }

    /// A message, above the line.
    pub(super) fn words(&mut self, words: &dyn Display) -> Result<(), Error> {
        self.bar.suspend(|| self.io.words(words))
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
