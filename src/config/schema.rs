//! The JSON Schema of the declaration, and the check of a document against it.
//!
//! Both have one source: what an editor underlines is what iamra rejects. The check walks the document with its spans,
//! reports every error, and returns the valid parts, so that later rules still run.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde::Deserialize as _;
use serde_json::{Map, Value, json};

use super::overlay;
use super::v1alpha1::RolesAnywhere;
use crate::diag::{Code, Diagnostic, Place, Report, known_names};
use crate::quote::{part, quote, quote_all, typed};
use crate::yaml::scalar::{Resolved, resolve};
use crate::yaml::{FieldPath, NodeRef, Style, tag_name};

/// Where editors find the schema.
pub const SCHEMA_ID: &str = "https://iamra.dev/schema/iamra.v1alpha1.schema.json";

/// The JSON Schema (draft 2020-12) of `iamra.yaml`, as it is checked in.
pub fn json_schema() -> &'static Value {
    #[expect(clippy::expect_used, reason = "a test compares it with the one that is generated")]
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
        let text = include_str!("../../fn-config/iamra.v1alpha1.schema.json");
        serde_json::from_str(text).expect("the schema is JSON")
    });
    &SCHEMA
}

/// The same, made from the types, for the test that compares the two: nothing in the program needs it, which leaves the
/// generator out of it.
pub fn generated_schema() -> Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<RolesAnywhere>();
    schema.insert("$id".to_owned(), SCHEMA_ID.into());
    schema.to_value()
}

/// The schema of what may be anything.
static ANYTHING: LazyLock<Value> = LazyLock::new(|| json!({"additionalProperties": true, "items": true}));

/// Reads the declaration at `node`. Errors are reported, and their values are left out.
pub(super) fn read(node: NodeRef<'_>, report: &mut Report) -> Option<Value> {
    Checker { root: json_schema(), report }.object(json_schema(), node, &FieldPath::root())
}

/// A checked declaration as its type.
pub(super) fn deserialized(declaration: Value, report: &mut Report) -> Option<RolesAnywhere> {
    // Serde's messages quote values. They are not needed: the schema is generated from the type.
    RolesAnywhere::deserialize(declaration).map_err(|_| report.push(disagreement(FieldPath::root()))).ok()
}

/// The diagnostic for a bug: the check accepted a value that the type does not.
pub(super) fn disagreement(at: FieldPath) -> Diagnostic {
    Diagnostic::error(Code::InternalError, "a field has the wrong type, and the check cannot tell which")
        .at(Place::Config(at))
        .help("this is a bug: please report it, with the declaration")
}

/// The type of a node, for messages that expected a different one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Nothing,
    Boolean,
    Number,
    Date,
    Text,
    Sequence,
    Mapping,
    Tagged,
}

impl Found {
    fn at(node: NodeRef<'_>) -> Self {
        let tag = node.tag().map(tag_name);
        if tag.is_some_and(|tag| !["!", "str", "int", "float", "bool", "null", "seq", "map"].contains(&tag)) {
            return Self::Tagged;
        }
        let Some((text, style)) = node.scalar() else {
            return match (node.is_map(), node.is_seq()) {
                (true, _) => Self::Mapping,
                (_, true) => Self::Sequence,
                _ => Self::Nothing,
            };
        };
        match (tag, style) {
            (None, Style::Plain) | (Some("int" | "float" | "bool" | "null"), _) => match resolve(text) {
                Resolved::Null => Self::Nothing,
                Resolved::Bool(_) => Self::Boolean,
                Resolved::Int(_) | Resolved::Float(_) => Self::Number,
                Resolved::Timestamp => Self::Date,
                Resolved::Str => Self::Text,
            },
            _ => Self::Text,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::Date => "a date",
            Self::Text => "a string",
            Self::Sequence => "a sequence",
            Self::Mapping => "a mapping",
            Self::Tagged => "an unknown tag",
        }
    }
}

struct Checker<'r> {
    root: &'static Value,
    report: &'r mut Report,
}

impl Checker<'_> {
    fn value(&mut self, schema: &'static Value, node: NodeRef<'_>, at: &FieldPath) -> Option<Value> {
        let (schema, nullable) = self.resolved(schema);
        let node = node.followed();
        // kustomize's patches leave empty values behind, and users write them for "the defaults".
        let optional = nullable || matches!(type_of(schema), "object" | "array");
        if optional && node.scalar().is_some() && Found::at(node) == Found::Nothing {
            // In an overlay, it removes the value.
            return overlay::is_within(at).then_some(Value::Null);
        }
        if let Some(words) = words_of(schema) {
            return self.word(&words, node, at);
        }
        match type_of(schema) {
            "object" => self.object(schema, node, at),
            "array" => self.array(schema, node, at),
            "boolean" => self.plain(node, at, "true or false", Value::is_boolean),
            "integer" => {
                let limit = schema["maximum"].as_u64().unwrap_or(u64::from(u32::MAX));
                self.plain(node, at, &format!("a number from 0 to {limit}"), |value| {
                    value.as_u64().is_some_and(|number| number <= limit)
                })
            }
            // `string`; a test checks that the schema has no other type.
            _ => self.string(schema, node, at),
        }
    }

    /// Follows `$ref` and the `anyOf` of an optional value.
    fn resolved(&self, schema: &'static Value) -> (&'static Value, bool) {
        if let Some(options) = schema["anyOf"].as_array() {
            let some = options.iter().find(|option| option["type"] != "null").unwrap_or(schema);
            return (self.resolved(some).0, true);
        }
        let target = schema["$ref"].as_str().and_then(|name| self.root.pointer(name.trim_start_matches('#')));
        target.map_or((schema, has_type(schema, "null")), |target| self.resolved(target))
    }

    fn object(&mut self, schema: &'static Value, node: NodeRef<'_>, at: &FieldPath) -> Option<Value> {
        let found = Found::at(node);
        if found != Found::Mapping {
            match instead_of_mapping(schema, node, found) {
                Some(help) => {
                    let message = format!("expected a mapping, found {}", found.words());
                    self.say(Code::WrongType, &message, at, &help);
                }
                None => self.wrong_type("a mapping", found, at),
            }
            return None;
        }
        let fields = schema["properties"].as_object();
        let others = &schema["additionalProperties"];
        let mut out = Map::new();
        for (key, value) in node.entries() {
            let Some(name) = key.text().filter(|_| !key.is_merge_key()) else {
                let message = "merge keys and keys that are not strings are not supported here";
                self.say(Code::UnknownField, message, at, "write the fields out");
                continue;
            };
            let at = &at.key(name);
            if out.contains_key(name) {
                self.say(Code::DuplicateField, &format!("{} is set twice", quote(&name)), at, "keep one of them");
                continue;
            }
            let read = match fields.and_then(|fields| fields.get(name)) {
                Some(field) => self.value(field, value, at),
                None if others.is_object() => self.value(others, value, at).or_else(|| self.left_out(others, value)),
                None if *others == Value::Bool(false) => {
                    let known = fields.into_iter().flat_map(Map::keys).map(String::as_str);
                    let help = self.below_spec(schema, name).unwrap_or_else(|| known_names(name, known));
                    self.say(Code::UnknownField, &format!("unknown field {}", quote(&name)), at, &help);
                    None
                }
                None if *others == Value::Bool(true) => self.anything(value, at),
                None => None,
            };
            out.extend(read.map(|value| (name.to_owned(), value)));
        }
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if node.get(name).is_none() {
                self.say(
                    Code::MissingField,
                    &format!("{} is missing", quote(&name)),
                    at,
                    &format!("add {}", typed(&format_args!("{name}:"))),
                );
            }
        }
        Some(Value::Object(out))
    }

    /// Where a field belongs that stands beside `spec` and is one of its fields.
    fn below_spec(&self, schema: &'static Value, name: &str) -> Option<String> {
        let (spec, _) = self.resolved(schema["properties"].as_object()?.get("spec")?);
        spec["properties"].get(name)?;
        Some(format!("indent it: it belongs below {}", typed("spec:")))
    }

    /// The value of a map entry that is empty or invalid: an entry with a name counts as declared, and an entry is kept as
    /// null if that has a meaning.
    fn left_out(&self, schema: &'static Value, node: NodeRef<'_>) -> Option<Value> {
        let (schema, nullable) = self.resolved(schema);
        if type_of(schema) == "object" {
            return Some(Value::Object(Map::new()));
        }
        (nullable && Found::at(node.followed()) == Found::Nothing).then_some(Value::Null)
    }

    /// A value of any type that JSON has: that of a document with a language of its own.
    fn anything(&mut self, node: NodeRef<'_>, at: &FieldPath) -> Option<Value> {
        let node = node.followed();
        let found = Found::at(node);
        match found {
            Found::Mapping => self.object(&ANYTHING, node, at),
            Found::Sequence => self.array(&ANYTHING, node, at),
            Found::Text => node.text().map(Value::from),
            Found::Boolean => Some(node.to_value()),
            Found::Number => Some(node.to_value()).filter(Value::is_number).or_else(|| {
                self.wrong_type("a number of JSON", found, at);
                None
            }),
            Found::Date => {
                let help = format!("quote it: \"{}\"", part(node.text().unwrap_or_default()));
                self.say(Code::WrongType, "expected a string, found a date", at, &help);
                None
            }
            Found::Nothing | Found::Tagged => {
                self.wrong_type("a value", found, at);
                None
            }
        }
    }

    fn array(&mut self, schema: &'static Value, node: NodeRef<'_>, at: &FieldPath) -> Option<Value> {
        let found = Found::at(node);
        if found != Found::Sequence {
            self.wrong_type("a sequence", found, at);
            return None;
        }
        let items = &schema["items"];
        let read = node.items().enumerate().filter_map(|(index, item)| {
            let at = &at.index(index);
            if *items == Value::Bool(true) { self.anything(item, at) } else { self.value(items, item, at) }
        });
        Some(Value::Array(read.collect()))
    }

    fn string(&mut self, schema: &'static Value, node: NodeRef<'_>, at: &FieldPath) -> Option<Value> {
        let or_number = has_type(schema, "number");
        let found = Found::at(node);
        let text = node.text().unwrap_or_default();
        let zero_first = text.starts_with('0') && text.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
        match found {
            Found::Text => return Some(text.into()),
            // Kept as written: another parser may print the number `0.10` or `1e6` differently.
            Found::Number if or_number && !zero_first => return Some(text.into()),
            Found::Number | Found::Boolean | Found::Date => {
                let help = if let Some(arn) = arn_of(at) {
                    format!("write an ARN, such as {}", quote(&arn))
                } else if let Some(example) = schema["examples"].get(0).and_then(Value::as_str) {
                    format!("write it like {}", quote(&example))
                } else if zero_first {
                    "quote it; without quotes, YAML parsers drop the leading zero or read it as octal".to_owned()
                } else {
                    format!("quote it: \"{}\"", part(text))
                };
                self.say(Code::WrongType, &format!("expected a string, found {}", found.words()), at, &help);
            }
            Found::Mapping if node.entries().any(|(key, _)| key.is_map()) => {
                let help = "render the template first, such as with `helm template`, or write the value";
                self.say(Code::WrongType, "expected a string, found an action of a template in braces", at, help);
            }
            _ => self.wrong_type("a string", found, at),
        }
        None
    }

    fn word(&mut self, words: &[&'static str], node: NodeRef<'_>, at: &FieldPath) -> Option<Value> {
        let found = Found::at(node);
        let Some(text) = node.text().filter(|_| !matches!(found, Found::Nothing | Found::Tagged)) else {
            self.wrong_type("a string", found, at);
            return None;
        };
        if words.contains(&text) {
            return Some(text.into());
        }
        let list = quote_all(words);
        let message = format!("{} is not one of {list}", quote(&text));
        self.say(Code::InvalidValue, &message, at, &known_names(text, words.iter().copied()));
        None
    }

    fn plain(&mut self, node: NodeRef<'_>, at: &FieldPath, wanted: &str, is: impl Fn(&Value) -> bool) -> Option<Value> {
        let found = Found::at(node);
        let value = Some(node).filter(|_| matches!(found, Found::Boolean | Found::Number)).map(|node| node.to_value());
        if let Some(value) = value.filter(is) {
            return Some(value);
        }
        self.wrong_type(wanted, found, at);
        None
    }

    fn wrong_type(&mut self, wanted: &str, found: Found, at: &FieldPath) {
        let message = format!("expected {wanted}, found {}", found.words());
        self.say(Code::WrongType, &message, at, &format!("write {wanted}"));
    }

    fn say(&mut self, code: Code, message: &str, at: &FieldPath, help: &str) {
        self.report.push(Diagnostic::error(code, message).at(Place::Config(at.clone())).help(help));
    }
}

/// What the ARN looks like that a field takes.
fn arn_of(at: &FieldPath) -> Option<&'static str> {
    let path = at.to_string();
    let arns = [
        ("roleArn", "arn:aws:iam::111122223333:role/NAME"),
        ("profileArn", "arn:aws:rolesanywhere:REGION:111122223333:profile/ID"),
        ("trustAnchor", "arn:aws:rolesanywhere:REGION:111122223333:trust-anchor/ID"),
    ];
    arns.iter().find(|(field, _)| path.ends_with(&format!(".{field}"))).map(|(_, arn)| *arn)
}

/// What to write where a mapping is expected, if what is there is a usual mistake: an entry without a space behind its colon,
/// or a list where names are keys.
fn instead_of_mapping(schema: &'static Value, node: NodeRef<'_>, found: Found) -> Option<String> {
    if found == Found::Sequence && schema["additionalProperties"].is_object() {
        let name = node.items().find_map(|item| item.get("name").and_then(NodeRef::text));
        let key = typed(&format_args!("{}:", part(name.unwrap_or("NAME"))));
        return Some(format!(
            "names are keys here: write {key} in place of {}",
            typed(&format_args!("- name: {}", part(name.unwrap_or("NAME"))))
        ));
    }
    let (key, value) = node.text().filter(|_| found == Found::Text)?.split_once(':')?;
    let is_plain = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
    let entry = format!("{}: {}", part(key), part(value));
    (is_plain(key) && is_plain(value)).then(|| format!("put a space behind the colon: {}", typed(&entry)))
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

/// The first type that a schema names, but for `null`.
fn type_of(schema: &'static Value) -> &'static str {
    types(schema).find(|name| *name != "null").unwrap_or_default()
}

fn has_type(schema: &'static Value, wanted: &str) -> bool {
    types(schema).any(|name| name == wanted)
}

/// The types that a schema names: one, or a list of them.
fn types(schema: &'static Value) -> impl Iterator<Item = &'static str> {
    let name = &schema["type"];
    name.as_str().into_iter().chain(name.as_array().into_iter().flatten().filter_map(Value::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every schema in a schema: fields, entries, items, options.
    fn all(schema: &'static Value) -> Vec<&'static Value> {
        let mut found = vec![schema];
        let parts = schema.as_object().into_iter().flat_map(Map::values);
        found.extend(parts.chain(schema.as_array().into_iter().flatten()).flat_map(all));
        found
    }

    #[test]
    fn the_check_knows_every_type_of_the_schema() {
        for schema in all(json_schema()).into_iter().filter(|schema| schema.get("type").is_some()) {
            let types: Vec<_> = types(schema).filter(|name| *name != "null").collect();
            let known = match types.as_slice() {
                // Only `null`, or two types.
                [] | ["string", "number"] => true,
                [one] => ["object", "array", "string", "boolean", "integer"].contains(one),
                _ => false,
            };
            assert!(known, "{schema}");
            // A number without an upper limit would be truncated.
            let has_limit = ["uint8", "uint16", "uint32"].iter().any(|format| schema["format"] == *format);
            assert!(!types.contains(&"integer") || has_limit, "{schema}");
        }
    }
}
