//! Diagnostics: what iamra reports about its input. `output` formats them for terminals, `ResourceList`s and files.

mod code;
mod known;
mod severity;

pub use code::Code;
pub use known::Known;
pub use severity::Severity;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::krm::ResourceRef;
use crate::quote::line;
use crate::yaml::FieldPath;

/// What a check does with a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Report it as an error.
    Deny,
    /// Report it as a warning.
    Warn,
    /// Do not report it.
    Allow,
}

/// What a diagnostic points at: a path, converted to a line and column only when printed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The run as a whole.
    Nowhere,
    /// A field of the declaration.
    Config(FieldPath),
    /// A byte of the declaration's text, when it cannot be read as YAML.
    ConfigText(usize),
    /// A byte of stdin.
    Input(usize),
    /// A field of an object in the list.
    Item(ResourceRef, FieldPath),
    /// A file beside the declaration, and a line of it where known.
    File(String, Option<usize>),
}

/// One statement about the input. Created by [`Diagnostic::error`], [`Diagnostic::warning`] or [`Diagnostic::note`],
/// which make its texts a single line without key material.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// What it is about.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What was found and what was expected, in one line.
    pub message: String,
    /// Where.
    pub place: Place,
    /// How to fix it, as an imperative.
    pub help: Option<String>,
}

impl Diagnostic {
    /// Something wrong with the input.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, &message.into())
    }

    /// Something that works now and is likely to cause problems later.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, &message.into())
    }

    /// Something that is right, and that people should know.
    pub fn note(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Note, &message.into())
    }

    fn new(code: Code, severity: Severity, message: &str) -> Self {
        debug_assert!(code.can_be(severity), "{code} is never of this severity");
        Self { code, severity, message: line(message), place: Place::Nowhere, help: None }
    }

    /// Says where.
    #[must_use]
    pub fn at(self, place: Place) -> Self {
        Self { place, ..self }
    }

    /// Says how to fix it.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(line(&help.into())), ..self }
    }
}

/// All diagnostics of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    diagnostics: Vec<Arc<Diagnostic>>,
    /// The same, to skip duplicates.
    said: BTreeSet<Arc<Diagnostic>>,
}

impl Report {
    /// Adds one diagnostic; duplicates are dropped.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.add(Arc::new(diagnostic));
    }

    fn add(&mut self, diagnostic: Arc<Diagnostic>) {
        if self.said.insert(Arc::clone(&diagnostic)) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Adds the diagnostics of another report.
    pub fn append(&mut self, other: Self) {
        other.diagnostics.into_iter().for_each(|diagnostic| self.add(diagnostic));
    }

    /// Gives warnings and notes the levels of their codes, or drops them. Errors stay errors: nothing correct can be
    /// rendered from their input.
    pub fn judge(&mut self, levels: &BTreeMap<Code, Level>) {
        for diagnostic in std::mem::take(self).diagnostics {
            let level = levels.get(&diagnostic.code).filter(|_| diagnostic.severity != Severity::Error);
            let severity = match level {
                Some(Level::Deny) => Severity::Error,
                Some(Level::Warn) => Severity::Warning,
                Some(Level::Allow) => continue,
                None => {
                    self.add(diagnostic);
                    continue;
                }
            };
            self.push(Diagnostic { severity, ..(*diagnostic).clone() });
        }
    }

    /// The report without diagnostics that have this code.
    #[must_use]
    pub fn without(self, code: Code) -> Self {
        let mut kept = Self::default();
        self.diagnostics.into_iter().filter(|diagnostic| diagnostic.code != code).for_each(|it| kept.add(it));
        kept
    }

    /// The errors alone.
    #[must_use]
    pub fn errors(&self) -> Self {
        let mut kept = Self::default();
        let errors = self.diagnostics.iter().filter(|it| it.severity == Severity::Error);
        errors.for_each(|it| kept.add(Arc::clone(it)));
        kept
    }

    /// The report without diagnostics that the other one has.
    #[must_use]
    pub fn beyond(self, other: &Self) -> Self {
        let mut kept = Self::default();
        self.diagnostics.into_iter().filter(|diagnostic| !other.said.contains(diagnostic)).for_each(|it| kept.add(it));
        kept
    }

    /// The report with other fields of the declaration.
    #[must_use]
    pub fn relocated(self, field: impl Fn(&FieldPath) -> FieldPath) -> Self {
        let mut moved = Self::default();
        for diagnostic in self.diagnostics {
            match &diagnostic.place {
                Place::Config(at) => {
                    moved.push(Diagnostic { place: Place::Config(field(at)), ..(*diagnostic).clone() });
                }
                _ => moved.add(diagnostic),
            }
        }
        moved
    }

    /// The report without what is about other documents of the declaration than this one.
    #[must_use]
    pub fn of_document(self, document: usize) -> Self {
        let is_other = |place: &Place| matches!(place, Place::Config(at) if at.document() != document);
        let mut kept = Self::default();
        self.diagnostics.into_iter().filter(|it| !is_other(&it.place)).for_each(|it| kept.add(it));
        kept
    }

    /// Whether it has a diagnostic with this code.
    pub fn says(&self, code: Code) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.code == code)
    }

    /// Whether it has errors, so that nothing may be written.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|d| d.severity == Severity::Error)
    }

    /// Errors first, otherwise in the order in which they were found.
    pub fn diagnostics(&self) -> Vec<&Diagnostic> {
        let mut all: Vec<_> = self.diagnostics.iter().map(AsRef::as_ref).collect();
        all.sort_by_key(|d| d.severity);
        all
    }
}

/// The known name nearest to `name`, if it is close enough to be a typo.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    Known::of(known).nearest(name)
}

/// `did you mean …?`, or the list of valid names. To check many names, create a [`Known`] once.
pub fn known_names<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    Known::of(known).help(name)
}
