//! Who can become whom, as a heat map, and the pairs that are not as they should be.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Page;
use crate::matrix::{Matrix, Pair, clauses, word};
use crate::trust::Verdict;

/// Up to so many workloads, each is a row; of more, each namespace is one.
const ROWS: usize = 60;
/// With more cells than these, nobody reads the map, and browsers take seconds for it.
const CELLS: usize = 40_000;
/// How many pairs are listed.
const LISTED: usize = 500;

/// What a row is about: its cluster, its namespace, and its workload if it is one.
type Who<'m> = (Option<&'m str>, Option<&'m str>, Option<&'m str>);

/// How many pairs of one cell are what.
#[derive(Default, Clone, Copy)]
struct Cell {
    own: usize,
    refused: usize,
    other: usize,
    unknown: usize,
}

impl Cell {
    fn add(&mut self, pair: &Pair<'_>) {
        let count = match (pair.is_own(), pair.verdict) {
            (true, Verdict::Allow) => &mut self.own,
            (true, Verdict::Deny) => &mut self.refused,
            (false, Verdict::Allow) => &mut self.other,
            (false, Verdict::Deny) => return,
            (_, Verdict::Unknown) => &mut self.unknown,
        };
        *count += 1;
    }

    /// Its colour, and what it says: the worst first.
    fn shown(self) -> Value {
        let all = [
            ("over", self.other, "can assume it but must not"),
            ("refused", self.refused, "cannot assume their own"),
            ("unknown", self.unknown, "not known"),
            ("own", self.own, "as declared"),
        ];
        let found: Vec<_> = all.into_iter().filter(|(_, count, _)| *count > 0).collect();
        let Some((class, count, _)) = found.first() else { return Value::Null };
        let words: Vec<_> = found.iter().map(|(_, count, what)| format!("{count} {what}")).collect();
        json!({"class": class, "count": count, "words": words.join(", ")})
    }
}

/// The map: the roles, and a row of cells for each workload or namespace.
pub(super) fn heat(matrix: &Matrix<'_>) -> Value {
    let roles: Vec<_> = matrix.roles().map(|(role, _)| role).collect();
    let is_each = matrix.workloads().len() <= ROWS;
    let columns: BTreeMap<_, _> = roles.iter().map(|role| role.arn.as_str()).zip(0_usize..).collect();
    let mut rows: BTreeMap<Who<'_>, (BTreeSet<&str>, Vec<Cell>)> = BTreeMap::new();
    for pair in matrix.pairs() {
        let workload = pair.workload;
        let name = is_each.then_some(workload.name.as_str());
        let who = (workload.cluster.as_deref(), workload.namespace.as_deref(), name);
        let (members, cells) = rows.entry(who).or_insert_with(|| (BTreeSet::new(), vec![Cell::default(); roles.len()]));
        members.insert(workload.name.as_str());
        if let Some(cell) = columns.get(pair.role.arn.as_str()).and_then(|at| cells.get_mut(*at)) {
            cell.add(&pair);
        }
    }
    if rows.len() * roles.len() > CELLS {
        return json!({"too_large": format!("{} rows and {} roles", rows.len(), roles.len()), "rows": [], "roles": []});
    }
    let names = roles.iter().map(|role| {
        let names: BTreeSet<_> = role.called.iter().map(|(_, name)| name.as_str()).collect();
        let short = role.arn.id();
        json!({"arn": role.arn.as_str(), "short": short, "names": names})
    });
    let rows = rows.into_iter().map(|((cluster, namespace, workload), (members, cells))| {
        json!({
            "cluster": cluster,
            "namespace": namespace,
            "workload": workload,
            "count": members.len(),
            "cells": cells.into_iter().map(Cell::shown).collect::<Vec<_>>(),
        })
    });
    json!({
        "too_large": null,
        "is_each": is_each,
        "roles": names.collect::<Vec<_>>(),
        "rows": rows.collect::<Vec<_>>(),
    })
}

/// The pairs that are not as they should be, with the reasons.
pub(super) fn pairs(page: &Page<'_>, matrix: &Matrix<'_>) -> Value {
    let positions = page.declaration.sources.positions();
    let one = |pair: Pair<'_>| {
        let place = positions(&pair.role.place).map(|(file, at)| page.links.place(file, Some(at.line)));
        json!({
            "workload": pair.workload.name,
            "cluster": pair.workload.cluster,
            "namespace": pair.workload.namespace,
            "role": pair.role.arn.as_str(),
            "names": pair.role.called.iter().map(|(_, name)| name).collect::<BTreeSet<_>>(),
            "own": pair.is_own(),
            "verdict": word(pair.verdict),
            "why": clauses(&matrix.decision(&pair)),
            "source": pair.source.to_string(),
            "place": place,
        })
    };
    let count = matrix.unusual().count();
    json!({
        "summary": crate::matrix::summary(matrix),
        "more": count.saturating_sub(LISTED),
        "all": matrix.unusual().take(LISTED).map(one).collect::<Vec<_>>(),
    })
}
