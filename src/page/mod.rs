//! The page for reviewers: who is what, who can become whom, when certificates end and what has changed, as one HTML file
//! that asks for nothing else. Everything on it is there without its script, which only searches and filters.

mod changes;
mod fill;
mod heat;
mod link;
mod roles;
mod rows;
mod times;

pub use link::{Links, Template, hosted};
pub use times::Authority;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use time::Date;

use crate::diag::{Report, Severity};
use crate::diff::Change;
use crate::matrix::{Matrix, Policy};
use crate::output::{Located, Sources, located};
use crate::roster::{Roster, Row};

/// How every page begins. A file that does not is somebody else's.
pub const MARK: &str = "<!doctype html>\n<!-- Whole by `iamra report`, which replaces this file. -->\n";

/// One of the declarations that are on the page.
pub struct Declaration<'p> {
    /// Who is what.
    pub roster: &'p Roster,
    /// What is wrong.
    pub report: &'p Report,
    /// What has changed since the revision.
    pub changes: &'p [Change],
    /// The texts that places are in.
    pub sources: Sources<'p>,
}

/// What the changes are relative to.
pub struct Since<'p> {
    /// The revision.
    pub base: &'p str,
    /// What could not be compared, and why.
    pub notes: &'p [String],
}

/// What is on the page.
pub struct Page<'p> {
    /// The declaration's name.
    pub name: Option<&'p str>,
    /// The only cluster that is shown, if it is one.
    pub cluster: Option<&'p str>,
    /// The declaration that was asked about.
    pub declaration: Declaration<'p>,
    /// Those that extend it.
    pub others: Vec<Declaration<'p>>,
    /// Who can become whom; `None` when not everything is known that it takes.
    pub matrix: Option<&'p Matrix<'p>>,
    /// The trust policies of the roles in it.
    pub policies: &'p BTreeMap<String, Policy>,
    /// The CAs whose certificates are at hand.
    pub authorities: &'p [Authority],
    /// What has changed, if that is asked for.
    pub since: Option<Since<'p>>,
    /// Where lines of these are to be seen.
    pub links: &'p Links,
    /// The day that it is about, if it is about one.
    pub as_of: Option<Date>,
}

impl Page<'_> {
    /// The page.
    pub fn html(&self) -> String {
        let rows = rows::groups(self);
        let page = json!({
            "name": self.name,
            "file": self.file(),
            "cluster": self.cluster,
            "as_of": self.as_of.map(|day| day.to_string()),
            "tiles": self.tiles(),
            "clusters": self.clusters(),
            "namespaces": self.distinct(|row| row.namespace.clone()),
            "roles": self.distinct(|row| Some(row.binding.role.name.clone())),
            "problems": self.problems(),
            "since": self.since.as_ref().map(|since| changes::changes(self, since)),
            "groups": rows,
            "count": self.rows().count(),
            "lost": self.lost(),
            "heat": self.matrix.map(heat::heat),
            "pairs": self.matrix.map(|matrix| heat::pairs(self, matrix)),
            "trust": self.matrix.map(|matrix| roles::roles(self, matrix)),
            "lives": times::lives(self),
            "authorities": times::authorities(self),
            "version": env!("CARGO_PKG_VERSION"),
        });
        fill::fill(&page)
    }

    /// The declaration's file.
    fn file(&self) -> Option<&str> {
        self.declaration.sources.declaration.name()
    }

    fn declarations(&self) -> impl Iterator<Item = &Declaration<'_>> {
        std::iter::once(&self.declaration).chain(&self.others)
    }

    fn rows(&self) -> impl Iterator<Item = &Row> {
        self.declarations().flat_map(|it| &it.roster.rows)
    }

    /// In the order of the file.
    fn clusters(&self) -> Vec<&String> {
        let mut said = BTreeSet::new();
        self.declarations().flat_map(|it| &it.roster.clusters).filter(|name| said.insert(*name)).collect()
    }

    fn lost(&self) -> Vec<Value> {
        let lost = self.declarations().flat_map(|it| &it.roster.lost);
        lost.map(|lost| json!({"workload": lost.workload, "role": lost.role})).collect()
    }

    fn distinct(&self, of: impl Fn(&Row) -> Option<String>) -> Vec<String> {
        let all: BTreeSet<_> = self.rows().filter_map(of).collect();
        all.into_iter().collect()
    }

    /// The numbers at the top: what is counted, how many, and how bad that is.
    fn tiles(&self) -> Value {
        let mut tiles = vec![
            tile(self.rows().count(), ["workload", "workloads"], ""),
            tile(self.clusters().len(), ["cluster", "clusters"], ""),
            tile(self.distinct(|row| row.namespace.clone()).len(), ["namespace", "namespaces"], ""),
            tile(self.distinct(|row| Some(row.binding.role.name.clone())).len(), ["role", "roles"], ""),
            tile(self.distinct(|row| account(row).map(str::to_owned)).len(), ["AWS account", "AWS accounts"], ""),
            tile(self.count(Severity::Error), ["error", "errors"], "error"),
            tile(self.count(Severity::Warning), ["warning", "warnings"], "warning"),
        ];
        if let Some(matrix) = self.matrix {
            tiles.push(tile(matrix.unusual().count(), ["pair not as declared", "pairs not as declared"], "error"));
        }
        if self.since.is_some() {
            let changes = || self.declarations().flat_map(|it| it.changes);
            let escalations = changes().filter(|change| change.escalation).count();
            tiles.push(tile(changes().count(), ["change", "changes"], ""));
            tiles.push(tile(escalations, ["escalation", "escalations"], "error"));
        }
        tiles.into()
    }

    fn count(&self, severity: Severity) -> usize {
        self.declarations().flat_map(|it| it.report.diagnostics()).filter(|it| it.severity == severity).count()
    }

    /// What is wrong, errors first. What is said of several places is said once.
    fn problems(&self) -> Value {
        let mut said: BTreeMap<_, usize> = BTreeMap::new();
        let mut problems: Vec<(Located, Vec<Value>)> = Vec::new();
        let mut all: Vec<_> = self.declarations().flat_map(|it| located(it.report, it.sources)).collect();
        all.sort_by_key(|it| it.severity);
        for it in all {
            let line = it.position.as_ref().map(|at| at.line);
            let place = it.file.as_deref().map(|file| self.links.place(file, line));
            let key = (it.code, it.severity, it.message.clone(), it.help.clone());
            let index = *said.entry(key).or_insert(problems.len());
            if index == problems.len() {
                problems.push((it, Vec::new()));
            }
            if let Some((_, places)) = problems.get_mut(index) {
                places.extend(place);
            }
        }
        let problems = problems.into_iter().map(|(it, places)| {
            let more = places.len().saturating_sub(PLACES);
            json!({
                "severity": it.severity.word(),
                "code": it.code.name(),
                "message": it.message,
                "help": it.help,
                "places": places.into_iter().take(PLACES).collect::<Vec<_>>(),
                "more": more,
            })
        });
        problems.collect::<Vec<_>>().into()
    }
}

fn account(row: &Row) -> Option<&str> {
    row.role.as_deref()?.split(':').nth(4)
}

/// How many places of one problem are shown.
const PLACES: usize = 10;

/// A tile: what is counted, how many, and how bad that is.
fn tile(count: usize, [one, many]: [&str; 2], bad: &str) -> Value {
    json!([if count == 1 { one } else { many }, count, if count > 0 { bad } else { "" }])
}

/// The parts of an ARN that distinguish it: account, region if it has one, and the name or identifier.
fn short(arn: &str) -> String {
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    let ["arn", _, _, region, account, resource] = parts.as_slice() else { return arn.to_owned() };
    let name = resource.split_once('/').map_or(*resource, |(_, name)| name);
    if region.is_empty() { format!("{account} {name}") } else { format!("{account} {region}") }
}
