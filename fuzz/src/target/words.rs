//! Small values that people write, and how messages quote them.

use std::collections::BTreeMap;

use iamra::arn::{Arn, ArnKind};
use iamra::duration::Duration;
use iamra::name::{DnsLabel, ObjectName};
use iamra::quote;
use iamra::reference::Reference;
use iamra::yaml::{FieldPath, emit};
use iamra::{name, template};
use serde_json::json;

use crate::oracle::no_key;

pub fn run(text: &str) {
    for kind in [ArnKind::TrustAnchor, ArnKind::Profile, ArnKind::Role] {
        match Arn::parse(kind, text) {
            Ok(arn) => assert_eq!(arn.as_str(), text),
            Err(why) => one_line(&why),
        }
    }
    match Duration::parse(text) {
        Ok(duration) => {
            let again = Duration::of(duration.seconds());
            assert_eq!(again.seconds(), duration.seconds(), "{text:?}");
            assert_eq!(Duration::parse(again.as_str()).map(|it| it.seconds()), Ok(duration.seconds()), "{text:?}");
        }
        Err(why) => one_line(&why),
    }
    for why in [DnsLabel::parse(text).err(), ObjectName::parse(text).err()].into_iter().flatten() {
        one_line(&why);
    }
    match Reference::parse(text, &FieldPath::root()) {
        Ok(reference) => assert_eq!(reference.as_str(), text),
        Err(why) => one_line(&why),
    }
    let variables = BTreeMap::from([("workload", "app"), ("namespace", "shop"), ("cluster", "prod")]);
    if let Err(why) = template::fill(text, &variables) {
        no_key(&quote::lines(&why));
    }
    name::unescaped(text);
    let quoted = quote::quote(text).to_string();
    one_line(&quoted);
    let line = quote::line(text);
    assert!(!line.contains('\n'), "{line:?}");
    no_key(&quote::lines(text));
    check_emitted(text);
}

fn one_line(words: &str) {
    assert!(!words.chars().any(char::is_control), "control characters in {words:?}");
    no_key(words);
}

/// A string is itself for an independent reader, wherever it is written.
fn check_emitted(text: &str) {
    // Escaped, it must stay below the 1024 characters that a key may have without a `?`.
    let key = text.get(..128).unwrap_or(if text.len() <= 128 { text } else { "key" });
    let value = json!({key: text, "list": [text, {"k": text}], "deep": {"a": {"b": text}}});
    let printed = emit::document(&value);
    let read: serde_json::Value = serde_yaml::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed:?}"));
    assert_eq!(read, value, "{printed:?}");
    let flow = emit::flow(&value);
    let read: serde_json::Value = serde_yaml::from_str(&flow).unwrap_or_else(|error| panic!("{error}: {flow:?}"));
    assert_eq!(read, value, "{flow:?}");
}
