//! Single edits of a declaration, and why one cannot be made.

use serde_json::{Map, Value};

use crate::config::{self, Config, Whole};
use crate::diag::{Code, Diagnostic, Place, known_names};
use crate::quote::{quote, typed};
use crate::yaml::edit::{Edit, Refusal};
use crate::yaml::{Document, FieldPath, NodeRef, Step};

/// Declarations that share a base with the one to edit, by name, each for all of its clusters, with the workloads that it declares itself.
pub type Others = [(String, Vec<Config>)];

/// Why a command cannot be done.
pub type Refused = Box<Diagnostic>;

/// The result of a command.
pub struct Change {
    /// The file's text.
    pub text: String,
    /// Messages about what has changed; empty when nothing had to.
    pub said: Vec<String>,
}

/// Parses the declaration. It was parsed before, so this is not expected to fail.
pub(super) fn parsed(text: &str) -> Result<Document<'_>, Refused> {
    Document::parse(text).map_err(|error| config::syntax_error(&error).into())
}

/// Why an edit was not made, and what to write by hand.
pub(super) fn cannot_edit(refusal: &Refusal, by_hand: &str) -> Refused {
    Diagnostic::error(Code::CannotEdit, format!("the declaration cannot be edited safely: {}", refusal.why))
        .at(Place::ConfigText(refusal.span.start))
        .help(format!("edit it by hand: {by_hand}"))
        .into()
}

/// An edit that sets a text or appends to a sequence, and creates missing parents.
pub(super) fn put(doc: &Document<'_>, at: &FieldPath, value: Value) -> Edit {
    let at = at.clone();
    let is_map = |at: &FieldPath| doc.at(at).is_some_and(NodeRef::is_map);
    match (doc.at(&at), value, at.split_last()) {
        (Some(_), Value::String(text), _) => Edit::Set { at, text },
        (_, Value::Array(values), Some((parent, _))) if is_map(&parent) => Edit::Append { at, values },
        (_, value, Some((parent, Step::Key(key)))) => {
            let entry = (key.clone(), value);
            if parent.split_last().is_some_and(|(above, _)| is_map(&above)) {
                Edit::AddKeys { at: parent, entries: vec![entry] }
            } else {
                // Missing or empty parents are written together with the entry.
                put(doc, &parent, Value::Object(Map::from_iter([entry])))
            }
        }
        (_, value, _) => Edit::Append { at, values: vec![value] },
    }
}

/// Refuses a command that edits what is up to the base, if the declaration extends one.
pub(super) fn check_own(declaration: Whole<'_>, what: &str) -> Result<(), Refused> {
    declaration.root_name().map_or(Ok(()), |base| Err(up_to_base(base, what)))
}

/// Why a command is one for the base.
pub(super) fn up_to_base(base: &str, what: &str) -> Refused {
    Diagnostic::error(Code::NotDelegated, format!("{what} are up to the base, {}", quote(&base)))
        .at(Place::Config(FieldPath::keys("spec.extends")))
        .help(format!("run the command with {}", typed(&format_args!("--declaration {base}"))))
        .into()
}

/// A suggestion for a name, to be followed by an alternative.
pub(super) fn known(name: &str, known: Vec<&str>) -> String {
    let known = known_names(name, known);
    if known.ends_with('?') { format!("{known} ") } else { format!("{known}; ") }
}

/// What a field was, if anything, and what it is after the change.
pub(super) fn is_now(field: &str, before: Option<&str>, after: &str) -> String {
    let before = before.map_or_else(String::new, |before| format!(" {}", quote(&before)));
    format!("{field}{before} is now {}", quote(&after))
}
