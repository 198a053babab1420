//! Prints values in readable YAML. Sequences are at the column of their key, strings are plain only if every parser
//! reads them as strings, and multi-line text is a literal block. Folded scalars and `|+` are never printed: what they
//! mean depends on the lines around them.

use serde_json::{Map, Number, Value};

use super::scalar::is_safe_plain;

/// By how many columns things are indented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// A mapping against the key that it is under.
    pub(super) map: usize,
    /// The dashes of a sequence against the key that it is under.
    pub(super) seq: usize,
    /// An entry of a sequence against its dash.
    pub(super) dash: usize,
    /// Whether text of several lines may be a literal block.
    pub(super) literals: bool,
}

impl Default for Shape {
    fn default() -> Self {
        Self { map: 2, seq: 0, dash: 2, literals: true }
    }
}

/// A whole document, without `---`.
///
/// ```
/// use iamra::yaml::emit;
/// let value = serde_json::json!({"kind": "Pod", "args": ["on", "a b"], "data": {"x": "1\n2\n"}});
/// assert_eq!(emit::document(&value), "kind: Pod\nargs:\n- \"on\"\n- a b\ndata:\n  x: |\n    1\n    2\n");
/// ```
pub fn document(value: &Value) -> String {
    let mut out = String::new();
    block(value, 0, &mut out);
    out
}

/// Whole lines, each indented by at least `indent` columns.
pub fn block(value: &Value, indent: usize, out: &mut String) {
    pad(indent, out);
    Shape::default().node(value, indent, out);
}

/// One line that is JSON too.
pub fn flow(value: &Value) -> String {
    Inline::Json.text(value)
}

/// How strings are written on one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inline {
    /// In double quotes, as in JSON.
    Json,
    /// Plain if every parser reads them as strings.
    Plain,
}

impl Shape {
    /// The rest of the line at column `at`, where the cursor is, and the lines after it.
    pub(super) fn node(self, value: &Value, at: usize, out: &mut String) {
        match value {
            Value::Object(entries) if !entries.is_empty() => self.entries(entries, at, out),
            Value::Array(items) if !items.is_empty() => self.items(items, at, out),
            leaf => {
                self.leaf(leaf, at, out);
                out.push('\n');
            }
        }
    }

    /// The entries of a mapping; the cursor is at column `at`.
    fn entries(self, entries: &Map<String, Value>, at: usize, out: &mut String) {
        for (position, (key, value)) in entries.iter().enumerate() {
            if position > 0 {
                pad(at, out);
            }
            string_key(key, out);
            out.push(':');
            if is_nested(value) {
                out.push('\n');
                let inner = at + if value.is_array() { self.seq } else { self.map };
                pad(inner, out);
                self.node(value, inner, out);
            } else {
                out.push(' ');
                self.leaf(value, at, out);
                out.push('\n');
            }
        }
    }

    /// The entries of a sequence; the cursor is at column `at`.
    fn items(self, items: &[Value], at: usize, out: &mut String) {
        for (position, item) in items.iter().enumerate() {
            if position > 0 {
                pad(at, out);
            }
            out.push('-');
            if is_nested(item) {
                pad(self.dash - 1, out);
                self.node(item, at + self.dash, out);
            } else {
                out.push(' ');
                self.leaf(item, at, out);
                out.push('\n');
            }
        }
    }

    /// A scalar or an empty collection, without the line break at its end; `at` is the column of what holds it.
    fn leaf(self, value: &Value, at: usize, out: &mut String) {
        match value {
            Value::String(text) if is_safe_plain(text) => out.push_str(text),
            Value::String(text) if self.literals && is_literal(text) => {
                out.push_str(if text.ends_with('\n') { "|" } else { "|-" });
                for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
                    out.push('\n');
                    if !line.is_empty() {
                        pad(at + 2, out);
                        out.push_str(line);
                    }
                }
            }
            // JSON inside YAML stays readable in single quotes.
            Value::String(text)
                if text.contains('"') && !text.contains(['\'', '\\']) && !text.contains(must_escape) =>
            {
                out.push('\'');
                out.push_str(text);
                out.push('\'');
            }
            other => Inline::Json.value(other, out),
        }
    }
}

pub(super) fn pad(columns: usize, out: &mut String) {
    const SPACES: &str = "                                                                ";
    match SPACES.get(..columns) {
        Some(spaces) => out.push_str(spaces),
        None => out.extend(std::iter::repeat_n(' ', columns)),
    }
}

fn is_nested(value: &Value) -> bool {
    match value {
        Value::Array(items) => !items.is_empty(),
        Value::Object(entries) => !entries.is_empty(),
        _ => false,
    }
}

/// Whether `text` reads the same as a literal block everywhere.
fn is_literal(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\t', '\n'])
        && !text.ends_with("\n\n")
        && !text.chars().any(|char| char != '\n' && char != '\t' && must_escape(char))
        && text.split('\n').all(|line| !line.ends_with([' ', '\t']))
}

/// Characters that some parser treats as a line break, drops or rejects.
/// <https://yaml.org/spec/1.2.2/#51-character-set>
fn must_escape(char: char) -> bool {
    matches!(char, '\0'..='\x1f' | '\x7f'..='\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn string_key(key: &str, out: &mut String) {
    if is_safe_plain(key) { out.push_str(key) } else { quoted(key, out) }
}

fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            char if must_escape(char) => out.extend(format!("\\u{:04X}", u32::from(char)).chars()),
            char => out.push(char),
        }
    }
    out.push('"');
}

/// YAML 1.1 parsers require a point and a sign in a number with an exponent.
fn number(number: &Number, out: &mut String) {
    let text = number.to_string();
    let Some((mantissa, exponent)) = text.split_once('e') else { return out.push_str(&text) };
    out.push_str(mantissa);
    out.push_str(if mantissa.contains('.') { "e" } else { ".0e" });
    out.push_str(if exponent.starts_with(['-', '+']) { "" } else { "+" });
    out.push_str(exponent);
}

impl Inline {
    /// The value on one line.
    pub(super) fn text(self, value: &Value) -> String {
        let mut out = String::new();
        self.value(value, &mut out);
        out
    }

    /// `key: value`
    pub(super) fn entry(self, key: &str, value: &Value, out: &mut String) {
        self.string(key, out);
        out.push_str(": ");
        self.value(value, out);
    }

    fn value(self, value: &Value, out: &mut String) {
        match value {
            Value::Null => out.push_str("null"),
            Value::Bool(true) => out.push_str("true"),
            Value::Bool(false) => out.push_str("false"),
            Value::Number(value) => number(value, out),
            Value::String(text) => self.string(text, out),
            Value::Array(items) => {
                out.push('[');
                for (position, item) in items.iter().enumerate() {
                    out.push_str(if position > 0 { ", " } else { "" });
                    self.value(item, out);
                }
                out.push(']');
            }
            Value::Object(entries) => {
                out.push('{');
                for (position, (key, value)) in entries.iter().enumerate() {
                    out.push_str(if position > 0 { ", " } else { "" });
                    self.entry(key, value, out);
                }
                out.push('}');
            }
        }
    }

    fn string(self, text: &str, out: &mut String) {
        // In flow style, a comma ends a plain scalar.
        if self == Self::Plain && is_safe_plain(text) && !text.contains(',') {
            out.push_str(text);
        } else {
            quoted(text, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_as_if_written_by_hand() {
        let value = json!({
            "a": [{"name": "x", "ports": [1, 2], "none": []}, "yes", "1_000", ["n", []], "a\nb", {}],
            "m": {"k": {"l": null}, "on": 1.5e300, "text": "#!/bin/sh\n\n  echo\n", "kept": "a\n\n"},
        });
        let text = "a:\n- name: x\n  ports:\n  - 1\n  - 2\n  none: []\n- \"yes\"\n- \"1_000\"\n- - \"n\"\n  - []\n- |-\n  a\n  b\n- {}\n\
                    m:\n  k:\n    l: null\n  \"on\": 1.5e+300\n  text: |\n    #!/bin/sh\n\n      echo\n  kept: \"a\\n\\n\"\n";
        assert_eq!(document(&value), text);
    }

    #[test]
    fn flow_is_json() {
        let value = json!({"a": ["\u{85}\u{7f}\u{feff}😀\u{2028}", 1e21, -0.5], "b\t\"": {}});
        let text = flow(&value);
        assert!(!text.contains(['\u{85}', '\u{7f}', '\n']));
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
