//! From the parser's events to a [`Document`].

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::alphabet;
use base64::engine::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use granit_parser::{Event, Parser, ScalarStyle, StructureStyle, Tag, options};

use super::document::{Document, SyntaxError, tag_name};
use super::simple;
use super::tree::{Flow, MAX_BYTES, NodeId, Opened, Span, Style, Tree};

/// Deeper nesting than any object of Kubernetes has; the reader's own limit is 255.
/// <https://github.com/bourumir-wyngs/granit-parser>
const MAX_DEPTH: usize = 200;

/// Nested aliases can expand a few nodes to very many, which would take a parser forever.
const MAX_EXPANDED: u32 = 10_000_000;

/// A collection that is still open while the events of its children come in.
struct Open {
    id: NodeId,
    entries: Opened,
    flow: Flow,
}

impl<'t> Document<'t> {
    /// Reads `text`, which must hold exactly one document.
    ///
    /// An alias without an anchor in the text is not an error: the text may be one item of a longer list.
    pub fn parse(text: &'t str) -> Result<Self, SyntaxError> {
        if text.len() > MAX_BYTES {
            let message = format!("a document of more than {} MB", MAX_BYTES / 1_000_000);
            return Err(SyntaxError { message, offset: 0 });
        }
        simple::read(text).map_or_else(|| Self::parse_any(text), Ok)
    }

    /// Reads any YAML, with the parser.
    pub(super) fn parse_any(text: &'t str) -> Result<Self, SyntaxError> {
        Builder { text, ..Builder::default() }.build()
    }
}

/// Collects the events of the parser into a [`Document`].
#[derive(Default)]
struct Builder<'t> {
    text: &'t str,
    tree: Tree,
    /// The number of nodes of each node after expanding its aliases.
    sizes: Vec<u32>,
    anchors: BTreeMap<usize, NodeId>,
    open: Vec<Open>,
    root: Option<NodeId>,
}

/// What the parser says, with what to write instead where it is always the same.
fn with_mend(message: String) -> String {
    if message.contains("tabs disallowed") { format!("{message}: indent with spaces") } else { message }
}

impl<'t> Builder<'t> {
    fn build(mut self) -> Result<Document<'t>, SyntaxError> {
        let settings = options! { emit_unresolved_aliases: true };
        let mut parser = Parser::new_from_str_with_options(self.text, settings);
        while let Some(event) = parser.next_event() {
            let (event, at) = event.map_err(|error| SyntaxError {
                message: with_mend(error.info()),
                offset: error.marker().byte_offset().unwrap_or(0).min(self.text.len()),
            })?;
            let span = at.byte_range().unwrap_or(0..0);
            self.event(event, span)?;
        }
        let root = self.root.ok_or(SyntaxError { message: "the document is empty".into(), offset: 0 })?;
        Ok(Document { text: self.text, tree: self.tree.done(), root })
    }

    fn event(&mut self, event: Event<'t>, span: Span) -> Result<(), SyntaxError> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
                    ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
                };
                let span = if style == Style::Block { self.block_scalar(span) } else { span };
                let tag = tag.map(|tag| tag.to_string().into_boxed_str());
                let (text, style) = match tag.as_deref().map(tag_name) {
                    Some("binary") => {
                        (decoded(&text, span.start)?, if style == Style::Plain { Style::Quoted } else { style })
                    }
                    _ => (text, style),
                };
                let id = if self.text.get(span.clone()) == Some(&*text) {
                    self.tree.written(span.clone(), &span, style)
                } else {
                    self.tree.made(span, &text, style)
                };
                self.note(id, anchor, tag);
                self.close(id)
            }
            Event::Alias(anchor) => {
                let target = self.anchors.get(&anchor).copied();
                if target.is_some_and(|target| self.open.iter().any(|open| open.id == target)) {
                    let message = "an alias inside the value that it refers to".into();
                    return Err(SyntaxError { message, offset: span.start });
                }
                self.alias(span, target)
            }
            Event::UnresolvedAlias(_) => self.alias(span, None),
            Event::SequenceStart(style, anchor, tag) => self.start(&span, false, style.into(), anchor, tag.as_deref()),
            Event::MappingStart(style, anchor, tag) => self.start(&span, true, style.into(), anchor, tag.as_deref()),
            Event::SequenceEnd | Event::MappingEnd => self.end(&span),
            _ => Ok(()),
        }
    }

    #[expect(clippy::indexing_slicing, reason = "an id is the place of a node that is there")]
    fn alias(&mut self, span: Span, target: Option<NodeId>) -> Result<(), SyntaxError> {
        let id = self.tree.alias(span, target);
        self.sizes.push(target.map_or(1, |target| self.sizes[target as usize]));
        self.close(id)
    }

    /// Keeps what stands before a new value, which counts as one node.
    fn note(&mut self, id: NodeId, anchor: usize, tag: Option<Box<str>>) {
        self.sizes.push(1);
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
        self.tree.set_properties(id, anchor != 0, tag);
    }

    fn start(
        &mut self,
        span: &Span,
        is_map: bool,
        flow: Flow,
        anchor: usize,
        tag: Option<&Tag>,
    ) -> Result<(), SyntaxError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(SyntaxError { message: format!("nested deeper than {MAX_DEPTH} levels"), offset: span.start });
        }
        let (id, entries) = self.tree.open(span.start, is_map, flow);
        self.note(id, anchor, tag.map(|tag| tag.to_string().into_boxed_str()));
        self.open.push(Open { id, entries, flow });
        Ok(())
    }

    fn end(&mut self, span: &Span) -> Result<(), SyntaxError> {
        let Some(Open { id, entries, flow }) = self.open.pop() else { return Ok(()) };
        // A block collection ends where its last child does; the event's span is that of the next token.
        let last = self.tree.last(entries).filter(|_| flow == Flow::No);
        let end = last.map_or(span.end, |last| self.tree.span(last).end);
        self.tree.close(id, entries, end);
        self.close(id)
    }

    /// Hands a finished node to the collection that it is in.
    #[expect(clippy::indexing_slicing, reason = "an id is the place of a node that is there")]
    fn close(&mut self, id: NodeId) -> Result<(), SyntaxError> {
        let Some(open) = self.open.last() else {
            let offset = self.tree.span(id).start;
            return match self.root.replace(id) {
                None => Ok(()),
                Some(_) => Err(SyntaxError {
                    message: "a second document where one was expected; remove it, or a `---` with nothing below"
                        .into(),
                    offset,
                }),
            };
        };
        let size = self.sizes[id as usize].saturating_add(self.sizes[open.id as usize]);
        self.sizes[open.id as usize] = size;
        if size > MAX_EXPANDED {
            let message = format!("aliases that expand to more than {MAX_EXPANDED} nodes");
            return Err(SyntaxError { message, offset: self.tree.span(id).start });
        }
        self.tree.push(id);
        Ok(())
    }

    /// The parser ends a block scalar on the indentation of the line after it; ours ends at the line's start.
    fn block_scalar(&self, span: Span) -> Span {
        let before = self.text.get(..span.end).unwrap_or_default();
        let only_indentation = before.rsplit('\n').next().is_some_and(|line| line.bytes().all(|byte| byte == b' '));
        let line = before.rfind('\n').map_or(0, |newline| newline + 1);
        if only_indentation && line >= span.start { span.start..line } else { span }
    }
}

/// Decodes `!!binary`, as YAML parsers do for any value, including names, kinds and keys.
fn decoded(text: &str, offset: usize) -> Result<Cow<'static, str>, SyntaxError> {
    let settings = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
    let text: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    let bytes = GeneralPurpose::new(&alphabet::STANDARD, settings)
        .decode(text)
        .map_err(|_| SyntaxError { message: "`!!binary` is not followed by Base64".into(), offset })?;
    Ok(Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()))
}

impl From<StructureStyle> for Flow {
    fn from(style: StructureStyle) -> Self {
        match style {
            StructureStyle::Flow => Self::Yes,
            StructureStyle::Block => Self::No,
        }
    }
}
