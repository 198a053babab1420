//! Policies of IAM: whether two mean the same, and whether one allows more.

use std::collections::BTreeSet;

use serde_json::Value;

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
            entries.into_iter().collect::<serde_json::Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

/// Whether the new policy may allow somebody whom the old one does not: unless each of its statements, for each of the values
/// of its conditions, is one of the old ones.
pub fn is_wider(old: &Value, new: &Value) -> bool {
    !single(new).is_subset(&single(old))
}

/// The statements that allow something, one for each combination of the values in their conditions.
fn single(policy: &Value) -> BTreeSet<String> {
    let statements = policy.get("Statement").cloned().unwrap_or_default();
    let statements = match statements {
        Value::Array(statements) => statements,
        one => vec![one],
    };
    let allows = statements.into_iter().filter(|it| it.get("Effect").and_then(Value::as_str) == Some("Allow"));
    allows.flat_map(|statement| split(&normal(&statement))).collect()
}

fn split(statement: &Value) -> Vec<String> {
    let mut all = vec![statement.clone()];
    let conditions = statement.get("Condition").and_then(Value::as_object).into_iter().flatten();
    for (operator, keys) in conditions {
        for (key, values) in keys.as_object().into_iter().flatten() {
            let Value::Array(values) = values else { continue };
            let one_each = |statement: &Value| {
                let with = |value: &Value| {
                    let mut statement = statement.clone();
                    if let Some(place) = statement.pointer_mut(&format!("/Condition/{operator}")) {
                        place[key.as_str()] = value.clone();
                    }
                    statement
                };
                values.iter().map(with).collect::<Vec<_>>()
            };
            all = all.iter().flat_map(one_each).collect();
        }
    }
    all.iter().map(Value::to_string).collect()
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
}
