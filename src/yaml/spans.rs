//! The spans of selected nodes in a text.

use std::ops::Range;

use super::document::{NodeKind, NodeRef};

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
        NodeKind::Map(entries, _) => entries.iter().for_each(|(key, value)| {
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
