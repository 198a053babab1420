//! A parsed trust policy.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use serde_json::{Map, Value};

use super::condition::Condition;
use super::effect::Effect;
use super::truth::Truth;
use super::wildcard::is_like;
use crate::quote::{part, quote};

/// The service principal of IAM Roles Anywhere.
/// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>
pub const SERVICE: &str = "rolesanywhere.amazonaws.com";

/// The actions of IAM Roles Anywhere on a role. If one is not allowed, CreateSession fails.
/// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>
pub(super) const ACTIONS: [&str; 3] = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];

/// A role's trust policy. Reading one cannot fail: what is not supported makes its statement undecidable.
#[derive(Debug, Clone)]
pub struct TrustPolicy {
    pub(super) statements: Vec<Statement>,
}

#[derive(Debug, Clone)]
pub(super) struct Statement {
    /// `statement 2 (Sid)`
    pub(super) label: String,
    /// `None` when it is neither.
    pub(super) effect: Option<Effect>,
    /// Whether it is about IAM Roles Anywhere.
    pub(super) principal: Truth,
    /// Which of [`ACTIONS`] it is about.
    pub(super) covers: [bool; ACTIONS.len()],
    pub(super) conditions: Vec<Condition>,
    /// Why it cannot be evaluated.
    pub(super) not_understood: Option<String>,
}

/// What a statement of a trust policy may have.
const ELEMENTS: &[&str] = &["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Condition"];

impl TrustPolicy {
    /// Reads a policy document.
    pub fn new(document: &Value) -> Self {
        let statements = match &document["Statement"] {
            Value::Array(all) => all.iter().enumerate().map(|(index, it)| Statement::new(index + 1, it)).collect(),
            one => vec![Statement::new(1, one)],
        };
        Self { statements }
    }
}

impl Statement {
    fn new(number: usize, statement: &Value) -> Self {
        let empty = Map::new();
        let elements = statement.as_object().unwrap_or(&empty);
        let label = elements
            .get("Sid")
            .and_then(Value::as_str)
            .filter(|sid| !sid.is_empty())
            .map_or_else(|| format!("statement {number}"), |sid| format!("statement {number} ({})", part(sid)));
        let mut not_understood = None;
        let mut cannot = |why: String| not_understood = not_understood.take().or(Some(why));
        if elements.is_empty() {
            cannot("it is not a statement".to_owned());
        }
        if let Some(other) = elements.keys().find(|name| !ELEMENTS.contains(&name.as_str())) {
            cannot(format!("it has {}", quote(other)));
        }
        let effect = match elements.get("Effect").and_then(Value::as_str) {
            Some("Allow") => Some(Effect::Allow),
            Some("Deny") => Some(Effect::Deny),
            _ => {
                cannot("its effect is neither `Allow` nor `Deny`".to_owned());
                None
            }
        };
        let covers = covers(elements);
        if covers.is_none() {
            cannot("its actions cannot be read".to_owned());
        }
        let conditions = match elements.get("Condition") {
            None => Some(Vec::new()),
            Some(block) => conditions(block),
        };
        if conditions.is_none() {
            cannot("its conditions cannot be read".to_owned());
        }
        let principal = principal(elements);
        let (covers, conditions) = (covers.unwrap_or_default(), conditions.unwrap_or_default());
        Self { label, effect, principal, covers, conditions, not_understood }
    }
}

/// Which actions a statement is about; `None` if that cannot be read.
fn covers(elements: &Map<String, Value>) -> Option<[bool; ACTIONS.len()]> {
    let (patterns, are_those) = match (elements.get("Action"), elements.get("NotAction")) {
        (Some(patterns), None) => (names(patterns)?, true),
        (None, Some(patterns)) => (names(patterns)?, false),
        _ => return None,
    };
    // Action names are case-insensitive.
    let is_named = |action: &str| patterns.iter().any(|it| is_like(&it.to_lowercase(), &action.to_lowercase()));
    Some(ACTIONS.map(|action| is_named(action) == are_those))
}

/// Whether the statement is about the service. `NotPrincipal` and wildcards, which AWS documents for users and not for
/// services, are not evaluated.
fn principal(elements: &Map<String, Value>) -> Truth {
    let (Some(Value::Object(kinds)), None) = (elements.get("Principal"), elements.get("NotPrincipal")) else {
        return Truth::Unknown;
    };
    let is_ours = |kind: &str, name: &str| match (kind, name) {
        ("Service", SERVICE) => Truth::Yes,
        // The meaning of a regional or misspelt name is unknown.
        ("Service", other) if other.to_lowercase().starts_with("rolesanywhere") || other.contains('$') => {
            Truth::Unknown
        }
        ("Service" | "AWS" | "Federated" | "CanonicalUser", name) => {
            if name.contains('*') {
                Truth::Unknown
            } else {
                Truth::No
            }
        }
        _ => Truth::Unknown,
    };
    let judged = kinds.iter().map(|(kind, given)| match names(given) {
        Some(names) => Truth::any(names.iter().map(|name| is_ours(kind, name))),
        None => Truth::Unknown,
    });
    if kinds.is_empty() { Truth::Unknown } else { Truth::any(judged) }
}

fn conditions(block: &Value) -> Option<Vec<Condition>> {
    let mut found = Vec::new();
    for (operator, keys) in block.as_object()? {
        found.extend(keys.as_object()?.iter().map(|(key, values)| Condition::new(operator, key, values)));
    }
    Some(found)
}

/// One name or a list of them, which must not be empty.
fn names(value: &Value) -> Option<Vec<String>> {
    let name = |value: &Value| value.as_str().map(str::to_owned);
    match value {
        Value::Array(all) if all.is_empty() => None,
        Value::Array(all) => all.iter().map(name).collect(),
        one => Some(vec![name(one)?]),
    }
}
