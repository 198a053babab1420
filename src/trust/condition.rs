//! Conditions of a statement: operators as a table.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::fmt;

use serde_json::Value;

use super::caller::Fact;
use super::truth::Truth;
use super::wildcard::{is_like, is_like_arn};

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    EqualIgnoringCase,
    Like,
    Arn,
}

/// An operator's name, how it compares, and whether it is negated. Others (numbers, dates, addresses) are for keys that
/// do not identify the caller, and are not supported.
const OPERATORS: &[(&str, Comparison, bool)] = &[
    ("StringEquals", Comparison::Equal, false),
    ("StringNotEquals", Comparison::Equal, true),
    ("StringEqualsIgnoreCase", Comparison::EqualIgnoringCase, false),
    ("StringNotEqualsIgnoreCase", Comparison::EqualIgnoringCase, true),
    ("StringLike", Comparison::Like, false),
    ("StringNotLike", Comparison::Like, true),
    // AWS documents `ArnEquals` and `ArnLike` as identical.
    ("ArnEquals", Comparison::Arn, false),
    ("ArnLike", Comparison::Arn, false),
    ("ArnNotEquals", Comparison::Arn, true),
    ("ArnNotLike", Comparison::Arn, true),
];

/// The prefix of an operator, for keys that may have several values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quantifier {
    /// Nothing.
    One,
    /// `ForAnyValue:` does not hold when there is no value.
    Any,
    /// `ForAllValues:` holds when there is no value.
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    /// Whether the key is there.
    Null,
    Compare {
        comparison: Comparison,
        negated: bool,
        if_exists: bool,
        quantifier: Quantifier,
    },
    NotUnderstood,
}

/// One key under one operator.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    operator: String,
    test: Test,
    key: String,
    /// The key in lower case, because condition keys are not case-sensitive.
    pub(super) known_as: String,
    /// `None` when they are not strings.
    values: Option<Vec<String>>,
}

/// A value that occurs in no policy.
pub(super) const STRANGER: &str = "\u{10fffd}";

impl Condition {
    pub(super) fn new(operator: &str, key: &str, values: &Value) -> Self {
        let (operator, test, known_as) = (operator.to_owned(), test(operator), key.to_lowercase());
        Self { operator, test, key: key.to_owned(), known_as, values: texts(values) }
    }

    /// Whether it holds for what is known of its key, which the caller cannot choose.
    pub(super) fn holds(&self, fact: &Fact) -> Truth {
        match fact {
            Fact::Unknown | Fact::Chosen => Truth::Unknown,
            Fact::Absent => self.holds_for(None),
            Fact::Is(value) => self.holds_for(Some(value)),
        }
    }

    pub(super) fn holds_for(&self, value: Option<&str>) -> Truth {
        let Some(wanted) = self.values.as_ref().filter(|wanted| !wanted.is_empty()) else { return Truth::Unknown };
        match (self.test, value) {
            (Test::NotUnderstood, _) => Truth::Unknown,
            (Test::Null, value) => Truth::any(wanted.iter().map(|wanted| match wanted.to_lowercase().as_str() {
                "true" => Truth::from(value.is_none()),
                "false" => Truth::from(value.is_some()),
                _ => Truth::Unknown,
            })),
            // The suffix alone would say yes, the prefix alone no, and nothing is documented of both.
            (Test::Compare { quantifier: Quantifier::Any, if_exists, .. }, None) => {
                if if_exists {
                    Truth::Unknown
                } else {
                    Truth::No
                }
            }
            (Test::Compare { quantifier: Quantifier::All, .. }, None) => Truth::Yes,
            (Test::Compare { negated, if_exists, .. }, None) => Truth::from(negated || if_exists),
            (Test::Compare { comparison, negated, .. }, Some(value)) => {
                let equal = Truth::any(wanted.iter().map(|wanted| comparison.compare(wanted, value)));
                if negated { !equal } else { equal }
            }
        }
    }

    /// Describes the condition and what is known of its key.
    pub(super) fn beside(&self, fact: &Fact) -> String {
        let found = match fact {
            Fact::Is(value) => format!("the value will be {value}"),
            Fact::Absent => "the key will be absent".to_owned(),
            Fact::Unknown => "the value is not known here".to_owned(),
            Fact::Chosen => "whoever gets a certificate chooses the value".to_owned(),
        };
        if self.test == Test::NotUnderstood {
            return format!("{self}, an operator that iamra does not understand");
        }
        format!("{self}, {found}")
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values =
            self.values.as_ref().map_or_else(|| "a value that is not a string".to_owned(), |it| it.join(" or "));
        write!(f, "{} requires {} = {values}", self.operator, self.key)
    }
}

impl Comparison {
    fn compare(self, wanted: &str, value: &str) -> Truth {
        // A policy variable, whose value depends on the call.
        if wanted.contains("${") {
            return Truth::Unknown;
        }
        match self {
            Self::Equal => (wanted == value).into(),
            Self::EqualIgnoringCase if wanted.eq_ignore_ascii_case(value) => Truth::Yes,
            // Nothing is documented of letters that are not ASCII.
            Self::EqualIgnoringCase if folded(wanted) == folded(value) => Truth::Unknown,
            Self::EqualIgnoringCase => Truth::No,
            Self::Like => is_like(wanted, value).into(),
            Self::Arn => is_like_arn(wanted, value).map_or(Truth::Unknown, Truth::from),
        }
    }
}

/// The text without the differences that any rule could mean by case.
fn folded(text: &str) -> String {
    text.to_uppercase().to_lowercase()
}

fn test(operator: &str) -> Test {
    if operator == "Null" {
        return Test::Null;
    }
    let (quantifier, name) = match operator.split_once(':') {
        None => (Quantifier::One, operator),
        Some(("ForAnyValue", name)) => (Quantifier::Any, name),
        Some(("ForAllValues", name)) => (Quantifier::All, name),
        Some(_) => return Test::NotUnderstood,
    };
    let (name, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |name| (name, true));
    let known = OPERATORS.iter().find(|(known, ..)| *known == name);
    known.map_or(Test::NotUnderstood, |(_, comparison, negated)| Test::Compare {
        comparison: *comparison,
        negated: *negated,
        if_exists,
        quantifier,
    })
}

/// One value or a list, as everywhere in IAM policies. Booleans and numbers are read as strings.
fn texts(values: &Value) -> Option<Vec<String>> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    };
    match values {
        Value::Array(all) => all.iter().map(text).collect(),
        one => Some(vec![text(one)?]),
    }
}
