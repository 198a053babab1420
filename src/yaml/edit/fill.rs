//! Fills empty collections, and restores them.

use std::ops::Range;

use serde_json::Value;

use super::super::emit::Inline;
use super::super::{Flow, NodeKind, NodeRef};
use super::Refusal;
use super::block::rendered;
use super::change::Change;
use super::flow::style_of;
use super::splice::Splices;
use super::text::{Lines, behind_colon};

/// Adds entries to a null, `[]` or `{}`.
pub(super) fn fill(lines: &Lines<'_>, change: &Change<'_>, splices: &mut Splices) -> Result<(), Refusal> {
    let node = change.node;
    let value = change.filling();
    let style = change.holder.map_or(Inline::Json, |(holder, _)| style_of(holder));
    if let (Value::Object(entries), NodeKind::Map(_, Flow::Yes), false) =
        (&value, node.kind(), change.created.is_empty())
    {
        // Keys created for their content are later removed without mention of this mapping, so its brackets must stay.
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
        lines.check_below(lines.next(span.end))?;
        splices.delete(span.clone());
        splices.insert(span.end, style.text(&value), change.depth);
        return Ok(());
    };
    let gone = written(lines.text, change.holder, node).ok_or_else(|| {
        Refusal::new("the empty value is neither on the line of its key nor on its own line", node.span())
    })?;
    let column = lines.column_of(holder)?;
    let inner = column + if value.is_array() { lines.shape.seq } else { lines.shape.map };
    let at = lines.next(gone.end);
    splices.delete(gone);
    splices.insert(at, rendered(lines, at, inner, &value)?, change.depth);
    Ok(())
}

/// The text of an empty value of a block mapping: from the colon of its key, or, if it is on its own line as with Helm's
/// `toYaml`, that line with the line break before it. An anchor or a tag belongs to the value.
pub(super) fn written(text: &str, holder: Option<(NodeRef<'_>, usize)>, node: NodeRef<'_>) -> Option<Range<usize>> {
    let colon = behind_colon(text, holder)?;
    let span = node.span();
    if span.is_empty() && !node.is_anchored() && node.tag().is_none() {
        return Some(colon..colon);
    }
    let before = text.get(colon..span.start)?;
    let is_property = |word: &str| word.starts_with(['&', '!']);
    let Some((above, own)) = before.rsplit_once('\n') else {
        return before.split_ascii_whitespace().all(is_property).then_some(colon..span.end);
    };
    let above = above.strip_suffix('\r').unwrap_or(above);
    let rest = text.get(span.end..)?.split(['\r', '\n']).next()?;
    let is_alone = rest.trim().is_empty() || rest.trim_start().starts_with('#');
    (is_alone && own.split_ascii_whitespace().all(is_property)).then(|| colon + above.len()..span.end + rest.len())
}

/// Removes all entries and restores the empty value.
pub(super) fn restore(
    lines: &Lines<'_>,
    change: &Change<'_>,
    source: &str,
    splices: &mut Splices,
) -> Result<(), Refusal> {
    let node = change.node;
    let block = matches!(node.kind(), NodeKind::Seq(_, Flow::No) | NodeKind::Map(_, Flow::No));
    if !block {
        // Brackets that stayed are where the empty value was, with its line or its properties if these are in its text.
        let is_whole = source.starts_with([' ', '\t', '\r', '\n', '&', '!']);
        let place = written(lines.text, change.holder, node).filter(|_| is_whole).unwrap_or_else(|| node.span());
        let space = if place != node.span() && source.starts_with(['&', '!']) { " " } else { "" };
        splices.delete(place.clone());
        splices.insert(place.end, format!("{space}{source}"), change.depth);
        return Ok(());
    }
    let colon = behind_colon(lines.text, change.holder)
        .ok_or_else(|| Refusal::new("it is not the value of a key", node.span()))?;
    // Comments between the key and its first entry are not ours.
    let first = match node.kind() {
        NodeKind::Map(entries, _) => entries.first().map(|[key, _]| node.document().node(*key).span().start),
        _ => Some(lines.dash(node, 0)?),
    };
    let start = first.filter(|first| lines.is_first(*first)).map_or(lines.next(colon), |first| lines.start(first));
    if source.starts_with(['\r', '\n']) {
        // The empty value was on its own line, below those comments.
        let above = lines.within(0..start);
        let above = above.strip_suffix('\n').map_or(above, |above| above.strip_suffix('\r').unwrap_or(above));
        splices.insert(above.len().max(colon), source.to_owned(), change.depth);
    } else {
        let space = if source.is_empty() || source.starts_with([' ', '\t']) { "" } else { " " };
        splices.insert(colon, format!("{space}{source}"), change.depth);
    }
    let after = lines.after(node)?;
    lines.check_below(after)?;
    splices.delete_lines(start..after);
    Ok(())
}
