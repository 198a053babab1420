//! How much is said, in which colours, and how wide the terminal is.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};
use std::sync::atomic::{AtomicU8, Ordering};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use clap::ValueEnum;

/// Options of every command.
#[derive(clap::Args)]
pub(super) struct Terminal {
    /// Say only what is wrong: no warnings, notes or confirmations
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Say which files are read, and which programs are run
    #[arg(short, long, global = true)]
    verbose: bool,
    /// Whether messages have colours; NO_COLOR is heeded
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    color: Color,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

/// How much is said.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Loudness {
    Quiet = 1,
    Verbose = 2,
}

/// What was asked for; nothing is 0.
static LOUDNESS: AtomicU8 = AtomicU8::new(0);

impl Terminal {
    /// From now on, this is how things are said.
    pub(super) fn heed(&self) {
        if let Some(loudness) = self.quiet.then_some(Loudness::Quiet).or(self.verbose.then_some(Loudness::Verbose)) {
            LOUDNESS.store(loudness as u8, Ordering::Relaxed);
        }
    }
}

/// Whether only errors are said.
pub(super) fn is_quiet() -> bool {
    LOUDNESS.load(Ordering::Relaxed) == Loudness::Quiet as u8
}

/// Whether it is said what is done.
pub(super) fn is_verbose() -> bool {
    LOUDNESS.load(Ordering::Relaxed) == Loudness::Verbose as u8
}

/// The arguments with options of every command behind the command, where clap takes them. Heeds the one for colours, which
/// usage errors have, too.
pub(super) fn arranged(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let words: Vec<_> =
        arguments.iter().take_while(|word| *word != "--").map(|word| word.to_str().unwrap_or("")).collect();
    let split = words.iter().position(|word| *word == "--color").and_then(|at| words.get(at + 1).copied());
    let joined = words.iter().find_map(|word| word.strip_prefix("--color="));
    match split.or(joined).map(|word| Color::from_str(word, false)) {
        Some(Ok(Color::Always)) => ColorChoice::Always.write_global(),
        Some(Ok(Color::Never)) => ColorChoice::Never.write_global(),
        _ => {}
    }
    let mut before = 1;
    while let Some(word) = words.get(before) {
        before += match *word {
            "-q" | "--quiet" | "-v" | "--verbose" => 1,
            "--color" => 2,
            _ if word.starts_with("--color=") => 1,
            _ => break,
        };
    }
    if words.get(before).is_some_and(|word| !word.starts_with('-'))
        && let Some(part) = arguments.get_mut(1..=before)
    {
        part.rotate_right(1);
    }
    arguments
}

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const NOTE: Style = AnsiColor::Green.on_default().bold();
const HELP: Style = AnsiColor::Cyan.on_default().bold();
const PLACE: Style = AnsiColor::Blue.on_default().bold();

/// How lines of messages begin, up to a colon or, for places, the whole of it.
const STARTS: &[(&str, Style)] =
    &[("error", ERROR), ("warning", WARNING), ("note", NOTE), ("  help", HELP), ("  --> ", PLACE)];

/// Messages as stderr takes them: in colours if it is a terminal, or if these are asked for.
pub(super) fn painted(text: String) -> String {
    match AutoStream::choice(&io::stderr()) {
        ColorChoice::Never => text,
        _ => text.split_inclusive('\n').map(painted_line).collect(),
    }
}

fn painted_line(line: &str) -> String {
    let start = STARTS.iter().find(|(start, _)| line.starts_with(start));
    let Some((start, style)) = start else { return line.to_owned() };
    if *start == "  --> " {
        let rest = line.strip_prefix(start).unwrap_or_default();
        return format!("  {style}-->{style:#} {rest}");
    }
    // The code in brackets has no colon, nor a space.
    let Some((head, rest)) = line.split_once(": ") else { return line.to_owned() };
    let code = head.strip_prefix(start).unwrap_or_default();
    let is_code = code.is_empty() || code.starts_with('[') && code.ends_with(']') && !code.contains(' ');
    if !is_code {
        return line.to_owned();
    }
    let mut text = String::new();
    let _ = write!(text, "{style}{head}:{style:#} {rest}");
    text
}

/// What a part of an explanation is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// To be typed.
    Command,
    /// What a command does, or what is left out.
    Aside,
    /// What was added.
    Added,
    /// What begins something.
    Heading,
}

impl Part {
    fn style(self) -> Style {
        match self {
            Self::Command => AnsiColor::Cyan.on_default(),
            Self::Aside => Style::new().dimmed(),
            Self::Added => AnsiColor::Green.on_default(),
            Self::Heading => Style::new().bold(),
        }
    }

    /// A line as stdout takes it: in colours if it is a terminal, or if these are asked for.
    pub(super) fn on_stdout(self, line: &str) -> String {
        self.painted(line, AutoStream::choice(&io::stdout()))
    }

    /// A line as stderr takes it.
    pub(super) fn on_stderr(self, line: &str) -> String {
        self.painted(line, AutoStream::choice(&io::stderr()))
    }

    fn painted(self, line: &str, choice: ColorChoice) -> String {
        if choice == ColorChoice::Never {
            return line.to_owned();
        }
        let style = self.style();
        format!("{style}{line}{style:#}")
    }
}

/// The columns of a terminal that does not say how many it has, as behind a serial line.
const USUAL: usize = 80;

/// How many columns stdout has, if it is a terminal.
pub(super) fn width() -> Option<usize> {
    let stdout = io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    let said = std::env::var_os("COLUMNS").as_deref().and_then(OsStr::to_str).and_then(|columns| columns.parse().ok());
    let said = said.filter(|columns| *columns > 0);
    Some(said.or_else(|| terminal_size::terminal_size_of(stdout).map(|(width, _)| width.0.into())).unwrap_or(USUAL))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arranged_words(words: &str) -> String {
        let arguments = words.split(' ').map(OsString::from).collect();
        let words: Vec<_> = arranged(arguments).into_iter().map(|word| word.into_string().unwrap()).collect();
        words.join(" ")
    }

    #[test]
    fn options_of_every_command_may_come_first() {
        assert_eq!(arranged_words("iamra -q --color auto build . -- x"), "iamra build -q --color auto . -- x");
        for same in ["iamra", "iamra -v", "iamra build -v", "iamra --live build", "iamra -q -- build", "iamra --color"]
        {
            assert_eq!(arranged_words(same), same);
        }
    }

    #[test]
    fn only_the_head_of_a_message_is_painted() {
        assert_eq!(painted_line("error[a-b]: c: d\n"), format!("{ERROR}error[a-b]:{ERROR:#} c: d\n"));
        assert_eq!(painted_line("  --> a.yaml:1:2\n"), format!("  {PLACE}-->{PLACE:#} a.yaml:1:2\n"));
        for same in ["errors: 2\n", "an error: x\n", "note that: x\n", "warning\n"] {
            assert_eq!(painted_line(same), same);
        }
    }
}
