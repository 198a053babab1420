//! A roster as a chart, before it is drawn: rows of nodes in columns, and the problems of each node. Rows are sorted so
//! that nodes that rows share are next to each other as far as possible.

use std::collections::BTreeMap;

use super::{Lost, Roster, Row};
use crate::config::Which;
use crate::diag::{Diagnostic, Place, Severity};
use crate::name;
use crate::quote;
use crate::yaml::{FieldPath, Step};

/// What a chart answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// What each workload depends on, cluster by cluster.
    Workload,
    /// Who can be each role, in all clusters.
    Role,
}

impl View {
    /// The columns from left to right, and the verb between a node and the next one.
    pub(super) const fn columns(self) -> &'static [(Column, &'static str)] {
        match self {
            Self::Workload => &[
                (Column::Anchor, "trusts"),
                (Column::Ca, "signs"),
                (Column::Issuer, "issues"),
                (Column::Certificate, "fills"),
                (Column::Secret, "feeds"),
                (Column::Workload, "uses"),
                (Column::Profile, "allows"),
                (Column::Role, ""),
            ],
            Self::Role => &[
                (Column::Role, "through"),
                (Column::Profile, "for"),
                (Column::Workload, "with"),
                (Column::Certificate, "under"),
                (Column::Anchor, ""),
            ],
        }
    }
}

/// A place in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Column {
    Anchor,
    Ca,
    Issuer,
    Certificate,
    Secret,
    Workload,
    Profile,
    Role,
}

impl Column {
    const ALL: [Self; 8] = [
        Self::Anchor,
        Self::Ca,
        Self::Issuer,
        Self::Certificate,
        Self::Secret,
        Self::Workload,
        Self::Profile,
        Self::Role,
    ];

    pub(super) const fn heading(self) -> &'static str {
        match self {
            Self::Anchor => "trust anchor",
            Self::Ca => "CA",
            Self::Issuer => "issuer",
            Self::Certificate => "certificate",
            Self::Secret => "secret",
            Self::Workload => "workload",
            Self::Profile => "profile",
            Self::Role => "role",
        }
    }
}

/// One node. Equal nodes in one column are the same node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Node {
    /// Its name.
    pub(super) label: String,
    /// Further details in a few words.
    pub(super) detail: String,
    /// The full description.
    pub(super) title: String,
    /// The severity of its worst problem.
    pub(super) severity: Option<Severity>,
}

/// One workload with its nodes; `None` where nothing is known.
#[derive(Debug, Default)]
pub(super) struct Line([Option<Node>; Column::ALL.len()]);

impl Line {
    pub(super) fn get(&self, column: Column) -> Option<&Node> {
        self.0.get(column as usize)?.as_ref()
    }

    /// The severity of its worst problem.
    pub(super) fn severity(&self) -> Option<Severity> {
        self.0.iter().flatten().filter_map(|node| node.severity).min()
    }
}

/// The workloads of one cluster, or of all.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) heading: Option<String>,
    pub(super) lines: Vec<Line>,
}

#[derive(Debug)]
pub(super) struct Chart {
    pub(super) sections: Vec<Section>,
    /// All problems, worst first.
    pub(super) problems: Vec<(Severity, String)>,
}

impl Chart {
    pub(super) fn of(roster: &Roster, view: View) -> Self {
        let found = || roster.report.diagnostics().into_iter().chain(roster.lookups.diagnostics());
        let mut spots = Spots::new();
        for diagnostic in found() {
            if let Place::Config(path) = &diagnostic.place
                && let Some(spot) = spot(path)
            {
                spots.entry(spot).or_default().push(diagnostic);
            }
        }
        let mut sections: Vec<Section> = Vec::new();
        for row in sorted(roster, view) {
            let cluster = row.cluster.as_ref().filter(|_| view == View::Workload);
            let heading = cluster.map(|cluster| format!("cluster {}", quote::line(cluster)));
            let line = line(row, view, &spots);
            match sections.last_mut() {
                Some(section) if section.heading == heading => section.lines.push(line),
                _ => sections.push(Section { heading, lines: vec![line] }),
            }
        }
        let lost: Vec<_> = roster.lost.iter().map(|lost| lost_line(lost, &spots)).collect();
        if !lost.is_empty() {
            sections.push(Section { heading: Some("cannot be rendered".to_owned()), lines: lost });
        }
        let problem = |diagnostic: &Diagnostic| {
            let Diagnostic { code, severity, message, .. } = diagnostic;
            (*severity, format!("{}[{code}]: {message}", severity.word()))
        };
        let mut problems: Vec<_> = found().map(problem).collect();
        problems.sort_by_key(|(severity, _)| *severity);
        Self { sections, problems }
    }
}

fn sorted(roster: &Roster, view: View) -> Vec<&Row> {
    // The clusters' order in the file.
    let ranks: BTreeMap<_, _> = roster.clusters.iter().rev().zip((0..roster.clusters.len()).rev()).collect();
    let rank = |row: &Row| row.cluster.as_ref().and_then(|name| ranks.get(name)).copied().unwrap_or_default();
    let mut rows: Vec<&Row> = roster.rows.iter().collect();
    match view {
        View::Workload => rows.sort_by_cached_key(|row| {
            let binding = &row.binding;
            (rank(row), &binding.scope, &row.namespace, &binding.role.name, &binding.workload)
        }),
        View::Role => rows.sort_by_cached_key(|row| {
            let binding = &row.binding;
            (&binding.role.name, &row.role, &row.profile, rank(row), &binding.scope, &row.namespace, &binding.workload)
        }),
    }
    rows
}

fn lost_line(lost: &Lost, spots: &Spots<'_>) -> Line {
    let mut line = Line::default();
    for (column, name, detail) in [
        (Column::Anchor, &lost.scope, "scope"),
        (Column::Workload, &lost.workload, "workload"),
        (Column::Profile, &lost.role, "profile"),
        (Column::Role, &lost.role, "role"),
    ] {
        if let Some(cell) = line.0.get_mut(column as usize) {
            *cell = Some(judged(node(name, detail, &[]), column, name, spots));
        }
    }
    line
}

/// The problems of each column's nodes, by the name of their workload, role or scope.
type Spots<'r> = BTreeMap<(Column, String), Vec<&'r Diagnostic>>;

/// The node that a field of the declaration is about: its column, and the name of its workload, role or scope.
fn spot(path: &FieldPath) -> Option<(Column, String)> {
    let keys: Vec<_> = path.steps().iter().map(|step| if let Step::Key(key) = step { key } else { "" }).collect();
    let column = match keys.as_slice() {
        ["spec", "workloads", _, "certificate", ..] => Column::Certificate,
        ["spec", "workloads", ..] => Column::Workload,
        ["spec", "roles", _, "profileArn"] => Column::Profile,
        ["spec", "roles", ..] => Column::Role,
        ["spec", "scopes", _, "issuer", "ca", ..] => Column::Ca,
        ["spec", "scopes", _, "issuer", ..] => Column::Issuer,
        ["spec", "scopes", ..] => Column::Anchor,
        _ => return None,
    };
    Some((column, (*keys.get(2)?).to_owned()))
}

fn line(row: &Row, view: View, spots: &Spots<'_>) -> Line {
    let binding = &row.binding;
    let (workload, role) = (&binding.workload, &binding.role);
    let namespace = row.namespace.as_deref().unwrap_or("the pods' namespace");
    let issuer = &binding.issuer.issuer_ref;
    let place = if issuer.is_namespaced() { format!(" in {namespace}") } else { String::new() };
    // If no heading names the cluster, the nodes do, because clusters use the same names.
    let cluster = row.cluster.as_ref().filter(|_| view == View::Role).map_or_else(String::new, |it| format!(", {it}"));
    let inside = format!("in {namespace}{cluster}");
    let secret = binding.issuer.secret();
    let secret_home = binding.issuer.secret_home.as_deref().unwrap_or(namespace);
    let life = format!("{}, renewed {} before", binding.certificate.duration, binding.certificate.renew_before);
    let certificate = name::of_certificate(workload);
    let has_secret = binding.certificate.has_secret();
    let kind = binding.target.kind.as_deref().unwrap_or("workload");
    let target = match &binding.target.which {
        Which::Name(name) => format!("{kind} {name}"),
        Which::Labels(labels) => {
            format!(
                "{kind} with {}",
                labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", ")
            )
        }
    };
    let arn = |found: &Option<String>, reference: &str| {
        (short(found.as_deref()), found.clone().unwrap_or_else(|| reference.to_owned()))
    };
    let (anchor, anchor_title) = arn(&row.trust_anchor, role.trust_anchor.as_str());
    let (profile, profile_title) = arn(&row.profile, role.profile.as_str());
    let (iam_role, role_title) = arn(&row.role, role.role.as_str());
    let common_name = format!("CN={}", binding.certificate.common_name);
    let all = [
        Some((node(&binding.scope, &anchor, &[&anchor_title]), &binding.scope)),
        secret.map(|name| (node(name, &format!("Secret in {secret_home}"), &[]), &binding.scope)),
        Some((node(&issuer.name, &format!("{}{place}", issuer.kind), &[&issuer.group]), &binding.scope)),
        Some((node(if has_secret { &certificate } else { workload }, &life, &[&common_name, &inside]), workload)),
        has_secret.then(|| (node(&certificate, &inside, &[]), workload)),
        Some((node(workload, &inside, &[&target]), workload)),
        Some((node(&role.name, &profile, &[&profile_title]), &role.name)),
        Some((node(&role.name, &iam_role, &[&role_title, &format!("session of {}", role.session)]), &role.name)),
    ];
    let mut columns = Column::ALL.into_iter();
    Line(all.map(|cell| {
        let (column, (node, name)) = columns.next().zip(cell)?;
        Some(judged(node, column, name, spots))
    }))
}

fn node(label: &str, detail: &str, more: &[&str]) -> Node {
    let title = [&[label, detail], more].concat().into_iter().map(quote::line).collect::<Vec<_>>().join("\n");
    Node { label: quote::line(label), detail: quote::line(detail), title, severity: None }
}

/// The node with its worst problem.
fn judged(node: Node, column: Column, name: &str, spots: &Spots<'_>) -> Node {
    let found = spots.get(&(column, name.to_owned())).map(Vec::as_slice).unwrap_or_default();
    let words = found.iter().map(|it| format!("\n{}[{}]: {}", it.severity.word(), it.code, it.message));
    let severity = found.iter().map(|diagnostic| diagnostic.severity).min();
    Node { title: node.title + &words.collect::<String>(), severity, ..node }
}

/// The part of an ARN that distinguishes it.
fn short(arn: Option<&str>) -> String {
    let Some(arn) = arn else { return "ARN not known yet".to_owned() };
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    let [_, _, _, region, account, resource] = parts.as_slice() else { return arn.to_owned() };
    match resource.split_once('/') {
        Some(("profile", id)) => id.split('-').next().unwrap_or(id).to_owned(),
        Some(("role", name)) => format!("{account} {name}"),
        _ => format!("{account} {region}"),
    }
}
