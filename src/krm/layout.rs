//! The positions of a list's parts in its text: the result of both readers, the scanner and the parser.

use std::ops::Range;

use super::ident::Ident;

/// One entry of `items`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry<'t> {
    /// Whole lines in a block list, the node in a flow list.
    pub(super) range: Range<usize>,
    pub(super) ident: Option<Ident<'t>>,
    pub(super) tied: bool,
}

/// A value of the list that is not one of its items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) range: Range<usize>,
    /// The range has the key too.
    pub(super) keyed: bool,
}

/// How the items are written, and so where more of them go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// On lines of their own, each behind a dash at `column`.
    Dashes {
        column: usize,
        /// After `items:`, where `[]` goes when no item is left.
        head: usize,
        /// Where more entries go.
        end: usize,
    },
    /// Between brackets; the range has the brackets too.
    Brackets(Range<usize>),
    /// `[]`, `null` or nothing at all is written at `value`; the next line starts at `next_line`.
    Empty { value: Range<usize>, next_line: usize },
    /// There is no `items`.
    Absent,
}

/// How the list itself is written, and so where more keys go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Root {
    /// Keys at `column`; another goes to `end`.
    Block { column: usize, end: usize },
    /// In braces; another key goes after the last value, which ends at `end`.
    Flow { end: usize },
}

/// The parts of one list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout<'t> {
    pub(super) entries: Vec<Entry<'t>>,
    pub(super) shape: Shape,
    pub(super) root: Root,
    pub(super) function_config: Option<Section>,
    pub(super) results: Option<Section>,
}

impl Layout<'_> {
    /// The same parts in a text that has `by` bytes more before them.
    pub(super) fn moved(mut self, by: usize) -> Self {
        let shift = |range: &mut Range<usize>| *range = range.start + by..range.end + by;
        self.entries.iter_mut().for_each(|entry| shift(&mut entry.range));
        self.function_config.iter_mut().chain(&mut self.results).for_each(|section| shift(&mut section.range));
        match &mut self.shape {
            Shape::Dashes { head, end, .. } => {
                *head += by;
                *end += by;
            }
            Shape::Brackets(brackets) => shift(brackets),
            Shape::Empty { value, next_line } => {
                shift(value);
                *next_line += by;
            }
            Shape::Absent => {}
        }
        match &mut self.root {
            Root::Block { end, .. } | Root::Flow { end } => *end += by,
        }
        self
    }
}

/// What is before the place of a line or a node.
#[expect(
    clippy::string_slice,
    reason = "offsets are those of line breaks and nodes: in the text, and between characters"
)]
pub(super) fn before(text: &str, offset: usize) -> &str {
    &text[..offset]
}

/// What starts at the place of a line or a node.
#[expect(
    clippy::string_slice,
    reason = "offsets are those of line breaks and nodes: in the text, and between characters"
)]
pub(super) fn after(text: &str, offset: usize) -> &str {
    &text[offset..]
}

/// The start of the line that `offset` is in.
pub(super) fn line_start(text: &str, offset: usize) -> usize {
    before(text, offset).rfind(['\n', '\r']).map_or(0, |at| at + 1)
}

/// The start of the line after the one that `offset` is in, or the end of the text.
pub(super) fn next_line(text: &str, offset: usize) -> usize {
    let rest = after(text, offset);
    match rest.find(['\n', '\r']) {
        Some(at) if after(rest, at).starts_with("\r\n") => offset + at + 2,
        Some(at) => offset + at + 1,
        None => text.len(),
    }
}

/// The first line of a text, with its end.
pub(super) fn first_line(text: &str) -> &str {
    before(text, next_line(text, 0))
}

/// The line break of a text's first line, which is used for all lines; `\n` for a text of one line, and for one that has both
/// that and a `\r` alone: a `\r` before a `\n` would be one line break with it.
pub(super) fn line_break(text: &str) -> &'static str {
    let line = first_line(text);
    if line.ends_with("\r\n") {
        "\r\n"
    } else if line.ends_with('\r') && !text.contains('\n') {
        "\r"
    } else {
        "\n"
    }
}

/// The lines that start in `range`: where each begins and what it holds.
pub(super) fn lines(text: &str, range: Range<usize>) -> impl Iterator<Item = (usize, &str)> {
    let mut at = range.start;
    std::iter::from_fn(move || {
        if at >= range.end {
            return None;
        }
        let start = at;
        at = next_line(text, start);
        Some((start, after(before(text, at.min(range.end)), start).trim_end_matches(['\n', '\r'])))
    })
}
