//! Edits a document's text and keeps every byte that a change does not need. All edits of one call refer to the
//! document as it was read. The result is parsed again and compared with the expected values; if they differ, or if the
//! text has no safe place for an edit, the result is a [`Refusal`] and no text. Removing what was added restores the
//! original text, byte for byte.

mod block;
mod change;
mod comment;
mod fill;
mod flow;
mod locate;
mod scalar;
mod splice;
mod text;

use serde_json::Value;

use super::scalar::{Resolved, resolve};
use super::{Document, FieldPath, Flow, NodeKind, NodeRef, Span, Style};
use change::Plan;
pub use comment::{bring_back, dismiss, introduce, introduction, set_aside};
use locate::{Locator, Target};
use splice::Splices;
pub use splice::joined;
use text::Lines;

/// One change to a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// Appends `values` to the sequence at `at`, which is created if its key is absent, null or empty.
    Append {
        /// The sequence.
        at: FieldPath,
        /// What to add.
        values: Vec<Value>,
    },
    /// Inserts `values` before the first entry of the sequence at `at`, which is created as in [`Edit::Append`].
    Prepend {
        /// The sequence.
        at: FieldPath,
        /// What to add.
        values: Vec<Value>,
    },
    /// Appends `entries` to the mapping at `at`, which is created if its key is absent, null or empty.
    AddKeys {
        /// The mapping.
        at: FieldPath,
        /// Keys that it does not have yet, and their values.
        entries: Vec<(String, Value)>,
    },
    /// Removes an entry from its sequence, or a value and its key from their mapping.
    Remove {
        /// The value.
        at: FieldPath,
    },
    /// Sets a scalar that exists or is empty.
    Set {
        /// The value.
        at: FieldPath,
        /// What to write.
        text: String,
    },
    /// Restores the text of an empty value that [`empty_source`] returned before the collection was filled.
    Restore {
        /// The collection that takes its old form.
        at: FieldPath,
        /// What [`empty_source`] gave.
        source: String,
    },
}

/// Why an edit was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The reason, without any of the text itself.
    pub why: String,
    /// The place in the text that is the reason.
    pub span: Span,
}

impl Refusal {
    fn new(why: impl Into<String>, span: Span) -> Self {
        Self { why: why.into(), span }
    }
}

/// The text of `doc` with all of `edits` made, or the first reason why not.
///
/// The anchors of a text whose root is a sequence may have aliases elsewhere (the text may be one item of a
/// longer list), so nothing under such an anchor is changed.
///
/// ```
/// use iamra::yaml::{Document, FieldPath, edit::{Edit, apply}};
/// let doc = Document::parse("# ours\nargs: # all\n- a # one\n# end\n").unwrap();
/// let edit = Edit::Append { at: FieldPath::keys("args"), values: vec!["yes".into()] };
/// assert_eq!(apply(&doc, vec![edit]).unwrap(), "# ours\nargs: # all\n- a # one\n- \"yes\"\n# end\n");
/// ```
pub fn apply(doc: &Document<'_>, edits: Vec<Edit>) -> Result<String, Refusal> {
    changed(doc, edits).map(|changed| changed.text)
}

/// A text with edits made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// All of it.
    pub text: String,
    /// What is written in place of which parts of the text as it was, in order and apart.
    pub parts: Vec<(Span, String)>,
}

/// The same as [`apply`], with what has changed.
///
/// # Errors
/// The first reason why an edit cannot be made.
pub fn changed(doc: &Document<'_>, edits: Vec<Edit>) -> Result<Changed, Refusal> {
    let lines = Lines::of(doc)?;
    let plan = Plan::of(doc, edits)?;
    let mut splices = Splices::default();
    for change in plan.changes() {
        if let Some(text) = &change.set {
            scalar::set(&lines, change, text, &mut splices)?;
        } else if let Some(source) = &change.restore {
            fill::restore(&lines, change, source, &mut splices)?;
        } else if is_empty(change.node) {
            fill::fill(&lines, change, &mut splices)?;
        } else {
            match change.node.kind() {
                NodeKind::Seq(_, Flow::Yes) | NodeKind::Map(_, Flow::Yes) => flow::change(change, &mut splices),
                _ => block::change(&lines, change, &mut splices)?,
            }
        }
    }
    let parts = splices.parts(&lines)?;
    let text = joined(doc.text(), &parts);
    let all = 0..doc.text().len();
    let read =
        Document::parse(&text).map_err(|_| Refusal::new("the text around it has no safe place for it", all.clone()))?;
    if !plan.is_in(doc.root(), read.root()) {
        return Err(Refusal::new("the edited text would not parse as intended", all));
    }
    Ok(Changed { text, parts })
}

/// How the null or empty value at `at` is written, for [`Edit::Restore`]; `None` when there is no such value.
///
/// The spaces before it belong to it, unless it is the usual single space. If it is on its own line, so do the line break
/// before it and the rest of the line.
pub fn empty_source(doc: &Document<'_>, at: &FieldPath) -> Option<String> {
    let place = Locator::new(doc).locate(at).ok()?;
    let Target::Node(node) = place.target else { return None };
    if !is_empty(node) {
        return None;
    }
    let Some(written) = fill::written(doc.text(), place.holder, node) else {
        let source = doc.text().get(node.span())?.to_owned();
        return Some(source).filter(|source| !source.is_empty());
    };
    let source = doc.text().get(written)?;
    let usual = source.strip_prefix(' ').filter(|rest| !rest.is_empty() && !rest.starts_with([' ', '\t']));
    Some(usual.unwrap_or(source).to_owned())
}

/// Null, `[]` or `{}`.
fn is_empty(node: NodeRef<'_>) -> bool {
    match node.kind() {
        NodeKind::Scalar(text, Style::Plain) => node.tag().is_none() && resolve(text) == Resolved::Null,
        NodeKind::Seq(items, _) => items.is_empty(),
        NodeKind::Map(entries, _) => entries.is_empty(),
        _ => false,
    }
}
