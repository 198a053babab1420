//! When certificates end: how much time their renewal has, and when CAs end.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use time::{Date, OffsetDateTime, Time};

use super::Page;
use crate::certificate::{Certificate, Trouble};
use crate::config;
use crate::renewal::{self, Margin};

/// How long a time line is, in the units of its picture.
const LONG: u64 = 1000;

/// The certificate of a CA.
#[derive(Debug)]
pub struct Authority {
    /// Its scope.
    pub scope: String,
    /// Where its certificate is at hand; none when the declaration names no cluster.
    pub clusters: BTreeSet<String>,
    /// Whether another one is before it.
    pub is_next: bool,
    /// It.
    pub certificate: Certificate,
}

/// How good a margin is.
pub(super) fn tone(margin: &Margin) -> &'static str {
    match margin {
        Margin { spare: None, .. } => "error",
        Margin { is_comfortable: false, .. } => "warning",
        Margin { .. } => "good",
    }
}

/// Each lifetime with its renewal, the shortest margin first, and how many workloads have it.
pub(super) fn lives(page: &Page<'_>) -> Value {
    let mut lives: BTreeMap<_, (&config::Certificate, Vec<String>)> = BTreeMap::new();
    for row in page.rows() {
        let certificate = &row.binding.certificate;
        let times = [&certificate.renew_before, &certificate.duration];
        let key = times.map(|it| (it.seconds(), it.as_str()));
        let cluster = row.cluster.as_ref().map_or_else(String::new, |cluster| format!(" ({cluster})"));
        lives.entry(key).or_insert((certificate, Vec::new())).1.push(format!("{}{cluster}", row.binding.workload));
    }
    let lives = lives.into_iter().map(|([(before, _), (duration, _)], (certificate, workloads))| {
        let (life, renew) = (&certificate.duration, &certificate.renew_before);
        let margin = renewal::margin(renew);
        let renewed = duration.saturating_sub(before).saturating_mul(LONG).checked_div(duration).unwrap_or(LONG);
        json!({
            "life": life.as_str(),
            "before": renew.as_str(),
            "renewed": renewed,
            "left": LONG.saturating_sub(renewed),
            "margin": margin.in_words(),
            "tone": tone(&margin),
            "count": workloads.len(),
            "workloads": workloads,
        })
    });
    lives.collect::<Vec<_>>().into()
}

/// The CAs on one time line, the first to end first, and the scopes whose CA is not at hand.
pub(super) fn authorities(page: &Page<'_>) -> Value {
    let mut all: Vec<_> = page.authorities.iter().collect();
    all.sort_by_key(|it| (it.certificate.not_after, &it.scope));
    let start = all.iter().map(|it| it.certificate.not_before.unix_timestamp()).min().unwrap_or_default();
    let end = all.iter().map(|it| it.certificate.not_after.unix_timestamp()).max().unwrap_or_default();
    let place = |at: OffsetDateTime| {
        let passed = u64::try_from(at.unix_timestamp() - start).unwrap_or(0);
        passed.saturating_mul(LONG).checked_div(u64::try_from(end - start).unwrap_or(0)).unwrap_or(0).min(LONG)
    };
    let now = page.as_of.map(midnight);
    let one = |it: &&Authority| {
        let certificate = &it.certificate;
        let (from, to) = (place(certificate.not_before), place(certificate.not_after));
        let trouble = now.and_then(|now| certificate.trouble(now.unix_timestamp()));
        json!({
            "scope": it.scope,
            "clusters": it.clusters.iter().cloned().collect::<Vec<_>>().join(", "),
            "is_next": it.is_next,
            "subject": certificate.subject,
            "begins": certificate.not_before.date().to_string(),
            "ends": certificate.not_after.date().to_string(),
            "from": from,
            "long": (to - from).max(4),
            "left": now.map(|now| left(certificate, now)),
            "tone": match trouble {
                None => "good",
                Some(Trouble::Soon(_)) => "warning",
                Some(Trouble::Over(_) | Trouble::NotYet) => "error",
            },
        })
    };
    let known: BTreeSet<_> = page.authorities.iter().map(|it| it.scope.as_str()).collect();
    let scopes: BTreeSet<_> = page.rows().map(|row| row.binding.scope.as_str()).collect();
    json!({
        "all": all.iter().map(one).collect::<Vec<_>>(),
        "unknown": scopes.difference(&known).collect::<Vec<_>>(),
        "now": now.map(place).filter(|_| !all.is_empty()),
    })
}

fn midnight(day: Date) -> OffsetDateTime {
    day.with_time(Time::MIDNIGHT).assume_utc()
}

/// How much time is left, in words.
fn left(certificate: &Certificate, now: OffsetDateTime) -> String {
    if certificate.not_before > now {
        return "not valid yet".to_owned();
    }
    match (certificate.not_after - now).whole_days() {
        days if days < 0 || certificate.not_after <= now => "has ended".to_owned(),
        0 => "ends today".to_owned(),
        1 => "1 day left".to_owned(),
        days => format!("{days} days left"),
    }
}
