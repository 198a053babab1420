//! The maps of the declaration that these commands edit, entry by entry.
//!
//! A map that is made here has a comment above it, and goes with its last entry; one that somebody else has written stays,
//! empty, and in its own style. So what is added and taken out again leaves the bytes from before.

use serde_json::{Map, Value};

use crate::yaml::edit::{Edit, Refusal, apply, dismiss, introduce};
use crate::yaml::{Document, FieldPath, Flow, Kind, NodeRef};

/// A map under `spec`.
#[derive(Clone, Copy)]
pub(super) struct Section {
    name: &'static str,
    /// What stands above it when it is made here.
    comment: &'static str,
}

pub(super) const CLUSTERS: Section = Section { name: "clusters", comment: "Clusters that workloads run in." };
pub(super) const ROLES: Section = Section { name: "roles", comment: "IAM roles that workloads can have." };
pub(super) const WORKLOADS: Section = Section { name: "workloads", comment: "Workloads and the role of each." };

impl Section {
    pub(super) fn path(self) -> FieldPath {
        FieldPath::keys("spec").key(self.name)
    }

    pub(super) fn entry(self, name: &str) -> FieldPath {
        self.path().key(name)
    }

    /// The names of its entries, in the order of the file.
    pub(super) fn names<'d>(self, doc: &'d Document<'_>) -> Vec<&'d str> {
        let entries = doc.at(&self.path()).into_iter().flat_map(NodeRef::entries);
        entries.filter_map(|(name, _)| name.text()).collect()
    }

    /// The text with one entry more.
    pub(super) fn add(self, text: &str, name: &str, fields: Map<String, Value>) -> Result<String, Refusal> {
        let doc = read(text)?;
        let is_new = doc.at(&self.path()).is_none();
        if is_new
            && let Some(spec) = doc.at(&FieldPath::keys("spec"))
            && let Kind::Map(_, Flow::Yes) = spec.kind()
        {
            let why = format!("`spec` stands between braces and has no `{}` yet", self.name);
            return Err(Refusal { why, span: spec.span() });
        }
        let edit = if doc.at(&self.path()).is_some_and(NodeRef::is_map) {
            // As what is in the map and not as the map's own: empty braces stay then.
            Edit::AddKeys { at: self.entry(name), entries: fields.into_iter().collect() }
        } else {
            Edit::AddKeys { at: self.path(), entries: vec![(name.to_owned(), Value::Object(fields))] }
        };
        let text = apply(&doc, &[edit])?;
        if is_new { introduce(&read(&text)?, &self.path(), self.comment) } else { Ok(text) }
    }

    /// The text with one entry less.
    pub(super) fn remove(self, text: &str, name: &str) -> Result<String, Refusal> {
        let doc = read(text)?;
        let (entry, path) = (self.entry(name), self.path());
        if !is_alone(&doc, &path) {
            return apply(&doc, &[Edit::Remove { at: entry }]);
        }
        let Some(text) = dismiss(&doc, &path, self.comment) else { return empty(&doc, &path) };
        let (doc, spec) = (read(&text)?, FieldPath::keys("spec"));
        if is_alone(&doc, &spec) { empty(&doc, &spec) } else { apply(&doc, &[Edit::Remove { at: path }]) }
    }
}

/// Whether a mapping in block style has one entry, which cannot go without the mapping.
fn is_alone(doc: &Document<'_>, at: &FieldPath) -> bool {
    doc.at(at).is_some_and(|node| matches!(node.kind(), Kind::Map(entries, Flow::No) if entries.len() == 1))
}

/// The key stays, with nothing behind it.
fn empty(doc: &Document<'_>, at: &FieldPath) -> Result<String, Refusal> {
    apply(doc, &[Edit::Restore { at: at.clone(), source: String::new() }])
}

fn read(text: &str) -> Result<Document<'_>, Refusal> {
    Document::parse(text).map_err(|error| Refusal { why: error.message, span: error.offset..error.offset })
}
