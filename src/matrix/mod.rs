//! Who can become whom: every workload of a declaration in every cluster, against every role. Policies and certificates
//! are values; each is prepared once for all pairs. This room does not know where policies come from.

mod declared;
mod finding;
mod json;
mod markdown;
mod profiles;
mod svg;
mod table;

pub use declared::{Declared, Role, Workload};
pub use json::json;
pub use markdown::markdown;
pub use svg::svg;
pub use table::{summary, table};

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json as value};

use crate::quote::quote;
use crate::trust::{self, Caller, Clause, Decision, Mapping, Profiles, TrustPolicy, Verdict};
use profiles::Mappings;

/// Where a policy is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// It is the one that the declaration means.
    Declaration,
    /// AWS had it when the lock was written.
    Lock,
    /// A file, by its name.
    File(String),
}

/// A role's trust policy.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The document.
    pub document: Value,
    /// Where it is from.
    pub source: Source,
}

/// A role with its policy, prepared.
struct Column<'d> {
    role: &'d Role,
    policy: TrustPolicy,
    source: Source,
}

/// Every workload against every role.
pub struct Matrix<'d> {
    declared: &'d Declared,
    columns: Vec<Column<'d>>,
    mappings: Mappings<'d>,
    /// By workload, which caller it is: those of one trust anchor and one profile with the same names are one.
    callers: Vec<usize>,
    /// By caller and mapping.
    prepared: Vec<Vec<Caller>>,
    /// By caller and role.
    verdicts: Vec<Vec<Verdict>>,
}

/// A workload and a role.
#[derive(Clone, Copy)]
pub struct Pair<'m> {
    /// The workload.
    pub workload: &'m Workload,
    /// The role.
    pub role: &'m Role,
    /// Where the role's policy is from.
    pub source: &'m Source,
    /// Whether the workload gets a session with the role.
    pub verdict: Verdict,
    at: (usize, usize),
}

impl<'d> Matrix<'d> {
    /// Judges all pairs. A role without a policy trusts nobody; a profile that is not known gives sessions with every role.
    pub fn of(declared: &'d Declared, policies: &BTreeMap<String, Policy>, profiles: &'d Profiles) -> Self {
        let column = |role: &'d Role| {
            let nobody = Policy { document: value!({"Statement": []}), source: Source::Declaration };
            let Policy { document, source } = policies.get(role.arn.as_str()).unwrap_or(&nobody);
            Column { role, policy: TrustPolicy::new(document), source: source.clone() }
        };
        let columns: Vec<_> = declared.roles.values().map(column).collect();
        let mappings = Mappings::of(profiles);
        let mut known = BTreeMap::new();
        let (mut callers, mut prepared, mut verdicts) = (Vec::new(), Vec::new(), Vec::new());
        for workload in &declared.workloads {
            let key = (&workload.trust_anchor, &workload.profile, &workload.names, &workload.role);
            let index = *known.entry(key).or_insert_with(|| {
                let callers: Vec<_> = mappings.all().map(|mapping| workload.caller(mapping)).collect();
                let verdict = |it: &Column<'_>| {
                    let judged = mappings.between(workload, it.role).into_iter().flatten();
                    let judged = judged.filter_map(|at| Some(trust::verdict(&it.policy, callers.get(at)?)));
                    if it.refuses(workload) { Verdict::Deny } else { worst(judged) }
                };
                verdicts.push(columns.iter().map(verdict).collect());
                prepared.push(callers);
                prepared.len() - 1
            });
            callers.push(index);
        }
        Self { declared, columns, mappings, callers, prepared, verdicts }
    }

    /// The declared workloads.
    pub fn workloads(&self) -> &'d [Workload] {
        &self.declared.workloads
    }

    /// The declared roles, with where their policies are from.
    pub fn roles(&self) -> impl Iterator<Item = (&'d Role, &Source)> {
        self.columns.iter().map(|column| (column.role, &column.source))
    }

    /// All pairs, workload by workload.
    pub fn pairs(&self) -> impl Iterator<Item = Pair<'_>> {
        let rows = self.declared.workloads.iter().zip(&self.callers).enumerate();
        rows.flat_map(move |(index, (workload, caller))| {
            let verdicts = self.verdicts.get(*caller).into_iter().flatten();
            self.columns.iter().zip(verdicts).enumerate().map(move |(column, (it, verdict))| Pair {
                workload,
                role: it.role,
                source: &it.source,
                verdict: *verdict,
                at: (index, column),
            })
        })
    }

    /// The pairs that are not as usual: what is not denied to a workload of another role, and what is not allowed to one
    /// of its own.
    pub fn unusual(&self) -> impl Iterator<Item = Pair<'_>> {
        self.pairs().filter(|pair| pair.verdict != if pair.is_own() { Verdict::Allow } else { Verdict::Deny })
    }

    /// Why a pair has its verdict.
    pub fn decision(&self, pair: &Pair<'_>) -> Decision {
        let (row, column) = pair.at;
        let callers = self.callers.get(row).and_then(|caller| self.prepared.get(*caller));
        let Some((column, callers)) =
            self.columns.get(column).zip(callers).filter(|(column, _)| !column.refuses(pair.workload))
        else {
            return elsewhere(pair);
        };
        let judged = self.mappings.between(pair.workload, pair.role);
        let Some(judged) = judged else { return unlisted(pair) };
        let mut decisions = judged.into_iter().filter_map(|at| Some(trust::simulate(&column.policy, callers.get(at)?)));
        decisions.find(|decision| decision.verdict == pair.verdict).unwrap_or_else(|| unlisted(pair))
    }
}

/// What is the case if any of these is.
fn worst(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    verdicts.fold(Verdict::Deny, |worst, verdict| match (worst, verdict) {
        (Verdict::Allow, _) | (_, Verdict::Allow) => Verdict::Allow,
        (Verdict::Unknown, _) | (_, Verdict::Unknown) => Verdict::Unknown,
        (Verdict::Deny, Verdict::Deny) => Verdict::Deny,
    })
}

impl Column<'_> {
    /// Trust anchor, profile and role must be in one account.
    /// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-create-session.html>
    fn refuses(&self, workload: &Workload) -> bool {
        let (role, anchor) = (&self.role.arn, &workload.trust_anchor);
        role.account != anchor.account || role.partition != anchor.partition
    }
}

/// The decision about a role of an account that the trust anchor is not in.
fn elsewhere(pair: &Pair<'_>) -> Decision {
    let (role, anchor) = (&pair.role.arn, &pair.workload.trust_anchor);
    let says = format!("the role is in account {}, the workload's trust anchor in {}", role.account, anchor.account);
    Decision { verdict: Verdict::Deny, actions: Vec::new(), clauses: vec![Clause { statement: None, says }] }
}

/// The decision about a workload's own role that its profile does not list.
fn unlisted(pair: &Pair<'_>) -> Decision {
    let says = format!("the profile {} does not list the role", pair.workload.profile);
    Decision { verdict: Verdict::Deny, actions: Vec::new(), clauses: vec![Clause { statement: None, says }] }
}

impl Pair<'_> {
    /// Whether the declaration gives the workload this role.
    pub fn is_own(&self) -> bool {
        self.workload.role == self.role.arn
    }
}

impl Workload {
    /// What AWS knows of it by a mapping.
    fn caller(&self, mapping: &Mapping) -> Caller {
        Caller::new(&self.names, mapping, self.trust_anchor.as_str(), &self.trust_anchor.account)
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", quote(&self.name))?;
        self.cluster.iter().try_for_each(|cluster| write!(f, " of cluster {}", quote(cluster)))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Declaration => f.write_str("declaration"),
            Self::Lock => f.write_str("lock"),
            Self::File(name) => f.write_str(name),
        }
    }
}

/// The verdict in one word.
pub fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allow => "allow",
        Verdict::Deny => "deny",
        Verdict::Unknown => "unknown",
    }
}

/// The clauses of a decision, in one line.
pub fn clauses(decision: &Decision) -> String {
    decision.clauses.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
