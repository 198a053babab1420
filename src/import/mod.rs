//! Creates declarations from the setup of other tools: annotations in manifests, and iam-ra's state document. The
//! result is for people to read and keep, so it is minimal. What has no equivalent is reported, never dropped silently.

mod annotation;
mod draft;
mod elsewhere;
mod iam_ra;
mod pods;

pub use annotation::{Tool, from_annotations};
pub use iam_ra::from_state;

use serde_json::{Map, Value, json};

use crate::config::{API_VERSION, KIND};
use crate::krm::annotation::LOCAL_CONFIG;

/// The declaration's name: the same as in the shipped components, so that it works with them.
const NAME: &str = "iamra";

/// A declaration with these entries of `spec`; empty ones are omitted.
fn declaration(entries: Vec<(&str, Value)>) -> Value {
    let spec: Map<_, _> = entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), some(value)?))).collect();
    // `kustomize create --autodetect` would otherwise list it as an object of the cluster.
    let metadata = json!({"name": NAME, "annotations": {LOCAL_CONFIG: "true"}});
    json!({"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": spec})
}

/// An entry of a map that is keyed by name, where an empty entry has a meaning.
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
