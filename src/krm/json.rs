//! Converts block YAML that iamra printed to JSON, for JSON lists.

use crate::yaml::{Document, NodeKind, NodeRef, Style, SyntaxError};

/// One object or sequence in block YAML as JSON on one line.
///
/// Plain scalars that are valid JSON keep their type; every other scalar is a string.
pub(super) fn from_block(yaml: &str) -> Result<String, SyntaxError> {
    let document = Document::parse(yaml)?;
    let mut out = String::with_capacity(yaml.len());
    print(document.root(), &mut out);
    Ok(out)
}

fn print(node: NodeRef<'_>, out: &mut String) {
    match node.followed().kind() {
        NodeKind::Scalar("" | "~", Style::Plain) | NodeKind::Alias(_) | NodeKind::Dangling => out.push_str("null"),
        NodeKind::Scalar(text, Style::Plain) if is_json(text) => out.push_str(text),
        NodeKind::Scalar(text, _) => string(text, out),
        NodeKind::Seq(..) => {
            out.push('[');
            for (position, item) in node.items().enumerate() {
                if position > 0 {
                    out.push_str(", ");
                }
                print(item, out);
            }
            out.push(']');
        }
        NodeKind::Map(..) => {
            out.push('{');
            for (position, (key, value)) in node.entries().enumerate() {
                if position > 0 {
                    out.push_str(", ");
                }
                string(key.text().unwrap_or_default(), out);
                out.push_str(": ");
                print(value, out);
            }
            out.push('}');
        }
    }
}

fn is_json(text: &str) -> bool {
    let scalar = serde_json::from_str::<serde_json::Value>(text);
    scalar.is_ok_and(|value| value.is_number() || value.is_boolean() || value.is_null())
}

/// A JSON string that YAML parsers accept too: no `\/`, no surrogate pairs, no non-printable characters.
/// <https://yaml.org/spec/1.2.2/#51-character-set>
fn string(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\0'..='\u{1f}' | '\u{7f}'..='\u{a0}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                let code = u32::from(character);
                out.push_str("\\u");
                out.extend([12, 8, 4, 0].iter().filter_map(|shift| char::from_digit(code >> shift & 0xf, 16)));
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::from_block;

    #[test]
    fn strings_stay_strings_and_numbers_numbers() {
        let yaml = "a: 1\nb: \"1\"\nc: text\nd: true\ne: null\nf:\n- x\n- |\n  two\n  lines\ng: {}\nh: \"\\u2028\"\n";
        let json = r#"{"a": 1, "b": "1", "c": "text", "d": true, "e": null, "f": ["x", "two\nlines\n"], "g": {}, "h": "\u2028"}"#;
        assert_eq!(from_block(yaml).unwrap(), json);
    }
}
