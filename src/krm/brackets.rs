//! The fast reader of lists in JSON: finds the items by their brackets. The text must be valid JSON.

use std::ops::Range;

use serde::de::IgnoredAny;
use serde_json::Deserializer;

use super::layout::{Entry, Layout, Root, Shape};
use super::scan::Scanned;

/// Finds the parts of a list; `None` if it must be parsed.
pub(super) fn scan_json(text: &str) -> Option<Scanned<'_>> {
    let (mut kind, mut api_version, mut items) = (None, None, None);
    let mut at = text.find('{')? + 1;
    while let Some(start) = next(text, at) {
        let key = start..value_end(text, start)?;
        let start = next(text, key.end)?;
        // Of two equal keys, some parsers use the first, others the last.
        let is_second = match string(text, &key)? {
            "items" if text.get(start..)?.starts_with('[') => {
                let (entries, end) = entries(text, start)?;
                at = end;
                items.replace((entries, start..end)).is_some()
            }
            word => {
                at = value_end(text, start)?;
                let value = start..at;
                match word {
                    "items" => true,
                    "kind" => kind.replace(string(text, &value)?).is_some(),
                    "apiVersion" => api_version.replace(string(text, &value)?).is_some(),
                    _ => false,
                }
            }
        };
        if is_second {
            return None;
        }
    }
    let (entries, brackets) = items?;
    let (shape, root) = (Shape::Brackets(brackets), Root::Flow { end: at });
    let layout = Layout { entries, shape, root, function_config: None, results: None };
    Some(Scanned { layout, api_version, kind: kind? })
}

/// The values of the array that opens at `open`, and the offset after it.
fn entries(text: &str, open: usize) -> Option<(Vec<Entry<'_>>, usize)> {
    let mut found = Vec::new();
    let mut at = open + 1;
    while let Some(start) = next(text, at) {
        at = value_end(text, start)?;
        found.push(Entry { range: start..at, ident: None, tied: false });
    }
    Some((found, at + text.get(at..)?.find(']')? + 1))
}

/// Where the next key or value of a collection starts, if there is one.
fn next(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?.trim_start_matches([' ', '\t', '\n', '\r', ',', ':']);
    (!rest.starts_with([']', '}']) && !rest.is_empty()).then(|| text.len() - rest.len())
}

/// The offset after the value that starts at `at`.
fn value_end(text: &str, at: usize) -> Option<usize> {
    let mut values = Deserializer::from_str(text.get(at..)?).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    Some(at + values.byte_offset())
}

/// The content of a string without escapes.
fn string<'t>(text: &'t str, at: &Range<usize>) -> Option<&'t str> {
    let inner = text.get(at.clone())?.strip_prefix('"')?.strip_suffix('"')?;
    (!inner.contains('\\')).then_some(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_found_by_their_brackets() {
        let text = r#" {"kind": "List", "metadata": {"a": "]}\""}, "items": [{"a": "\\"}, 1, "x" , [2,{}]], "apiVersion":"v1"} "#;
        let found = scan_json(text).unwrap();
        let items: Vec<_> = found.layout.entries.iter().filter_map(|entry| text.get(entry.range.clone())).collect();
        assert_eq!(items, [r#"{"a": "\\"}"#, "1", r#""x""#, "[2,{}]"]);
        assert_eq!((found.kind, found.api_version), ("List", Some("v1")));
    }

    #[test]
    fn what_is_not_clear_is_left_to_the_parser() {
        for text in [
            r#"{"kind": "List"}"#,
            r#"{"kind": "List", "items": {}}"#,
            r#"{"kind": "List", "kind": "List", "items": []}"#,
            r#"{"kind": "Li\u0073t", "items": []}"#,
            r#"{"k\u0069nd": "List", "items": []}"#,
        ] {
            assert!(scan_json(text).is_none(), "{text}");
        }
    }
}
