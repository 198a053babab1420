//! The decision and its reasons.

use std::fmt;

use super::caller::{Caller, Fact};
use super::condition::{Condition, STRANGER};
use super::effect::Effect;
use super::policy::{ACTIONS, SERVICE, Statement, TrustPolicy};
use super::truth::Truth;
use crate::quote::quote;

/// Whether AWS issues a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Something that is needed is not allowed.
    Deny,
    /// It depends on something that is not known or not supported.
    Unknown,
    /// All that is needed is allowed, and nothing denies it.
    Allow,
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
pub fn verdict(policy: &TrustPolicy, caller: &Caller) -> Verdict {
    let decided = (0..ACTIONS.len()).map(|action| Decided::of(policy, caller, action).verdict);
    decided.min().unwrap_or(Verdict::Deny)
}

/// The same with the reasons.
pub fn simulate(policy: &TrustPolicy, caller: &Caller) -> Decision {
    let verdict = verdict(policy, caller);
    let mut decision = Decision { verdict, actions: Vec::new(), clauses: Vec::new() };
    for (index, action) in ACTIONS.into_iter().enumerate() {
        let decided = Decided::of(policy, caller, index);
        if decided.verdict == verdict {
            decision.actions.push(action);
            decision.clauses.extend(decided.clauses(policy, caller, index));
        }
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

/// The verdict for one action, and which statements decided it: those of this effect that apply as much as this.
struct Decided {
    verdict: Verdict,
    effect: Effect,
    truth: Truth,
}

impl Decided {
    /// An explicit deny overrides any allow; what no statement allows is denied.
    fn of(policy: &TrustPolicy, caller: &Caller, action: usize) -> Self {
        let any = |effect: Effect| Truth::any(about(policy, effect).map(|it| applies(it, effect, caller, action)));
        let (verdict, effect, truth) = match (any(Effect::Deny), any(Effect::Allow)) {
            (Truth::Yes, _) => (Verdict::Deny, Effect::Deny, Truth::Yes),
            (_, Truth::No) => (Verdict::Deny, Effect::Allow, Truth::No),
            (Truth::Unknown, _) => (Verdict::Unknown, Effect::Deny, Truth::Unknown),
            (_, Truth::Unknown) => (Verdict::Unknown, Effect::Allow, Truth::Unknown),
            (Truth::No, Truth::Yes) => (Verdict::Allow, Effect::Allow, Truth::Yes),
        };
        Self { verdict, effect, truth }
    }

    fn clauses(&self, policy: &TrustPolicy, caller: &Caller, action: usize) -> Vec<Clause> {
        let Self { effect, truth, .. } = *self;
        let deciding = about(policy, effect).filter(|it| applies(it, effect, caller, action) == truth);
        let mut why: Vec<_> = deciding.flat_map(|it| reasons(it, (effect, truth), caller, action)).collect();
        if let Some(action) = ACTIONS.get(action).filter(|_| why.is_empty()) {
            why.push(Clause { statement: None, says: format!("no statement allows {SERVICE} {}", quote(action)) });
        }
        why
    }
}

/// The statements that have this effect, or may have it.
fn about(policy: &TrustPolicy, effect: Effect) -> impl Iterator<Item = &Statement> {
    policy.statements.iter().filter(move |statement| statement.effect.is_none_or(|it| it == effect))
}

/// Whether a statement is about the service and the action.
fn is_meant(statement: &Statement, action: usize) -> bool {
    statement.principal != Truth::No && statement.covers.get(action).is_some_and(|covers| *covers)
}

/// Whether a statement applies to the call.
fn applies(statement: &Statement, effect: Effect, caller: &Caller, action: usize) -> Truth {
    if statement.not_understood.is_some() {
        return Truth::Unknown;
    }
    if !is_meant(statement, action) {
        return Truth::No;
    }
    let holds = statement.conditions.iter().map(|it| holds(it, statement, effect, caller));
    Truth::all(holds).and(statement.principal)
}

/// Whether a condition of a statement holds. If the caller can choose the value, the worst case for the policy is
/// assumed, and it is one value for all conditions of the key.
fn holds(condition: &Condition, statement: &Statement, effect: Effect, caller: &Caller) -> Truth {
    let fact = caller.fact(&condition.known_as);
    if *fact != Fact::Chosen {
        return condition.holds(fact);
    }
    let of_key = || statement.conditions.iter().filter(|it| it.known_as == condition.known_as);
    let choices = [None, Some(STRANGER)].map(|value| Truth::all(of_key().map(|it| it.holds_for(value))));
    match effect {
        Effect::Allow => Truth::any(choices),
        Effect::Deny => Truth::all(choices),
    }
}

/// Which parts of a statement decide how much it applies. One about a different service or action has none.
fn reasons(statement: &Statement, decided: (Effect, Truth), caller: &Caller, action: usize) -> Vec<Clause> {
    let (effect, truth) = decided;
    let clause = |says: String| Clause { statement: Some(statement.label.clone()), says };
    if let Some(why) = &statement.not_understood {
        return vec![clause(format!("{why}, which iamra does not understand"))];
    }
    if !is_meant(statement, action) {
        return Vec::new();
    }
    match (truth, effect) {
        (Truth::Yes, Effect::Allow) => return vec![clause("it allows this".to_owned())],
        (Truth::Yes, Effect::Deny) => return vec![clause("it denies this".to_owned())],
        (Truth::No | Truth::Unknown, _) => {}
    }
    let deciding = statement.conditions.iter().filter(|it| holds(it, statement, effect, caller) == truth);
    let mut reasons: Vec<_> = deciding.map(|it| clause(it.beside(caller.fact(&it.known_as)))).collect();
    if statement.principal == Truth::Unknown && truth == Truth::Unknown {
        reasons.push(clause("iamra does not understand its principal".to_owned()));
    }
    reasons
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.statement {
            Some(statement) => write!(f, "{statement}: {}", self.says),
            None => f.write_str(&self.says),
        }
    }
}
