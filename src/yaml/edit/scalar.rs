//! Changes to scalars.

use super::super::emit::Inline;
use super::super::{NodeKind, Style};
use super::Refusal;
use super::change::Change;
use super::splice::Splices;
use super::text::{Lines, gap};

/// Replaces a single-line scalar with `text`, in the same quotes, or fills an empty value.
pub(super) fn set(lines: &Lines<'_>, change: &Change<'_>, text: &str, splices: &mut Splices) -> Result<(), Refusal> {
    let node = change.node;
    let span = node.span();
    let refuse = |why: &str| Err(Refusal::new(why, span.clone()));
    let NodeKind::Scalar(_, style) = node.kind() else { return refuse("it is not a scalar") };
    let old = lines.within(span.clone());
    if style == Style::Block || old.contains('\n') {
        return refuse("it spans several lines");
    }
    if node.tag().is_some() {
        return refuse("it has a tag");
    }
    lines.check_below(lines.next(span.end))?;
    let single = old.starts_with('\'') && !text.contains(['\'', '\n']);
    let inline = if style == Style::Quoted { Inline::Json } else { Inline::Plain };
    let new = if single { format!("'{text}'") } else { inline.text(&text.into()) };
    if span.is_empty() {
        let Some(gap) = gap(lines.text, change.holder, node) else {
            return refuse("there is no place for it on its line");
        };
        splices.insert(gap.start, format!(" {new}"), change.depth);
    } else {
        splices.delete(span.clone());
        splices.insert(span.end, new, change.depth);
    }
    Ok(())
}
