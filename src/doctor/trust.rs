//! A role's trust policy beside what the workload's certificate will carry.

use serde_json::Value;

use crate::diag::{Code, Diagnostic, Place, Report};
use crate::resolve::Bound;

/// Who calls.
const SERVICE: &str = "rolesanywhere.amazonaws.com";
/// What it does with the role. Without any of them CreateSession fails.
const ACTIONS: [&str; 3] = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
/// How the subject's common name is called in a condition.
const COMMON_NAME: &str = "aws:PrincipalTag/x509Subject/CN";

/// Judges the statements for IAM Roles Anywhere; a line shows both sides.
pub(super) fn policy(bound: &Bound, policy: &Value, report: &mut Report, lines: &mut Vec<String>) {
    let role = &bound.identity.role;
    let mut say = |diagnostic: Diagnostic| report.push(diagnostic.at(Place::Config(bound.binding.place.clone())));
    let statements: Vec<_> = many(&policy["Statement"])
        .into_iter()
        .filter(|it| it["Effect"] == "Allow" && many(&it["Principal"]["Service"]).iter().any(|it| *it == SERVICE))
        .collect();
    if statements.is_empty() {
        let message = format!("the trust policy of {role} does not let IAM Roles Anywhere assume it");
        return say(
            Diagnostic::error(Code::TrustPolicy, message).help(format!("allow the service `{SERVICE}`: {}", needed()))
        );
    }
    for action in ACTIONS {
        if !statements.iter().any(|statement| many(&statement["Action"]).iter().any(|it| covers(it, action))) {
            let message =
                format!("the trust policy of {role} does not allow `{action}`, without which no session is made");
            say(Diagnostic::error(Code::TrustPolicy, message).help(format!("allow {}", needed())));
        }
    }
    let carried = carried(bound);
    let mut why_not = Vec::new();
    let mut fits = false;
    let mut pinned = false;
    for statement in &statements {
        let refusals = refusals(statement, &carried);
        fits |= refusals.is_empty();
        pinned |= condition_keys(statement).any(|key| key.starts_with("aws:PrincipalTag/x509S"));
        why_not.extend(refusals);
    }
    if !fits {
        let message = format!("the trust policy of {role} refuses the workload's certificate: {}", why_not.join("; "));
        return say(Diagnostic::error(Code::TrustPolicy, message)
            .help("make the condition say what the certificate carries, or change `certificate.commonName`"));
    }
    if !pinned {
        let message = format!("the trust policy of {role} names no subject: every certificate of the CA may assume it");
        let help =
            format!("add the condition `StringEquals: {{{COMMON_NAME}: {}}}`", bound.binding.certificate.common_name);
        say(Diagnostic::warning(Code::TrustPolicy, message).help(help));
    }
    let shown: Vec<_> = carried.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    lines.push(format!("role {role} trusts what the certificate will carry: {}", shown.join(", ")));
}

fn needed() -> String {
    ACTIONS.map(|action| format!("`{action}`")).join(", ")
}

/// What the call will have, as far as the declaration says it.
fn carried(bound: &Bound) -> Vec<(&'static str, String)> {
    let anchor = &bound.identity.trust_anchor;
    vec![
        ("aws:SourceArn", anchor.to_string()),
        ("aws:SourceAccount", anchor.account.clone()),
        (COMMON_NAME, bound.binding.certificate.common_name.clone()),
    ]
}

/// The conditions that do not hold. Of keys that the declaration does not decide nothing is said.
fn refusals(statement: &Value, carried: &[(&str, String)]) -> Vec<String> {
    let mut found = Vec::new();
    for (operator, keys) in statement["Condition"].as_object().into_iter().flatten() {
        for (key, values) in keys.as_object().into_iter().flatten() {
            // Keys of conditions are the same in capitals.
            let Some((_, value)) = carried.iter().find(|(known, _)| known.eq_ignore_ascii_case(key)) else { continue };
            let wanted = many(values);
            let hits = |exact: bool| {
                wanted.iter().filter_map(|it| it.as_str()).any(|it| if exact { it == value } else { like(it, value) })
            };
            let holds = match operator.as_str() {
                "StringEquals" => hits(true),
                "StringLike" | "ArnLike" | "ArnEquals" => hits(false),
                "StringNotEquals" => !hits(true),
                "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => !hits(false),
                _ => continue,
            };
            if !holds {
                let wanted: Vec<_> = wanted.iter().filter_map(|it| it.as_str()).collect();
                found.push(format!("{operator} wants {key} = {}, it will be {value}", wanted.join(" or ")));
            }
        }
    }
    found
}

fn condition_keys(statement: &Value) -> impl Iterator<Item = &str> {
    let operators = statement["Condition"].as_object().into_iter().flatten();
    operators.flat_map(|(_, keys)| keys.as_object().into_iter().flatten().map(|(key, _)| key.as_str()))
}

/// One or a list, as everywhere in IAM's policies.
fn many(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(all) => all.iter().collect(),
        one => vec![one],
    }
}

fn covers(pattern: &Value, action: &str) -> bool {
    pattern.as_str().is_some_and(|pattern| like(&pattern.to_lowercase(), &action.to_lowercase()))
}

/// IAM's wildcards: `*` for anything, `?` for one character.
fn like(pattern: &str, text: &str) -> bool {
    let Some(first) = pattern.chars().next() else { return text.is_empty() };
    let rest = &pattern[first.len_utf8()..];
    match first {
        '*' => (0..=text.len()).filter(|at| text.is_char_boundary(*at)).any(|at| like(rest, &text[at..])),
        '?' => text.chars().next().is_some_and(|c| like(rest, &text[c.len_utf8()..])),
        c => text.strip_prefix(c).is_some_and(|text| like(rest, text)),
    }
}
