//! Independent readers, and laws that several targets hold their outputs to.

use iamra::diag::Report;
use iamra::output::{self, Sources};
use iamra::quote;
use serde_yaml::Value;

use crate::fixture::KEY;
use crate::saphyr;
pub(crate) use crate::saphyr::Node;

/// The only document of `text`, read by saphyr-parser; `None` if it does not read it or is in doubt. Where it has line breaks
/// of its own is left out: at single carriage returns, and behind spaces that end the text.
pub(crate) fn saphyr(text: &str) -> Option<Node> {
    // Within a document, a byte order mark is only allowed in quotes (YAML 1.2, section 5.2), so nobody is right about others.
    let has_others = text.replace("\r\n", "").contains('\r')
        || text.ends_with(' ')
        || text.trim_start_matches('\u{feff}').contains('\u{feff}');
    if has_others { None } else { saphyr::saphyr(text) }
}

/// All documents that hold anything, read by `yaml_serde`, which stands on libyaml.
pub fn documents(text: &str) -> Option<Vec<Value>> {
    use serde::Deserialize as _;
    // JSON in a row, as `kubectl` reads it, is no YAML.
    if text.starts_with('{') {
        let json: Option<Vec<Value>> = serde_json::Deserializer::from_str(text).into_iter().map(Result::ok).collect();
        if json.is_some() {
            return json;
        }
    }
    let documents = serde_yaml::Deserializer::from_str(text).map(Value::deserialize);
    let documents: Option<Vec<Value>> = documents.map(Result::ok).collect();
    Some(documents?.into_iter().filter(|document| !document.is_null()).collect())
}

/// What a person reads of a report: no key, no control character, and for each error a sentence.
pub fn check_words(report: &Report) {
    let mut words = Vec::new();
    output::write_report(report, Sources::default(), &mut words).expect("memory takes all");
    let raw = String::from_utf8(words).expect("words are text");
    let words = quote::lines(&raw);
    no_key(&words);
    assert!(!words.chars().any(|c| c.is_control() && c != '\n'), "control characters in {words:?}");
    if let Some(results) = output::results(report, Sources::default()) {
        no_key(&results);
        assert!(serde_yaml::from_str::<Value>(&results).is_ok(), "no YAML:\n{results}");
    }
}

/// No row of the known key is in a message. A piece of a row is no key: nothing tells it from a name.
pub fn no_key(words: &str) {
    let shown = KEY.lines().find(|row| !row.starts_with("---") && row.len() >= 40 && words.contains(row));
    assert!(shown.is_none(), "a message shows a key: {words}");
}

/// Whether `after` is `before` with additions: entries of mappings and of sequences.
pub fn only_added(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Mapping(before), Value::Mapping(after)) => {
            before.iter().all(|(key, value)| after.get(key).map_or(value.is_null(), |after| only_added(value, after)))
        }
        (Value::Sequence(before), Value::Sequence(after)) => {
            let mut after = after.iter();
            before.iter().all(|value| after.any(|after| only_added(value, after)))
        }
        // Readers in Go take no notice of tags at collections.
        (Value::Tagged(before), Value::Tagged(after)) => {
            before.tag == after.tag && only_added(&before.value, &after.value)
        }
        (Value::Null, _) => true,
        // What has a hash of all that needs a restart, and lists of names that grow.
        (before, after) => before == after || is_nan(before) && is_nan(after),
    }
}

fn is_nan(value: &Value) -> bool {
    value.as_f64().is_some_and(f64::is_nan)
}
