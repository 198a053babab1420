//! Identifies the object of an item from its lines.

use std::borrow::Cow;
use std::ops::Range;

use super::result::ResourceRef;
use super::value::Value;
use crate::yaml::NodeRef;

/// The four fields that identify an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ident<'t> {
    /// `apiVersion`
    pub api_version: Cow<'t, str>,
    /// `kind`
    pub kind: Cow<'t, str>,
    /// `metadata.namespace`
    pub namespace: Option<Cow<'t, str>>,
    /// `metadata.name`, or `metadata.generateName` if the API server generates the name.
    pub name: Cow<'t, str>,
}

/// A `generateName` without the end that separates the generated part: `backup` of `backup-`. No full name ends like that.
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/>
pub fn stem(name: &str) -> &str {
    name.trim_end_matches(['-', '.'])
}

impl Ident<'_> {
    /// How results and diagnostics name the object.
    pub fn resource_ref(&self) -> ResourceRef {
        ResourceRef {
            api_version: self.api_version.to_string(),
            kind: self.kind.to_string(),
            name: self.name.to_string(),
            namespace: self.namespace.as_ref().map(ToString::to_string),
        }
    }
}

impl Ident<'static> {
    /// The fields of a parsed object; `None` when a required one is missing.
    pub fn of(object: NodeRef<'_>) -> Option<Self> {
        Self::of_listed(object, None)
    }

    /// The fields of a parsed object in a list.
    pub(super) fn of_listed(object: NodeRef<'_>, listed: Option<&Listed>) -> Option<Self> {
        let (api_version, kind) = match (word(object, "apiVersion"), word(object, "kind"), listed) {
            (None, None, Some(listed)) => (listed.api_version.as_str(), listed.kind.as_str()),
            (api_version, kind, _) => (api_version?, kind?),
        };
        Some(Self {
            api_version: Cow::Owned(api_version.to_owned()),
            kind: Cow::Owned(kind.to_owned()),
            namespace: namespace(object).map(|namespace| Cow::Owned(namespace.to_owned())),
            name: Cow::Owned(name(object)?.to_owned()),
        })
    }
}

/// The `kind` and `apiVersion` that objects inherit from a list such as `ConfigMapList`, as in kubectl.
/// <https://github.com/kubernetes/apimachinery/blob/master/pkg/apis/meta/v1/unstructured/helpers.go>
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) api_version: String,
    pub(super) kind: String,
}

impl Listed {
    /// From a list; `None` when its kind does not determine them.
    pub(super) fn of(list: NodeRef<'_>) -> Option<Self> {
        Self::named(word(list, "apiVersion"), word(list, "kind")?)
    }

    /// From the `apiVersion` and `kind` of a list.
    pub(super) fn named(api_version: Option<&str>, kind: &str) -> Option<Self> {
        let kind = kind.strip_suffix("List").filter(|kind| !kind.is_empty())?;
        Some(Self { api_version: api_version?.to_owned(), kind: kind.to_owned() })
    }
}

/// `metadata.namespace`, if set: an empty string counts as unset, as in Kubernetes.
pub fn namespace(object: NodeRef<'_>) -> Option<&str> {
    word(object.get("metadata")?, "namespace")
}

/// `metadata.name`, or the prefix that the API server generates it from.
pub(super) fn name(object: NodeRef<'_>) -> Option<&str> {
    let metadata = object.get("metadata")?;
    word(metadata, "name").or_else(|| word(metadata, "generateName"))
}

/// A text that is neither empty nor null.
fn word<'d>(node: NodeRef<'d>, key: &str) -> Option<&'d str> {
    let value = node.get(key)?;
    value.text().filter(|text| !(text.is_empty() || is_null(text) && value.to_value().is_null()))
}

/// Where the entries of `metadata` are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Metadata {
    /// Not in `metadata` now.
    Outside,
    /// Its first entry has not come yet.
    Before,
    /// Its entries are at this column.
    At(usize),
}

/// Collects the identifying fields of one object line by line. If anything could change the meaning of a field, it
/// returns nothing.
#[derive(Debug)]
pub(super) struct Tracker {
    /// The column of the object's keys, once it is known.
    column: Option<usize>,
    metadata: Metadata,
    /// The column of a value that the next line could continue.
    plain: Option<usize>,
    words: [Option<Range<usize>>; 4],
    seen: [bool; 5],
    /// The object has anchors, aliases or tags inside.
    tied: bool,
    /// The object must be identified by the parser.
    opaque: bool,
}

const API_VERSION: usize = 0;
const KIND: usize = 1;
const NAMESPACE: usize = 2;
const NAME: usize = 3;
const METADATA: usize = 4;

impl Tracker {
    /// Starts an object whose keys are at `column`, or at the column of its first key.
    pub(super) fn new(column: Option<usize>) -> Self {
        Self {
            column,
            metadata: Metadata::Outside,
            plain: None,
            words: [const { None }; 4],
            seen: [false; 5],
            tied: false,
            opaque: false,
        }
    }

    /// Begins a line with this indentation and first byte.
    #[inline]
    pub(super) fn begin_line(&mut self, indent: usize, first: u8) {
        if let Some(column) = self.plain.take()
            && first != b'#'
            && indent > column
        {
            self.opaque = true;
        }
    }

    /// A dash, `?` or `:` stands alone at `at`; `own` is the column of the item's own dash, on the same line.
    pub(super) fn indicator(&mut self, dash: bool, at: usize, own: Option<usize>) {
        if !dash {
            self.opaque |= self.metadata != Metadata::Outside || self.column.is_none_or(|column| at <= column);
        }
        // `- - x`: the item is not a mapping.
        self.opaque |= own.map_or(self.column.is_none(), |own| at > own);
    }

    /// The item's content starts here, behind its dash.
    pub(super) fn starts_at(&mut self, column: Option<usize>) {
        self.column = column;
    }

    /// There are anchors, aliases or tags.
    pub(super) fn tied(&mut self) {
        self.tied = true;
    }

    /// A key at `column` of a line that is indented by `indent`.
    #[inline]
    pub(super) fn key(
        &mut self,
        key: &[u8],
        column: usize,
        indent: usize,
        value: &Value,
        scalar: impl FnOnce() -> Option<Range<usize>>,
    ) {
        if self.column.is_none() {
            self.column = Some(column);
            self.opaque |= column != indent;
        }
        let own = self.column == Some(column);
        if *value == Value::Plain && (own || self.metadata != Metadata::Outside) {
            self.plain = Some(column);
        }
        if own {
            self.metadata = Metadata::Outside;
            match key {
                b"kind" => self.word(KIND, scalar()),
                b"apiVersion" => self.word(API_VERSION, scalar()),
                b"metadata" => {
                    self.opaque |= self.seen[METADATA] || *value != Value::Empty;
                    self.seen[METADATA] = true;
                    self.metadata = Metadata::Before;
                }
                _ => self.opaque |= is_unclear(key),
            }
            return;
        }
        let at = match self.metadata {
            Metadata::Outside => return,
            Metadata::Before => {
                self.opaque |= column != indent;
                self.metadata = Metadata::At(column);
                column
            }
            Metadata::At(at) => {
                self.opaque |= column != indent && indent < at;
                at
            }
        };
        if column == at {
            match key {
                b"name" => self.word(NAME, scalar()),
                b"namespace" => self.word(NAMESPACE, scalar()),
                _ => self.opaque |= is_unclear(key),
            }
        }
    }

    #[expect(clippy::indexing_slicing, reason = "`which` is one of the constants that count the places")]
    fn word(&mut self, which: usize, place: Option<Range<usize>>) {
        self.opaque |= self.seen[which] || place.is_none();
        self.seen[which] = true;
        self.words[which] = place;
    }

    /// The fields that were found, and whether the object contains anchors, aliases or tags.
    #[expect(clippy::indexing_slicing, reason = "`which` is one of the constants that count the places")]
    pub(super) fn finish(self, text: &str) -> (Option<Ident<'_>>, bool) {
        let word = |which: usize| Some(Cow::Borrowed(unquoted(text.get(self.words[which].clone()?)?)?));
        let ident = || {
            let namespace = word(NAMESPACE);
            if self.opaque || namespace.is_none() && self.seen[NAMESPACE] {
                return None;
            }
            Some(Ident { api_version: word(API_VERSION)?, kind: word(KIND)?, namespace, name: word(NAME)? })
        };
        (ident(), self.tied)
    }
}

/// Whether a plain scalar is null.
fn is_null(plain: &str) -> bool {
    matches!(plain, "" | "~" | "null" | "Null" | "NULL")
}

/// Whether a key may stand for any field: a quoted key may have escapes, and a merge key may add fields.
fn is_unclear(key: &[u8]) -> bool {
    matches!(key, [b'"' | b'\'', ..] | b"<<")
}

/// The text of a single-line scalar, if it needs no decoding.
pub(super) fn unquoted(source: &str) -> Option<&str> {
    let Some(rest) = source.strip_prefix(['"', '\'']) else {
        return (!source.is_empty() && !is_null(source)).then_some(source);
    };
    let inner = rest.strip_suffix(source.chars().next()?)?;
    (!inner.is_empty() && !inner.contains(['\\', '\''])).then_some(inner)
}
