//! A second evaluator of trust policies, written from AWS's documentation: it recurses over the policy's JSON, computes a
//! context key when a condition asks for it, and keeps the set of outcomes that are possible instead of a third truth value.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
//! <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>

use serde_json::Value;

/// The names that a session is requested with, and what the profile maps.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) anchor: String,
    pub(crate) account: String,
    pub(crate) subject: Vec<(String, String)>,
    pub(crate) issuer: Option<Vec<(String, String)>>,
    pub(crate) dns: Vec<String>,
    pub(crate) uri: Vec<String>,
    pub(crate) directory: Vec<Vec<(String, String)>>,
    /// The specifiers of subject, issuer and SAN.
    pub(crate) mapped: [Vec<String>; 3],
}

/// Which outcomes are possible.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Can {
    fail: bool,
    hold: bool,
}

const NO: Can = Can { fail: true, hold: false };
const YES: Can = Can { fail: false, hold: true };
const EITHER: Can = Can { fail: true, hold: true };

impl Can {
    fn and(self, other: Self) -> Self {
        Self { fail: self.fail || other.fail, hold: self.hold && other.hold }
    }

    fn not(self) -> Self {
        Self { fail: self.hold, hold: self.fail }
    }

    fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }

    fn sure(holds: bool) -> Self {
        if holds { YES } else { NO }
    }
}

/// A key of the call: its value, or that it has none; `None` when nobody knows.
type Known = Option<Option<String>>;

const ELEMENTS: [&str; 7] = ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Condition"];

/// `allow`, `deny` or `unknown`.
pub(crate) fn judge(document: &Value, call: &Call) -> &'static str {
    let statements = match &document["Statement"] {
        Value::Array(all) => all.iter().collect(),
        one => vec![one],
    };
    // Whatever the action.
    let met: Vec<_> = statements.iter().map(|statement| met(statement, call)).collect();
    let mut session = YES;
    for action in ["sts:assumerole", "sts:tagsession", "sts:setsourceidentity"] {
        let (mut allowed, mut denied) = (NO, NO);
        for (statement, met) in statements.iter().zip(&met) {
            let applies = match (met, covers(statement, action)) {
                (Some(met), Some(is_about)) => Can::sure(is_about).and(*met),
                _ => EITHER,
            };
            match statement["Effect"].as_str() {
                Some("Allow") => allowed = allowed.or(applies),
                Some("Deny") => denied = denied.or(applies),
                _ => (allowed, denied) = (allowed.or(EITHER), denied.or(EITHER)),
            }
        }
        session = session.and(allowed.and(denied.not()));
    }
    match session {
        YES => "allow",
        NO => "deny",
        _ => "unknown",
    }
}

/// Whether principal and conditions fit the call; `None` for what is no statement.
fn met(statement: &Value, call: &Call) -> Option<Can> {
    let elements = statement.as_object().filter(|it| !it.is_empty())?;
    let is_readable = elements.keys().all(|name| ELEMENTS.contains(&name.as_str()))
        && ["Allow", "Deny"].iter().any(|it| statement["Effect"] == *it);
    conditions(statement, call).filter(|_| is_readable).map(|holds| principal(statement).and(holds))
}

fn list(value: &Value) -> Option<Vec<String>> {
    let text = |it: &Value| Some(it.as_str()?.to_owned());
    match value.as_array() {
        Some(all) if all.is_empty() => None,
        Some(all) => all.iter().map(text).collect(),
        None => text(value).map(|it| vec![it]),
    }
}

fn covers(statement: &Value, action: &str) -> Option<bool> {
    let among = |element: &str| {
        let patterns = list(statement.get(element)?)?;
        Some(patterns.iter().any(|it| matches(&it.to_ascii_lowercase(), action)))
    };
    match (statement.get("Action").is_some(), statement.get("NotAction").is_some()) {
        (true, false) => among("Action"),
        (false, true) => among("NotAction").map(|is| !is),
        _ => None,
    }
}

fn principal(statement: &Value) -> Can {
    let kinds = statement.get("Principal").and_then(Value::as_object).filter(|kinds| !kinds.is_empty());
    let Some(kinds) = kinds.filter(|_| statement.get("NotPrincipal").is_none()) else { return EITHER };
    kinds.iter().fold(NO, |found, (kind, names)| {
        let is_known = ["AWS", "Service", "Federated", "CanonicalUser"].contains(&kind.as_str());
        let Some(names) = list(names).filter(|_| is_known) else { return found.or(EITHER) };
        names.iter().fold(found, |found, name| match name.as_str() {
            "rolesanywhere.amazonaws.com" if kind == "Service" => found.or(YES),
            name if name.contains('*') => found.or(EITHER),
            name if kind == "Service" && (name.contains('$') || name.starts_with("rolesanywhere")) => found.or(EITHER),
            _ => found,
        })
    })
}

fn conditions(statement: &Value, call: &Call) -> Option<Can> {
    let Some(block) = statement.get("Condition") else { return Some(YES) };
    let mut all = YES;
    for (operator, keys) in block.as_object()? {
        for (key, values) in keys.as_object()? {
            all = all.and(condition(operator, known(call, key).as_ref(), values));
        }
    }
    Some(all)
}

fn condition(operator: &str, known: Option<&Option<String>>, values: &Value) -> Can {
    let values: Option<Vec<String>> = match values {
        Value::Array(all) => all.iter().map(scalar).collect(),
        one => scalar(one).map(|it| vec![it]),
    };
    let (Some(value), Some(values)) = (known, values.filter(|it| !it.is_empty())) else { return EITHER };
    if operator == "Null" {
        return values.iter().fold(NO, |found, wanted| match wanted.to_ascii_lowercase().as_str() {
            "true" => found.or(Can::sure(value.is_none())),
            "false" => found.or(Can::sure(value.is_some())),
            _ => found.or(EITHER),
        });
    }
    let (set, name) = operator.split_once(':').unwrap_or(("", operator));
    let (name, if_exists) = (name.trim_end_matches("IfExists"), name.ends_with("IfExists"));
    let (plain, is_negated) = (name.replacen("Not", "", 1), name.contains("Not"));
    let compare: fn(&str, &str) -> Can = match plain.as_str() {
        "StringEquals" => |wanted, value| Can::sure(wanted == value),
        "StringEqualsIgnoreCase" => same_but_for_case,
        "StringLike" => |wanted, value| Can::sure(matches(wanted, value)),
        "ArnEquals" | "ArnLike" => same_arn,
        _ => return EITHER,
    };
    match (set, value) {
        ("" | "ForAnyValue" | "ForAllValues", Some(value)) => {
            let any = values.iter().fold(NO, |found, wanted| {
                found.or(if wanted.contains("${") { EITHER } else { compare(wanted, value) })
            });
            if is_negated { any.not() } else { any }
        }
        ("ForAllValues", None) => YES,
        ("ForAnyValue", None) => {
            if if_exists {
                EITHER
            } else {
                NO
            }
        }
        ("", None) => Can::sure(is_negated || if_exists),
        _ => EITHER,
    }
}

fn scalar(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned).or_else(|| (value.is_boolean() || value.is_number()).then(|| value.to_string()))
}

fn same_but_for_case(wanted: &str, value: &str) -> Can {
    let same = wanted.to_uppercase() == value.to_uppercase() || wanted.to_lowercase() == value.to_lowercase();
    match (same, wanted.eq_ignore_ascii_case(value)) {
        (_, true) => YES,
        (true, false) => EITHER,
        (false, false) => NO,
    }
}

fn same_arn(wanted: &str, value: &str) -> Can {
    let parts = |text: &str| {
        let mut parts: Vec<String> = text.split(':').map(str::to_owned).collect();
        let resource = (parts.len() >= 6).then(|| parts.split_off(5).join(":"))?;
        parts.push(resource);
        Some(parts)
    };
    let Some((wanted, value)) = parts(wanted).zip(parts(value)) else { return EITHER };
    Can::sure(wanted.iter().zip(&value).all(|(wanted, value)| matches(wanted, value)))
}

/// Whether the pattern matches: one row of a table for each of its characters, one column for each prefix of the text.
fn matches(pattern: &str, text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut row = vec![false; text.len() + 1];
    row[0] = true;
    for wanted in pattern.chars() {
        let mut next = vec![false; text.len() + 1];
        next[0] = wanted == '*' && row[0];
        for column in 1..=text.len() {
            next[column] = match wanted {
                '*' => row[column] || next[column - 1],
                '?' => row[column - 1],
                _ => row[column - 1] && text[column - 1] == wanted,
            };
        }
        row = next;
    }
    row[text.len()]
}

/// What the call has for a key, whose case does not matter.
fn known(call: &Call, key: &str) -> Known {
    let key = key.to_lowercase();
    let parts: Vec<_> = key.split('/').collect();
    let [subjects, issuers, others] = &call.mapped;
    match parts.as_slice() {
        ["aws:sourcearn"] => Some(Some(call.anchor.clone())),
        ["aws:sourceaccount"] => Some(Some(call.account.clone())),
        ["sts:sourceidentity"] => {
            let name = &call.subject.iter().find(|it| it.0 == "CN")?.1;
            Some(Some(if name.chars().count() < 62 { format!("CN={name}") } else { name.clone() }))
        }
        ["aws:principaltag", "x509subject", kind] => attribute(&call.subject, kind, |it| is_in(subjects, "", it)),
        ["aws:principaltag", "x509issuer", kind] => match &call.issuer {
            Some(issuer) => attribute(issuer, kind, |it| is_in(issuers, "", it)),
            None if issuers.is_empty() => Some(None),
            None => None,
        },
        ["aws:principaltag", "x509san", "name", kind] => match call.directory.first() {
            Some(name) => attribute(name, kind, |it| is_in(others, "Name/", it)),
            None => Some(None),
        },
        ["aws:principaltag", "x509san", kind @ ("dns" | "uri")] => {
            let names = if *kind == "dns" { &call.dns } else { &call.uri };
            let is_mapped = is_in(others, "", &kind.to_uppercase());
            names.first().filter(|_| is_mapped).map_or(Some(None), |it| tag(it.clone()))
        }
        ["aws:principaltag", "x509subject" | "x509san", ..] => Some(None),
        _ => None,
    }
}

fn is_in(specifiers: &[String], below: &str, kind: &str) -> bool {
    specifiers.iter().filter_map(|it| it.strip_prefix(below)).any(|it| it == "*" || it == kind)
}

fn attribute(names: &[(String, String)], wanted: &str, is_mapped: impl Fn(&str) -> bool) -> Known {
    let values = names.iter().filter(|it| it.0.to_lowercase() == wanted && is_mapped(&it.0));
    let values: Vec<_> = values.map(|it| it.1.as_str()).collect();
    if values.is_empty() { Some(None) } else { tag(values.join("/")) }
}

/// A tag has at most 256 letters, digits, separators and a few signs; a certificate's value that is no tag is left out.
fn tag(value: String) -> Known {
    let fits = |c: char| c.is_alphanumeric() || "_.:/=+-@ ".contains(c);
    if value.is_empty() {
        return None;
    }
    Some(Some(value).filter(|it| it.chars().count() <= 256 && it.chars().all(fits)))
}
