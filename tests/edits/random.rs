//! Documents as many hands write them, and edits of their collections.

use iamra::yaml::edit::Edit;
use iamra::yaml::{Document, FieldPath, NodeRef};
use proptest::prelude::*;
use serde_json::{Value, json};

/// How one collection or scalar is written.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Scalar(&'static str),
    /// Lines of a block scalar and its header.
    Text(&'static str, &'static str),
    /// The dashes' extra indentation, what stands behind a dash, and the entries.
    Seq(usize, &'static str, Vec<Self>),
    /// The indentation of the keys, comments between them, and the values.
    Map(usize, &'static str, Vec<(&'static str, Self)>),
}

pub(crate) fn document() -> impl Strategy<Value = String> {
    let scalar = prop::sample::select(vec![
        "x",
        "'it''s'",
        "\"a: b\"",
        "1",
        "",
        "null",
        "~",
        "[]",
        "{}",
        "[ ]",
        "[1, x]",
        "{k: 1, \"l\": [2]}",
        "[a ,b, ]",
        "[\n  1,\n  2\n]",
        "  []",
        "x # c",
        "[] # c",
        " # c",
        "{} # c",
        "&own x",
        "\"a\\\n  b\"",
        "[1, [], {m: ~}]",
    ]);
    let text = (
        prop::sample::select(vec!["|", "|-", "|+", ">", ">-", "|2", "| # c"]),
        prop::sample::select(vec!["a", "a\n\n", "- k: 1\nk: 2", "# no\n x", "a\n\n\n\n"]),
    );
    let leaf =
        prop_oneof![3 => scalar.prop_map(Node::Scalar), 1 => text.prop_map(|(header, text)| Node::Text(header, text))];
    let node = leaf.prop_recursive(4, 24, 4, |inner| {
        let behind = prop::sample::select(vec![" ", " ", "   ", "\n", " # c\n"]);
        let between = prop::sample::select(vec!["", "", "", "# c\n", "\n"]);
        let key = prop::sample::select(vec!["a", "b", "\"c\"", "d e", "'f'", "g"]);
        let entries = prop::collection::vec((key, inner.clone()), 1..4).prop_map(|mut entries| {
            entries.sort_by_key(|(key, _)| *key);
            entries.dedup_by_key(|(key, _)| *key);
            entries
        });
        prop_oneof![
            (0..3_usize, behind, prop::collection::vec(inner, 1..4))
                .prop_map(|(by, behind, items)| Node::Seq(by, behind, items)),
            (1..5_usize, between, entries).prop_map(|(by, between, entries)| Node::Map(by, between, entries)),
        ]
    });
    let whole =
        prop::sample::select(vec![("", "\n"), ("", "\r\n"), ("\u{feff}", "\n"), ("# head\n", "\n"), ("---\n", "\n")]);
    (node, whole, any::<bool>(), prop::sample::select(vec!["", "# end\n", "\n\n", "  # end\n"])).prop_map(
        |(node, (head, eol), closed, tail)| {
            let mut text = head.to_owned();
            node.write(0, &mut text);
            text.push_str(tail);
            if !closed {
                text.truncate(text.trim_end_matches('\n').len());
            }
            text.replace('\n', eol)
        },
    )
}

impl Node {
    /// Writes the node from a line's start on.
    fn write(&self, column: usize, out: &mut String) {
        let pad = " ".repeat(column);
        match self {
            Self::Seq(_, behind, items) => {
                for item in items {
                    out.extend([pad.as_str(), "-"]);
                    let width = if behind.ends_with('\n') { 2 } else { behind.len() + 1 };
                    match item {
                        Self::Scalar(_) | Self::Text(..) => item.write_behind(column, out),
                        _ => {
                            let mut inner = String::new();
                            item.write(column + width, &mut inner);
                            out.push_str(behind);
                            out.push_str(if behind.ends_with('\n') { &inner } else { &inner[column + width..] });
                        }
                    }
                }
            }
            Self::Map(_, between, entries) => {
                for (index, (key, value)) in entries.iter().enumerate() {
                    if index > 0 {
                        let pad = if between.starts_with('#') { &pad } else { "" };
                        out.extend([pad, between]);
                    }
                    out.extend([pad.as_str(), key, ":"]);
                    match value {
                        Self::Scalar(_) | Self::Text(..) => value.write_behind(column, out),
                        Self::Seq(by, ..) | Self::Map(by, ..) => {
                            out.push('\n');
                            value.write(column + by, out);
                        }
                    }
                }
            }
            leaf => leaf.write_behind(column, out),
        }
    }

    fn write_behind(&self, column: usize, out: &mut String) {
        let pad = " ".repeat(column);
        match self {
            Self::Scalar(text) => {
                out.push_str(if text.is_empty() { "" } else { " " });
                out.push_str(&text.replace('\n', &format!("\n{pad}  ")));
                out.push('\n');
            }
            Self::Text(header, text) => {
                out.extend([" ", header, "\n"]);
                for line in text.split('\n') {
                    let (pad, step) = if line.is_empty() { ("", "") } else { (pad.as_str(), "  ") };
                    out.extend([pad, step, line, "\n"]);
                }
            }
            _ => {}
        }
    }
}

/// Additions to collections of the document, chosen by numbers.
pub(crate) fn additions(doc: &Document<'_>, choices: &[(usize, usize)]) -> Vec<Edit> {
    let mut places = Vec::new();
    collect(doc.root(), &FieldPath::root(), &mut places);
    let values =
        [json!("yes"), json!({"name": "n", "list": [1, {"x": null}]}), json!("a\nb\n"), json!([["z"]]), json!({})];
    let mut edits: Vec<Edit> = Vec::new();
    for (place, value) in choices {
        let Some((at, is_map)) = places.get(place % places.len().max(1)).cloned() else { continue };
        let value: Value = values[value % values.len()].clone();
        let new = FieldPath::clone(&at).key("new");
        edits.push(match (is_map, value.is_array(), place % 3) {
            (true, false, _) => Edit::AddKeys { at, entries: vec![("added".into(), value)] },
            (true, true, 0) => Edit::Prepend { at: new, values: vec![value] },
            (true, true, _) => Edit::Append { at: new, values: vec![value, 1.into()] },
            (false, _, 0) => Edit::Prepend { at, values: vec![value] },
            (false, ..) => Edit::Append { at, values: vec![value, "x".into()] },
        });
    }
    // Positions inside a sequence move with new first entries, and the way back could not be told by them.
    let first: Vec<FieldPath> = edits
        .iter()
        .filter(|edit| matches!(edit, Edit::Prepend { .. }))
        .map(|edit| super::path(edit).clone())
        .collect();
    edits.retain(|edit| {
        !first.iter().any(|at| super::path(edit) != at && super::path(edit).steps().starts_with(at.steps()))
    });
    edits.dedup();
    edits
}

/// Entries of the document that go, chosen by numbers.
pub(crate) fn removals(doc: &Document<'_>, choices: &[usize]) -> Vec<Edit> {
    let mut places = Vec::new();
    every(doc.root(), &FieldPath::root(), &mut places);
    let chosen = choices.iter().filter_map(|choice| places.get(choice % places.len().max(1)).cloned());
    chosen.map(|at| Edit::Remove { at }).collect()
}

fn every(node: NodeRef<'_>, path: &FieldPath, into: &mut Vec<FieldPath>) {
    let items = node.items().enumerate().map(|(index, item)| (path.index(index), item));
    let entries = node.entries().map(|(key, value)| (path.key(key.text().unwrap_or_default()), value));
    for (path, value) in items.chain(entries) {
        every(value, &path, into);
        into.push(path);
    }
}

/// The paths of collections and empty values, and which of them are or may become mappings.
fn collect(node: NodeRef<'_>, path: &FieldPath, into: &mut Vec<(FieldPath, bool)>) {
    if node.is_map() || node.is_seq() || node.to_value().is_null() {
        into.push((path.clone(), !node.is_seq() && path.steps().len().is_multiple_of(2) || node.is_map()));
    }
    for (index, item) in node.items().enumerate() {
        collect(item, &path.index(index), into);
    }
    for (key, value) in node.entries() {
        collect(value, &path.key(key.text().unwrap_or_default()), into);
    }
}
