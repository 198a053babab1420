//! Declarations made of what other tools have left: annotations in manifests, and iam-ra's state document.
//!
//! What comes out is a document for people to read and keep, so it says no more than it must. What has no counterpart is
//! reported, never dropped.

mod annotation;
mod draft;
mod iam_ra;

pub use annotation::{Tool, from_annotations};
pub use iam_ra::from_state;

use serde_json::{Map, Value, json};

use crate::config::{API_VERSION, KIND};

/// The declaration's name: that of the shipped components, so that it fits into them.
const NAME: &str = "iamra";

/// A declaration with these entries of `spec`; those that hold nothing are left out.
fn declaration(entries: Vec<(&str, Value)>) -> Value {
    let spec: Map<_, _> = entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), some(value)?))).collect();
    json!({"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": NAME}, "spec": spec})
}

/// An entry of a map that is keyed by name, where even an empty one says something.
fn entry(fields: Vec<(&str, Value)>) -> Value {
    fields.into_iter().filter_map(|(key, value)| Some((key.to_owned(), some(value)?))).collect::<Map<_, _>>().into()
}

fn some(value: Value) -> Option<Value> {
    let is_empty = match &value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        _ => false,
    };
    (!is_empty).then_some(value)
}
