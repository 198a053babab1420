//! The fast reader: finds the items of a list in the style of kustomize and kpt, and proves every boundary.
//!
//! A line that starts with a dash at the column of the first item's dash starts an item unless it is inside (1) a block
//! scalar, (2) a plain scalar of several lines, (3) a quoted scalar or flow collection from an earlier line, (4) another
//! document or another key of the list. Content of (1) and (2) must be indented deeper than that column. (3) is excluded
//! because the scanner follows every quote and bracket and gives up when a line before its end is not indented deeper than
//! that column, or when it may be no quote but the text of (2). (4) is excluded because it follows the keys and gives up at
//! document markers. Giving up means [`Doubt`]: the parser reads the list.

use memchr::{memchr_iter, memchr3_iter};

use super::ident::{Tracker, unquoted};
use super::layout::{Entry, Layout, Root, Section, Shape};
use super::lex::{Doubt, Lexer, indent, plain_key_end, scalar, skip_spaces, stands_alone, value};
use super::value::Value;

/// Finds the parts of a `ResourceList`, or returns [`Doubt`].
pub(super) fn scan(text: &str) -> Result<Layout<'_>, Doubt> {
    let Scanned { layout, api_version, kind } = scan_list(text)?;
    let is_krm = api_version.is_some_and(|version| version.starts_with("config.kubernetes.io/"));
    if kind == "ResourceList" && is_krm { Ok(layout) } else { Err(Doubt) }
}

/// The parts of a list, and its kind.
pub(super) struct Scanned<'t> {
    pub(super) layout: Layout<'t>,
    pub(super) api_version: Option<&'t str>,
    pub(super) kind: &'t str,
}

/// Finds the parts of a list of any kind, or returns [`Doubt`].
#[expect(
    clippy::indexing_slicing,
    reason = "a line is cut out between line breaks, and a place is one in the line, or its end"
)]
pub(super) fn scan_list(text: &str) -> Result<Scanned<'_>, Doubt> {
    let bytes = text.as_bytes();
    if bytes.last() != Some(&b'\n') || has_strange_breaks(bytes) {
        return Err(Doubt);
    }
    let mut scan = Scan::new(text);
    let mut start = 0;
    for end in memchr_iter(b'\n', bytes) {
        scan.line(start, &bytes[start..end])?;
        start = end + 1;
    }
    scan.finish()
}

/// Whether there is a byte order mark, or a character that only some parsers treat as a line break.
/// <https://yaml.org/spec/1.2.2/#54-line-break-characters>
pub(super) fn has_strange_breaks(bytes: &[u8]) -> bool {
    // U+0085, U+2028 and U+2029 by their first bytes, so that one search is enough.
    let is_break =
        |at: usize| matches!(bytes.get(at..), Some([b'\r', ..] | [0xc2, 0x85, ..] | [0xe2, 0x80, 0xa8 | 0xa9, ..]));
    bytes.starts_with("\u{feff}".as_bytes()) || memchr3_iter(b'\r', 0xc2, 0xe2, bytes).any(is_break)
}

/// The key of the list that the lines belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Top {
    Nothing,
    Items,
    FunctionConfig,
    Results,
    /// `kind`, `apiVersion` or no items, whose value a further line would continue.
    Word,
    Other,
}

struct Scan<'t> {
    text: &'t str,
    lexer: Lexer,
    top: Top,
    top_start: usize,
    /// The column of the items' dashes, once there is one.
    column: Option<usize>,
    /// The first comment that is not indented deeper, after the last content: it belongs to what follows.
    comment: Option<usize>,
    item: Option<(usize, Tracker)>,
    entries: Vec<Entry<'t>>,
    shape: Option<Shape>,
    function_config: Option<Section>,
    results: Option<Section>,
    /// The `kind` and `apiVersion` seen so far.
    kind: Option<&'t str>,
    api_version: Option<&'t str>,
}

impl<'t> Scan<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            lexer: Lexer::default(),
            top: Top::Nothing,
            top_start: 0,
            column: None,
            comment: None,
            item: None,
            entries: Vec::new(),
            shape: None,
            function_config: None,
            results: None,
            kind: None,
            api_version: None,
        }
    }

    #[inline]
    fn line(&mut self, start: usize, line: &[u8]) -> Result<(), Doubt> {
        let indented = indent(line);
        let Some(first) = line.get(indented) else { return Ok(()) };
        if self.lexer.in_block(indented) {
            return Ok(());
        }
        if self.lexer.is_open() {
            return self.lexer.goes_on(line, indented, self.column.unwrap_or(0));
        }
        if let Some((_, item)) = &mut self.item {
            item.begin_line(indented, *first);
        }
        match first {
            b'#' => {
                self.lexer.comment();
                if indented <= self.column.unwrap_or(0) && self.comment.is_none() {
                    self.comment = Some(start);
                }
                return Ok(());
            }
            b'\t' => return Err(Doubt),
            _ => {}
        }
        let dash = *first == b'-' && stands_alone(line, indented);
        if indented == 0 && !dash {
            return self.top_line(start, line);
        }
        let starts_item = dash && self.top == Top::Items && *self.column.get_or_insert(indented) == indented;
        if starts_item {
            let head_comment = self.close(start);
            let from = if self.entries.is_empty() { start } else { head_comment };
            self.item = Some((from, Tracker::new(None)));
        } else if self.top == Top::Items && self.column.is_none_or(|column| indented <= column) {
            return Err(Doubt);
        }
        if matches!(self.top, Top::Nothing | Top::Word) || (self.top == Top::Items && self.item.is_none()) {
            return Err(Doubt);
        }
        self.comment = None;
        self.lexer.line(line, indented, start, starts_item, self.item.as_mut().map(|(_, item)| item))
    }

    /// Ends the open item, if any, and returns its end.
    fn close(&mut self, next: usize) -> usize {
        let end = self.comment.take().unwrap_or(next);
        if let Some((start, item)) = self.item.take() {
            let (ident, tied) = item.finish(self.text);
            self.entries.push(Entry { range: start..end, ident, tied });
        }
        end
    }

    /// Ends what the last key of the list began.
    fn close_top(&mut self, next: usize) {
        let content_end = self.close(next);
        let section = || Some(Section { range: self.top_start..content_end, keyed: true });
        match self.top {
            Top::FunctionConfig => self.function_config = section(),
            Top::Results => self.results = section(),
            Top::Items => {
                if let Some(Shape::Dashes { end, .. }) = &mut self.shape {
                    *end = content_end;
                }
            }
            Top::Word | Top::Other | Top::Nothing => {}
        }
    }

    /// A line at column 0 that is not an entry: a key of the list.
    #[expect(
        clippy::indexing_slicing,
        reason = "a line is cut out between line breaks, and a place is one in the line, or its end"
    )]
    fn top_line(&mut self, start: usize, line: &[u8]) -> Result<(), Doubt> {
        if line == b"---" && self.top == Top::Nothing {
            return Ok(());
        }
        let marker = line.starts_with(b"---") && stands_alone(line, 2) || line.starts_with(b"...");
        if marker || !line[0].is_ascii_alphabetic() {
            return Err(Doubt);
        }
        let colon = plain_key_end(line, 0)?.ok_or(Doubt)?;
        self.close_top(start);
        self.top_start = start;
        let at = skip_spaces(line, colon + 1);
        let found = value(line, at)?;
        if matches!(found, Value::Property | Value::Open) {
            return Err(Doubt);
        }
        self.lexer.opens(&found, 0);
        let text = self.text;
        let word = || {
            let place = scalar(line, at, &found).ok_or(Doubt)?;
            text.get(start + place.start..start + place.end).and_then(unquoted).ok_or(Doubt)
        };
        self.top = match &line[..colon] {
            b"items" => self.items(start, line, colon, at, &found)?,
            b"functionConfig" if self.function_config.is_none() => Top::FunctionConfig,
            b"results" if self.results.is_none() => Top::Results,
            b"kind" if self.kind.is_none() => {
                self.kind = Some(word()?);
                Top::Word
            }
            b"apiVersion" if self.api_version.is_none() => {
                self.api_version = Some(word()?);
                Top::Word
            }
            b"functionConfig" | b"results" | b"kind" | b"apiVersion" => return Err(Doubt),
            _ => Top::Other,
        };
        Ok(())
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "a line is cut out between line breaks, and a place is one in the line, or its end"
    )]
    fn items(&mut self, start: usize, line: &[u8], colon: usize, at: usize, found: &Value) -> Result<Top, Doubt> {
        if self.shape.is_some() {
            return Err(Doubt);
        }
        match found {
            Value::Empty => {
                self.shape = Some(Shape::Dashes { column: 0, head: start + colon + 1, end: 0 });
                Ok(Top::Items)
            }
            Value::Flow if line[at..].starts_with(b"[]") => {
                let value = start + at..start + at + 2;
                self.shape = Some(Shape::Empty { value, next_line: start + line.len() + 1 });
                Ok(Top::Word)
            }
            _ => Err(Doubt),
        }
    }

    fn finish(mut self) -> Result<Scanned<'t>, Doubt> {
        if self.lexer.is_open() {
            return Err(Doubt);
        }
        self.close_top(self.text.len());
        let mut shape = self.shape.ok_or(Doubt)?;
        if let Shape::Dashes { column, .. } = &mut shape {
            *column = self.column.ok_or(Doubt)?;
        }
        let layout = Layout {
            entries: self.entries,
            shape,
            root: Root::Block { column: 0, end: self.text.len() },
            function_config: self.function_config,
            results: self.results,
        };
        Ok(Scanned { layout, api_version: self.api_version, kind: self.kind.ok_or(Doubt)? })
    }
}
