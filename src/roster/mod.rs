//! The roster: every workload of a declaration in every cluster, with its identity, for people and programs. The valid
//! parts of an invalid declaration are still shown.

mod chart;
mod json;
mod layout;
mod mermaid;
mod roles;
mod style;
mod svg;
mod table;

pub use chart::{READABLE, View};
pub use json::json;
pub use mermaid::{Flowchart, mermaid};
pub use roles::{Roles, roles_json, roles_table};
pub(crate) use style::style;
pub use svg::svg;
pub(crate) use svg::{cut, escaped};
pub use table::{Table, renewals, table};

use std::collections::BTreeSet;

use crate::arn::ArnKind;
use crate::config::{self, Binding, Config, Whole};
use crate::diag::{Code, Report};
use crate::issuer::DEFAULT_SCOPE;
use crate::resolve::{self, Lookup};
use crate::yaml::{FieldPath, NodeRef};

/// A declaration for all of its clusters.
#[derive(Debug, Default)]
pub struct Roster {
    /// The clusters, in the order of the file.
    pub clusters: Vec<String>,
    /// Every workload in every cluster.
    pub rows: Vec<Row>,
    /// Declared workloads that cannot be rendered for any cluster.
    pub lost: Vec<Lost>,
    /// What is wrong with the declaration.
    pub report: Report,
    /// Problems of the values that were looked up; values that were not looked up yet are not problems.
    pub lookups: Report,
}

/// A workload that is invalid or refers to something invalid, as far as it can be read.
#[derive(Debug)]
pub struct Lost {
    /// Its name.
    pub workload: String,
    /// The role that it names, or means.
    pub role: String,
    /// The scope of that role.
    pub scope: String,
}

/// A workload in one cluster.
#[derive(Debug)]
pub struct Row {
    /// The cluster, when the declaration has any.
    pub cluster: Option<String>,
    /// The namespace of its objects, if the declaration sets one.
    pub namespace: Option<String>,
    /// What the declaration says of it.
    pub binding: Binding,
    /// The role's ARN, when it is known.
    pub role: Option<String>,
    /// The profile's ARN, when it is known.
    pub profile: Option<String>,
    /// The trust anchor's ARN, when it is known.
    pub trust_anchor: Option<String>,
}

impl Roster {
    /// Reads a declaration for one cluster or for all.
    pub fn read<'d>(declaration: impl Into<Whole<'d>>, only: Option<&str>, lookup: &dyn Lookup) -> Self {
        let declaration = declaration.into();
        let mut roster = Self::default();
        let wanted = only.map_or_else(|| config::clusters(declaration), |name| vec![Some(name)]);
        let mut found = Report::default();
        roster.clusters.extend(wanted.iter().copied().flatten().map(str::to_owned));
        for config in config::load_lenient(declaration, &wanted, &mut found) {
            roster.add(config, lookup);
        }
        if only.is_none() {
            roster.lost = roster.lost(declaration);
        }
        // A cluster that is waiting for its first workload is not a problem.
        roster.report = found.without(Code::NothingToDo);
        roster
    }

    fn add(&mut self, config: Config, lookup: &dyn Lookup) {
        let answers = lookup.answer(&resolve::queries(&config, false));
        let row = |binding: &Binding| Row {
            cluster: config.cluster.clone(),
            namespace: binding.namespace.as_ref().map(ToString::to_string),
            role: resolve::known_arn(ArnKind::Role, &binding.role.role, &answers).map(|arn| arn.to_string()),
            profile: resolve::known_arn(ArnKind::Profile, &binding.role.profile, &answers).map(|arn| arn.to_string()),
            trust_anchor: resolve::known_arn(ArnKind::TrustAnchor, &binding.role.trust_anchor, &answers)
                .map(|arn| arn.to_string()),
            binding: binding.clone(),
        };
        self.rows.extend(config.bindings.iter().map(row));
        let mut found = Report::default();
        resolve::bind(config, &answers, &mut found);
        self.lookups.append(found.without(Code::UnresolvedReference));
    }

    fn lost(&self, declaration: Whole<'_>) -> Vec<Lost> {
        let spec = FieldPath::keys("spec");
        let (node, root) = (declaration.own(), declaration.root());
        let text = |node: NodeRef<'_>, at: &FieldPath| node.at(at).and_then(NodeRef::text).map(str::to_owned);
        let workloads = node.at(&spec.key("workloads")).into_iter().flat_map(NodeRef::entries);
        let names = workloads.filter_map(|(name, _)| name.text());
        let rendered: BTreeSet<_> = self.rows.iter().map(|row| row.binding.workload.as_str()).collect();
        let lost = names.filter(|name| !rendered.contains(name));
        let lost = lost.map(|workload| {
            let role =
                text(node, &spec.key("workloads").key(workload).key("role")).unwrap_or_else(|| workload.to_owned());
            let scope = text(root, &spec.key("roles").key(role.as_str()).key("scope"));
            Lost { workload: workload.to_owned(), scope: scope.unwrap_or_else(|| DEFAULT_SCOPE.to_owned()), role }
        });
        lost.collect()
    }

    /// Leaves out what is not in a namespace. `Err` has the namespaces that there are, if it is none of them.
    ///
    /// # Errors
    /// See above.
    pub fn keep(&mut self, namespace: &str) -> Result<(), BTreeSet<&str>> {
        let is_kept = |row: &Row| row.namespace.as_deref() == Some(namespace);
        if !self.rows.iter().any(is_kept) {
            return Err(self.rows.iter().filter_map(|row| row.namespace.as_deref()).collect());
        }
        self.rows.retain(is_kept);
        self.lost.clear();
        Ok(())
    }

    /// The clusters that have no workload.
    pub fn idle(&self) -> Vec<&str> {
        let busy: BTreeSet<_> = self.rows.iter().filter_map(|row| row.cluster.as_deref()).collect();
        self.clusters.iter().map(String::as_str).filter(|name| !busy.contains(name)).collect()
    }
}
