//! The spans of selected nodes in a text.

use std::ops::Range;

use super::document::{Document, NodeRef};
use super::path::FieldPath;
use super::tree::NodeKind;

/// The spans of the outermost nodes that are wanted, in the order of the text. Aliases are not followed.
pub fn spans(node: NodeRef<'_>, wanted: impl Fn(NodeRef<'_>) -> bool + Copy) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    collect(node, &mut spans, wanted);
    spans
}

fn collect(node: NodeRef<'_>, spans: &mut Vec<Range<usize>>, wanted: impl Fn(NodeRef<'_>) -> bool + Copy) {
    let child = |id: u32| node.document().node(id);
    match node.kind() {
        _ if wanted(node) => spans.push(node.span()),
        NodeKind::Seq(items, _) => items.iter().for_each(|item| collect(child(*item), spans, wanted)),
        NodeKind::Map(entries, _) => entries.iter().for_each(|[key, value]| {
            collect(child(*key), spans, wanted);
            collect(child(*value), spans, wanted);
        }),
        _ => {}
    }
}

/// Whether `offset` is inside one of these spans, which are in order.
pub fn is_inside(spans: &[Range<usize>], offset: usize) -> bool {
    let after = spans.partition_point(|span| span.start < offset);
    after.checked_sub(1).and_then(|before| spans.get(before)).is_some_and(|before| offset < before.end)
}

/// The path of the innermost value that contains the offset, or whose key does.
pub fn path_to(document: &Document<'_>, offset: usize) -> FieldPath {
    let mut path = FieldPath::root();
    let mut node = document.root();
    while node.span().start < offset || path == FieldPath::root() {
        let started = |it: &NodeRef<'_>| it.span().start <= offset;
        let next = match node.kind() {
            NodeKind::Map(..) => {
                let entry = node.entries().rfind(|(key, _)| started(key));
                entry.and_then(|(key, value)| Some((path.key(key.text()?), value)))
            }
            NodeKind::Seq(..) => {
                let item = node.items().enumerate().rfind(|(_, item)| started(item));
                item.map(|(index, item)| match item.get("name").and_then(NodeRef::text) {
                    Some(name) => (path.named(name), item),
                    None => (path.index(index), item),
                })
            }
            _ => None,
        };
        let Some((longer, inner)) = next else { break };
        (path, node) = (longer, inner);
    }
    path
}
