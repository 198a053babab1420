//! The maps of the declaration that these commands edit, of `spec` or of a cluster. A map that is created here has a comment above it, and is
//! removed with its last entry. A map that the author wrote is kept when it becomes empty, in its original form: the
//! original empty value is kept in a comment (`clusters: # null`). So adding and removing an entry restores the
//! original bytes.

use serde_json::{Map, Value};

use super::edit::put;
use crate::quote::quote;
use crate::yaml::edit::{Edit, Refusal, apply, bring_back, dismiss, empty_source, introduce, set_aside};
use crate::yaml::{Document, FieldPath, Flow, NodeKind, NodeRef};

/// A map under `spec`, or what a cluster lays over it.
#[derive(Clone, Copy)]
pub(super) struct Section<'c> {
    name: &'static str,
    /// The comment above it when it is created here.
    pub(super) comment: &'static str,
    cluster: Option<&'c str>,
}

const fn section(name: &'static str, comment: &'static str) -> Section<'static> {
    Section { name, comment, cluster: None }
}

pub(super) const CLUSTERS: Section = section("clusters", "Clusters that workloads run in.");
pub(super) const ROLES: Section = section("roles", "IAM roles that workloads can have.");
pub(super) const WORKLOADS: Section = section("workloads", "Workloads and the role of each.");

impl Section<'_> {
    /// What a cluster lays over it.
    pub(super) fn of(self, cluster: &str) -> Section<'_> {
        Section { cluster: Some(cluster), ..self }
    }

    pub(super) fn path(self) -> FieldPath {
        let parent = self.cluster.map_or_else(|| FieldPath::keys("spec"), |cluster| CLUSTERS.entry(cluster));
        parent.key(self.name)
    }

    pub(super) fn entry(self, name: &str) -> FieldPath {
        self.path().key(name)
    }

    /// The names of its entries, in the order of the file.
    pub(super) fn names<'d>(self, doc: &'d Document<'_>) -> Vec<&'d str> {
        self.names_at(doc.root())
    }

    /// The same in the declaration at `node`.
    pub(super) fn names_at(self, node: NodeRef<'_>) -> Vec<&str> {
        let entries = node.at(&self.path()).into_iter().flat_map(NodeRef::entries);
        entries.filter_map(|(name, _)| name.text()).collect()
    }

    /// Whether there is an entry that is not one that removes another.
    pub(super) fn has(self, doc: &Document<'_>, name: &str) -> bool {
        doc.at(&self.entry(name)).is_some_and(|entry| self.cluster.is_none() || !entry.to_value().is_null())
    }

    /// The text with the entry added.
    pub(super) fn add(self, text: &str, name: &str, fields: Map<String, Value>) -> Result<String, Refusal> {
        if self.cluster.is_some() {
            let doc = read(text)?;
            return apply(&doc, vec![put(&doc, &self.entry(name), Value::Object(fields))]);
        }
        self.put(text, name, fields, false)
    }

    /// The text with the entry added on its own lines, below a comment.
    pub(super) fn add_introduced(self, text: &str, name: &str, words: &str) -> Result<String, Refusal> {
        let text = self.put(text, name, Map::new(), true)?;
        introduce(&read(&text)?, &self.entry(name), words)
    }

    fn put(self, text: &str, name: &str, fields: Map<String, Value>, on_lines: bool) -> Result<String, Refusal> {
        let doc = read(text)?;
        let path = self.path();
        let is_new = doc.at(&path).is_none();
        if is_new
            && let Some(spec) = doc.at(&FieldPath::keys("spec"))
            && let NodeKind::Map(_, Flow::Yes) = spec.kind()
        {
            let why = format!("`spec` is in flow style and has no {} yet", quote(&self.name));
            return Err(Refusal { why, span: spec.span() });
        }
        let keeps_braces = doc.at(&path).is_some_and(|node| node.is_map() && !(on_lines && node.entries().len() == 0));
        let edit = if keeps_braces {
            // Adding the fields to the entry, not the entry to the map, keeps empty braces.
            Edit::AddKeys { at: self.entry(name), entries: fields.into_iter().collect() }
        } else {
            Edit::AddKeys { at: path.clone(), entries: vec![(name.to_owned(), Value::Object(fields))] }
        };
        let text = apply(&doc, vec![edit])?;
        let text = if keeps_braces { text } else { keep_empty(&doc, &path, text)? };
        if is_new { introduce(&read(&text)?, &path, self.comment) } else { Ok(text) }
    }

    /// The text without the entry.
    pub(super) fn remove(self, text: &str, name: &str) -> Result<String, Refusal> {
        let doc = read(text)?;
        let (entry, path) = (self.entry(name), self.path());
        if !is_alone(&doc, &path) {
            return apply(&doc, vec![Edit::Remove { at: entry }]);
        }
        // In a cluster, a field without a value would remove what `spec` has.
        if let Some(cluster) = self.cluster.map(|cluster| CLUSTERS.entry(cluster)) {
            let is_last = is_alone(&doc, &cluster);
            return if is_last { empty(&doc, &cluster) } else { apply(&doc, vec![Edit::Remove { at: path }]) };
        }
        let Some(text) = dismiss(&doc, &path, self.comment) else { return empty(&doc, &path) };
        let (doc, spec) = (read(&text)?, FieldPath::keys("spec"));
        if is_alone(&doc, &spec) { empty(&doc, &spec) } else { apply(&doc, vec![Edit::Remove { at: path }]) }
    }
}

/// The clusters that have an entry of this name for themselves, if only to remove that of `spec`.
pub(super) fn overlaid<'d>(doc: &'d Document<'_>, section: Section<'_>, name: &str) -> Vec<&'d str> {
    let has_entry = |cluster: &&str| doc.at(&section.of(cluster).entry(name)).is_some();
    CLUSTERS.names(doc).into_iter().filter(has_entry).collect()
}

/// The text after an addition at `at`, with a comment that keeps the empty value from `before`.
pub(super) fn keep_empty(before: &Document<'_>, at: &FieldPath, text: String) -> Result<String, Refusal> {
    match empty_source(before, at).filter(|source| !source.trim().is_empty()) {
        Some(source) => set_aside(&read(&text)?, at, &source),
        None => Ok(text),
    }
}

/// Whether a mapping in block style has a single entry, which cannot be removed without the mapping.
pub(super) fn is_alone(doc: &Document<'_>, at: &FieldPath) -> bool {
    doc.at(at).is_some_and(|node| matches!(node.kind(), NodeKind::Map(entries, Flow::No) if entries.len() == 1))
}

/// Empties the value at `at`, in its original form.
pub(super) fn empty(doc: &Document<'_>, at: &FieldPath) -> Result<String, Refusal> {
    let (text, source) = bring_back(doc, at).unwrap_or_else(|| (doc.text().to_owned(), String::new()));
    apply(&read(&text)?, vec![Edit::Restore { at: at.clone(), source }])
}

pub(super) fn read(text: &str) -> Result<Document<'_>, Refusal> {
    Document::parse(text).map_err(|error| Refusal { why: error.message, span: error.offset..error.offset })
}
