//! The simple reader gives the parser's tree or none, and both see what an independent reader sees.

use iamra::yaml::{Document, NodeKind, NodeRef, Style, fuzzing};

use crate::oracle::{self, Node};

pub fn run(text: &str) {
    if let Some(Err(how)) = fuzzing::readers_agree(text) {
        panic!("two readers differ: {text:?}\n{how}");
    }
    let Ok(doc) = Document::parse(text) else { return };
    check_spans(doc.root(), text);
    let Some(other) = oracle::saphyr(text) else { return };
    assert!(is_same(doc.root(), &other), "{text:?}\nis for saphyr-parser\n{other:?}\nnot\n{doc:#?}");
}

/// Every node stands within the text and within the one that holds it, in order.
fn check_spans(node: NodeRef<'_>, text: &str) {
    let span = node.span();
    assert!(text.get(span.clone()).is_some(), "{text:?}: {span:?} is no part of it");
    let children: Vec<NodeRef<'_>> = match node.kind() {
        NodeKind::Seq(..) => node.items().collect(),
        NodeKind::Map(..) => node.entries().flat_map(|(key, value)| [key, value]).collect(),
        _ => return,
    };
    let mut end = span.start;
    for child in children {
        let at = child.span();
        // What is not written has no place of its own.
        if !at.is_empty() {
            assert!(end <= at.start && at.end <= span.end, "{text:?}: {at:?} is not behind {end} and in {span:?}");
            end = at.end;
        }
        check_spans(child, text);
    }
}

fn is_same(node: NodeRef<'_>, other: &Node) -> bool {
    // Binary is decoded here.
    if node.tag().is_some_and(|tag| tag.ends_with("binary")) {
        return true;
    }
    match (node.kind(), other) {
        // The parser writes `~` for a value that is not written, which the other one leaves empty.
        (NodeKind::Scalar(text, Style::Plain), Node::Scalar(other, true)) if text == "~" && node.span().is_empty() => {
            other.is_empty() || other == "~"
        }
        (NodeKind::Scalar(text, style), Node::Scalar(other, plain)) => {
            text == other && (style == Style::Plain) == *plain
        }
        (NodeKind::Seq(..), Node::Seq(items)) => {
            node.items().len() == items.len() && node.items().zip(items).all(|(item, other)| is_same(item, other))
        }
        (NodeKind::Map(..), Node::Map(entries)) => {
            let both = node.entries().zip(entries);
            node.entries().len() == entries.len()
                && both.into_iter().all(|((key, value), (k, v))| is_same(key, k) && is_same(value, v))
        }
        (NodeKind::Alias(_) | NodeKind::Dangling, Node::Alias) => true,
        _ => false,
    }
}
