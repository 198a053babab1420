//! A matrix for programs.

use serde_json::{Value, json as value};

use super::{Matrix, Pair, word};
use crate::quote::line;
use crate::trust::Verdict;

/// The version of this format; it changes when a field is removed or changes its meaning.
const SCHEMA_VERSION: u32 = 1;

/// The matrix as one JSON document. Pairs that are not in it are denied, to workloads of other roles.
pub fn json(matrix: &Matrix<'_>) -> String {
    let workloads = matrix.workloads().iter().map(|it| {
        value!({
            "name": it.name,
            "cluster": it.cluster,
            "namespace": it.namespace,
            "role": it.role.as_str(),
            "trustAnchor": it.trust_anchor.as_str(),
        })
    });
    let roles = matrix.roles().map(|(role, source)| {
        let names: std::collections::BTreeSet<_> = role.called.iter().map(|(_, name)| name).collect();
        value!({"arn": role.arn.as_str(), "names": names, "policy": line(&source.to_string())})
    });
    let shown = matrix.pairs().filter(|pair| pair.is_own() || pair.verdict != Verdict::Deny);
    let document = value!({
        "schemaVersion": SCHEMA_VERSION,
        "workloads": workloads.collect::<Vec<_>>(),
        "roles": roles.collect::<Vec<_>>(),
        "pairs": shown.map(|pair| cell(matrix, &pair)).collect::<Vec<_>>(),
    });
    format!("{document:#}\n")
}

fn cell(matrix: &Matrix<'_>, pair: &Pair<'_>) -> Value {
    let why = matrix.decision(pair).clauses;
    value!({
        "workload": pair.workload.name,
        "cluster": pair.workload.cluster,
        "role": pair.role.arn.as_str(),
        "own": pair.is_own(),
        "verdict": word(pair.verdict),
        "why": why.iter().map(|clause| line(&clause.to_string())).collect::<Vec<_>>(),
    })
}
