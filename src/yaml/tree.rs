//! The nodes of a document, side by side: thousands of documents are there at once, and each has hundreds of nodes.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

/// A range of bytes in the text of a document.
pub type Span = Range<usize>;

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes: its meaning depends on the parser, see [`super::scalar`].
    Plain,
    /// In single or double quotes: a string.
    Quoted,
    /// A literal (`|`) or folded (`>`) block: a string.
    Block,
}

/// How a collection is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// `{a: b}` and `[a, b]`
    Yes,
    /// On lines of its own, by indentation.
    No,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeKind<'d> {
    /// A scalar: its text after escapes, folding and `!!binary`.
    Scalar(&'d str, Style),
    /// A sequence of nodes.
    Seq(&'d [NodeId], Flow),
    /// A mapping, in the order in which it is written: keys and their values.
    Map(&'d [[NodeId; 2]], Flow),
    /// `*name`, and the node that it stands for.
    Alias(NodeId),
    /// `*name` of an anchor that is not in this text.
    Dangling,
}

/// Where a node stands in its document's table of nodes.
pub type NodeId = u32;

/// The entries of a collection sorted by name, created at the first lookup by name.
pub(super) type Index = OnceLock<Box<[usize]>>;

/// Up to this many entries, a linear search is as fast as an index.
pub(super) const NARROW: usize = 32;

/// The longest document, in bytes: four bytes say where in it something is, which node it is, and where in the texts that were
/// made of it. Of all of these there are less than three times as many as bytes: two, as in `[?,?]`, make three nodes at most,
/// and four characters of Base64 make three bytes, each of which can be no text and become a replacement character of three.
pub(super) const MAX_BYTES: usize = u32::MAX as usize / 3;

/// So many entries of a table, from this one on.
#[derive(Debug, Clone, Copy)]
struct Part {
    from: u32,
    count: u32,
}

impl Part {
    fn new(from: usize, to: usize) -> Self {
        Self { from: number(from), count: number(to - from) }
    }

    fn range(self) -> Span {
        let from = self.from as usize;
        from..from + self.count as usize
    }
}

/// Of a text that is not too long, no number is too large.
fn number(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}

/// What a node is; see [`NodeKind`].
#[derive(Debug, Clone, Copy)]
enum Content {
    /// A scalar that reads as it is written there in the document's text.
    Written(Part, Style),
    /// A scalar with a text in `Tree::texts`.
    Made(Part, Style),
    Seq(Part, Flow),
    Map(Part, Flow),
    Alias(NodeId),
    Dangling,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    start: u32,
    end: u32,
    content: Content,
}

/// What may stand before a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Properties {
    pub(super) tag: Option<Box<str>>,
    pub(super) is_anchored: bool,
    /// Whether an alias in this text refers to it.
    pub(super) is_aliased: bool,
}

/// All nodes, in the order in which they start.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// The entries of each collection one after the other; of a mapping, keys and values by turns.
    entries: Vec<NodeId>,
    /// The entries of collections that are still open.
    open: Vec<NodeId>,
    /// The texts of scalars that do not read as they are written: with escapes, or of several lines.
    texts: String,
    /// Few nodes have any.
    properties: BTreeMap<NodeId, Properties>,
    /// Indexes of collections that are too large for linear searches.
    pub(super) wide: BTreeMap<NodeId, Index>,
}

/// Objects have a node for each so many bytes of text, or fewer: a table that does not grow is not copied.
const BYTES_PER_NODE: usize = 12;

impl Tree {
    /// An empty one for a document of so many bytes.
    pub(super) fn for_bytes(count: usize) -> Self {
        let nodes = count / BYTES_PER_NODE;
        Self { nodes: Vec::with_capacity(nodes), entries: Vec::with_capacity(nodes), ..Self::default() }
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Adds a scalar that reads as the document's text there.
    pub(super) fn written(&mut self, span: Span, text: &Span, style: Style) -> NodeId {
        self.add(span, Content::Written(Part::new(text.start, text.end), style))
    }

    /// Adds a scalar that reads otherwise than it is written.
    pub(super) fn made(&mut self, span: Span, text: &str, style: Style) -> NodeId {
        let from = self.texts.len();
        self.texts.push_str(text);
        self.add(span, Content::Made(Part::new(from, self.texts.len()), style))
    }

    /// Adds a collection. Its entries come with [`Self::push`], until [`Self::close`].
    pub(super) fn open(&mut self, start: usize, is_map: bool, flow: Flow) -> (NodeId, Opened) {
        let none = Part::new(0, 0);
        let content = if is_map { Content::Map(none, flow) } else { Content::Seq(none, flow) };
        (self.add(start..start, content), Opened(self.open.len()))
    }

    /// Adds an entry, a key or a value to the collection that was opened last.
    pub(super) fn push(&mut self, id: NodeId) {
        self.open.push(id);
    }

    /// The last entry of the collection, if it has any.
    pub(super) fn last(&self, opened: Opened) -> Option<NodeId> {
        self.open.get(opened.0..)?.last().copied()
    }

    /// Closes a collection, which ends there.
    pub(super) fn close(&mut self, id: NodeId, opened: Opened, end: usize) {
        let from = self.entries.len();
        self.entries.extend(self.open.drain(opened.0..));
        let part = Part::new(from, self.entries.len());
        let Some(node) = self.nodes.get_mut(id as usize) else { return };
        node.end = number(end).max(node.start);
        if let Content::Seq(entries, _) | Content::Map(entries, _) = &mut node.content {
            *entries = part;
        }
        if self.count(id) > NARROW {
            self.wide.insert(id, Index::new());
        }
    }

    /// Adds an alias of a node, or of none in this text.
    pub(super) fn alias(&mut self, span: Span, of: Option<NodeId>) -> NodeId {
        if let Some(target) = of {
            self.properties.entry(target).or_default().is_aliased = true;
        }
        self.add(span, of.map_or(Content::Dangling, Content::Alias))
    }

    /// Says what stands before a value.
    pub(super) fn set_properties(&mut self, id: NodeId, is_anchored: bool, tag: Option<Box<str>>) {
        if is_anchored || tag.is_some() {
            self.properties.insert(id, Properties { tag, is_anchored, is_aliased: false });
        }
    }

    /// Gives back the memory that was for more.
    pub(super) fn done(mut self) -> Self {
        self.nodes.shrink_to_fit();
        self.entries.shrink_to_fit();
        self.texts.shrink_to_fit();
        self.open = Vec::new();
        self
    }

    fn add(&mut self, span: Span, content: Content) -> NodeId {
        let id = number(self.nodes.len());
        self.nodes.push(Node { start: number(span.start), end: number(span.end), content });
        id
    }

    #[expect(clippy::indexing_slicing, reason = "an id is the place of a node that is there")]
    fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    /// Where a node stands.
    pub(super) fn span(&self, id: NodeId) -> Span {
        let node = self.node(id);
        node.start as usize..node.end as usize
    }

    /// What a node is, in a document of this text.
    pub(super) fn kind<'d>(&'d self, id: NodeId, text: &'d str) -> NodeKind<'d> {
        match self.node(id).content {
            Content::Written(_, style) | Content::Made(_, style) => {
                NodeKind::Scalar(self.scalar(id, text).unwrap_or_default(), style)
            }
            Content::Seq(_, flow) => NodeKind::Seq(self.items(id), flow),
            Content::Map(_, flow) => NodeKind::Map(self.pairs(id), flow),
            Content::Alias(target) => NodeKind::Alias(target),
            Content::Dangling => NodeKind::Dangling,
        }
    }

    /// The text of a scalar, in a document of this text.
    #[expect(clippy::string_slice, reason = "a part was measured when it was there")]
    pub(super) fn scalar<'d>(&'d self, id: NodeId, text: &'d str) -> Option<&'d str> {
        match self.node(id).content {
            Content::Written(part, _) => Some(&text[part.range()]),
            Content::Made(part, _) => Some(&self.texts[part.range()]),
            _ => None,
        }
    }

    /// The entries of a sequence; none of anything else.
    pub(super) fn items(&self, id: NodeId) -> &[NodeId] {
        if let Content::Seq(part, _) = self.node(id).content { self.part(part) } else { &[] }
    }

    /// The keys and values of a mapping; none of anything else.
    pub(super) fn pairs(&self, id: NodeId) -> &[[NodeId; 2]] {
        if let Content::Map(part, _) = self.node(id).content { self.part(part).as_chunks().0 } else { &[] }
    }

    /// How many entries a collection has.
    pub(super) fn count(&self, id: NodeId) -> usize {
        self.items(id).len() + self.pairs(id).len()
    }

    pub(super) fn is_seq(&self, id: NodeId) -> bool {
        matches!(self.node(id).content, Content::Seq(..))
    }

    pub(super) fn is_map(&self, id: NodeId) -> bool {
        matches!(self.node(id).content, Content::Map(..))
    }

    #[expect(clippy::indexing_slicing, reason = "a part was measured when it was there")]
    fn part(&self, part: Part) -> &[NodeId] {
        &self.entries[part.range()]
    }

    /// What an alias stands for.
    pub(super) fn target(&self, id: NodeId) -> Option<NodeId> {
        if let Content::Alias(target) = self.node(id).content { Some(target) } else { None }
    }

    /// What stands before a value, if anything does.
    pub(super) fn properties(&self, id: NodeId) -> Option<&Properties> {
        self.properties.get(&id)
    }
}

/// Where the entries of an open collection start.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opened(usize);
