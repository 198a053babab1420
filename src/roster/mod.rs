//! Who is what: every workload of a declaration in every cluster, and what it stands on, for people and programs to read.
//!
//! A declaration that is wrong in one place is still shown where it is right.

mod json;
mod table;

pub use json::json;
pub use table::table;

use std::collections::BTreeSet;

use crate::arn::ArnKind;
use crate::config::{self, Binding, Config};
use crate::diag::{Code, Report};
use crate::resolve::{self, Lookup};
use crate::yaml::NodeRef;

/// A declaration as it is seen from all of its clusters.
#[derive(Debug)]
pub struct Roster {
    /// The clusters, in the order of the file.
    pub clusters: Vec<String>,
    /// Every workload in every cluster.
    pub rows: Vec<Row>,
    /// What is wrong with the declaration.
    pub report: Report,
    /// What is wrong with the values that were looked up; what nobody has looked up yet is not wrong.
    pub lookups: Report,
}

/// A workload in one cluster.
#[derive(Debug)]
pub struct Row {
    /// The cluster, when the declaration has any.
    pub cluster: Option<String>,
    /// The namespace of its objects.
    pub namespace: String,
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
    /// Reads the declaration at `node` for one cluster or for all; `namespace` is that of workloads that nobody gives one.
    pub fn read(node: NodeRef<'_>, only: Option<&str>, namespace: &str, lookup: &dyn Lookup) -> Self {
        let mut roster =
            Self { clusters: Vec::new(), rows: Vec::new(), report: Report::default(), lookups: Report::default() };
        let declared = config::clusters(node);
        let wanted: Vec<_> = match only {
            Some(name) => vec![Some(name)],
            None if declared.is_empty() => vec![None],
            None => declared.into_iter().map(Some).collect(),
        };
        let mut found = Report::default();
        for cluster in wanted {
            roster.clusters.extend(cluster.map(str::to_owned));
            if let Some(config) = config::survey(node, cluster, &mut found) {
                roster.add(config, namespace, lookup);
            }
        }
        // A cluster that is waiting for its first workload is nothing wrong.
        roster.report = found.without(Code::NothingToDo);
        roster
    }

    fn add(&mut self, config: Config, namespace: &str, lookup: &dyn Lookup) {
        let answers = lookup.answer(&resolve::queries(&config, false));
        let row = |binding: &Binding| Row {
            cluster: config.cluster.clone(),
            namespace: binding.namespace.as_ref().map_or_else(|| namespace.to_owned(), ToString::to_string),
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

    /// The clusters that have no workload.
    pub fn idle(&self) -> Vec<&str> {
        let busy: BTreeSet<_> = self.rows.iter().filter_map(|row| row.cluster.as_deref()).collect();
        self.clusters.iter().map(String::as_str).filter(|name| !busy.contains(name)).collect()
    }
}
