//! Changes to collections in block style: whole lines are added and removed.

use serde_json::Value;

use super::super::emit::pad;
use super::super::{Flow, NodeKind, NodeRef};
use super::Refusal;
use super::change::Change;
use super::locate::child;
use super::splice::Splices;
use super::text::Lines;

pub(super) fn change(lines: &Lines<'_>, change: &Change<'_>, splices: &mut Splices) -> Result<(), Refusal> {
    let node = change.node;
    for index in &change.removed {
        if let Some(range) = next_in_place(lines, change, *index)? {
            splices.delete(range);
            continue;
        }
        let gone = entry_lines(lines, node, *index)?;
        lines.check_below(gone.end)?;
        splices.delete_lines(gone);
    }
    if change.prepended.is_empty() && change.appended.is_empty() && change.keys.is_empty() {
        return Ok(());
    }
    let column = lines.column_of(node)?;
    if !change.prepended.is_empty() {
        let at = before_first(lines, change)?;
        let text = rendered(lines, at, column, &Value::Array(change.prepended.clone()))?;
        splices.insert(at, text, change.depth);
    }
    let added =
        if change.keys.is_empty() { Value::Array(change.appended.clone()) } else { Value::Object(change.keys.clone()) };
    if added != Value::Array(Vec::new()) {
        let at = lines.past_comments(lines.after(node)?, column);
        splices.insert(at, rendered(lines, at, column, &added)?, change.depth);
    }
    Ok(())
}

/// Lines for a collection's entries at a column, ready to be put in at `at`.
pub(super) fn rendered(lines: &Lines<'_>, at: usize, column: usize, value: &Value) -> Result<String, Refusal> {
    lines.check_below(at)?;
    let mut text = String::new();
    pad(column, &mut text);
    lines.shape_at(at).node(value, column, &mut text);
    Ok(lines.fit(at, &text))
}

/// New first entries go right below their key; comments above the old first entry stay with that entry.
#[expect(clippy::indexing_slicing, reason = "the index is that of an entry which was found in the collection")]
fn before_first(lines: &Lines<'_>, change: &Change<'_>) -> Result<usize, Refusal> {
    let first = lines.dash(change.node, 0)?;
    if let Some((holder, index)) = change.holder
        && let NodeKind::Map(entries, Flow::No) = holder.kind()
    {
        let key = holder.document().node(entries[index][0]).span();
        let below = lines.next(key.end);
        return (below <= first)
            .then_some(below)
            .ok_or_else(|| Refusal::new("its first entry is on the line of its key", key));
    }
    let start = lines.start(first);
    lines.is_first(first).then_some(start).ok_or_else(|| Refusal::new("its first entry shares a line", first..first))
}

/// If the first entry of a mapping is on the line of a dash, the next entry moves up to it: the removed text ends where
/// that entry starts.
fn next_in_place(
    lines: &Lines<'_>,
    change: &Change<'_>,
    index: usize,
) -> Result<Option<std::ops::Range<usize>>, Refusal> {
    let NodeKind::Map(entries, Flow::No) = change.node.kind() else { return Ok(None) };
    let key = |index: usize| entries.get(index).map(|[key, _]| change.node.document().node(*key).span().start);
    let (Some(start), Some(next)) = (key(index), key(index + 1)) else { return Ok(None) };
    if index > 0 || lines.is_first(start) || change.removed.contains(&1) {
        return Ok(None);
    }
    let alone = lines.is_first(next) && lines.after(child(change.node, index))? == lines.start(next);
    Ok(alone.then_some(start..next))
}

/// The lines of one entry, if they contain nothing else.
#[expect(clippy::indexing_slicing, reason = "the index is that of an entry which was found in the collection")]
fn entry_lines(lines: &Lines<'_>, node: NodeRef<'_>, index: usize) -> Result<std::ops::Range<usize>, Refusal> {
    let entry = child(node, index);
    let start = match node.kind() {
        NodeKind::Map(entries, _) => node.document().node(entries[index][0]).span().start,
        _ => lines.dash(node, index)?,
    };
    if !lines.is_first(start) {
        return Err(Refusal::new("it shares its first line with something else", entry.span()));
    }
    let after = lines.after(entry)?.max(lines.next(start));
    Ok(lines.start(start)..after)
}
