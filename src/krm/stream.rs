//! Plain manifests: documents with `---` between, as `kustomize build` prints and people write them, or JSON objects.

use std::ops::Range;
use std::sync::Arc;

use memchr::{memchr_iter, memmem};

use super::brackets::scan_json;
use super::documents::{Documents, documents, is_marker};
use super::error::{ReadError, utf8};
use super::events;
use super::ident::{Ident, Listed, Tracker};
use super::item::Item;
use super::layout::{Entry, Layout, Root, Shape};
use super::lex::{Doubt, Lexer, indent};
use super::row;
use super::scan::{Scanned, has_strange_breaks, scan_list};
use crate::yaml::Document;

/// A text with any number of documents: its objects as slices of the text, not parsed.
///
/// A document whose kind ends in `List` counts as the objects in its `items`, which need no `kind` themselves. A
/// sequence of JSON objects needs no separators.
///
/// ```
/// use iamra::krm::Stream;
///
/// let stream = Stream::read("kind: A\n---\nkind: B\n")?;
/// assert_eq!(stream.items[1].text(), "---\nkind: B\n");
/// let stream = Stream::read("{\"kind\": \"A\"}\n{\"kind\": \"B\"}\n")?;
/// assert_eq!(stream.items[1].text(), "\n{\"kind\": \"B\"}");
/// # Ok::<(), iamra::krm::ReadError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream<'t> {
    text: &'t str,
    /// The objects, in their order.
    pub items: Vec<Item<'t>>,
    pub(super) parts: Vec<StreamDocument>,
    pub(super) form: Form,
}

/// How the objects of a stream are separated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// By markers.
    Documents {
        /// Whether the text ends with directives.
        open: bool,
    },
    /// Not at all: they are JSON.
    Row,
}

/// One document of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StreamDocument {
    pub(super) range: Range<usize>,
    /// Its objects, by their numbers in the stream.
    pub(super) items: Range<usize>,
    /// How it holds them, when it is a list.
    pub(super) list: Option<(Shape, Root)>,
}

impl<'t> Stream<'t> {
    /// Reads a text. The documents are separated, not checked.
    pub fn read(text: &'t str) -> Result<Self, ReadError> {
        let (found, form) = if let Some(objects) = row::objects(text)? {
            (objects, Form::Row)
        } else {
            let Documents { found, open } = documents(text);
            (found, Form::Documents { open })
        };
        let mut stream = Self { text, items: Vec::new(), parts: Vec::new(), form };
        for range in found {
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

    /// The objects of one of its documents.
    #[expect(clippy::indexing_slicing, reason = "the items of each document are counted among these")]
    pub(super) fn items_of(&self, part: &StreamDocument) -> &[Item<'t>] {
        &self.items[part.items.clone()]
    }

    fn add(&mut self, range: Range<usize>) {
        #[expect(clippy::string_slice, reason = "documents begin and end where their markers do")]
        let document = &self.text[range.clone()];
        let first = self.items.len();
        let mut list_of_items = None;
        if let Some((layout, listed)) = list(document, self.form) {
            let listed = listed.map(Arc::new);
            let layout = layout.moved(range.start);
            let dashes = matches!(layout.shape, Shape::Dashes { .. });
            let entries = layout.entries.into_iter().map(|entry| Item::entry(self.text, entry, dashes));
            self.items.extend(entries.map(|item| item.in_list(listed.clone())));
            list_of_items = Some((layout.shape, layout.root));
        } else {
            let (ident, tied) = identify(document).unwrap_or((None, true));
            self.items.push(Item::entry(self.text, Entry { range: range.clone(), ident, tied }, false));
        }
        self.parts.push(StreamDocument { range, items: first..self.items.len(), list: list_of_items });
    }
}

/// The parts of a document that is a list, and what is in it.
fn list(document: &str, form: Form) -> Option<(Layout<'_>, Option<Listed>)> {
    // Most documents are not lists, and a search is much cheaper than parsing.
    memmem::find(document.as_bytes(), b"List")?;
    memmem::find(document.as_bytes(), b"items")?;
    let scanned = if form == Form::Row { scan_json(document) } else { scan_list(document).ok() };
    if let Some(Scanned { layout, api_version, kind }) = scanned {
        return kind.ends_with("List").then(|| (layout, Listed::named(api_version, kind)));
    }
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
    Some((events::layout(parsed.root()).ok()?, Listed::of(parsed.root())))
}

/// Which object a document is, and whether anchors, aliases or tags are inside.
pub(super) fn identify(document: &str) -> Result<(Option<Ident<'_>>, bool), Doubt> {
    let bytes = document.as_bytes();
    if has_strange_breaks(bytes) {
        return Err(Doubt);
    }
    let mut tracker = Tracker::new(Some(0));
    let mut lexer = Lexer::default();
    let mut start = 0;
    for end in memchr_iter(b'\n', bytes).chain((!document.ends_with('\n')).then_some(bytes.len())) {
        let line = bytes.get(start..end).ok_or(Doubt)?;
        let indented = indent(line);
        if let Some(first) = line.get(indented).copied()
            && !lexer.in_block(indented)
        {
            if lexer.is_open() {
                lexer.goes_on(line, indented, 0)?;
                start = end + 1;
                continue;
            }
            tracker.begin_line(indented, first);
            match first {
                b'\t' | b'%' => return Err(Doubt),
                b'#' => lexer.comment(),
                _ if indented == 0 && is_marker(document, start) => {
                    if line.len() > 3 {
                        return Err(Doubt);
                    }
                }
                _ => lexer.line(line, indented, start, false, Some(&mut tracker))?,
            }
        }
        start = end + 1;
    }
    if lexer.is_open() {
        return Err(Doubt);
    }
    Ok(tracker.finish(document))
}
