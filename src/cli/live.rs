//! Whether and how values are looked up in AWS.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::env;
use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::FalseyValueParser;

use super::at_hand::HEADING;
use super::error::Error;
use super::io::{Io, aside};
use super::misuse::whole_number;
use super::terminal::is_quiet;
use crate::aws::{self, Aws, Call, Profiles, Session, Settings, Time};
use crate::diag::{Code, Report};
use crate::disk;
use crate::reference::Query;
use crate::resolve::{Answers, Guarded, Layered, Lookup, NoAnswer, OperatorPolicy};
use crate::yaml::NodeRef;

/// The annotation of a functionConfig that enables lookups in AWS, because kustomize passes no flags to functions.
const ANNOTATION: &str = "iamra.dev/live";

/// Whether values that are not available locally are looked up in AWS.
#[derive(clap::Args, Clone)]
pub(super) struct Live {
    /// Look up in AWS what the lock does not have: key material, and values that are not locked yet
    #[arg(long = "live", help_heading = HEADING, env = "IAMRA_LIVE", value_parser = FalseyValueParser::new(), hide = !aws::IS_HERE)]
    on: bool,
    #[command(flatten)]
    pub(super) asks: Asks,
}

/// How AWS is called.
#[derive(clap::Args, Clone)]
pub(super) struct Asks {
    /// Time limit for calls to AWS, in seconds
    #[arg(long = "timeout", help_heading = HEADING, env = "IAMRA_TIMEOUT", value_name = "SECONDS", default_value = "20", value_parser = seconds, hide = !aws::IS_HERE)]
    time: Time,
    #[arg(skip)]
    asker: Asker,
}

/// Who decides whether AWS is called.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Asker {
    /// The user, and the author of the declaration.
    #[default]
    Anybody,
    /// Argo CD's plugin: only its operator decides, and lookups are noted in the log.
    ArgoCd,
    /// AWS is never called: all values must be available locally.
    Nobody,
}

/// The largest accepted time limit; clocks cannot add arbitrary durations.
const LONGEST: u32 = 86_400;

fn seconds(text: &str) -> Result<Time, String> {
    whole_number(text, 0..=LONGEST).map(|seconds| Time::new(Duration::from_secs(seconds.into())))
}

impl Live {
    /// Whether the flag or its variable asks for it.
    pub(super) fn asked(&self) -> bool {
        self.on
    }

    /// Whether this run may ask AWS.
    pub(super) fn is_on(&self, declaration: NodeRef<'_>) -> bool {
        let annotation = || {
            let annotations = declaration.get("metadata")?.get("annotations")?;
            annotations.get(ANNOTATION)?.text().map(|value| value == "true")
        };
        match self.asks.asker {
            Asker::Anybody => self.on || annotation().unwrap_or(false),
            Asker::ArgoCd => self.on,
            Asker::Nobody => false,
        }
    }

    /// For commands that never call AWS.
    pub(super) fn nobody() -> Self {
        let time = Time::new(Duration::ZERO);
        Self { on: false, asks: Asks { time, asker: Asker::Nobody } }
    }

    /// The same, switched on.
    pub(super) fn always(&self) -> Self {
        Self { on: true, ..self.clone() }
    }

    /// The same with a different [`Asker`].
    pub(super) fn asked_by(&self, asker: Asker) -> Self {
        Self { asks: Asks { asker, ..self.asks.clone() }, ..self.clone() }
    }
}

impl Asks {
    /// The connection to AWS.
    pub(super) fn session(&self) -> Result<Session, Error> {
        let attempts = attempts()?;
        let file = |variable: &str, usual: &str| {
            let named = env::var_os(variable).map(PathBuf::from);
            let home = || env::home_dir().unwrap_or_default();
            let path = match named.as_deref().map(|path| path.strip_prefix("~")) {
                None => home().join(usual),
                Some(Ok(below)) => home().join(below),
                Some(Err(_)) => named.unwrap_or_default(),
            };
            // A file that cannot be read is treated as empty, as in the SDKs.
            disk::read(&path).unwrap_or_default()
        };
        let profiles = Profiles {
            config: file("AWS_CONFIG_FILE", ".aws/config"),
            credentials: file("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"),
            named: env::var("AWS_PROFILE").ok().filter(|name| !name.is_empty()),
        };
        Session::new(Settings { time: self.time.clone(), attempts, profiles }).map_err(Error::Runtime)
    }
}

/// The maximum number of attempts of a call, from the SDKs' variable. Like botocore, it rejects a value that is not a
/// number; an empty value counts as unset. <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>
fn attempts() -> Result<Option<u32>, Error> {
    let Some(text) = env::var_os("AWS_MAX_ATTEMPTS").filter(|text| !text.is_empty()) else { return Ok(None) };
    let text = text.to_string_lossy();
    let number = text.parse().ok().filter(|number| *number > 0);
    number.map(Some).ok_or_else(|| Error::Attempts(text.into_owned()))
}

/// A lookup that calls AWS, if there is a query.
pub(super) struct Asking<'a> {
    session: &'a Session,
    asks: &'a Asks,
    asked: Cell<usize>,
}

impl<'a> Asking<'a> {
    pub(super) fn new(session: &'a Session, asks: &'a Asks) -> Self {
        Self { session, asks, asked: Cell::new(0) }
    }

    /// Notes lookups in Argo CD's log, because a later sync does not repeat them.
    pub(super) fn note(&self) {
        if let asked @ 1.. = self.asked.get()
            && self.asks.asker == Asker::ArgoCd
        {
            let words = "Argo CD caches the result until the commit changes; `iamra lock` records the values";
            let _ = writeln!(io::stderr(), "note: {asked} values were looked up in AWS, and {words}");
        }
    }
}

impl Lookup for Asking<'_> {
    fn answer(&self, queries: &BTreeSet<Query>) -> Answers {
        if queries.is_empty() {
            return Answers::new();
        }
        self.asked.set(queries.len());
        aside(&format_args!("asks AWS for {} references", queries.len()));
        Aws { session: self.session, progress: &tell }.answer(queries)
    }
}

/// A lookup that answers nothing, and records the queries.
#[derive(Default)]
pub(super) struct Unasked(RefCell<BTreeSet<Query>>);

impl Unasked {
    /// The calls that would answer it.
    pub(super) fn calls(&self) -> Vec<Call> {
        aws::calls(&self.0.borrow())
    }
}

impl Lookup for Unasked {
    fn answer(&self, queries: &BTreeSet<Query>) -> Answers {
        self.0.borrow_mut().extend(queries.iter().cloned());
        let none = || NoAnswer {
            code: Code::UnresolvedReference,
            why: "AWS was not called".to_owned(),
            help: "remove `--explain-calls`".to_owned(),
        };
        queries.iter().map(|query| (query.clone(), Err(none()))).collect()
    }
}

/// Prints the calls that would answer the queries of `question` that these lookups cannot answer and that the policy
/// allows.
pub(super) fn explain(
    policy: &OperatorPolicy,
    lookups: Vec<&dyn Lookup>,
    report: &mut Report,
    question: impl FnOnce(&dyn Lookup, &mut Report),
) -> Result<(), Error> {
    let calls = calls(policy, lookups, report, question);
    if report.has_errors() { Ok(()) } else { print_calls(&calls) }
}

/// The calls that [`explain`] prints.
pub(super) fn calls(
    policy: &OperatorPolicy,
    lookups: Vec<&dyn Lookup>,
    report: &mut Report,
    question: impl FnOnce(&dyn Lookup, &mut Report),
) -> Vec<Call> {
    let unasked = Unasked::default();
    let at_hand = Layered(lookups);
    let mut found = Report::default();
    question(&Guarded { policy, lookup: &Layered(vec![&at_hand, &unasked]) }, &mut found);
    // References that are not looked up are expected to have no value.
    report.append(found.without(Code::UnresolvedReference));
    unasked.calls()
}

/// Prints the planned calls to stdout, one per paragraph.
pub(super) fn print_calls<C: Display>(calls: &[C]) -> Result<(), Error> {
    let mut io = Io::new();
    if calls.is_empty() {
        io.remark(&"AWS would not be called: all values are available\n")?;
    }
    let text: String = calls.iter().map(|call| format!("{call}\n")).collect();
    io.data(|out| out.write_all(text.as_bytes()))
}

/// Shows the progress on a terminal.
pub(super) fn tell(done: usize, total: usize) {
    let mut err = io::stderr();
    if err.is_terminal() && !is_quiet() {
        // Erased when all calls are done, so that only what matters stays on the screen.
        let words = if done < total { format!("calling AWS: {done} of {total} calls done") } else { String::new() };
        let _ = write!(err, "\r\x1b[K{words}");
    }
}
