//! Texts that hold objects, values of a chart or the like, as YAML or JSON.

use serde_json::Value;

use crate::yaml::{self, Document};

/// What each document of a text holds, if it is more than a text.
pub(super) fn values(text: &str) -> Vec<Value> {
    let may_hold = text.contains('\n') || text.trim_start().starts_with(['{', '[']);
    let documents = text.split("\n---").filter(|_| may_hold).filter_map(|document| Document::parse(document).ok());
    let documents = documents.filter(|document| !yaml::has_unknown_alias(document.root()));
    documents.map(|document| document.root().to_value()).filter(|value| value.is_object() || value.is_array()).collect()
}
