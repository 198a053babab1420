//! Whether and how AWS is asked.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use clap::builder::FalseyValueParser;

use super::error::Error;
use crate::aws::{Aws, Session, Settings};
use crate::resolve::{Answers, Lookup, Query};
use crate::yaml::NodeRef;

/// The annotation of a functionConfig that asks AWS: kustomize passes functions no flags.
const ANNOTATION: &str = "iamra.dev/live";

/// How often a call is tried when AWS_MAX_ATTEMPTS does not say so. With the pauses between it takes eight seconds at most.
const ATTEMPTS: u32 = 6;

#[derive(clap::Args, Clone)]
pub(super) struct Live {
    /// Ask AWS for what the lock does not have: key material, and values that are not locked yet
    #[arg(long = "live", env = "IAMRA_LIVE", global = true, value_parser = FalseyValueParser::new())]
    on: bool,
    /// How long asking AWS may take, in seconds
    #[arg(long, env = "IAMRA_TIMEOUT", global = true, value_name = "SECONDS", default_value = "20")]
    timeout: u64,
    /// Argo CD's plugin: only its operator decides whether AWS is asked, and what was asked is told.
    #[arg(skip)]
    argo_cd: bool,
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
        self.on || (!self.argo_cd && annotation().unwrap_or(false))
    }

    /// The same in Argo CD.
    pub(super) fn in_argo_cd(&self) -> Self {
        Self { argo_cd: true, ..self.clone() }
    }

    /// The way to AWS.
    pub(super) fn session(&self) -> Result<Session, Error> {
        // The SDKs' own variable.
        let attempts = std::env::var("AWS_MAX_ATTEMPTS").ok().and_then(|text| text.parse().ok()).unwrap_or(ATTEMPTS);
        let settings = Settings { time: Duration::from_secs(self.timeout), attempts };
        Session::new(settings).map_err(Error::Runtime)
    }
}

/// A lookup that asks AWS, if there is anything to ask.
pub(super) struct Asking<'a> {
    session: &'a Session,
    live: &'a Live,
    asked: Cell<usize>,
}

impl<'a> Asking<'a> {
    pub(super) fn new(session: &'a Session, live: &'a Live) -> Self {
        Self { session, live, asked: Cell::new(0) }
    }

    /// Tells Argo CD's log what a later sync will not see.
    pub(super) fn note(&self) {
        if let asked @ 1.. = self.asked.get()
            && self.live.argo_cd
        {
            let words = "Argo CD keeps what it renders until the commit changes; `iamra lock` records it";
            let _ = writeln!(io::stderr(), "note: {asked} values were asked of AWS, and {words}");
        }
    }
}

impl Lookup for Asking<'_> {
    fn answer(&self, queries: &BTreeSet<Query>) -> Answers {
        if queries.is_empty() {
            return Answers::new();
        }
        self.asked.set(queries.len());
        Aws { session: self.session, progress: &tell }.answer(queries)
    }
}

fn tell(done: usize, total: usize) {
    let mut err = io::stderr();
    if err.is_terminal() {
        // Erased when all is done: what stays on the screen is what matters.
        let words = if done < total { format!("asking AWS: {done} of {total} calls answered") } else { String::new() };
        let _ = write!(err, "\r\x1b[K{words}");
    }
}
