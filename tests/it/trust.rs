//! The truth table of trust policies.

use std::collections::BTreeSet;

use iamra::trust::{Caller, CertificateNames, Decision, Mapping, SubjectAlternativeNames, TrustPolicy, Verdict};
use iamra::trust::{openings, simulate};
use serde_json::{Value, json};

use crate::support::root;

const ANCHOR: &str =
    "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d";

fn rows() -> Vec<Value> {
    let text = std::fs::read_to_string(root().join("tests/trust.yaml")).unwrap();
    serde_yaml::from_str(&text).unwrap()
}

fn good() -> Value {
    json!({
        "Effect": "Allow",
        "Principal": {"Service": "rolesanywhere.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
        "Condition": {
            "ArnEquals": {"aws:SourceArn": ANCHOR},
            "StringEquals": {"aws:PrincipalTag/x509Subject/CN": "payments"},
        },
    })
}

/// The statement with other elements; null takes one out.
fn with(mut statement: Value, elements: &Value) -> Value {
    for (name, value) in elements.as_object().into_iter().flatten() {
        if value.is_null() {
            statement.as_object_mut().unwrap().shift_remove(name);
        } else {
            statement[name] = value.clone();
        }
    }
    statement
}

fn policy(row: &Value) -> TrustPolicy {
    if let Some(document) = row.get("document") {
        return TrustPolicy::new(document);
    }
    let mut first = with(good(), &row["set"]);
    if let Some(condition) = row.get("condition") {
        first["Condition"] = condition.clone();
    }
    let also = row["also"].as_array().into_iter().flatten().map(|it| with(good(), it));
    let statements: Vec<_> = std::iter::once(first.clone()).chain(also).collect();
    // A single statement need not be in a list.
    let statements = if statements.len() == 1 { first } else { Value::Array(statements) };
    TrustPolicy::new(&json!({"Version": "2012-10-17", "Statement": statements}))
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(|it| it.as_str().unwrap().to_owned()).collect()
}

fn attributes(value: &Value) -> Vec<(String, String)> {
    let pairs = value.as_array().into_iter().flatten();
    pairs.map(|pair| (pair[0].as_str().unwrap().to_owned(), pair[1].as_str().unwrap().to_owned())).collect()
}

fn caller(row: &Value) -> Caller {
    let names = &row["names"];
    let common_name = |name: &str| vec![("CN".to_owned(), name.to_owned())];
    let given = CertificateNames {
        subject: names.get("subject").map_or_else(|| common_name("payments"), attributes),
        issuer: names.get("issuer").map_or_else(|| Some(common_name("ca")), |it| it.is_array().then(|| attributes(it))),
        san: SubjectAlternativeNames {
            dns: texts(&names["dns"]),
            uri: texts(&names["uri"]),
            directory: names["directory"].as_array().into_iter().flatten().map(attributes).collect(),
        },
    };
    let mapping = match names.get("mapping") {
        Some(mapping) => {
            let given = |part: &str, all: Vec<String>| mapping.get(part).map_or(all, texts);
            let Mapping { subject, issuer, san } = Mapping::default();
            Mapping { subject: given("subject", subject), issuer: given("issuer", issuer), san: given("san", san) }
        }
        None => Mapping::default(),
    };
    Caller::new(&given, &mapping, ANCHOR, "111122223333")
}

fn word(decision: &Decision) -> &'static str {
    match decision.verdict {
        Verdict::Allow => "allow",
        Verdict::Deny => "deny",
        Verdict::Unknown => "unknown",
    }
}

#[test]
fn every_policy_is_judged_as_the_table_says() {
    let mut wrong = Vec::new();
    for row in rows() {
        let (policy, caller) = (policy(&row), caller(&row));
        let decision = simulate(&policy, &caller);
        let openings = openings(&policy, &caller);
        let what = row["what"].as_str().unwrap();
        let wanted = |field: &str| row[field].as_str().unwrap_or("deny").to_owned();
        for (field, found) in
            [("verdict", &decision), ("subject", &openings.subject), ("anchor", &openings.trust_anchor)]
        {
            // If the workload itself is denied, the openings do not matter unless the row gives them.
            let is_asked = field == "verdict" || row.get(field).is_some() || wanted("verdict") == "allow";
            if is_asked && wanted(field) != word(found) {
                wrong.push(format!("{what}: {field} is {} by {:?}", word(found), found.clauses));
            }
        }
        let clauses: Vec<_> = decision.clauses.iter().map(ToString::to_string).collect();
        let clause = row["clause"].as_str().unwrap_or("a row has a clause");
        if !clauses.iter().any(|it| it.contains(clause)) {
            wrong.push(format!("{what}: no clause says so, but {clauses:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rows_of_the_table_differ() {
    let rows = rows();
    let names: BTreeSet<_> = rows.iter().map(|row| row["what"].as_str().unwrap()).collect();
    assert!(names.len() == rows.len() && rows.len() >= 120, "{} rows, {} names", rows.len(), names.len());
}
