//! Changes to collections in flow style: `[a, b]`, `{a: b}`, JSON.

use super::super::emit::Inline;
use super::super::{NodeKind, NodeRef, Style};
use super::change::Change;
use super::locate::child;
use super::splice::Splices;
use super::text::past_colon;

pub(super) fn change(change: &Change<'_>, splices: &mut Splices) {
    let node = change.node;
    let style = style_of(node);
    let spans = entry_spans(node);
    let (Some((first, _)), Some((_, last))) = (spans.first(), spans.last()) else { return };
    let text = node.document().text();
    for index in &change.removed {
        // The first entry goes with the comma after it, others with the comma before: additions are removed completely.
        let kept_before = (0..*index).rev().find(|before| !change.removed.contains(before));
        let Some((start, end)) = spans.get(*index) else { continue };
        let before = index.checked_sub(1).and_then(|before| spans.get(before)).filter(|_| kept_before.is_some());
        match (before, spans.get(index + 1)) {
            (Some((_, before)), _) => splices.delete(whole_end(text, *before)..whole_end(text, *end)),
            (None, Some((next, _))) => splices.delete(*start..*next),
            (None, None) => splices.delete(*start..whole_end(text, *end)),
        }
    }
    if !change.prepended.is_empty() {
        let text: String = change.prepended.iter().map(|value| format!("{}, ", style.text(value))).collect();
        splices.insert(*first, text, change.depth);
    }
    let mut text: String = change.appended.iter().map(|value| format!(", {}", style.text(value))).collect();
    for (key, value) in &change.keys {
        text.push_str(", ");
        style.entry(key, value, &mut text);
    }
    if !text.is_empty() {
        splices.insert(*last, text, change.depth);
    }
}

/// The end of an entry that ends there: one without a value ends with its key, and the colon behind the key belongs to it. So
/// does a space behind that: a colon with a bracket behind it is part of a word for libyaml.
fn whole_end(text: &str, end: usize) -> usize {
    // In flow style, the colon may be on another line than its key.
    let behind = text.len() - text.get(end..).unwrap_or_default().trim_start_matches(['\r', '\n', ' ', '\t']).len();
    let colon = past_colon(text, behind);
    colon.map_or(end, |colon| text.len() - text.get(colon..).unwrap_or_default().trim_start_matches(' ').len())
}

/// Strings are written in the style of the keys around them: JSON stays JSON, and plain stays plain.
pub(super) fn style_of(holder: NodeRef<'_>) -> Inline {
    let first = match holder.kind() {
        NodeKind::Seq(items, _) => items.first().map(|item| holder.document().node(*item)),
        NodeKind::Map(entries, _) => entries.first().map(|[key, _]| holder.document().node(*key)),
        _ => None,
    };
    match first.map(NodeRef::kind) {
        Some(NodeKind::Scalar(_, Style::Quoted)) | None => Inline::Json,
        Some(NodeKind::Seq(..) | NodeKind::Map(..)) => first.map_or(Inline::Json, style_of),
        Some(_) => Inline::Plain,
    }
}

/// Where each entry starts and ends.
fn entry_spans(node: NodeRef<'_>) -> Vec<(usize, usize)> {
    match node.kind() {
        NodeKind::Seq(items, _) => {
            (0..items.len()).map(|index| child(node, index).span()).map(|it| (it.start, it.end)).collect()
        }
        NodeKind::Map(entries, _) => entries
            .iter()
            .map(|[key, value]| (node.document().node(*key).span(), node.document().node(*value).span()))
            .map(|(key, value)| (key.start, key.end.max(value.end)))
            .collect(),
        _ => Vec::new(),
    }
}
