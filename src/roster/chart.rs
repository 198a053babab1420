//! A roster as a chart, before it is drawn: rows of nodes in columns, and the problems of each node. Rows are sorted so
//! that nodes that rows share are next to each other as far as possible.

use std::collections::{BTreeMap, BTreeSet};

use super::{Lost, Roster, Row};
use crate::config::{Binding, Which};
use crate::diag::{Diagnostic, Place, Severity};
use crate::name;
use crate::quote;
use crate::yaml::{FieldPath, Step};

/// What a chart answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// What each workload depends on, cluster by cluster.
    Workload,
    /// The same of each namespace.
    Namespace,
    /// Who can be each role, in all clusters.
    Role,
}

/// With more workloads than these, a picture of each is longer than a reader looks at.
pub const READABLE: usize = 50;

impl View {
    /// The view in which the workloads can be taken in at a glance.
    pub fn fitting(roster: &Roster) -> Self {
        if roster.rows.len() > READABLE { Self::Namespace } else { Self::Workload }
    }

    /// The columns from left to right, and the verb between a node and the next one.
    pub(super) const fn columns(self) -> &'static [(Column, &'static str)] {
        match self {
            Self::Workload => {
                &[(Column::Anchor, "trusts"), (Column::Issuer, "signs"), (Column::Workload, "uses"), (Column::Role, "")]
            }
            Self::Namespace => &[
                (Column::Anchor, "trusts"),
                (Column::Issuer, "signs"),
                (Column::Namespace, "uses"),
                (Column::Role, ""),
            ],
            Self::Role => &[(Column::Role, "for"), (Column::Workload, "under"), (Column::Anchor, "")],
        }
    }

    /// What a line is about.
    pub(super) const fn noun(self) -> &'static str {
        match self {
            Self::Workload | Self::Role => "workloads",
            Self::Namespace => "namespaces and roles",
        }
    }
}

/// A place in a row. What belongs together is one of them, so that a picture is as wide as a page: a Secret has the name of
/// its Certificate, a profile that of its role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Column {
    Anchor,
    Issuer,
    Workload,
    Namespace,
    Role,
}

impl Column {
    const ALL: [Self; 5] = [Self::Anchor, Self::Issuer, Self::Workload, Self::Namespace, Self::Role];

    pub(super) const fn heading(self) -> &'static str {
        match self {
            Self::Anchor => "trust anchor",
            Self::Issuer => "issuer, CA",
            Self::Workload => "workload, certificate",
            Self::Namespace => "namespace",
            Self::Role => "role, profile",
        }
    }
}

/// One node. Equal nodes in one column are the same node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Node {
    /// Its name.
    pub(super) label: String,
    /// Further details, each in a few words.
    pub(super) details: Vec<String>,
    /// The full description.
    pub(super) title: String,
    /// The severity of its worst problem.
    pub(super) severity: Option<Severity>,
}

/// One workload with its nodes; `None` where nothing is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Line([Option<Node>; Column::ALL.len()]);

impl Line {
    pub(super) fn get(&self, column: Column) -> Option<&Node> {
        self.0.get(column as usize)?.as_ref()
    }

    /// The same with another node in a column.
    #[must_use]
    pub(super) fn with(mut self, column: Column, node: Option<Node>) -> Self {
        if let Some(cell) = self.0.get_mut(column as usize) {
            *cell = node;
        }
        self
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
            let cluster = row.cluster.as_ref().filter(|_| view != View::Role);
            let heading = cluster.map(|cluster| format!("cluster {}", quote::line(cluster)));
            let line = line(row, view, &spots);
            match sections.last_mut() {
                Some(section) if section.heading == heading => section.lines.push(line),
                _ => sections.push(Section { heading, lines: vec![line] }),
            }
        }
        if view == View::Namespace {
            for section in &mut sections {
                section.lines = by_namespace(&section.lines);
            }
        }
        let lost: Vec<_> = roster.lost.iter().map(|lost| lost_line(lost, view, &spots)).collect();
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
        View::Workload | View::Namespace => rows.sort_by_cached_key(|row| {
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

fn lost_line(lost: &Lost, view: View, spots: &Spots<'_>) -> Line {
    let mut line = Line::default();
    for (column, name, detail) in [
        (Column::Anchor, &lost.scope, "scope"),
        (Column::Workload, &lost.workload, "workload"),
        (Column::Role, &lost.role, "role"),
    ] {
        let node = judged(node(name, &[detail.to_owned()], &[]), column, name, spots);
        let column = if column == Column::Workload && view == View::Namespace { Column::Namespace } else { column };
        line = line.with(column, Some(node));
    }
    line
}

/// The problems of each column's nodes, by the name of their workload, role or scope.
type Spots<'r> = BTreeMap<(Column, String), Vec<&'r Diagnostic>>;

/// The node that a field of the declaration is about: its column, and the name of its workload, role or scope.
fn spot(path: &FieldPath) -> Option<(Column, String)> {
    let keys: Vec<_> = path.steps().iter().map(|step| if let Step::Key(key) = step { key } else { "" }).collect();
    let column = match keys.as_slice() {
        ["spec", "workloads", ..] => Column::Workload,
        ["spec", "roles", ..] => Column::Role,
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
    // If no heading names the cluster, the nodes do, because clusters use the same names.
    let cluster = row.cluster.as_ref().filter(|_| view == View::Role).map_or_else(String::new, |it| format!(", {it}"));
    let anchor = node(
        &binding.scope,
        &short(row.trust_anchor.as_deref()),
        &[row.trust_anchor.as_deref().unwrap_or(role.trust_anchor.as_str())],
    );
    let validity = format!("{}, renewed {} before", binding.certificate.duration, binding.certificate.renew_before);
    let certificate = name::of_certificate(workload);
    let certificate = if binding.certificate.has_secret() {
        format!("Certificate and Secret {certificate}")
    } else {
        "certificate from the CSI driver".to_owned()
    };
    let common_name = format!("CN={}", binding.certificate.common_name);
    let details = [format!("in {namespace}{cluster}"), validity];
    let pod = node(workload, &details, &[&target(binding), &certificate, &common_name]);
    let mut details = short(row.role.as_deref());
    if let Some(profile) = &row.profile {
        details.extend(short(Some(profile)));
    }
    let profile = row.profile.as_deref().unwrap_or(role.profile.as_str());
    let iam_role = row.role.as_deref().unwrap_or(role.role.as_str());
    let session = format!("session of {}", role.session);
    let aws = node(&role.name, &details, &[iam_role, profile, &session]);
    let mut line = Line::default();
    for (column, node, name) in [
        (Column::Anchor, anchor, &binding.scope),
        (Column::Issuer, issuer(binding, namespace), &binding.scope),
        (Column::Workload, pod, workload),
        (Column::Role, aws, &role.name),
    ] {
        line = line.with(column, Some(judged(node, column, name, spots)));
    }
    if view == View::Namespace {
        line = line.with(Column::Namespace, Some(node(namespace, &[], &[])));
    }
    line
}

/// The issuer of a workload's certificate, and where the CA's key is if a Secret has it.
fn issuer(binding: &Binding, namespace: &str) -> Node {
    let issuer = &binding.issuer.issuer_ref;
    let place = if issuer.is_namespaced() { format!(" in {namespace}") } else { String::new() };
    let mut details = vec![format!("{}{place}", issuer.kind)];
    let home = binding.issuer.secret_home.as_deref().unwrap_or(namespace);
    let secret = binding.issuer.secret();
    details.extend(secret.map(|name| format!("CA Secret {name}")));
    let home = secret.map_or_else(String::new, |_| format!("Secret in {home}"));
    node(&issuer.name, &details, &[&issuer.group, &home])
}

fn target(binding: &Binding) -> String {
    let kind = binding.target.kind.as_deref().unwrap_or("workload");
    match &binding.target.which {
        Which::Name(name) => format!("{kind} {name}"),
        Which::Labels(labels) => {
            let labels: Vec<_> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
            format!("{kind} with {}", labels.join(", "))
        }
    }
}

fn node(label: &str, details: &[String], more: &[&str]) -> Node {
    let details: Vec<_> = details.iter().map(|detail| quote::line(detail)).collect();
    let more = more.iter().filter(|words| !words.is_empty()).map(|words| quote::line(words));
    let title = std::iter::once(quote::line(label)).chain(details.iter().cloned()).chain(more);
    Node { label: quote::line(label), title: title.collect::<Vec<_>>().join("\n"), details, severity: None }
}

/// The node with its worst problem.
fn judged(node: Node, column: Column, name: &str, spots: &Spots<'_>) -> Node {
    let found = spots.get(&(column, name.to_owned())).map(Vec::as_slice).unwrap_or_default();
    let words = found.iter().map(|it| format!("\n{}[{}]: {}", it.severity.word(), it.code, it.message));
    let severity = found.iter().map(|diagnostic| diagnostic.severity).min();
    Node { title: node.title + &words.collect::<String>(), severity, ..node }
}

/// The parts of an ARN that distinguish it.
fn short(arn: Option<&str>) -> Vec<String> {
    let Some(arn) = arn else { return vec!["ARN not known yet".to_owned()] };
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    let [_, _, _, region, account, resource] = parts.as_slice() else { return vec![arn.to_owned()] };
    match resource.split_once('/') {
        Some(("profile", id)) => vec![format!("profile {}", id.split('-').next().unwrap_or(id))],
        Some(("role", name)) => vec![format!("{account} {name}")],
        _ => vec![(*account).to_owned(), (*region).to_owned()],
    }
}

/// How many roles of its own a namespace shows.
const OWN: usize = 3;
/// How many workloads the description of a namespace names.
const NAMED: usize = 20;

/// What belongs to one namespace: the lines of workloads under one trust anchor with one issuer.
type Group<'l> = (Option<&'l Node>, Option<&'l Node>, Option<&'l Node>);

/// One line for each namespace and role. Of many roles that no other namespace has, only those with problems are shown.
fn by_namespace(lines: &[Line]) -> Vec<Line> {
    let mut groups: BTreeMap<Group<'_>, Vec<&Line>> = BTreeMap::new();
    let mut users: BTreeMap<&Node, BTreeSet<Group<'_>>> = BTreeMap::new();
    for line in lines {
        let group = (line.get(Column::Anchor), line.get(Column::Issuer), line.get(Column::Namespace));
        groups.entry(group).or_default().push(line);
        if let Some(role) = line.get(Column::Role) {
            users.entry(role).or_default().insert(group);
        }
    }
    let mut all = Vec::new();
    for lines in groups.values() {
        let Some(first) = lines.first() else { continue };
        let namespace = first.get(Column::Namespace).map(|node| summed(node, lines));
        let roles: BTreeSet<_> = lines.iter().filter_map(|line| line.get(Column::Role)).collect();
        let is_own = |role: &&&Node| users.get(**role).is_none_or(|users| users.len() == 1) && role.severity.is_none();
        let own: BTreeSet<_> = roles.iter().filter(is_own).copied().collect();
        let folded = if own.len() > OWN { own } else { BTreeSet::new() };
        let shown = roles.iter().filter(|role| !folded.contains(*role)).map(|role| (*role).clone());
        let rest = folded.first().map(|_| {
            let label = namespace.as_ref().map_or("", |node| node.label.as_str());
            let names: Vec<_> = folded.iter().take(NAMED).map(|role| role.label.as_str()).collect();
            node(&format!("{} roles", folded.len()), &[format!("of {label} alone")], &names)
        });
        let line = (*first).clone().with(Column::Workload, None).with(Column::Namespace, namespace.clone());
        all.extend(shown.chain(rest).map(|role| line.clone().with(Column::Role, Some(role))));
    }
    all
}

/// A namespace with what its workloads have in common.
fn summed(namespace: &Node, lines: &[&Line]) -> Node {
    let workloads: Vec<_> = lines.iter().filter_map(|line| line.get(Column::Workload)).collect();
    let count = if workloads.len() == 1 { "1 workload".to_owned() } else { format!("{} workloads", workloads.len()) };
    let wrong: Vec<_> = workloads.iter().filter(|node| node.severity.is_some()).collect();
    let mut details = vec![count];
    details.extend(wrong.first().map(|_| format!("{} with problems", wrong.len())));
    // Those with problems first.
    let mut named: Vec<_> = workloads.iter().map(|node| (node.severity.is_none(), node.label.as_str())).collect();
    named.sort_unstable();
    let named: Vec<_> = named.into_iter().take(NAMED).map(|(_, name)| name).collect();
    let severity = wrong.iter().filter_map(|node| node.severity).min();
    Node { severity, ..node(&namespace.label, &details, &named) }
}
