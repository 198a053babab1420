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
mod resources;
mod results;
mod sarif;
mod view;

pub use changes::{Compared, write_changes};
pub use diff::{Line, lines, unified};
pub use github::annotations;
pub use human::{write_first_errors, write_report};
pub use json::{changes_json, diagnostics_json};
pub use junit::junit;
pub use located::{Located, located};
pub use markdown::changes_markdown;
pub use placement::{Placement, placements};
pub use resources::{resources, resources_json, resources_summary};
pub use results::results;
pub use sarif::{changes_sarif, diagnostics_sarif};
pub use view::{Origins, view_json, view_yaml};

use std::cell::OnceCell;

use crate::config::Base;
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
    /// A file, and those that it extends, nearest first.
    Files(&'s str, &'s str, &'s [Base]),
    /// The functionConfig, which may have the path of its file. Lines are unknown, because kustomize prints it again.
    FunctionConfig(Option<&'s str>),
}

impl<'s> Sources<'s> {
    /// Finds the file and the position of a field, or of its nearest existing parent.
    pub fn positions(self) -> impl Fn(&FieldPath) -> Option<(&'s str, Position)> {
        let places = Places::of(self);
        move |path| {
            let declared = places.declared.get(path.document())?;
            // Any code that is not about a key: the value is what is meant.
            let offset = declared.offset(path, Code::InvalidValue)?;
            Some((declared.name, declared.position(offset)))
        }
    }
}

impl<'s> Declaration<'s> {
    /// The name of its own file.
    pub fn name(self) -> Option<&'s str> {
        match self {
            Self::File(name, _) | Self::Files(name, ..) => Some(name),
            Self::None | Self::FunctionConfig(_) => None,
        }
    }

    /// The name and the text of one of its files; the first one is the declaration itself.
    fn file(self, document: usize) -> Option<(&'s str, &'s str)> {
        match (self, document.checked_sub(1)) {
            (Self::File(name, text) | Self::Files(name, text, _), None) => Some((name, text)),
            (Self::Files(_, _, bases), Some(base)) => {
                bases.get(base).map(|base| (base.name.as_str(), base.text.as_str()))
            }
            _ => None,
        }
    }
}

/// A file of a declaration. Its text is parsed at most once.
struct Declared<'s> {
    name: &'s str,
    text: &'s str,
    document: OnceCell<Option<Document<'s>>>,
    lines: OnceCell<Lines<'s>>,
}

impl<'s> Declared<'s> {
    fn of((name, text): (&'s str, &'s str)) -> Self {
        Self { name, text, document: OnceCell::new(), lines: OnceCell::new() }
    }

    fn position(&self, offset: usize) -> Position {
        self.lines.get_or_init(|| Lines::of(self.text)).position(offset)
    }

    fn offset(&self, path: &FieldPath, code: Code) -> Option<usize> {
        let document = self.document.get_or_init(|| Document::parse(self.text).ok()).as_ref()?;
        Some(offset_of(document, path, code))
    }
}

/// Resolves places in these texts. Each text is parsed at most once.
struct Places<'s> {
    sources: Sources<'s>,
    declared: Vec<Declared<'s>>,
    input: OnceCell<Lines<'s>>,
}

impl<'s> Places<'s> {
    fn of(sources: Sources<'s>) -> Self {
        let declared = (0..).map_while(|document| sources.declaration.file(document)).map(Declared::of).collect();
        Self { sources, declared, input: OnceCell::new() }
    }

    /// The file of the declaration that a diagnostic is about, and its number.
    fn declared(&self, diagnostic: &Diagnostic) -> Option<(usize, &Declared<'s>)> {
        let document = match &diagnostic.place {
            Place::Config(path) => path.document(),
            Place::ConfigText(_) => 0,
            _ => return None,
        };
        Some((document, self.declared.get(document)?))
    }

    /// The place as text: `iamra.yaml:3:5`, `functionConfig spec.role`, `Deployment shop/api spec.template`.
    fn locate(&self, diagnostic: &Diagnostic) -> Option<String> {
        if let Some((_, Declared { name, .. })) = self.declared(diagnostic) {
            let at = self.position(diagnostic).map(|at| format!(":{}:{}", at.line, at.column));
            return Some(format!("{name}{}", at.unwrap_or_default()));
        }
        match (&diagnostic.place, self.sources.declaration) {
            (Place::Nowhere | Place::ConfigText(_), _) => None,
            (Place::Config(path), Declaration::FunctionConfig(file)) => {
                let file = file.map_or_else(String::new, |file| format!(" ({file})"));
                Some(format!("functionConfig{file} {path}").trim_end().to_owned())
            }
            (Place::Config(path), _) => Some(path.to_string()),
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
        if let Some((_, declared)) = self.declared(diagnostic) {
            return self.offset(diagnostic).map(|offset| declared.position(offset));
        }
        match (&diagnostic.place, self.sources.input) {
            (Place::Input(offset), Some((_, text))) => {
                Some(self.input.get_or_init(|| Lines::of(text)).position(*offset))
            }
            (Place::File(_, line), _) => line.map(|line| Position { line, column: 1 }),
            _ => None,
        }
    }

    /// The offset in the file of the declaration that it is about.
    fn offset(&self, diagnostic: &Diagnostic) -> Option<usize> {
        let (_, declared) = self.declared(diagnostic)?;
        match &diagnostic.place {
            Place::Config(path) => declared.offset(path, diagnostic.code),
            Place::ConfigText(offset) => Some(*offset),
            _ => None,
        }
    }

    /// Where it comes among all of one severity: by file, then as in the file.
    fn order(&self, diagnostic: &Diagnostic) -> (usize, usize) {
        let document = self.declared(diagnostic).map_or(0, |(document, _)| document);
        (document, self.offset(diagnostic).unwrap_or(0))
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
