//! Diagnostics with resolved places, for machine-readable formats.

use std::collections::BTreeSet;

use super::{Declaration, Places, Sources};
use crate::diag::{Code, Diagnostic, Place, Report, Severity};
use crate::krm::Position;
use crate::quote::line;

/// A diagnostic and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// What it is about.
    pub code: Code,
    /// The build that it is about, if there are several.
    pub build: Option<String>,
    /// How bad it is.
    pub severity: Severity,
    /// What was found and what was expected.
    pub message: String,
    /// How to fix it.
    pub help: Option<String>,
    /// The file it is in; for an object, the file that declares what is wrong with it.
    pub file: Option<String>,
    /// Line and column, from 1, where they are known.
    pub position: Option<Position>,
    /// The object, with the field: `Deployment shop/api spec.template`.
    pub object: Option<String>,
}

impl Located {
    /// The build, the message and the help, in one line.
    pub(super) fn words(&self) -> String {
        let build = self.build.as_ref().map_or_else(String::new, |build| format!("{build}: "));
        let help = self.help.as_ref().map_or_else(String::new, |help| format!(" (help: {help})"));
        format!("{build}{}{help}", self.message)
    }

    /// The same, said about a build.
    #[must_use]
    pub fn of_build(self, build: Option<&str>) -> Self {
        Self { build: build.map(line), ..self }
    }
}

/// Every diagnostic, errors first and in the order of the file.
pub fn located(report: &Report, sources: Sources<'_>) -> Vec<Located> {
    let places = Places::of(sources);
    let at = |it: &Located| it.position.as_ref().map_or((0, 0), |at| (at.line, at.column));
    let file = |diagnostic: &Diagnostic| places.declared(diagnostic).map_or(0, |(document, _)| document);
    let all = report.diagnostics().into_iter().map(|diagnostic| (file(diagnostic), one(diagnostic, &places)));
    let mut all: Vec<_> = all.collect();
    all.sort_by_key(|(file, it)| (it.severity, *file, at(it)));
    let mut all: Vec<_> = all.into_iter().map(|(_, it)| it).collect();
    // A missing field has the position of its nearest existing parent, so two diagnostics may be identical.
    let mut said = BTreeSet::new();
    all.retain(|it| said.insert((it.file.clone(), at(it), it.object.clone(), it.words())));
    all
}

fn one(diagnostic: &Diagnostic, places: &Places<'_>) -> Located {
    let file = match (&diagnostic.place, places.sources.declaration) {
        (Place::File(name, _), _) => Some(name.clone()),
        (Place::Input(_), _) => places.sources.input.map(|(name, _)| name.to_owned()),
        (Place::Config(_), Declaration::Files(..)) => places.declared(diagnostic).map(|(_, it)| it.name.to_owned()),
        (_, Declaration::File(name, _) | Declaration::Files(name, ..) | Declaration::FunctionConfig(Some(name))) => {
            Some(name.to_owned())
        }
        (_, Declaration::FunctionConfig(None) | Declaration::None) => None,
    };
    let object = match &diagnostic.place {
        Place::Item(..) => places.locate(diagnostic),
        _ => None,
    };
    let position = places.position(diagnostic);
    let Diagnostic { code, severity, message, help, .. } = diagnostic.clone();
    let line = |text: String| line(&text);
    let (file, object) = (file.map(line), object.map(line));
    Located { code, build: None, severity, message, help, file, position, object }
}
