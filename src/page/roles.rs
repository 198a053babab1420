//! Whom each role trusts.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Page;
use crate::matrix::Matrix;

/// How many values of one condition are shown.
const SHOWN: usize = 12;

/// Each role with the statements of its trust policy.
pub(super) fn roles(page: &Page<'_>, matrix: &Matrix<'_>) -> Value {
    let positions = page.declaration.sources.positions();
    let roles = matrix.roles().map(|(role, source)| {
        let names: BTreeSet<_> = role.called.iter().map(|(_, name)| name.as_str()).collect();
        let policy = page.policies.get(role.arn.as_str());
        let statements = policy.map(|policy| statements(&policy.document)).unwrap_or_default();
        json!({
            "arn": role.arn.as_str(),
            "names": names,
            "source": policy.map(|_| source.to_string()),
            "statements": statements,
            "place": positions(&role.place).map(|(file, at)| page.links.place(file, Some(at.line))),
        })
    });
    roles.collect::<Vec<_>>().into()
}

fn statements(document: &Value) -> Vec<Value> {
    let all = document.get("Statement").map(each).unwrap_or_default();
    let one = |(index, statement): (usize, &Value)| {
        let word = |name: &str| statement.get(name).and_then(Value::as_str).map(str::to_owned);
        let operators = statement.get("Condition").and_then(Value::as_object).into_iter().flatten();
        let conditions = operators.flat_map(|(operator, keys)| {
            let keys = keys.as_object().into_iter().flatten();
            keys.map(move |(key, values)| json!({"operator": operator, "key": key, "values": shown(values)}))
        });
        let sid = word("Sid").map_or_else(String::new, |sid| format!(" ({sid})"));
        json!({
            "name": format!("statement {}{sid}", index + 1),
            "effect": word("Effect"),
            "principal": principal(statement),
            "conditions": conditions.collect::<Vec<_>>(),
        })
    };
    all.into_iter().enumerate().map(one).collect()
}

fn principal(statement: &Value) -> String {
    let of = |name| statement.get(name);
    let (not, value) = match (of("Principal"), of("NotPrincipal")) {
        (Some(value), _) => ("", value),
        (None, Some(value)) => ("everybody but ", value),
        (None, None) => return "no principal".to_owned(),
    };
    let words = match value {
        Value::Object(all) => {
            let all =
                all.iter().flat_map(|(kind, names)| shown(names).into_iter().map(move |it| format!("{kind} {it}")));
            all.collect::<Vec<_>>().join(", ")
        }
        other => shown(other).join(", "),
    };
    format!("{not}{words}")
}

fn shown(values: &Value) -> Vec<String> {
    let all = each(values);
    let mut words: Vec<_> =
        all.iter().take(SHOWN).map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned)).collect();
    if all.len() > SHOWN {
        words.push(format!("and {} more", all.len() - SHOWN));
    }
    words
}

/// IAM takes one of a thing without a list.
fn each(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |all| all.iter().collect())
}
