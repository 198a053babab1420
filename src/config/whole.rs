//! A declaration with all that it extends: one document, or several of which each extends the next.

use std::path::{Path, PathBuf};

use crate::krm::Position;
use crate::yaml::{Document, FieldPath, NodeRef, Step, SyntaxError, line_break};

/// The field that makes a declaration an extension.
pub(super) const EXTENDS: &str = "extends";

/// Where the path of the base is.
pub(super) fn extends_at() -> FieldPath {
    FieldPath::keys("spec").key(EXTENDS)
}

/// A declaration that another one extends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Its path, as messages name it.
    pub name: String,
    /// Its text.
    pub text: String,
    /// Its folder in the repository, without links.
    pub folder: PathBuf,
}

/// The documents of a declaration and of those that it extends, parsed.
pub struct Documents<'t> {
    name: &'t str,
    own: Document<'t>,
    /// Like that of a [`Base`].
    folder: &'t Path,
    /// Nearest first.
    bases: Vec<(&'t Base, Document<'t>)>,
}

impl<'t> Documents<'t> {
    /// Parses a declaration called `name` in messages, in a folder of the repository, and its bases, nearest first.
    ///
    /// # Errors
    /// The declaration is not YAML. Its bases are: see [`base_of`].
    pub fn parse(name: &'t str, text: &'t str, folder: &'t Path, bases: &'t [Base]) -> Result<Self, SyntaxError> {
        let bases = bases.iter().map(|base| Ok((base, Document::parse(&base.text)?)));
        Ok(Self { name, own: Document::parse(text)?, folder, bases: bases.collect::<Result<_, _>>()? })
    }

    /// The declaration.
    pub fn whole(&self) -> Whole<'_> {
        Whole { node: self.own.root(), documents: Some(self) }
    }
}

/// A declaration with all that it extends.
#[derive(Clone, Copy)]
pub struct Whole<'d> {
    node: NodeRef<'d>,
    documents: Option<&'d Documents<'d>>,
}

/// A declaration that extends nothing: it is not in a file, or not known to be.
impl<'d> From<NodeRef<'d>> for Whole<'d> {
    fn from(node: NodeRef<'d>) -> Self {
        Self { node, documents: None }
    }
}

impl<'d> Whole<'d> {
    /// The declaration itself.
    pub fn own(self) -> NodeRef<'d> {
        self.node
    }

    /// The last one that is extended, in which roles, scopes and clusters are; the declaration itself if it extends none.
    pub fn root(self) -> NodeRef<'d> {
        self.bases().last().map_or(self.node, |(_, document)| document.root())
    }

    /// The path of that one, as messages name it; `None` if the declaration extends none.
    pub fn root_name(self) -> Option<&'d str> {
        self.bases().last().map(|(base, _)| base.name.as_str())
    }

    /// A field of that one.
    pub fn in_root(self, at: FieldPath) -> FieldPath {
        at.in_document(self.bases().len())
    }

    /// The declaration and those that it extends, nearest first.
    pub(super) fn nodes(self) -> impl Iterator<Item = NodeRef<'d>> {
        std::iter::once(self.node).chain(self.bases().iter().map(|(_, document)| document.root()))
    }

    /// Their texts, and the names of those that are extended.
    pub(super) fn texts(self) -> impl Iterator<Item = (Option<&'d str>, &'d str)> {
        let bases = self.bases().iter().map(|(base, _)| (Some(base.name.as_str()), base.text.as_str()));
        std::iter::once((None, self.node.document().text())).chain(bases)
    }

    /// The folder of one of them in the repository.
    pub(super) fn folder(self, document: usize) -> Option<&'d Path> {
        match document.checked_sub(1) {
            None => Some(self.documents?.folder),
            Some(base) => Some(&self.bases().get(base)?.0.folder),
        }
    }

    /// A field as messages name it: `../../iamra.yaml:12`, or the file alone if it does not have the field.
    pub fn in_words(self, at: &FieldPath) -> String {
        let (name, node) = match at.document().checked_sub(1).and_then(|base| self.bases().get(base)) {
            Some((base, document)) => (base.name.as_str(), document.root()),
            None => (self.documents.map_or("", |it| it.name), self.node),
        };
        let line = at.split_last().and_then(|(parent, step)| {
            let Step::Key(key) = step else { return None };
            let (key, _) = node.at(&parent)?.entry(key)?;
            Some(Position::of(node.document().text(), key.span().start).line)
        });
        line.map_or_else(|| name.to_owned(), |line| format!("{name}:{line}"))
    }

    fn bases(self) -> &'d [(&'d Base, Document<'d>)] {
        self.documents.map_or(&[], |it| &it.bases)
    }
}

/// The path that a declaration says it extends, if it is one and says so.
pub fn extends(text: &str) -> Option<String> {
    // Most declarations extend none, and need not be parsed twice.
    let document = text.contains(EXTENDS).then(|| Document::parse(text).ok())??;
    extended(document.root()).and_then(NodeRef::text).map(str::to_owned)
}

/// The path that a base extends in turn.
///
/// # Errors
/// The text is no declaration: why, and on which line if that is known.
pub fn base_of(text: &str) -> Result<Option<String>, (Option<usize>, String)> {
    let line = |offset| Some(Position::of(text, offset).line);
    let document =
        Document::parse(text).map_err(|error| (line(error.offset), format!("is not YAML: {}", error.message)))?;
    if let Some((at, name)) = line_break(&document) {
        return Err((line(at), format!("has a raw {name} outside quotes")));
    }
    super::kind_of(document.root()).map_err(|found| (None, format!("is not a declaration: {found}")))?;
    match extended(document.root()) {
        None => Ok(None),
        Some(node) => match node.text() {
            Some(path) => Ok(Some(path.to_owned())),
            None => Err((line(node.span().start), "extends something that is not a path".to_owned())),
        },
    }
}

/// The value of `extends`, unless it is empty.
pub(super) fn extended(node: NodeRef<'_>) -> Option<NodeRef<'_>> {
    let node = node.at(&extends_at())?.followed();
    (!node.to_value().is_null()).then_some(node)
}
