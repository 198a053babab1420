//! The status of a declaration, for people and for programs.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::io::{self, Write};

use serde::Serialize;

use crate::certificate::Certificate;
use crate::diag::Diagnostic;
use crate::pipeline::LockPlan;
use crate::provision::{Observed, Standing};
use crate::quote::{line, quote};
use crate::reference::{Query, Wanted};
use crate::resolve::{Answer, Answers, Lockfile, Lookup as _};

/// Version of the JSON.
pub(super) const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status {
    pub(super) schema_version: u32,
    /// Its file.
    pub(super) declaration: String,
    pub(super) workloads: usize,
    pub(super) roles: usize,
    pub(super) scopes: usize,
    pub(super) clusters: usize,
    pub(super) lock: Lock,
    /// Whether everything can be rendered.
    pub(super) ready: bool,
    /// What prevents rendering, or needs attention.
    pub(super) problems: Vec<Problem>,
    pub(super) authorities: Vec<Authority>,
    /// What AWS has; `None` when nobody has asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) aws: Option<Vec<InAws>>,
}

/// A resource that the declaration means.
#[derive(Serialize)]
pub(super) struct InAws {
    kind: &'static str,
    name: String,
    account: Option<String>,
    region: Option<String>,
    clusters: BTreeSet<String>,
    arn: Option<String>,
    state: &'static str,
    details: Vec<String>,
}

/// The lock, and how it and the values file cover the declaration.
#[derive(Serialize)]
pub(super) struct Lock {
    file: String,
    exists: bool,
    /// How many references it answers.
    locked: usize,
    /// References that nothing at hand answers.
    missing: BTreeSet<String>,
    /// References in the lock that the declaration does not have.
    unused: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct Problem {
    code: &'static str,
    severity: &'static str,
    message: String,
    help: Option<String>,
}

/// A CA whose certificate is at hand.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Authority {
    reference: String,
    subject: String,
    fingerprint: String,
    not_after: String,
    days_left: i64,
}

impl Lock {
    pub(super) fn of(file: String, exists: bool, lock: &Lockfile, declared: &LockPlan, known: &Answers) -> Self {
        let recorded = lock.answer(&declared.queries);
        let missing = known.iter().filter(|(_, answer)| answer.is_err());
        Self {
            file,
            exists,
            locked: recorded.values().filter(|it| it.is_ok()).count(),
            missing: missing.map(|(query, _)| query.reference.clone()).collect(),
            unused: lock.unused(&declared.queries),
        }
    }
}

impl InAws {
    pub(super) fn of(it: &Standing, observed: &Observed) -> Self {
        Self {
            kind: it.key.kind.words(),
            name: it.key.name.clone(),
            account: observed.accounts.get(&it.key.site).cloned(),
            region: it.key.site.region.clone(),
            clusters: it.clusters.clone(),
            arn: it.arn.clone(),
            state: it.stands.words(),
            details: it.words.clone(),
        }
    }

    fn say(&self, words: &mut String) -> fmt::Result {
        let place = [self.account.as_deref().map(|it| format!("account {it}")), self.region.clone()];
        let place: Vec<_> = place.into_iter().flatten().collect();
        writeln!(words, "{} {}, {}: {}", self.kind, quote(&self.name), place.join(", "), self.state)?;
        self.details.iter().try_for_each(|detail| writeln!(words, "  {}", line(detail)))
    }
}

impl Problem {
    pub(super) fn of(diagnostic: &Diagnostic) -> Self {
        let Diagnostic { code, severity, message, help, .. } = diagnostic;
        Self { code: code.name(), severity: severity.word(), message: message.clone(), help: help.clone() }
    }
}

impl Authority {
    /// `None` when the answer is not a CA certificate.
    pub(super) fn of(query: &Query, answer: &Answer, now: i64) -> Option<Self> {
        if query.wanted != Wanted::Certificate {
            return None;
        }
        let chain = Certificate::all(answer.value.reveal()).ok()?;
        let leaf = chain.first()?;
        Some(Self {
            reference: query.reference.clone(),
            subject: leaf.subject.clone(),
            fingerprint: format!("sha256:{}", leaf.fingerprint()),
            not_after: leaf.end(),
            days_left: (leaf.not_after.unix_timestamp() - now).div_euclid(24 * 3600),
        })
    }
}

impl Status {
    pub(super) fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        out.write_all(b"\n")
    }

    pub(super) fn words(&self) -> String {
        let mut words = String::new();
        // Writing to a `String` cannot fail.
        let _ = self.say(&mut words);
        words
    }

    fn say(&self, words: &mut String) -> fmt::Result {
        let count = |count: usize, one: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") };
        let counts = [
            count(self.workloads, "workload"),
            count(self.roles, "role"),
            count(self.scopes, "scope"),
            count(self.clusters, "cluster"),
        ];
        writeln!(words, "{}: {}", self.declaration, counts.join(", "))?;
        self.lock.say(words)?;
        if !self.ready {
            let codes: BTreeSet<_> = self.problems.iter().map(|problem| problem.code).collect();
            let codes = codes.into_iter().collect::<Vec<_>>().join(", ");
            writeln!(words, "not everything can be rendered yet ({codes}): run `iamra check` for details")?;
        }
        self.authorities.iter().try_for_each(|authority| {
            let left = match authority.days_left {
                ..0 => "expired".to_owned(),
                days => format!("{days} days left"),
            };
            writeln!(words, "CA {}: until {}, {left}", authority.subject, authority.not_after)
        })?;
        self.aws.iter().flatten().try_for_each(|it| it.say(words))
    }
}

impl Lock {
    fn say(&self, words: &mut String) -> fmt::Result {
        let Self { file, exists, locked, missing, unused } = self;
        let state = match (exists, missing.len() + unused.len()) {
            (false, 0) => "not present, and not needed".to_owned(),
            (false, _) => format!("not present, and {} references need a lookup", missing.len()),
            (true, 0) => format!("{locked} references locked, covers the declaration"),
            (true, _) => {
                format!("{locked} references locked, {} missing, {} not needed", missing.len(), unused.len())
            }
        };
        writeln!(words, "{file}: {state}")?;
        missing.iter().try_for_each(|reference| writeln!(words, "  missing: {reference}"))?;
        unused.iter().try_for_each(|reference| writeln!(words, "  not needed: {reference}"))
    }
}
