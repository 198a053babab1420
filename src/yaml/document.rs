//! One YAML document as a tree of nodes with byte spans.

#[cfg(any(test, feature = "fuzzing"))]
use std::fmt;

use super::path::{FieldPath, Step};
use super::tree::{NodeId, NodeKind, Properties, Span, Style, Tree};

/// The text is not one readable YAML document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// What the reader found, without any of the text itself.
    pub message: String,
    /// Where, in bytes from the start of the text.
    pub offset: usize,
}

/// One YAML document: its text and the span of every node in it.
#[derive(Debug)]
pub struct Document<'t> {
    pub(super) text: &'t str,
    pub(super) tree: Tree,
    pub(super) root: NodeId,
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
        (0..).map(|id| self.node(id)).take(self.tree.len())
    }

    /// Everything that a reader said of the document, to compare readers.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(super) fn reading(&self) -> impl fmt::Debug + PartialEq {
        let nodes: Vec<_> = self.nodes().map(|node| (node.span(), node.kind(), node.properties())).collect();
        (self.root, nodes, self.tree.wide.keys().copied().collect::<Vec<_>>())
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
        self.doc.tree.span(self.id)
    }

    /// What is written here, with aliases *not* followed.
    pub fn kind(self) -> NodeKind<'d> {
        self.doc.tree.kind(self.id, self.doc.text)
    }

    /// Whether an anchor is defined here.
    pub fn is_anchored(self) -> bool {
        self.properties().is_some_and(|it| it.is_anchored)
    }

    /// Whether an alias somewhere in the document stands for this node.
    pub fn is_aliased(self) -> bool {
        self.properties().is_some_and(|it| it.is_aliased)
    }

    /// The tag written here, if any.
    pub fn tag(self) -> Option<&'d str> {
        self.properties()?.tag.as_deref()
    }

    fn properties(self) -> Option<&'d Properties> {
        self.doc.tree.properties(self.id)
    }

    /// This node, or the one that it is an alias of.
    #[must_use]
    pub fn followed(self) -> Self {
        self.doc.tree.target(self.id).map_or(self, |id| Self { doc: self.doc, id })
    }

    /// The text of a scalar.
    pub fn text(self) -> Option<&'d str> {
        self.doc.tree.scalar(self.followed().id, self.doc.text)
    }

    /// The text of a scalar and how it is written.
    pub fn scalar(self) -> Option<(&'d str, Style)> {
        match self.followed().kind() {
            NodeKind::Scalar(text, style) => Some((text, style)),
            _ => None,
        }
    }

    /// The entries of a sequence; none for anything else.
    pub fn items(self) -> impl ExactSizeIterator<Item = Self> + DoubleEndedIterator + Clone {
        self.doc.tree.items(self.followed().id).iter().map(move |id| Self { doc: self.doc, id: *id })
    }

    /// The keys and values of a mapping as written; none for anything else.
    pub fn entries(self) -> impl ExactSizeIterator<Item = (Self, Self)> + DoubleEndedIterator + Clone {
        let pairs = self.doc.tree.pairs(self.followed().id).iter();
        pairs.map(move |[key, value]| (Self { doc: self.doc, id: *key }, Self { doc: self.doc, id: *value }))
    }

    /// Whether this is a mapping.
    pub fn is_map(self) -> bool {
        self.doc.tree.is_map(self.followed().id)
    }

    /// Whether this is a sequence.
    pub fn is_seq(self) -> bool {
        self.doc.tree.is_seq(self.followed().id)
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
        self.doc.tree.items(self.followed().id).get(position).map(|id| self.doc.node(*id))
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
