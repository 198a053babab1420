//! Independent readers, and laws that several targets hold their outputs to.

use iamra::diag::Report;
use iamra::output::{self, Sources};
use iamra::quote;
use saphyr_parser::{Event, Parser, ScalarStyle, StrInput};
use serde_yaml::Value;

use crate::fixture::KEY;

/// A value as saphyr-parser sees it, with nothing resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// Its text, and whether it is plain.
    Scalar(String, bool),
    Seq(Vec<Self>),
    Map(Vec<(Self, Self)>),
    Alias,
}

/// The only document of `text`, read by saphyr-parser; `None` if it does not read it or is in doubt. Line breaks of one
/// carriage return, of which it makes two in places, are left out.
pub fn saphyr(text: &str) -> Option<Node> {
    if text.replace("\r\n", "").contains('\r') {
        return None;
    }
    let mut parser = Parser::new_from_str(text);
    let mut found = None;
    loop {
        match next(&mut parser)? {
            Event::StreamEnd => return found,
            Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd => {}
            _ if found.is_some() => return None,
            event => found = Some(node(&mut parser, event, 0)?),
        }
    }
}

fn next<'t>(parser: &mut Parser<'t, StrInput<'t>>) -> Option<Event<'t>> {
    parser.next_event()?.ok().map(|(event, _)| event)
}

fn node<'t>(parser: &mut Parser<'t, StrInput<'t>>, event: Event<'t>, depth: usize) -> Option<Node> {
    if depth > 250 {
        return None;
    }
    Some(match event {
        Event::Scalar(text, style, ..) => Node::Scalar(text.into_owned(), matches!(style, ScalarStyle::Plain)),
        Event::Alias(_) => Node::Alias,
        Event::SequenceStart(..) => {
            let mut items = Vec::new();
            loop {
                match next(parser)? {
                    Event::SequenceEnd => break Node::Seq(items),
                    event => items.push(node(parser, event, depth + 1)?),
                }
            }
        }
        Event::MappingStart(..) => {
            let mut entries = Vec::new();
            loop {
                match next(parser)? {
                    Event::MappingEnd => break Node::Map(entries),
                    event => {
                        let key = node(parser, event, depth + 1)?;
                        let event = next(parser)?;
                        entries.push((key, node(parser, event, depth + 1)?));
                    }
                }
            }
        }
        _ => return None,
    })
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
        (Value::Null, _) => true,
        // What has a hash of all that needs a restart, and lists of names that grow.
        (before, after) => before == after || is_nan(before) && is_nan(after),
    }
}

fn is_nan(value: &Value) -> bool {
    value.as_f64().is_some_and(f64::is_nan)
}
