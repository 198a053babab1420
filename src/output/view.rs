//! A declaration in which each value says where it comes from.

use serde_json::{Map, Value, json};

use super::{Declaration, Places, Sources};
use crate::diag::Code;
use crate::quote::line;
use crate::yaml::{FieldPath, emit};

/// The column that comments start in, at most.
const COMMENTS: usize = 60;

/// The lines of the fields of a declaration's files.
pub struct Origins<'f>(Places<'f>);

impl<'f> Origins<'f> {
    /// Those of this declaration.
    pub fn of(declaration: Declaration<'f>) -> Self {
        Self(Places::of(Sources { declaration, input: None }))
    }

    /// The file and line of a field; `default` if no field sets the value.
    fn words(&self, origin: Option<FieldPath>) -> String {
        let position = origin.and_then(|at| {
            let declared = self.0.declared.get(at.document())?;
            // Any code that is not about a key: the value is what is shown.
            let offset = declared.offset(&at, Code::InvalidValue)?;
            Some(format!("{}:{}", line(declared.name), declared.position(offset).line))
        });
        position.unwrap_or_else(|| "default".to_owned())
    }
}

/// A value without keys and terminal escapes, which do not belong into a declaration.
fn shown(value: &Value) -> Value {
    match value {
        Value::String(text) => line(text).into(),
        Value::Array(items) => items.iter().map(shown).collect(),
        other => other.clone(),
    }
}

/// YAML with a comment behind each value.
pub fn view_yaml(value: &Value, origin: &dyn Fn(&FieldPath) -> Option<FieldPath>, origins: &Origins<'_>) -> String {
    let mut lines = Vec::new();
    yaml(value, &FieldPath::root(), 0, &mut lines, &|at| origins.words(origin(at)));
    let column = lines.iter().map(|(text, _)| text.chars().count()).max().unwrap_or_default().min(COMMENTS);
    let line = |(text, comment): &(String, Option<String>)| match comment {
        Some(comment) => format!("{text:column$} # {comment}\n"),
        None => format!("{text}\n"),
    };
    lines.iter().map(line).collect()
}

fn yaml(
    value: &Value,
    at: &FieldPath,
    indent: usize,
    lines: &mut Vec<(String, Option<String>)>,
    words: &dyn Fn(&FieldPath) -> String,
) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let at = at.key(name.as_str());
        let is_leaf = value.as_object().is_none_or(Map::is_empty);
        let mut text = String::new();
        emit::block(&json!({line(name): if is_leaf { shown(value) } else { Value::Null }}), indent, &mut text);
        let mut of_value = text.lines().map(str::to_owned);
        if is_leaf {
            lines.extend(of_value.next().map(|first| (first, Some(words(&at)))));
            lines.extend(of_value.map(|rest| (rest, None)));
        } else {
            lines.extend(of_value.next().map(|first| (first.trim_end_matches(" null").to_owned(), None)));
            yaml(value, &at, indent + 2, lines, words);
        }
    }
}

/// JSON with `value` and `from` for each value.
pub fn view_json(value: &Value, origin: &dyn Fn(&FieldPath) -> Option<FieldPath>, origins: &Origins<'_>) -> Value {
    json(value, &FieldPath::root(), &|at| origins.words(origin(at)))
}

fn json(value: &Value, at: &FieldPath, words: &dyn Fn(&FieldPath) -> String) -> Value {
    match value.as_object() {
        Some(fields) if !fields.is_empty() => {
            let fields = fields.iter().map(|(name, value)| (line(name), json(value, &at.key(name.as_str()), words)));
            Value::Object(fields.collect())
        }
        _ => json!({"value": shown(value), "from": words(at)}),
    }
}
