//! Fills empty collections, and restores them.

use serde_json::Value;

use super::super::emit::Inline;
use super::super::{Flow, NodeKind};
use super::Refusal;
use super::block::rendered;
use super::change::Change;
use super::flow::style_of;
use super::splice::Splices;
use super::text::{Lines, gap};

/// Adds entries to a null, `[]` or `{}`.
pub(super) fn fill(lines: &Lines<'_>, change: &Change<'_>, splices: &mut Splices) -> Result<(), Refusal> {
    let node = change.node;
    let value = change.filling();
    let style = change.holder.map_or(Inline::Json, |(holder, _)| style_of(holder));
    if let (Value::Object(entries), NodeKind::Map(_, Flow::Yes), false) =
        (&value, node.kind(), change.created.is_empty())
    {
        // Keys made for what is in them go again without a word about this mapping: its brackets must stay.
        let mut text = String::new();
        for (key, value) in entries {
            text.push_str(if text.is_empty() { "" } else { ", " });
            style.entry(key, value, &mut text);
        }
        splices.insert(node.span().start + 1, text, change.depth);
        return Ok(());
    }
    let Some((holder, _)) = change.holder.filter(|(holder, _)| matches!(holder.kind(), NodeKind::Map(_, Flow::No)))
    else {
        let span = node.span();
        if span.is_empty() {
            return Err(Refusal::new("no value is written where it would go", span));
        }
        splices.delete(span.clone());
        splices.insert(span.end, style.text(&value), change.depth);
        return Ok(());
    };
    let gap = gap(lines.text, change.holder, node)
        .ok_or_else(|| Refusal::new("the empty value is not on the line of its key", node.span()))?;
    let column = lines.column_of(holder)?;
    let inner = column + if value.is_array() { lines.shape.seq } else { lines.shape.map };
    splices.delete(gap.start..node.span().end.max(gap.start));
    let at = lines.next(node.span().end.max(gap.start));
    splices.insert(at, rendered(lines, at, inner, &value)?, change.depth);
    Ok(())
}

/// Removes all entries and restores the empty value.
#[expect(clippy::indexing_slicing, reason = "the index is that of an entry which was found in the collection")]
pub(super) fn restore(
    lines: &Lines<'_>,
    change: &Change<'_>,
    source: &str,
    splices: &mut Splices,
) -> Result<(), Refusal> {
    let node = change.node;
    let block = matches!(node.kind(), NodeKind::Seq(_, Flow::No) | NodeKind::Map(_, Flow::No));
    if !block {
        let span = node.span();
        splices.delete(span.clone());
        splices.insert(span.end, source.to_owned(), change.depth);
        return Ok(());
    }
    let Some((holder, index)) = change.holder else {
        return Err(Refusal::new("it is not the value of a key", node.span()));
    };
    let NodeKind::Map(entries, Flow::No) = holder.kind() else {
        return Err(Refusal::new("it is not the value of a key", node.span()));
    };
    let key = holder.document().node(entries[index].0).span();
    let rest = lines.from(key.end).trim_start_matches([' ', '\t']);
    let colon = lines.text.len() - rest.len() + 1;
    let space = if source.is_empty() || source.starts_with([' ', '\t']) { "" } else { " " };
    splices.insert(colon, format!("{space}{source}"), change.depth);
    // Comments between the key and its first entry are not ours.
    let first = match node.kind() {
        NodeKind::Map(entries, _) => entries.first().map(|(key, _)| node.document().node(*key).span().start),
        _ => Some(lines.dash(node, 0)?),
    };
    let start = first.filter(|first| lines.is_first(*first)).map_or(lines.next(colon), |first| lines.start(first));
    splices.delete_lines(start..lines.after(node)?);
    Ok(())
}
