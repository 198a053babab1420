//! The JSON Schema of the declaration, and the check of a document against it.
//!
//! One source for both: what an editor underlines is what iamra refuses. The check walks the document with its
//! spans, reports everything that is wrong, and hands on what is right, so that later rules can still speak.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::v1alpha1::RolesAnywhere;
use crate::diag::{Code, Diagnostic, Place, Report, known_names};
use crate::yaml::{FieldPath, NodeRef, Style};

/// The JSON Schema (draft 2020-12) of `iamra.yaml`.
pub fn json_schema() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
        let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<RolesAnywhere>();
        schema.insert("$id".to_owned(), "https://iamra.dev/schema/iamra.v1alpha1.schema.json".into());
        schema.to_value()
    });
    &SCHEMA
}

/// Reads the document at `node` as the schema's type. What is wrong is reported and left out of the value.
pub(super) fn read(node: NodeRef<'_>, at: &FieldPath, report: &mut Report) -> Value {
    Checker { root: json_schema(), report }.object(json_schema(), node, at).unwrap_or_default()
}

struct Checker<'r> {
    root: &'static Value,
    report: &'r mut Report,
}

impl Checker<'_> {
    fn value(&mut self, schema: &'static Value, node: NodeRef<'_>, at: &FieldPath) -> Option<Value> {
        let (schema, nullable) = self.resolved(schema);
        let node = node.followed();
        // An empty value is what kustomize's patches leave behind and what people write for "the defaults".
        let optional = nullable || schema["type"] == "object" || schema["type"] == "array";
        if optional && node.scalar().is_some() && node.to_value().is_null() {
            return None;
        }
        if let Some(words) = words_of(schema) {
            return self.word(&words, node, at);
        }
        match type_of(schema) {
            "object" => self.object(schema, node, at),
            "array" => self.array(schema, node, at),
            "string" => self.string(node, at),
            "boolean" => self.plain(node, at, "true or false", Value::is_boolean),
            "integer" => {
                let limit = schema["maximum"].as_u64().unwrap_or(u64::from(u32::MAX));
                self.plain(node, at, &format!("a number from 0 to {limit}"), |value| {
                    value.as_u64().is_some_and(|number| number <= limit)
                })
            }
            other => unreachable!("the schema has no type `{other}`"),
        }
    }

    /// Follows `$ref` and the `anyOf` that stands for an optional value.
    fn resolved(&self, schema: &'static Value) -> (&'static Value, bool) {
        if let Some(options) = schema["anyOf"].as_array() {
            let some = options.iter().find(|option| option["type"] != "null").unwrap_or(schema);
            return (self.resolved(some).0, true);
        }
        let target = schema["$ref"].as_str().and_then(|name| self.root.pointer(name.trim_start_matches('#')));
        let nullable = schema["type"].as_array().is_some_and(|types| types.iter().any(|name| name == "null"));
        target.map_or((schema, nullable), |target| self.resolved(target))
    }

    fn object(&mut self, schema: &'static Value, node: NodeRef<'_>, at: &FieldPath) -> Option<Value> {
        if !node.is_map() {
            self.wrong_type("a mapping", node, at);
            return None;
        }
        let fields = schema["properties"].as_object();
        let others = &schema["additionalProperties"];
        let mut out = Map::new();
        for (key, value) in node.entries() {
            let Some(name) = key.text().filter(|_| !key.is_merge_key()) else {
                let message = "a merge key or a key that is not text has no meaning here";
                self.say(Code::UnknownField, message, at, "write the fields out");
                continue;
            };
            let at = &at.key(name);
            if out.contains_key(name) {
                self.say(Code::DuplicateField, &format!("`{name}` is written twice"), at, "keep one of them");
                continue;
            }
            let read = match fields.and_then(|fields| fields.get(name)) {
                Some(field) => self.value(field, value, at),
                None if others.is_object() => self.value(others, value, at).or_else(|| Some(Value::Object(Map::new()))),
                None if *others == Value::Bool(false) => {
                    let known = fields.into_iter().flat_map(Map::keys).map(String::as_str);
                    let help = known_names(name, known);
                    self.say(Code::UnknownField, &format!("unknown field `{name}`"), at, &help);
                    None
                }
                None => None,
            };
            out.extend(read.map(|value| (name.to_owned(), value)));
        }
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if node.get(name).is_none() {
                self.say(Code::MissingField, &format!("`{name}` is missing"), at, &format!("add `{name}:`"));
            }
        }
        Some(Value::Object(out))
    }

    fn array(&mut self, schema: &'static Value, node: NodeRef<'_>, at: &FieldPath) -> Option<Value> {
        if !node.is_seq() {
            self.wrong_type("a sequence", node, at);
            return None;
        }
        let items = &schema["items"];
        let read = node.items().enumerate().filter_map(|(index, item)| self.value(items, item, &at.index(index)));
        Some(Value::Array(read.collect()))
    }

    fn string(&mut self, node: NodeRef<'_>, at: &FieldPath) -> Option<Value> {
        match (node.to_value(), node.scalar()) {
            (Value::String(text), _) => Some(Value::String(text)),
            (value @ (Value::Number(_) | Value::Bool(_)), Some((text, Style::Plain))) => {
                let found = if value.is_number() { "a number" } else { "a boolean" };
                let help = if text.starts_with('0') && text.len() > 1 {
                    "quote it; without quotes YAML readers drop the leading zero or read it as octal".to_owned()
                } else {
                    format!("quote it: \"{text}\"")
                };
                self.say(Code::WrongType, &format!("expected text, found {found}"), at, &help);
                None
            }
            _ => {
                self.wrong_type("text", node, at);
                None
            }
        }
    }

    fn word(&mut self, words: &[&'static str], node: NodeRef<'_>, at: &FieldPath) -> Option<Value> {
        let Some(text) = node.text() else {
            self.wrong_type("text", node, at);
            return None;
        };
        if words.contains(&text) {
            return Some(Value::String(text.to_owned()));
        }
        let list = words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        let message = format!("`{text}` is not one of {list}");
        self.say(Code::InvalidValue, &message, at, &known_names(text, words.iter().copied()));
        None
    }

    fn plain(&mut self, node: NodeRef<'_>, at: &FieldPath, wanted: &str, is: impl Fn(&Value) -> bool) -> Option<Value> {
        let value = node.to_value();
        if is(&value) {
            return Some(value);
        }
        self.wrong_type(wanted, node, at);
        None
    }

    fn wrong_type(&mut self, wanted: &str, node: NodeRef<'_>, at: &FieldPath) {
        let found = match node.to_value() {
            Value::Null => "nothing",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "text",
            Value::Array(_) => "a sequence",
            Value::Object(_) => "a mapping",
        };
        self.say(Code::WrongType, &format!("expected {wanted}, found {found}"), at, &format!("write {wanted}"));
    }

    fn say(&mut self, code: Code, message: &str, at: &FieldPath, help: &str) {
        self.report.push(Diagnostic::error(code, message).at(Place::Config(at.clone())).help(help));
    }
}

/// The words of an enumeration: `enum`, or the `oneOf` of documented variants.
fn words_of(schema: &'static Value) -> Option<Vec<&'static str>> {
    if let Some(words) = schema["enum"].as_array() {
        return Some(words.iter().filter_map(Value::as_str).collect());
    }
    let variants = schema["oneOf"].as_array()?;
    Some(
        variants
            .iter()
            .flat_map(|variant| {
                let words = variant["enum"].as_array().map(Vec::as_slice).unwrap_or_default();
                variant["const"].as_str().into_iter().chain(words.iter().filter_map(Value::as_str))
            })
            .collect(),
    )
}

fn type_of(schema: &'static Value) -> &'static str {
    let name = &schema["type"];
    let first = || name.as_array()?.iter().find_map(|name| name.as_str().filter(|name| *name != "null"));
    name.as_str().or_else(first).unwrap_or_default()
}
