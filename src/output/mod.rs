//! Formats diagnostics and changes for people and machines.

mod changes;
mod diff;
mod github;
mod human;
mod json;
mod junit;
mod located;
mod markdown;
mod placement;
mod results;
mod sarif;
mod view;

pub use changes::{Compared, write_changes};
pub use diff::unified;
pub use github::annotations;
pub use human::{write_first_errors, write_report};
pub use json::{changes_json, diagnostics_json};
pub use junit::junit;
pub use located::{Located, located};
pub use markdown::changes_markdown;
pub use placement::{Placement, placements};
pub use results::results;
pub use sarif::{changes_sarif, diagnostics_sarif};
pub use view::{Origins, view_json, view_yaml};

use std::cell::OnceCell;

use crate::diag::{Code, Diagnostic, Place};
use crate::krm::{Lines, Position, ResourceRef};
use crate::quote::line;
use crate::yaml::{Document, FieldPath, Step};

/// The texts that places refer to.
#[derive(Clone, Copy, Default)]
pub struct Sources<'s> {
    /// The declaration.
    pub declaration: Declaration<'s>,
    /// stdin, or the file that is read instead: its name and text.
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
    /// The functionConfig, which may have the path of its file. Lines are unknown, because kustomize prints it again.
    FunctionConfig(Option<&'s str>),
}

/// Resolves places in these texts. Each text is parsed at most once.
struct Places<'s> {
    sources: Sources<'s>,
    document: OnceCell<Option<Document<'s>>>,
    declaration: OnceCell<Lines<'s>>,
    input: OnceCell<Lines<'s>>,
}

impl<'s> Places<'s> {
    fn of(sources: Sources<'s>) -> Self {
        Self { sources, document: OnceCell::new(), declaration: OnceCell::new(), input: OnceCell::new() }
    }

    /// The place as text: `iamra.yaml:3:5`, `functionConfig spec.role`, `Deployment shop/api spec.template`.
    fn locate(&self, diagnostic: &Diagnostic) -> Option<String> {
        match (&diagnostic.place, self.sources.declaration) {
            (Place::Config(_) | Place::ConfigText(_), Declaration::File(name, _)) => {
                let at = self.position(diagnostic).map(|at| format!(":{}:{}", at.line, at.column));
                Some(format!("{name}{}", at.unwrap_or_default()))
            }
            (Place::Nowhere | Place::ConfigText(_), _) => None,
            (Place::Config(path), Declaration::FunctionConfig(file)) => {
                let file = file.map_or_else(String::new, |file| format!(" ({file})"));
                Some(format!("functionConfig{file} {path}").trim_end().to_owned())
            }
            (Place::Config(path), Declaration::None) => Some(path.to_string()),
            (Place::Input(_), _) => {
                let (name, _) = self.sources.input?;
                self.position(diagnostic).map(|at| format!("{name}:{}:{}", at.line, at.column))
            }
            (Place::Item(target, path), _) => {
                // Each part separately: with a name before it, a key would not be recognised.
                let ResourceRef { kind, name, namespace, .. } = shown(target);
                let namespace = namespace.map_or_else(String::new, |namespace| format!("{namespace}/"));
                Some(format!("{kind} {namespace}{name} {path}").trim_end().to_owned())
            }
            (Place::File(name, line), _) => Some(line.map_or_else(|| name.clone(), |line| format!("{name}:{line}"))),
        }
    }

    /// Line and column, in the declaration's file, in the input or in another file, where they are known.
    fn position(&self, diagnostic: &Diagnostic) -> Option<Position> {
        match (&diagnostic.place, self.sources.declaration, self.sources.input) {
            (Place::Config(_) | Place::ConfigText(_), Declaration::File(_, text), _) => {
                let offset = self.offset(diagnostic)?;
                Some(self.declaration.get_or_init(|| Lines::of(text)).position(offset))
            }
            (Place::Input(offset), _, Some((_, text))) => {
                Some(self.input.get_or_init(|| Lines::of(text)).position(*offset))
            }
            (Place::File(_, line), ..) => line.map(|line| Position { line, column: 1 }),
            _ => None,
        }
    }

    /// The offset in the declaration's file, if it is about that.
    fn offset(&self, diagnostic: &Diagnostic) -> Option<usize> {
        match (&diagnostic.place, self.sources.declaration) {
            (Place::Config(path), Declaration::File(_, text)) => {
                let document = self.document.get_or_init(|| Document::parse(text).ok()).as_ref()?;
                Some(offset_of(document, path, diagnostic.code))
            }
            (Place::ConfigText(offset), Declaration::File(..)) => Some(*offset),
            _ => None,
        }
    }
}

/// The object, with its real name unless that has control characters or looks like a key.
fn shown(target: &ResourceRef) -> ResourceRef {
    ResourceRef {
        api_version: line(&target.api_version),
        kind: line(&target.kind),
        name: line(&target.name),
        namespace: target.namespace.as_deref().map(line),
    }
}

/// The offset to show for a field: its value, or its key if the key is wrong or the value is long. A missing field is
/// shown at its nearest existing parent.
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
