//! The decision and its reasons.

use std::fmt;

use super::caller::Caller;
use super::effect::Effect;
use super::policy::{SERVICE, Statement, TrustPolicy};
use super::truth::Truth;
use crate::quote::quote;

/// The actions of IAM Roles Anywhere on a role. If one is not allowed, CreateSession fails.
/// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>
const ACTIONS: [&str; 3] = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];

/// Whether AWS issues a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All that is needed is allowed, and nothing denies it.
    Allow,
    /// Something that is needed is not allowed.
    Deny,
    /// It depends on something that is not known or not supported.
    Unknown,
}

/// A part of the policy that decided.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Clause {
    /// Which statement: `statement 2 (Sid)`; none when no statement is about it.
    pub statement: Option<String>,
    /// What it says.
    pub says: String,
}

/// A verdict with its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether AWS issues a session.
    pub verdict: Verdict,
    /// The actions that decided it: all of them when they are allowed.
    pub actions: Vec<&'static str>,
    /// The statements and conditions that decided it.
    pub clauses: Vec<Clause>,
}

/// Who else may assume the role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Openings {
    /// Whether any certificate of the same CA may, regardless of its names.
    pub subject: Decision,
    /// Whether the same names under another trust anchor of the account may.
    pub trust_anchor: Decision,
}

/// Whether the caller gets a session with the role.
pub fn simulate(policy: &TrustPolicy, caller: &Caller) -> Decision {
    let decisions: Vec<_> = ACTIONS.iter().map(|action| (*action, decide(policy, caller, action))).collect();
    let verdict = [Verdict::Deny, Verdict::Unknown]
        .into_iter()
        .find(|verdict| decisions.iter().any(|(_, (found, _))| found == verdict))
        .unwrap_or(Verdict::Allow);
    let mut decision = Decision { verdict, actions: Vec::new(), clauses: Vec::new() };
    for (action, (_, clauses)) in decisions.into_iter().filter(|(_, (found, _))| *found == verdict) {
        decision.actions.push(action);
        decision.clauses.extend(clauses);
    }
    decision.clauses.sort();
    decision.clauses.dedup();
    decision
}

/// Who else gets a session.
pub fn openings(policy: &TrustPolicy, caller: &Caller) -> Openings {
    Openings {
        subject: simulate(policy, &caller.with_any_subject()),
        trust_anchor: simulate(policy, &caller.with_other_trust_anchor()),
    }
}

/// Evaluates one action: an explicit deny overrides any allow; what no statement allows is denied.
fn decide(policy: &TrustPolicy, caller: &Caller, action: &str) -> (Verdict, Vec<Clause>) {
    let about = |effect: Effect| {
        let may_be = move |statement: &&Statement| statement.effect.is_none_or(|it| it == effect);
        let statements = policy.statements.iter().filter(may_be);
        statements.map(|statement| judge(statement, effect, caller, action)).collect::<Vec<_>>()
    };
    let (denied, allowed) = (about(Effect::Deny), about(Effect::Allow));
    let clauses = |judged: &[(Truth, Vec<Clause>)], truth: Truth| {
        let chosen = judged.iter().filter(|(found, _)| *found == truth);
        chosen.flat_map(|(_, clauses)| clauses.clone()).collect::<Vec<_>>()
    };
    let greatest = |judged: &[(Truth, Vec<Clause>)]| Truth::any(judged.iter().map(|(truth, _)| *truth));
    match (greatest(&denied), greatest(&allowed)) {
        (Truth::Yes, _) => (Verdict::Deny, clauses(&denied, Truth::Yes)),
        (_, Truth::No) => {
            let mut why = clauses(&allowed, Truth::No);
            if why.is_empty() {
                why.push(Clause { statement: None, says: format!("no statement allows {SERVICE} {}", quote(&action)) });
            }
            (Verdict::Deny, why)
        }
        (Truth::Unknown, _) => (Verdict::Unknown, clauses(&denied, Truth::Unknown)),
        (_, Truth::Unknown) => (Verdict::Unknown, clauses(&allowed, Truth::Unknown)),
        (Truth::No, Truth::Yes) => (Verdict::Allow, clauses(&allowed, Truth::Yes)),
    }
}

/// Whether a statement applies to the call, and which part of it decides that. A statement about a different service or
/// action has no clauses.
fn judge(statement: &Statement, effect: Effect, caller: &Caller, action: &str) -> (Truth, Vec<Clause>) {
    let clause = |says: String| Clause { statement: Some(statement.label.clone()), says };
    if let Some(why) = &statement.not_understood {
        return (Truth::Unknown, vec![clause(format!("{why}, which iamra does not understand"))]);
    }
    if statement.principal == Truth::No || !statement.covers(action) {
        return (Truth::No, Vec::new());
    }
    let judged: Vec<_> = statement
        .conditions
        .iter()
        .map(|condition| {
            let fact = caller.fact(&condition.key);
            (condition.holds(&fact, effect), condition.beside(&fact))
        })
        .collect();
    let truth = Truth::all(judged.iter().map(|(truth, _)| *truth)).and(statement.principal);
    let mut decided: Vec<_> =
        judged.into_iter().filter(|(found, _)| *found == truth && truth != Truth::Yes).map(|it| clause(it.1)).collect();
    if statement.principal == Truth::Unknown && truth == Truth::Unknown {
        decided.push(clause("iamra does not understand its principal".to_owned()));
    }
    if truth == Truth::Yes {
        decided.push(clause(match effect {
            Effect::Allow => "it allows this".to_owned(),
            Effect::Deny => "it denies this".to_owned(),
        }));
    }
    (truth, decided)
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.statement {
            Some(statement) => write!(f, "{statement}: {}", self.says),
            None => f.write_str(&self.says),
        }
    }
}
