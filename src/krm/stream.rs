//! Plain manifests: documents with `---` between, as `kustomize build` prints and people write them.

use std::io::{self, Write};
use std::ops::Range;

use memchr::{memchr_iter, memmem};

use super::error::{ReadError, utf8};
use super::events;
use super::ident::{Ident, Tracker};
use super::item::Item;
use super::layout::{Entry, Layout, Root, Shape, lines, next_line};
use super::lex::{Doubt, Lexer, indent};
use super::scan::has_strange_breaks;
use super::write::{Changes, Places, Splice, write_spliced};
use crate::yaml::Document;

/// A text with any number of documents: its objects as slices of the text, not parsed.
///
/// A document of a kind that ends in `List` counts as the objects in its `items`.
///
/// ```
/// use iamra::krm::Stream;
///
/// let stream = Stream::read("kind: A\n---\nkind: B\n")?;
/// assert_eq!(stream.items[1].text(), "---\nkind: B\n");
/// # Ok::<(), iamra::krm::ReadError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream<'t> {
    text: &'t str,
    /// The objects, in their order.
    pub items: Vec<Item<'t>>,
    parts: Vec<Part>,
}

/// One document of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    range: Range<usize>,
    /// Its objects, by their numbers in the stream.
    items: Range<usize>,
    /// How it holds them, when it is a list.
    list: Option<(Shape, Root)>,
}

impl<'t> Stream<'t> {
    /// Reads a text. The documents are told apart, not checked.
    pub fn read(text: &'t str) -> Result<Self, ReadError> {
        let mut stream = Self { text, items: Vec::new(), parts: Vec::new() };
        for range in documents(text) {
            stream.add(range);
        }
        if stream.parts.is_empty() { Err(ReadError::Empty) } else { Ok(stream) }
    }

    /// Reads bytes, which must be UTF-8.
    pub fn from_utf8(bytes: &'t [u8]) -> Result<Self, ReadError> {
        Self::read(utf8(bytes)?)
    }

    /// The text that was read.
    pub fn text(&self) -> &'t str {
        self.text
    }

    fn add(&mut self, range: Range<usize>) {
        let document = &self.text[range.clone()];
        let first = self.items.len();
        let mut list_of_items = None;
        if let Some(layout) = list(document) {
            let layout = layout.moved(range.start);
            let dashes = matches!(layout.shape, Shape::Dashes { .. });
            self.items.extend(layout.entries.into_iter().map(|entry| Item::entry(self.text, entry, dashes)));
            list_of_items = Some((layout.shape, layout.root));
        } else {
            let (ident, tied) = identify(document).unwrap_or((None, true));
            self.items.push(Item::entry(self.text, Entry { range: range.clone(), ident, tied }, false));
        }
        self.parts.push(Part { range, items: first..self.items.len(), list: list_of_items });
    }
}

impl Changes {
    /// Writes a stream with these changes. Every byte that they do not touch is that of the input; results are left
    /// out, as plain manifests have no place for them.
    pub fn write_stream(&self, stream: &Stream<'_>, out: impl Write) -> io::Result<()> {
        let Stream { text, items, parts } = stream;
        let mut splices = Vec::new();
        for (number, part) in parts.iter().enumerate() {
            let Some((shape, root)) = &part.list else {
                splices.extend(self.of_document(stream, number));
                continue;
            };
            let places = Places { text, items: &items[part.items.clone()], first: part.items.start, shape, root };
            splices.extend(self.of_items(places));
            let added = if parts.len() == 1 { self.appended.as_slice() } else { &[] };
            self.additions(places, added, &mut splices)?;
        }
        let into_list = parts.len() == 1 && parts[0].list.is_some();
        if !into_list && !self.appended.is_empty() {
            splices.push(self.new_documents(stream));
        }
        write_spliced(text, splices, out)
    }

    /// What changes in a document that is one object.
    fn of_document(&self, stream: &Stream<'_>, part: usize) -> Option<Splice> {
        let number = stream.parts[part].items.start;
        let item = &stream.items[number];
        if !self.removed.contains(&number) {
            return self.replaced.get(&number).map(|text| Splice::new(item.range(), text.as_str()));
        }
        // What follows may have been a document of its own only because this one has ended.
        let next = stream.parts.get(part + 1).map(|next| &stream.text[next.range.clone()]);
        Some(match next {
            Some(next) if part > 0 && !is_marker(next, 0) => Splice::lines(item.range(), separator(next)),
            _ => Splice::new(item.range(), ""),
        })
    }

    /// The new objects, as documents at the end.
    fn new_documents(&self, stream: &Stream<'_>) -> Splice {
        let text = stream.text;
        let mut added = String::new();
        for object in &self.appended {
            added.push_str("---\n");
            added.push_str(object);
            if !object.ends_with('\n') {
                added.push('\n');
            }
        }
        match stream.items.last() {
            // A block scalar at the very end would get one more line break from lines behind it.
            Some(last) if !ends_safely(text, last) => {
                let start = last.offset();
                if !is_marker(text, start) {
                    added.push_str(separator(&text[start..]));
                }
                Splice::lines(start..start, added)
            }
            _ => Splice::lines(text.len()..text.len(), added),
        }
    }
}

/// What divides documents before one that has no marker of its own.
fn separator(next: &str) -> &'static str {
    if next.starts_with('%') { "...\n" } else { "---\n" }
}

fn ends_safely(text: &str, last: &Item<'_>) -> bool {
    let broken = text.ends_with(['\n', '\r']) || last.range().end < text.len();
    broken || last.parse().is_ok_and(|object| events::safe_end(text, object.root(), text.len()))
}

/// Whether a line that says `---` or `...` and no more than a comment or a node starts at `at`.
fn is_marker(text: &str, at: usize) -> bool {
    let rest = &text.as_bytes()[at..];
    (rest.starts_with(b"---") || rest.starts_with(b"..."))
        && matches!(rest.get(3), None | Some(b' ' | b'\t' | b'\n' | b'\r'))
}

/// The documents of a text that hold anything, each with the marker before it.
///
/// Markers are at column 0, where no scalar of several lines may have such a line.
fn documents(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let body = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let starts_line = |at: usize| at == body || matches!(bytes[at - 1], b'\n' | b'\r');
    let mut markers: Vec<usize> = memmem::find_iter(bytes, "---").chain(memmem::find_iter(bytes, "...")).collect();
    markers.retain(|at| *at >= body && starts_line(*at) && is_marker(text, *at));
    markers.sort_unstable();
    let mut found = Vec::new();
    let mut start = body;
    for at in markers {
        let end = if bytes[at] == b'.' { next_line(text, at) } else { at };
        match holds(&text[start..at]) {
            Holds::Content => found.push(start..end),
            Holds::Directives if end == at => continue,
            Holds::Directives | Holds::Nothing => {}
        }
        start = end;
    }
    if holds(&text[start..]) == Holds::Content {
        found.push(start..text.len());
    }
    found
}

/// What a part of a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Nothing,
    Directives,
    Content,
}

fn holds(part: &str) -> Holds {
    let mut directives = false;
    let mut marked = false;
    for (start, line) in lines(part, 0..part.len()) {
        let separates = line.starts_with("---") && is_marker(part, start);
        let line = if separates { line[3..].trim() } else { line.trim() };
        match line.as_bytes().first() {
            None | Some(b'#') => {}
            Some(b'%') if !marked && !separates => directives = true,
            Some(_) => return Holds::Content,
        }
        marked |= separates;
    }
    if directives { Holds::Directives } else { Holds::Nothing }
}

/// The parts of a document that is a list.
fn list(document: &str) -> Option<Layout<'static>> {
    // Most documents are no lists, which is much cheaper to see than to parse.
    memmem::find(document.as_bytes(), b"List")?;
    memmem::find(document.as_bytes(), b"items")?;
    if let Ok((Some(Ident { kind, .. }), _)) = identify(document)
        && !kind.ends_with("List")
    {
        return None;
    }
    let parsed = Document::parse(document).ok()?;
    let kind = parsed.root().get("kind")?.text()?;
    if !kind.ends_with("List") || !parsed.root().get("items")?.is_seq() {
        return None;
    }
    events::layout(parsed.root()).ok()
}

/// Which object a document is, and whether anchors, aliases or tags are inside.
fn identify(document: &str) -> Result<(Option<Ident<'_>>, bool), Doubt> {
    let bytes = document.as_bytes();
    if has_strange_breaks(bytes) {
        return Err(Doubt);
    }
    let mut tracker = Tracker::new(Some(0));
    let mut lexer = Lexer::default();
    let mut start = 0;
    for end in memchr_iter(b'\n', bytes).chain((!document.ends_with('\n')).then_some(bytes.len())) {
        let line = &bytes[start..end];
        let indented = indent(line);
        if indented < line.len() && !lexer.in_block(indented) {
            let first = line[indented];
            tracker.begin_line(indented, first);
            match first {
                b'\t' | b'%' => return Err(Doubt),
                b'#' => {}
                _ if indented == 0 && is_marker(document, start) => {
                    if line.len() > 3 {
                        return Err(Doubt);
                    }
                }
                _ => lexer.line(line, start, false, Some(&mut tracker))?,
            }
        }
        start = end + 1;
    }
    Ok(tracker.finish(document))
}
