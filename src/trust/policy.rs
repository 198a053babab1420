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
pub(super) const SERVICE: &str = "rolesanywhere.amazonaws.com";

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
    actions: Actions,
    pub(super) conditions: Vec<Condition>,
    /// Why it cannot be evaluated.
    pub(super) not_understood: Option<String>,
}

#[derive(Debug, Clone)]
enum Actions {
    These(Vec<String>),
    AllBut(Vec<String>),
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
        let actions = match (elements.get("Action").map(names), elements.get("NotAction").map(names)) {
            (Some(Some(names)), None) => Actions::These(names),
            (None, Some(Some(names))) => Actions::AllBut(names),
            _ => {
                cannot("its actions cannot be read".to_owned());
                Actions::These(Vec::new())
            }
        };
        let conditions = match elements.get("Condition") {
            None => Some(Vec::new()),
            Some(block) => conditions(block),
        };
        if conditions.is_none() {
            cannot("its conditions cannot be read".to_owned());
        }
        let principal = principal(elements);
        Self { label, effect, principal, actions, conditions: conditions.unwrap_or_default(), not_understood }
    }

    /// Whether it is about the action.
    pub(super) fn covers(&self, action: &str) -> bool {
        let among = |patterns: &[String]| {
            // Action names are case-insensitive.
            patterns.iter().any(|pattern| is_like(&pattern.to_lowercase(), &action.to_lowercase()))
        };
        match &self.actions {
            Actions::These(patterns) => among(patterns),
            Actions::AllBut(patterns) => !among(patterns),
        }
    }
}

/// Whether the statement is about the service. `*`, which AWS documents for users and not for services, and
/// `NotPrincipal` are not evaluated.
fn principal(elements: &Map<String, Value>) -> Truth {
    match (elements.get("Principal"), elements.get("NotPrincipal")) {
        (Some(Value::Object(kinds)), None) => {
            kinds.get("Service").map_or(Truth::No, |services| match names(services) {
                Some(names) => Truth::any(names.iter().map(|name| match name.as_str() {
                    SERVICE => Truth::Yes,
                    // Wildcards are not allowed here; the meaning of a regional or misspelt name is unknown.
                    other if other.starts_with("rolesanywhere") || other.contains(['*', '$']) => Truth::Unknown,
                    _ => Truth::No,
                })),
                None => Truth::Unknown,
            })
        }
        _ => Truth::Unknown,
    }
}

fn conditions(block: &Value) -> Option<Vec<Condition>> {
    let mut found = Vec::new();
    for (operator, keys) in block.as_object()? {
        found.extend(keys.as_object()?.iter().map(|(key, values)| Condition::new(operator, key, values)));
    }
    Some(found)
}

/// One name or a list of them.
fn names(value: &Value) -> Option<Vec<String>> {
    let name = |value: &Value| value.as_str().map(str::to_owned);
    match value {
        Value::Array(all) => all.iter().map(name).collect(),
        one => Some(vec![name(one)?]),
    }
}
