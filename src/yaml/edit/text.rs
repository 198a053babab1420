//! Lines and columns of a document.

use std::ops::Range;

use memchr::memchr3_iter;

use super::super::emit::Shape;
use super::super::{Document, Flow, NodeKind, NodeRef, Style};
use super::Refusal;
use super::locate::child;

/// The text of a document, seen as lines.
#[derive(Debug)]
pub(super) struct Lines<'d> {
    pub(super) text: &'d str,
    /// How collections of this document are indented.
    pub(super) shape: Shape,
    /// The line break in use.
    pub(super) eol: &'static str,
    doc: &'d Document<'d>,
}

impl<'d> Lines<'d> {
    pub(super) fn of(doc: &'d Document<'d>) -> Result<Self, Refusal> {
        let text = doc.text();
        if let Some(odd) = odd_break(text) {
            let why = "the text has characters that only some parsers treat as line breaks";
            return Err(Refusal::new(why, odd));
        }
        let eol = if text.split_once('\n').is_some_and(|(line, _)| line.ends_with('\r')) { "\r\n" } else { "\n" };
        let mut lines = Self { text, shape: Shape::default(), eol, doc };
        lines.shape = lines.shape_of();
        Ok(lines)
    }

    /// The text from a place on; places are those of nodes and of line breaks.
    pub(super) fn from(&self, at: usize) -> &'d str {
        self.text.get(at..).unwrap_or_default()
    }

    /// The text between two places.
    pub(super) fn within(&self, range: Range<usize>) -> &'d str {
        self.text.get(range).unwrap_or_default()
    }

    /// Where the line of `at` starts, after the byte order mark.
    pub(super) fn start(&self, at: usize) -> usize {
        let mark = if self.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        self.within(0..at).rfind('\n').map_or(mark, |newline| newline + 1)
    }

    /// Where the next line starts, or the end of the text.
    pub(super) fn next(&self, at: usize) -> usize {
        self.from(at).find('\n').map_or(self.text.len(), |newline| at + newline + 1)
    }

    /// Whether only blanks stand before `at` on its line.
    pub(super) fn is_first(&self, at: usize) -> bool {
        self.within(self.start(at)..at).bytes().all(|byte| byte == b' ')
    }

    /// The column of an entry of a block collection that starts at `at`.
    fn column(&self, at: usize) -> Option<usize> {
        let head = self.within(self.start(at)..at);
        head.bytes().all(|byte| matches!(byte, b' ' | b'-')).then_some(head.len())
    }

    /// The column of the dashes or of the keys of a block collection.
    pub(super) fn column_of(&self, node: NodeRef<'_>) -> Result<usize, Refusal> {
        let column = match node.kind() {
            NodeKind::Seq(_, Flow::No) => self.column(self.dash(node, 0)?),
            NodeKind::Map(entries, Flow::No) => {
                // The first key may share its line with properties; no other can.
                let key = entries.get(1).or(entries.first()).map(|[key, _]| node.document().node(*key));
                key.filter(|key| !key.is_anchored() && key.tag().is_none())
                    .and_then(|key| self.column(key.span().start))
            }
            _ => None,
        };
        column.ok_or_else(|| Refusal::new("its entries do not start on lines of their own", node.span()))
    }

    /// The dash of an entry of a block sequence. The entry itself may start far from it, below properties,
    /// comments or the header of a block scalar.
    pub(super) fn dash(&self, seq: NodeRef<'_>, index: usize) -> Result<usize, Refusal> {
        let why = || Refusal::new("its dash is not where it should be", seq.span());
        let first = self.first_dash(seq).ok_or_else(why)?;
        let column = self.column(first).ok_or_else(why)?;
        if index == 0 {
            return Ok(first);
        }
        let mut line = self.after(child(seq, index - 1))?;
        while line < self.text.len() {
            let content = self.from(line).trim_start_matches(' ');
            let at = self.text.len() - content.len();
            if at - line == column && content.starts_with('-') {
                return Ok(at);
            }
            line = self.next(line);
        }
        Err(why())
    }

    /// The parser starts a sequence at its first dash or, if the dashes are at the column of a key, after it.
    fn first_dash(&self, seq: NodeRef<'_>) -> Option<usize> {
        let start = seq.span().start;
        let inner = seq.items().next().filter(|item| matches!(item.kind(), NodeKind::Seq(_, Flow::No)));
        let is_dash = |at: usize| {
            let rest = self.from(at).strip_prefix('-');
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
        };
        if is_dash(start) && inner.is_none_or(|inner| inner.span().start != start) {
            return Some(start);
        }
        let line = self.start(start);
        let dash = start - self.within(line..start).trim_start_matches(' ').len();
        is_dash(dash).then_some(dash)
    }

    /// Where the line after `node` starts: the first place for lines that follow it.
    pub(super) fn after(&self, node: NodeRef<'_>) -> Result<usize, Refusal> {
        let leaf = last_leaf(node);
        let span = leaf.span();
        if let NodeKind::Scalar(value, Style::Block) = leaf.kind() {
            return self.after_block_scalar(&span, value);
        }
        // The position of an empty value is the end of its key, before the colon.
        let at = past_colon(self.text, span.end).filter(|_| span.is_empty()).unwrap_or(span.end);
        let end = self.next(at);
        let rest = self.within(at..end).trim();
        if rest.is_empty() || rest.starts_with('#') {
            return Ok(end);
        }
        Err(Refusal::new("something follows it on its line", at..end))
    }

    /// Blank lines at the end belong to the scalar only if it keeps them.
    fn after_block_scalar(&self, span: &Range<usize>, value: &str) -> Result<usize, Refusal> {
        if span.is_empty()
            && let Some(at) = self.before_comments(span.start)
        {
            return Ok(at);
        }
        let scalar = self.within(span.clone());
        if !scalar.ends_with('\n') {
            // An addition would end the last line, which has no line break, and so change the value.
            let is_last = span.end == self.text.len() && !value.ends_with('\n') && !scalar.is_empty();
            return is_last
                .then_some(span.end)
                .ok_or_else(|| Refusal::new("it ends in a block scalar without a line break", span.clone()));
        }
        let content = scalar.trim_end();
        let is_blank = |text: &str| text.is_empty() || text.ends_with([' ', '\t']);
        if value.ends_with("\n\n") || content.is_empty() || is_blank(value.trim_end_matches('\n')) {
            return Ok(span.end);
        }
        Ok(self.next(span.start + content.len()))
    }

    /// Where a block scalar ends that has no text: the parser places it at what follows its blank lines and the comments
    /// behind them, which are not part of it.
    fn before_comments(&self, next: usize) -> Option<usize> {
        let mut at = self.start(next);
        let is_own_line =
            self.within(at..next).trim_start_matches(' ').is_empty() && self.within(0..at).ends_with('\n');
        while let Some(line) = at.checked_sub(1).map(|end| self.start(end))
            && self.within(line..at).trim_start_matches(' ').starts_with('#')
        {
            at = line;
        }
        let is_whole = next < self.text.len() || self.text.ends_with('\n');
        (is_own_line && is_whole).then_some(at)
    }

    /// From `at`, a line's start, past comments that are indented deeper than `column`: they belong to what is above.
    pub(super) fn past_comments(&self, mut at: usize, column: usize) -> usize {
        while at < self.text.len() {
            let line = self.within(at..self.next(at));
            let content = line.trim_start_matches(' ');
            if !content.starts_with('#') || line.len() - content.len() <= column {
                break;
            }
            at = self.next(at);
        }
        at
    }

    /// Some parsers fail on blank lines with tabs unless a plain or block scalar precedes them, so what precedes them
    /// must not change.
    pub(super) fn check_below(&self, mut at: usize) -> Result<(), Refusal> {
        while at < self.text.len() {
            let line = self.within(at..self.next(at));
            let content = line.trim_start();
            if line.strip_suffix(content).is_some_and(|blanks| blanks.contains('\t')) {
                return Err(Refusal::new("the line below begins with a tab", at..at + line.len()));
            }
            if !content.is_empty() && !content.starts_with('#') {
                break;
            }
            at = self.next(at);
        }
        Ok(())
    }

    /// `text` made of whole lines, ready to be put in at `at`.
    pub(super) fn fit(&self, at: usize, text: &str) -> String {
        let text =
            if self.is_open(at) { format!("\n{}", text.strip_suffix('\n').unwrap_or(text)) } else { text.into() };
        if self.eol == "\n" { text } else { text.replace('\n', self.eol) }
    }

    /// Whether `at` is the end of a last line without a line break.
    pub(super) fn is_open(&self, at: usize) -> bool {
        at == self.text.len() && !self.text.ends_with('\n')
    }

    /// The line break before `at`, unless a value would change without it.
    pub(super) fn loose_break(&self, at: usize) -> usize {
        let before = self.within(0..at);
        match before.strip_suffix("\r\n").or_else(|| before.strip_suffix('\n')) {
            Some(rest) if !self.is_block_end(at) => at - rest.len(),
            _ => 0,
        }
    }

    /// Whether a block scalar ends there whose value includes the last line break.
    fn is_block_end(&self, at: usize) -> bool {
        let is_open =
            |node: NodeRef<'_>| matches!(node.kind(), NodeKind::Scalar(value, Style::Block) if value.ends_with('\n'));
        self.doc.nodes().any(|node| node.span().end == at && is_open(node))
    }

    /// The document's shape for lines that go in at `at`.
    pub(super) fn shape_at(&self, at: usize) -> Shape {
        Shape { literals: !self.is_open(at), ..self.shape }
    }

    /// The indentation that the first collections show.
    fn shape_of(&self) -> Shape {
        let (mut map, mut seq, mut dash) = (None, None, None);
        for node in self.doc.nodes() {
            let Ok(outer) = self.column_of(node) else { continue };
            let is_seq = node.is_seq();
            for child in node.items().chain(node.entries().map(|(_, value)| value)) {
                let first = match child.kind() {
                    NodeKind::Map(..) if is_seq => &mut dash,
                    _ if is_seq => continue,
                    NodeKind::Seq(..) => &mut seq,
                    _ => &mut map,
                };
                if first.is_none()
                    && let Ok(column) = self.column_of(child)
                {
                    *first = column.checked_sub(outer).filter(|step| *step <= 8);
                }
            }
            if map.is_some() && seq.is_some() && dash.is_some() {
                break;
            }
        }
        let usual = Shape::default();
        Shape {
            map: map.filter(|step| *step > 0).unwrap_or(usual.map),
            seq: seq.unwrap_or(usual.seq),
            dash: dash.filter(|step| *step > 1).unwrap_or(usual.dash),
            ..usual
        }
    }
}

/// The offset after the colon of a value's key, if it is a value of a block mapping.
pub(super) fn behind_colon(text: &str, holder: Option<(NodeRef<'_>, usize)>) -> Option<usize> {
    let (map, index) = holder?;
    let NodeKind::Map(entries, Flow::No) = map.kind() else { return None };
    let key = map.document().node(entries.get(index)?[0]).span();
    past_colon(text, key.end)
}

/// The offset after the colon of a key that ends at `key_end`, if it is on the same line.
pub(super) fn past_colon(text: &str, key_end: usize) -> Option<usize> {
    let rest = text.get(key_end..)?.trim_start_matches([' ', '\t']).strip_prefix(':')?;
    Some(text.len() - rest.len())
}

/// From after the colon to the value, when `node` is a value of a block mapping and stands on its key's line.
pub(super) fn gap(text: &str, holder: Option<(NodeRef<'_>, usize)>, node: NodeRef<'_>) -> Option<Range<usize>> {
    let colon = behind_colon(text, holder)?;
    let value = node.span().start;
    if node.span().is_empty() {
        // Without a value, the line is empty or has an anchor, which must stay before a new value.
        return (!node.is_anchored() && node.tag().is_none()).then_some(colon..colon);
    }
    let blank = text.get(colon..value)?.bytes().all(|byte| matches!(byte, b' ' | b'\t'));
    blank.then_some(colon..value)
}

/// The first character that is a line break to YAML 1.1 but not to 1.2, or to YAML but not to us.
/// <https://yaml.org/spec/1.2.2/#54-line-break-characters>
fn odd_break(text: &str) -> Option<Range<usize>> {
    // The first bytes of U+0085, of U+2028 and U+2029, and of many others.
    let mut found = memchr3_iter(b'\r', 0xc2, 0xe2, text.as_bytes());
    found.find_map(|at| {
        let mut rest = text.get(at..)?.chars();
        let char = rest.next()?;
        let is_odd = match char {
            '\u{85}' | '\u{2028}' | '\u{2029}' => true,
            '\r' => rest.next() != Some('\n'),
            _ => false,
        };
        is_odd.then(|| at..at + char.len_utf8())
    })
}

/// The scalar, alias or flow collection in which a node ends.
fn last_leaf(node: NodeRef<'_>) -> NodeRef<'_> {
    let last = match node.kind() {
        NodeKind::Seq(items, Flow::No) => items.last(),
        NodeKind::Map(entries, Flow::No) => entries.last().map(|[_, value]| value),
        _ => None,
    };
    last.map_or(node, |last| last_leaf(node.document().node(*last)))
}
