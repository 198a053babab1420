//! What was found out, as people and machines read it.

mod changes;
mod diff;
mod github;
mod human;
mod json;
mod junit;
mod located;
mod markdown;
mod results;
mod sarif;

pub use changes::{Compared, write_changes};
pub use diff::unified;
pub use github::annotations;
pub use human::{write_first_errors, write_report};
pub use json::{changes_json, diagnostics_json};
pub use junit::junit;
pub use located::{Located, located};
pub use markdown::changes_markdown;
pub use results::results;
pub use sarif::{changes_sarif, diagnostics_sarif};

use crate::diag::{Code, Diagnostic, Place};
use crate::krm::Position;
use crate::yaml::{Document, FieldPath, Step};

/// The texts that places point into.
#[derive(Clone, Copy, Default)]
pub struct Sources<'s> {
    /// The declaration.
    pub declaration: Declaration<'s>,
    /// stdin, or the file that stands for it: its name and text.
    pub input: Option<(&'s str, &'s str)>,
}

/// Where the declaration is from.
#[derive(Clone, Copy, Default)]
pub enum Declaration<'s> {
    /// There is none.
    #[default]
    None,
    /// A file: its name and text.
    File(&'s str, &'s str),
    /// The functionConfig, which may say which file it is from. Lines are unknown: kustomize prints it anew.
    FunctionConfig(Option<&'s str>),
}

/// The place in words: `iamra.yaml:3:5`, `functionConfig spec.role`, `Deployment shop/api spec.template`.
fn locate(diagnostic: &Diagnostic, sources: Sources<'_>) -> Option<String> {
    let at = |name: &str, text: &str, offset: usize| {
        let position = Position::of(text, offset);
        format!("{name}:{}:{}", position.line, position.column)
    };
    match (&diagnostic.place, sources.declaration) {
        (Place::Config(_) | Place::ConfigText(_), Declaration::File(name, text)) => {
            Some(offset(diagnostic, sources).map_or_else(|| name.to_owned(), |offset| at(name, text, offset)))
        }
        (Place::Nowhere | Place::ConfigText(_), _) => None,
        (Place::Config(path), Declaration::FunctionConfig(file)) => {
            let file = file.map_or_else(String::new, |file| format!(" ({file})"));
            Some(format!("functionConfig{file} {path}").trim_end().to_owned())
        }
        (Place::Config(path), Declaration::None) => Some(path.to_string()),
        (Place::Input(offset), _) => sources.input.map(|(name, text)| at(name, text, *offset)),
        (Place::Item(target, path), _) => {
            let namespace = target.namespace.as_ref().map_or_else(String::new, |namespace| format!("{namespace}/"));
            Some(format!("{} {namespace}{} {path}", target.kind, target.name).trim_end().to_owned())
        }
        (Place::File(name, line), _) => Some(line.map_or_else(|| name.clone(), |line| format!("{name}:{line}"))),
    }
}

/// Where in the file of the declaration it is, when that is what it is about.
fn offset(diagnostic: &Diagnostic, sources: Sources<'_>) -> Option<usize> {
    match (&diagnostic.place, sources.declaration) {
        (Place::Config(path), Declaration::File(_, text)) => {
            let document = Document::parse(text).ok()?;
            Some(offset_of(&document, path, diagnostic.code))
        }
        (Place::ConfigText(offset), Declaration::File(..)) => Some(*offset),
        _ => None,
    }
}

/// Where to point for a field: at its value, or at its key when the key is what is wrong or the value is long.
/// A field that is not there is pointed at by the nearest one around it.
fn offset_of(document: &Document<'_>, path: &FieldPath, code: Code) -> usize {
    let key_is_wrong = matches!(code, Code::UnknownField | Code::DuplicateField);
    let mut at = path.clone();
    loop {
        let Some((parent, step)) = at.split_last() else { return 0 };
        if let Some(node) = document.at(&at) {
            if let (Step::Key(key), Some(parent)) = (step, document.at(&parent))
                && let Some((key, _)) = parent.entry(key)
                && (key_is_wrong || node.scalar().is_none())
            {
                return key.span().start;
            }
            return node.span().start;
        }
        at = parent;
    }
}
