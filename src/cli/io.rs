//! The three standard streams. stdout is for data, stderr for messages.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use super::error::Error;
use super::terminal;
use crate::memory::Bytes;
use crate::quote::lines;

/// The largest pipe that an unprivileged process may ask for on Linux.
/// <https://man7.org/linux/man-pages/man7/pipe.7.html>
const PIPE_SIZE: usize = 1 << 20;

/// Whether everything on stdin has been read.
static IS_READ: AtomicBool = AtomicBool::new(false);

/// The file that `--output` names; `None` for stdout, which is also called `-`.
pub(super) fn output_file(output: Option<&PathBuf>) -> Option<&PathBuf> {
    output.filter(|path| path.as_os_str() != "-")
}

pub(super) struct Io {
    out: Counted<io::StdoutLock<'static>>,
    err: io::Stderr,
}

impl Io {
    pub(super) fn new() -> Self {
        Self { out: Counted { out: io::stdout().lock(), any: false }, err: io::stderr() }
    }

    /// Everything on stdin, which is there once: a second reader would get nothing. Nobody types manifests: a terminal is an
    /// error, and `call` says how to call the command.
    pub(super) fn read(call: &'static str) -> Result<Bytes, Error> {
        if IS_READ.swap(true, Ordering::Relaxed) {
            return Err(Error::InputTwice);
        }
        let stdin = io::stdin().lock();
        if stdin.is_terminal() {
            return Err(Error::Terminal(call));
        }
        widen(&stdin);
        Bytes::read(stdin).map_err(Error::Input)
    }

    /// Writes data to stdout, and checks that all of it was written.
    pub(super) fn data(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
        widen(&self.out.out);
        write(&mut self.out).and_then(|()| self.out.flush()).map_err(Error::Output)
    }

    /// Whether any data went to stdout.
    pub(super) fn has_data(&self) -> bool {
        self.out.any
    }

    /// Writes a message to stderr, with control characters and keys removed.
    pub(super) fn words(&mut self, words: &dyn Display) -> Result<(), Error> {
        self.told(lines(&words.to_string()))
    }

    /// The same for what confirms that all is well, which not everybody wants to read.
    pub(super) fn remark(&mut self, words: &dyn Display) -> Result<(), Error> {
        if terminal::is_quiet() { Ok(()) } else { self.words(words) }
    }

    /// Writes a message from which control characters and keys have been removed.
    pub(super) fn told(&mut self, text: String) -> Result<(), Error> {
        self.err.write_all(terminal::painted(text).as_bytes()).map_err(Error::Output)
    }

    /// Whether the user agrees to what was shown. Without a terminal, nobody is there to ask.
    pub(super) fn agrees(&mut self) -> Result<bool, Error> {
        let stdin = io::stdin();
        if !stdin.is_terminal() || !self.is_watched() {
            return Err(Error::Unasked);
        }
        self.words(&"go on? [y/N] ")?;
        let mut answer = String::new();
        stdin.read_line(&mut answer).map_err(Error::Input)?;
        Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
    }

    /// Whether words are read as they are written.
    pub(super) fn is_watched(&self) -> bool {
        self.err.is_terminal()
    }

    /// Whether somebody watches what is going on, on a line that changes.
    pub(super) fn shows_progress(&self) -> bool {
        self.is_watched() && !terminal::is_quiet() && !terminal::is_verbose()
    }
}

/// Says on stderr what is done, if that was asked for. That it cannot be said stops nobody.
pub(super) fn aside(words: &dyn Display) {
    if terminal::is_verbose() {
        let _ = writeln!(io::stderr(), "{}", lines(&words.to_string()));
    }
}

/// A stream that knows whether anything was written to it.
struct Counted<W> {
    out: W,
    any: bool,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.any |= !bytes.is_empty();
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Enlarges the pipe's buffer, which saves context switches for large lists. Fails harmlessly if it is not a pipe. Only
/// Linux can; elsewhere lists pass through in smaller pieces.
fn widen(stream: &impl AsFd) {
    #[cfg(target_os = "linux")]
    let _ = rustix::pipe::fcntl_setpipe_size(stream, PIPE_SIZE);
    #[cfg(not(target_os = "linux"))]
    let _ = (stream, PIPE_SIZE);
}
