//! Policies of IAM: which are valid, whether two mean the same, and whether one allows more.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::quote::quote;

/// The most characters that the inline policies of a role have together, without white space.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
pub const LARGEST_INLINE: usize = 10_240;

/// Into how many statements with single values one is taken apart. One that would be more is compared as a whole.
const MOST_PARTS: usize = 10_000;

/// What a policy may have.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
const ELEMENTS: &[&str] = &["Version", "Id", "Statement"];

/// What a statement of a role's own policy may have. Whose it is, is not said: it is the role's.
const OF_STATEMENTS: &[&str] = &["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// The elements and operators with several values of which each stands for itself: a statement with two of them is the same as two
/// statements. Where an operator negates, or looks at all values of a key, it is not.
const SEPARABLE: &[&str] = &[
    "Action",
    "Resource",
    "ArnEquals",
    "ArnLike",
    "DateEquals",
    "IpAddress",
    "NumericEquals",
    "StringEquals",
    "StringEqualsIgnoreCase",
    "StringLike",
];

/// The size of a policy as IAM counts it: characters, without white space.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
pub fn size(policy: &Value) -> usize {
    policy.to_string().chars().filter(|c| !c.is_whitespace()).count()
}

/// Why an inline policy cannot have this name.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html>
pub fn name_fault(name: &str) -> Option<String> {
    let wrong = name.chars().find(|c| !c.is_ascii_alphanumeric() && !"_+=,.@-".contains(*c));
    match wrong {
        Some(c) => Some(format!("it has {}", quote(&c))),
        None if name.is_empty() || name.len() > 128 => Some("IAM takes 1 to 128 characters".to_owned()),
        None => None,
    }
}

/// Why this cannot be a role's own policy, as far as that can be told without IAM.
pub fn fault(policy: &Value) -> Option<String> {
    let Some(elements) = policy.as_object() else { return Some("it is not a mapping".to_owned()) };
    if let Some(other) = elements.keys().find(|name| !ELEMENTS.contains(&name.as_str())) {
        return Some(format!("it has {}, and a policy has `Version`, `Id` and `Statement`", quote(other)));
    }
    if let Some(version) = elements.get("Version")
        && !["2012-10-17", "2008-10-17"].iter().any(|it| version == it)
    {
        return Some("its `Version` is not \"2012-10-17\"".to_owned());
    }
    let statements = statements(policy);
    if statements.is_empty() {
        return Some("it has no `Statement`".to_owned());
    }
    let mut numbered = statements.iter().enumerate();
    numbered.find_map(|(index, it)| Some(format!("statement {} {}", index + 1, statement_fault(it)?)))
}

fn statement_fault(statement: &Value) -> Option<String> {
    let Some(elements) = statement.as_object() else { return Some("is not a mapping".to_owned()) };
    if let Some(whose) = ["Principal", "NotPrincipal"].into_iter().find(|it| elements.contains_key(*it)) {
        let why = "which belongs into a trust policy: the role's own policy is about itself";
        return Some(format!("has {}, {why}", quote(whose)));
    }
    if let Some(other) = elements.keys().find(|name| !OF_STATEMENTS.contains(&name.as_str())) {
        return Some(format!("has {}, which IAM does not know there", quote(other)));
    }
    if !matches!(elements.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny")) {
        return Some("has an `Effect` that is neither `Allow` nor `Deny`".to_owned());
    }
    if elements.get("Condition").is_some_and(|it| !it.is_object()) {
        return Some("has a `Condition` that is not a mapping".to_owned());
    }
    one_of(elements, "Action", "NotAction").or_else(|| one_of(elements, "Resource", "NotResource"))
}

/// Why it is not exactly one of two elements, with one text or several.
fn one_of(elements: &Map<String, Value>, one: &str, other: &str) -> Option<String> {
    let is_texts = |value: &Value| match value {
        Value::Array(all) => !all.is_empty() && all.iter().all(Value::is_string),
        value => value.is_string(),
    };
    let (one_value, other_value) = (elements.get(one), elements.get(other));
    let (one, other) = (quote(one), quote(other));
    match (one_value, other_value) {
        (Some(value), None) | (None, Some(value)) if is_texts(value) => None,
        (None, None) => Some(format!("has neither {one} nor {other}")),
        (Some(_), Some(_)) => Some(format!("has {one} and {other}")),
        (Some(_), None) => Some(format!("has {one} that is neither a text nor a list of texts")),
        (None, Some(_)) => Some(format!("has {other} that is neither a text nor a list of texts")),
    }
}

/// Whether both are the same policy. AWS's lists have no order, and a list of one is its element.
pub fn is_same(one: &Value, other: &Value) -> bool {
    normal(one) == normal(other)
}

fn normal(value: &Value) -> Value {
    match value {
        Value::Array(values) => {
            let mut values: Vec<_> = values.iter().map(normal).collect();
            values.sort_by_key(Value::to_string);
            if values.len() == 1 { values.remove(0) } else { values.into() }
        }
        Value::Object(entries) => {
            let mut entries: Vec<_> = entries.iter().map(|(key, value)| (key.clone(), normal(value))).collect();
            entries.sort_by(|(one, _), (other, _)| one.cmp(other));
            entries.into_iter().collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

/// Whether the new policy may allow something that the old one does not: unless each of its statements that allow something, for
/// each of the values that stand for themselves, is one of the old ones, and none that denies something is gone. `Null` is no policy.
pub fn is_wider(old: &Value, new: &Value) -> bool {
    // The older language has no variables.
    let is_other_language = old["Version"] != new["Version"] && !old.is_null() && !new.is_null();
    let (allowed, denied) = (single(old, "Allow"), single(old, "Deny"));
    is_other_language || !single(new, "Allow").is_subset(&allowed) || !denied.is_subset(&single(new, "Deny"))
}

fn statements(policy: &Value) -> Vec<Value> {
    match policy.get("Statement") {
        Some(Value::Array(statements)) => statements.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    }
}

/// The statements with this effect, one for each combination of values.
fn single(policy: &Value, effect: &str) -> BTreeSet<String> {
    let with_effect = statements(policy).into_iter().filter(|it| match it.get("Effect").and_then(Value::as_str) {
        Some(known @ ("Allow" | "Deny")) => known == effect,
        // What is not understood may do either.
        _ => true,
    });
    with_effect.flat_map(|statement| split(&normal(&statement))).collect()
}

/// The same statement for each combination of the values that stand for themselves, without its name.
fn split(statement: &Value) -> Vec<String> {
    let mut statement = statement.clone();
    if let Some(elements) = statement.as_object_mut() {
        elements.shift_remove("Sid");
    }
    let places = separable(&statement);
    let parts = places.iter().try_fold(1_usize, |parts, (_, values)| parts.checked_mul(values.len()));
    if parts.is_none_or(|parts| parts > MOST_PARTS) {
        return vec![statement.to_string()];
    }
    let mut all = vec![statement];
    for (place, values) in &places {
        let one_each = |statement: &Value| {
            let with = |value: &Value| {
                let mut statement = statement.clone();
                if let Some(there) = statement.pointer_mut(place) {
                    *there = value.clone();
                }
                statement
            };
            values.iter().map(with).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(one_each).collect();
    }
    all.iter().map(Value::to_string).collect()
}

/// The places of a statement with several values that stand for themselves.
fn separable(statement: &Value) -> Vec<(String, Vec<Value>)> {
    let step = |name: &str| format!("/{}", name.replace('~', "~0").replace('/', "~1"));
    let mut found = Vec::new();
    let mut add = |place: String, name: &str, value: &Value| {
        if let Value::Array(values) = value
            && SEPARABLE.contains(&name)
            && !values.is_empty()
        {
            found.push((place, values.clone()));
        }
    };
    for (name, value) in statement.as_object().into_iter().flatten() {
        add(step(name), name, value);
    }
    let conditions = statement.get("Condition").and_then(Value::as_object).into_iter().flatten();
    for (operator, keys) in conditions {
        for (key, values) in keys.as_object().into_iter().flatten() {
            add(format!("/Condition{}{}", step(operator), step(key)), operator, values);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn policy(names: &Value) -> Value {
        json!({"Statement": [{"Effect": "Allow", "Action": ["b", "a"], "Condition": {"StringEquals": {"CN": names}}}]})
    }

    #[test]
    fn order_and_lists_of_one_do_not_matter() {
        assert!(is_same(&policy(&json!(["x", "y"])), &policy(&json!(["y", "x"]))));
        assert!(is_same(&policy(&json!(["x"])), &policy(&json!("x"))));
        assert!(!is_same(&policy(&json!("x")), &policy(&json!("y"))));
    }

    #[test]
    fn a_policy_is_wider_that_allows_one_more() {
        let (one, two) = (policy(&json!("x")), policy(&json!(["x", "y"])));
        assert!(is_wider(&one, &two) && !is_wider(&two, &one) && !is_wider(&one, &one));
        let deny = json!({"Statement": [{"Effect": "Deny"}]});
        assert!(!is_wider(&one, &deny) && is_wider(&deny, &one));
    }

    /// Old statement, new statement, and whether the new one may allow more.
    const CHANGES: &[(&str, &str, bool)] = &[
        ("Action: [a, b], Resource: r", "Action: a, Resource: r", false),
        ("Action: a, Resource: r", "Action: [a, b], Resource: r", true),
        ("Action: a, Resource: [r, s]", "Action: a, Resource: s", false),
        ("Action: a, Resource: r, Sid: one", "Action: a, Resource: r, Sid: two", false),
        ("NotAction: [a, b], Resource: r", "NotAction: a, Resource: r", true),
        ("Action: a, NotResource: [r, s]", "Action: a, NotResource: r", true),
        (
            "Action: a, Resource: r, Condition: {StringNotEquals: {k: [x, y]}}",
            "Action: a, Resource: r, Condition: {StringNotEquals: {k: x}}",
            true,
        ),
        (
            "Action: a, Resource: r, Condition: {StringEquals: {a/b: [x, y]}}",
            "Action: a, Resource: r, Condition: {StringEquals: {a/b: x}}",
            false,
        ),
        ("Action: a, Resource: r, Condition: {Bool: {k: 'true'}}", "Action: a, Resource: r", true),
    ];

    #[test]
    fn values_count_one_by_one_where_each_stands_for_itself() {
        let read = |text: &str, effect: &str| {
            let text = format!("{{Statement: {{Effect: {effect}, {text}}}}}");
            crate::yaml::Document::parse(&text).unwrap().root().to_value()
        };
        for (old, new, wider) in CHANGES {
            assert_eq!(is_wider(&read(old, "Allow"), &read(new, "Allow")), *wider, "{old} -> {new}");
        }
        // What denies less allows more.
        let deny = read("Action: [a, b], Resource: r", "Deny");
        assert!(is_wider(&deny, &read("Action: a, Resource: r", "Deny")) && is_wider(&deny, &Value::Null));
        assert!(!is_wider(&Value::Null, &deny) && !is_wider(&policy(&json!("x")), &Value::Null));
    }

    #[test]
    fn a_statement_of_many_values_is_compared_as_a_whole() {
        let many = |count: usize| (0..count).map(|it| it.to_string()).collect::<Vec<_>>();
        let policy = |count| json!({"Statement": {"Effect": "Allow", "Action": many(count), "Resource": many(101)}});
        assert!(is_wider(&policy(101), &policy(100)) && !is_wider(&policy(101), &policy(101)));
        assert!(!is_wider(&policy(99), &policy(98)));
    }
}
