//! One object of a list or stream, as its input text.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use memchr::{memchr, memchr_iter, memmem};
use serde_json::Value;

use super::ident::{Ident, Listed};
use super::layout::{Entry, Section};
use crate::yaml::{Document, FieldPath, NodeRef, SyntaxError};

/// What is around the object in its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    /// Nothing.
    Bare,
    /// A dash: read alone, the text is a sequence with one entry.
    Dash,
    /// A key: read alone, the text is a mapping with one entry.
    Key(&'static str),
}

/// One object, as its input text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item<'t> {
    source: &'t str,
    range: Range<usize>,
    framing: Framing,
    /// The identity, if the scanner could determine it.
    scanned: Option<Ident<'t>>,
    /// The identity from the parser, if the scanner could not determine it.
    parsed: OnceLock<Option<Box<Ident<'static>>>>,
    tied: bool,
    /// The kind that it inherits from a list.
    listed: Option<Arc<Listed>>,
}

/// A parsed item.
#[derive(Debug)]
pub struct Object<'t> {
    /// The item's text as a document.
    pub document: Document<'t>,
    /// The path of the object in the document: after a dash, it is the first entry of a sequence.
    pub prefix: FieldPath,
    listed: Option<Arc<Listed>>,
}

impl Object<'_> {
    /// Which object it is; `None` when one of the fields is missing.
    pub fn ident(&self) -> Option<Ident<'static>> {
        Ident::of_listed(self.root(), self.listed.as_deref())
    }

    /// Its value, with the kind that it inherits from a list.
    pub fn to_value(&self) -> Value {
        let mut value = self.root().to_value();
        if let (Value::Object(fields), Some(listed)) = (&mut value, &self.listed)
            && !fields.contains_key("apiVersion")
            && !fields.contains_key("kind")
        {
            fields.insert("apiVersion".to_owned(), listed.api_version.as_str().into());
            fields.insert("kind".to_owned(), listed.kind.as_str().into());
        }
        value
    }

    /// The object's own root.
    pub fn root(&self) -> NodeRef<'_> {
        self.document.at(&self.prefix).unwrap_or_else(|| self.document.root())
    }
}

impl<'t> Item<'t> {
    /// An entry of `items`.
    pub(super) fn entry(source: &'t str, entry: Entry<'t>, dashes: bool) -> Self {
        let framing = if dashes { Framing::Dash } else { Framing::Bare };
        let Entry { range, ident, tied } = entry;
        Self { source, range, framing, scanned: ident, parsed: OnceLock::new(), tied, listed: None }
    }

    /// A value of the list that is not one of its items.
    pub(super) fn section(source: &'t str, section: Section, key: &'static str) -> Self {
        let framing = if section.keyed { Framing::Key(key) } else { Framing::Bare };
        Self { source, range: section.range, framing, scanned: None, parsed: OnceLock::new(), tied: true, listed: None }
    }

    /// The same, in a list of a kind.
    pub(super) fn in_list(self, listed: Option<Arc<Listed>>) -> Self {
        Self { listed, ..self }
    }

    /// The exact text of the item: with its dash and comments in a block list, and with the preceding `---` in a
    /// stream.
    #[expect(clippy::string_slice, reason = "the range was found in this text, at lines or at nodes")]
    pub fn text(&self) -> &'t str {
        &self.source[self.range.clone()]
    }

    /// Where the item's text is in the input.
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// Where the item's text starts in the input.
    pub fn offset(&self) -> usize {
        self.range.start
    }

    /// Which object it is. If its lines do not determine that, it is parsed, once. `None` when a field is missing, or
    /// it cannot be parsed.
    pub fn ident(&self) -> Option<&Ident<'t>> {
        let parse = || self.parse().ok().and_then(|object| object.ident()).map(Box::new);
        self.scanned.as_ref().or_else(|| self.parsed.get_or_init(parse).as_deref())
    }

    /// Whether the item may be of this kind; false only if it certainly is not.
    pub fn may_be_kind(&self, kind: &str) -> bool {
        self.ident().is_none_or(|ident| ident.kind == kind)
    }

    /// Whether the object may contain this text: false only if it certainly does not.
    pub fn may_say(&self, words: &memmem::Finder<'_>) -> bool {
        words.find(self.text().as_bytes()).is_some() || self.is_encoded()
    }

    /// Whether it may contain values that a text search does not find: escapes and `!!binary` can encode anything, and
    /// some JSON printers write `\/`.
    pub fn is_encoded(&self) -> bool {
        let text = self.text().as_bytes();
        let spells = |at: usize| matches!(text.get(at + 1), Some(b'u' | b'U' | b'x' | b'/' | b'\n' | b'\r'));
        memchr_iter(b'\\', text).any(spells) || (self.tied && memchr(b'!', text).is_some())
    }

    /// Whether it contains anchors, aliases or tags: other items may depend on it, or it on them.
    pub fn is_tied(&self) -> bool {
        self.tied
    }

    /// Reads the item. The offset in an error counts from the start of the input.
    pub fn parse(&self) -> Result<Object<'t>, SyntaxError> {
        let document = Document::parse(self.text())
            .map_err(|error| SyntaxError { offset: error.offset + self.range.start, ..error })?;
        let prefix = match self.framing {
            Framing::Bare => FieldPath::root(),
            Framing::Dash => FieldPath::root().index(0),
            Framing::Key(key) => FieldPath::root().key(key),
        };
        Ok(Object { document, prefix, listed: self.listed.clone() })
    }
}
