//! A matrix for people: the pairs that matter.

use super::{Matrix, Pair, clauses, word};
use crate::quote::line;
use crate::roster::Table;

const HEAD: [&str; 6] = ["WORKLOAD", "CLUSTER", "ROLE", "OWN", "VERDICT", "WHY"];

/// Who may assume what: every workload with its own role, and every other pair that is not denied.
pub fn table(matrix: &Matrix<'_>) -> Table {
    let shown = matrix.pairs().filter(|pair| pair.is_own() || pair.verdict != crate::trust::Verdict::Deny);
    Table::of(HEAD, shown.map(|pair| cells(matrix, &pair)))
}

fn cells(matrix: &Matrix<'_>, pair: &Pair<'_>) -> [String; 6] {
    [
        pair.workload.name.clone(),
        pair.workload.cluster.clone().unwrap_or_else(|| "-".to_owned()),
        pair.role.arn.to_string(),
        if pair.is_own() { "yes" } else { "no" }.to_owned(),
        word(pair.verdict).to_owned(),
        clauses(&matrix.decision(pair)),
    ]
    .map(|cell| line(&cell))
}

/// How many pairs were judged, and how many are not as usual.
pub fn summary(matrix: &Matrix<'_>) -> String {
    let (workloads, roles) = (matrix.workloads().len(), matrix.roles().count());
    let own = matrix.pairs().filter(Pair::is_own).count();
    let count = |own: bool| matrix.unusual().filter(|pair| pair.is_own() == own).count();
    let of = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let (total, refused) = (workloads * roles - own, count(true));
    let others = match (total, count(false)) {
        (0, _) => "no pair with another role".to_owned(),
        (_, 0) => format!("{} with other roles, all denied", of(total, "pair")),
        (_, n) => format!("{} with other roles, {n} not denied", of(total, "pair")),
    };
    let refused = if refused == 0 { String::new() } else { format!("; not allowed: {}", of(refused, "own role")) };
    format!("{} and {}: {others}{refused}", of(workloads, "workload"), of(roles, "role"))
}
