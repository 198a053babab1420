//! What is printed is read back as the same value, by us and by a reader that shares no code with ours.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use iamra::yaml::scalar::{Resolved, is_safe_plain, resolve};
use iamra::yaml::{Document, emit};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Plain scalars grouped by what two Go readers make of them: sigs.k8s.io/yaml (kubectl), then yaml.v3 (kustomize).
fn golden() -> Map<String, Value> {
    serde_json::from_str(include_str!("data/yaml/plain_scalars.json")).unwrap()
}

fn golden_words() -> Vec<String> {
    golden().values().flat_map(|words| words.as_array().unwrap()).map(|word| word.as_str().unwrap().into()).collect()
}

#[test]
fn plain_scalars_resolve_as_in_yaml_v3() {
    for (group, words) in golden() {
        let (_, kind) = group.split_once(' ').unwrap();
        for word in words.as_array().unwrap().iter().filter_map(Value::as_str) {
            let ours = match resolve(word) {
                Resolved::Null => "null",
                Resolved::Bool(_) => "bool",
                Resolved::Int(number) if number > i64::MAX.into() => "uint64",
                Resolved::Int(_) => "int",
                Resolved::Float(_) => "float64",
                Resolved::Timestamp => "time.Time",
                Resolved::Str => "str",
            };
            assert_eq!(ours, kind, "{word:?}");
        }
    }
}

#[test]
fn plain_scalars_that_mean_something_are_never_safe() {
    for (_, words) in golden().into_iter().filter(|(group, _)| group != "str str") {
        for word in words.as_array().unwrap().iter().filter_map(Value::as_str) {
            assert!(!is_safe_plain(word), "{word:?}");
        }
    }
    for word in ["12:30", "190:20:30", "1,000", "0o8", "=", "<<", "---", "...", "- a", "a #b", "a: b", "a:", "é", "!a"]
    {
        assert!(!is_safe_plain(word), "{word:?}");
    }
}

fn assert_reads_back(value: &Value) -> Result<(), TestCaseError> {
    for text in [emit::document(value), emit::flow(value)] {
        let read = Document::parse(&text).map_err(|error| TestCaseError::fail(format!("{error:?} in {text}")))?;
        prop_assert_eq!(&read.root().to_value(), value, "{}", text);
        let other: Value =
            serde_yaml::from_str(&text).map_err(|error| TestCaseError::fail(format!("{error} in {text}")))?;
        prop_assert_eq!(&other, value, "{}", text);
    }
    prop_assert_eq!(&serde_json::from_str::<Value>(&emit::flow(value)).unwrap(), value);
    Ok(())
}

#[test]
fn every_golden_word_survives_as_a_value_and_as_a_key() {
    let words = golden_words();
    let keys: Map<String, Value> = words.iter().map(|word| (word.clone(), Value::Null)).collect();
    assert_reads_back(&json!({"values": words, "keys": keys})).unwrap();
}

/// Text full of what trips readers up.
fn text() -> impl Strategy<Value = String> {
    let hazard = prop::sample::select(vec![
        "\n", "\n\n", " ", "\t", "#", ": ", "- ", "---", "...", "'", "\"", "\\", "|", ">", "&a", "*a", "!", "%", "@",
        "`", "{", "}", "[", "]", ",", "?", "=", "<<", "yes", "0x", "1", "_", ".", "a", "b:", "é", "😀", "\r", "\u{85}",
        "\u{2028}", "\u{feff}", "\u{7f}", "\u{fffe}", "\0", "null", "~",
    ]);
    prop_oneof![prop::collection::vec(hazard, 0..8).prop_map(|parts| parts.concat()), "[a-z /:.-]{0,12}", ".{0,6}"]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i32>().prop_map(|number| Value::from(f64::from(number) / 8.0)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((text(), inner), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_is_read_back(value in value()) {
        assert_reads_back(&value)?;
    }

    #[test]
    fn reading_never_panics(text in text()) {
        if let Ok(document) = Document::parse(&text) {
            document.root().to_value();
        }
        is_safe_plain(&text);
        resolve(&text);
    }
}
