//! What is wrong with a matrix. Pairs of one role with one reason are one diagnostic, however many there are.

use std::collections::BTreeMap;

use super::{Matrix, Pair, Role, Source, Workload, clauses};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::quote::typed;
use crate::trust::Verdict;

/// How many workloads a message names.
const FEW: usize = 3;

impl Matrix<'_> {
    /// Reports which workloads can assume roles of others, and of which that cannot be told.
    pub fn report(&self, report: &mut Report) {
        let mut found: BTreeMap<(&str, Verdict, String), Vec<Pair<'_>>> = BTreeMap::new();
        for pair in self.unusual().filter(|pair| !pair.is_own()) {
            let why = clauses(&self.decision(&pair));
            found.entry((pair.role.arn.as_str(), pair.verdict, why)).or_default().push(pair);
        }
        for ((_, verdict, why), pairs) in &found {
            let Some(first) = pairs.first() else { continue };
            let who: Vec<_> = pairs.iter().map(|pair| pair.workload).collect();
            report.push(one(*verdict, first, &who, why));
        }
    }
}

fn one(verdict: Verdict, pair: &Pair<'_>, who: &[&Workload], why: &str) -> Diagnostic {
    let (role, whose) = (&pair.role.arn, of(pair.source));
    let who = named(who);
    let diagnostic = if verdict == Verdict::Allow {
        let message = format!("the trust policy of {role}{whose} allows {who}, which must not have the role: {why}");
        Diagnostic::error(Code::Impersonation, message)
    } else {
        let message = format!(
            "cannot tell whether the trust policy of {role}{whose} allows {who}, which must not have the role: {why}"
        );
        Diagnostic::warning(Code::Impersonation, message)
    };
    diagnostic.at(Place::Config(pair.role.place.clone())).help(help(pair.role, pair.source))
}

fn of(source: &Source) -> String {
    match source {
        Source::Declaration => String::new(),
        other => format!(" ({other})"),
    }
}

fn named(who: &[&Workload]) -> String {
    let mut names: Vec<_> = who.iter().take(FEW).map(ToString::to_string).collect();
    if who.len() > FEW {
        names.push(format!("and {} more", who.len() - FEW));
    }
    let word = if who.len() == 1 { "workload" } else { "workloads" };
    format!("{word} {}", names.join(", "))
}

fn help(role: &Role, source: &Source) -> String {
    match source {
        Source::Declaration => {
            "their certificates cannot be told apart: give one of them a different `certificate.commonName`, or each its own `certificate.organizationalUnits`".to_owned()
        }
        Source::Lock | Source::File(_) => {
            let command = typed(&format_args!("iamra trust-policy {}", role.arn));
            format!("use the policy that {command} prints, which allows its own workloads only")
        }
    }
}
