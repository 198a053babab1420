//! One YAML document as a tree of nodes with byte spans.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

use super::path::{FieldPath, Step};

/// The entries of a collection sorted by name, created at the first lookup by name.
pub(super) type Index = OnceLock<Box<[usize]>>;

/// Up to this many entries, a linear search is as fast as an index.
pub(super) const NARROW: usize = 32;

/// A range of bytes in the text of a document.
pub type Span = Range<usize>;

/// The text is not one readable YAML document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// What the reader found, without any of the text itself.
    pub message: String,
    /// Where, in bytes from the start of the text.
    pub offset: usize,
}

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeKind<'t> {
    /// A scalar: its text after escapes, folding and `!!binary`.
    Scalar(Cow<'t, str>, Style),
    /// A sequence of nodes.
    Seq(Vec<NodeId>, Flow),
    /// A mapping, in the order in which it is written.
    Map(Vec<(NodeId, NodeId)>, Flow),
    /// `*name`, and the node that it stands for.
    Alias(NodeId),
    /// `*name` of an anchor that is not in this text.
    Dangling,
}

impl NodeKind<'_> {
    /// How many entries a collection has.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Seq(items, _) => items.len(),
            Self::Map(entries, _) => entries.len(),
            _ => 0,
        }
    }
}

/// Where a node stands in its document's table of nodes.
pub type NodeId = u32;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node<'t> {
    pub(super) span: Span,
    pub(super) kind: NodeKind<'t>,
    pub(super) anchored: bool,
    /// Whether an alias in this text refers to it.
    pub(super) aliased: bool,
    pub(super) tag: Option<Box<str>>,
}

/// One YAML document: its text and the span of every node in it.
#[derive(Debug)]
pub struct Document<'t> {
    pub(super) text: &'t str,
    pub(super) nodes: Vec<Node<'t>>,
    pub(super) root: NodeId,
    /// Indexes of collections that are too large for linear searches.
    pub(super) wide: BTreeMap<NodeId, Index>,
}

impl<'t> Document<'t> {
    /// The text that was read.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// The outermost node.
    pub fn root(&self) -> NodeRef<'_> {
        NodeRef { doc: self, id: self.root }
    }

    /// The node at `path`, with aliases followed and merge keys looked into.
    pub fn at(&self, path: &FieldPath) -> Option<NodeRef<'_>> {
        self.root().at(path)
    }

    /// All nodes, in the order in which they start.
    pub(super) fn nodes(&self) -> impl Iterator<Item = NodeRef<'_>> {
        (0..).map(|id| self.node(id)).take(self.nodes.len())
    }

    /// The node with this id.
    pub fn node(&self, id: NodeId) -> NodeRef<'_> {
        NodeRef { doc: self, id }
    }
}

/// The name of a tag of YAML's own; any other tag as it is.
/// <https://yaml.org/spec/1.2.2/#chapter-10-recommended-schemas>
pub(crate) fn tag_name(tag: &str) -> &str {
    tag.strip_prefix("tag:yaml.org,2002:").or_else(|| tag.strip_prefix("!!")).unwrap_or(tag)
}

/// A node of a [`Document`]. Reading through it follows aliases; `id` and `span` are those of the node itself.
#[derive(Debug, Clone, Copy)]
pub struct NodeRef<'d> {
    doc: &'d Document<'d>,
    id: NodeId,
}

impl<'d> NodeRef<'d> {
    #[expect(clippy::indexing_slicing, reason = "an id is the place of a node that is there")]
    fn raw(self) -> &'d Node<'d> {
        &self.doc.nodes[self.id as usize]
    }

    /// The document that the node is in.
    pub fn document(self) -> &'d Document<'d> {
        self.doc
    }

    /// The node's place in the table of nodes.
    pub fn id(self) -> NodeId {
        self.id
    }

    /// Where the node stands. A block collection starts at its first entry and ends with its last one; a block
    /// scalar starts at its content.
    pub fn span(self) -> Span {
        self.raw().span.clone()
    }

    /// What is written here, with aliases *not* followed.
    pub fn kind(self) -> &'d NodeKind<'d> {
        &self.raw().kind
    }

    /// Whether an anchor is defined here.
    pub fn is_anchored(self) -> bool {
        self.raw().anchored
    }

    /// Whether an alias somewhere in the document stands for this node.
    pub fn is_aliased(self) -> bool {
        self.raw().aliased
    }

    /// The tag written here, if any.
    pub fn tag(self) -> Option<&'d str> {
        self.raw().tag.as_deref()
    }

    /// This node, or the one that it is an alias of.
    #[must_use]
    pub fn followed(self) -> Self {
        match self.kind() {
            NodeKind::Alias(target) => Self { doc: self.doc, id: *target },
            _ => self,
        }
    }

    /// The text of a scalar.
    pub fn text(self) -> Option<&'d str> {
        match self.followed().kind() {
            NodeKind::Scalar(text, _) => Some(text),
            _ => None,
        }
    }

    /// The text of a scalar and how it is written.
    pub fn scalar(self) -> Option<(&'d str, Style)> {
        match self.followed().kind() {
            NodeKind::Scalar(text, style) => Some((text, *style)),
            _ => None,
        }
    }

    /// The entries of a sequence; none for anything else.
    pub fn items(self) -> impl ExactSizeIterator<Item = Self> + DoubleEndedIterator + Clone {
        let ids: &'d [NodeId] = match self.followed().kind() {
            NodeKind::Seq(items, _) => items,
            _ => &[],
        };
        ids.iter().map(move |id| Self { doc: self.doc, id: *id })
    }

    /// The keys and values of a mapping as written; none for anything else.
    pub fn entries(self) -> impl ExactSizeIterator<Item = (Self, Self)> + DoubleEndedIterator + Clone {
        let ids: &'d [(NodeId, NodeId)] = match self.followed().kind() {
            NodeKind::Map(entries, _) => entries,
            _ => &[],
        };
        ids.iter().map(move |(key, value)| (Self { doc: self.doc, id: *key }, Self { doc: self.doc, id: *value }))
    }

    /// Whether this is a mapping.
    pub fn is_map(self) -> bool {
        matches!(self.followed().kind(), NodeKind::Map(..))
    }

    /// Whether this is a sequence.
    pub fn is_seq(self) -> bool {
        matches!(self.followed().kind(), NodeKind::Seq(..))
    }

    /// The value under `key`, looking into merge keys (`<<`) when the mapping itself lacks it.
    pub fn get(self, key: &str) -> Option<Self> {
        self.entry(key).map(|(_, value)| value)
    }

    /// The node at `path` from here, with aliases followed and merge keys looked into.
    pub fn at(self, path: &FieldPath) -> Option<Self> {
        path.steps().iter().try_fold(self, Self::child)
    }

    /// The key and the value under `key`, looking into merge keys (`<<`) when the mapping itself lacks it.
    pub fn entry(self, key: &str) -> Option<(Self, Self)> {
        self.written(key, |_| true).or_else(|| {
            let (_, merged) = self.written("<<", Self::is_merge_key)?;
            if merged.is_seq() { merged.items().find_map(|part| part.entry(key)) } else { merged.entry(key) }
        })
    }

    /// The entry of a sequence at this position.
    fn item(self, position: usize) -> Option<Self> {
        match self.followed().kind() {
            NodeKind::Seq(items, _) => items.get(position).map(|id| self.doc.node(*id)),
            _ => None,
        }
    }

    /// Whether this is the key `<<` that merges other mappings into its own.
    pub fn is_merge_key(self) -> bool {
        matches!(self.kind(), NodeKind::Scalar(text, Style::Plain) if text == "<<")
    }

    /// One step down.
    pub fn child(self, step: &Step) -> Option<Self> {
        match step {
            Step::Key(key) => self.get(key),
            Step::Index(index) => self.item(*index),
            Step::Named(name) if self.is_seq() => self.item(self.position(name, 0)?),
            Step::Named(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_at<'d>(doc: &'d Document<'d>, path: &str) -> Option<&'d str> {
        doc.at(&FieldPath::keys(path)).and_then(NodeRef::text)
    }

    #[test]
    fn aliases_and_merge_keys_are_followed() {
        let doc = Document::parse("a: &x {b: 1, c: 2}\nd: *x\ne:\n  <<: *x\n  c: 3\n").unwrap();
        assert_eq!(text_at(&doc, "d.b"), Some("1"));
        assert_eq!(text_at(&doc, "e.b"), Some("1"));
        assert_eq!(text_at(&doc, "e.c"), Some("3"));
    }

    #[test]
    fn binary_is_what_it_stands_for() {
        let text = "!!binary a2V5: !!binary bmFtZQ==\n!<tag:yaml.org,2002:binary> YQ== : !!binary |\n  bmFt\n  ZQ==\n";
        let doc = Document::parse(text).unwrap();
        assert_eq!(text_at(&doc, "key"), Some("name"));
        assert_eq!(text_at(&doc, "a"), Some("name"));
        // Go's parser ignores leftover bits, and inserts a replacement character for invalid UTF-8.
        assert_eq!(Document::parse("!!binary YR==").unwrap().root().text(), Some("a"));
        assert_eq!(Document::parse("!!binary /w==").unwrap().root().to_value(), "\u{fffd}");
        for text in ["!!binary a b", "!!binary YQ", "!!binary YQ==YQ==", "!!binary \u{e9}"] {
            assert!(Document::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_alias_without_its_anchor_is_a_dangling_node() {
        let doc = Document::parse("a: *elsewhere\n").unwrap();
        assert!(matches!(doc.at(&FieldPath::keys("a")).unwrap().kind(), NodeKind::Dangling));
    }

    #[test]
    fn two_documents_are_refused() {
        assert!(Document::parse("a: 1\n---\nb: 2\n").is_err());
    }

    #[test]
    fn spans_point_at_the_text() {
        let text = "a:\n  - name: x\n    v: |\n      hello\n\n  - name: y\n";
        let doc = Document::parse(text).unwrap();
        let y = doc.at(&FieldPath::keys("a").named("y").key("name")).unwrap();
        assert_eq!(text.get(y.span()), Some("y"));
        let v = doc.at(&FieldPath::keys("a").named("x").key("v")).unwrap();
        assert_eq!(text.get(v.span()).map(str::trim_start), Some("hello\n\n"));
    }

    #[test]
    fn aliases_that_never_end_are_refused() {
        assert!(Document::parse("a: &a\n  <<: *a\n").is_err());
        let bomb: String = (1..30).map(|n| format!("x{n}: &x{n} [*x{0}, *x{0}]\n", n - 1)).collect();
        assert!(Document::parse(&format!("x0: &x0 [a]\n{bomb}")).is_err());
    }

    #[test]
    fn nesting_is_limited() {
        let deep = "[".repeat(1000);
        assert!(Document::parse(&deep).is_err());
        let deep: String = (0..1000).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
        assert!(Document::parse(&deep).is_err());
    }
}
