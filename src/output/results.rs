//! Diagnostics as KRM `results`, which kpt shows and machines read.

use std::collections::BTreeMap;

use super::{Declaration, Sources, shown};
use crate::config::{API_VERSION, KIND};
use crate::diag::{Diagnostic, Place, Report, Severity};
use crate::krm::{self, ResourceRef};
use crate::quote::line;
use crate::yaml::{FieldPath, emit};

/// The `results` of a run in block YAML; `None` when there are none.
#[expect(clippy::expect_used, reason = "all its keys are text")]
pub fn results(report: &Report, sources: Sources<'_>) -> Option<String> {
    let results: Vec<_> = report.diagnostics().into_iter().map(|diagnostic| result(diagnostic, sources)).collect();
    let value = serde_json::to_value(&results).expect("results have only text keys");
    (!results.is_empty()).then(|| emit::document(&value))
}

fn result(diagnostic: &Diagnostic, sources: Sources<'_>) -> krm::Result {
    let Diagnostic { code, severity, message, place, help } = diagnostic;
    let field = |path: &FieldPath| {
        (!path.steps().is_empty()).then(|| krm::Field { path: line(&path.to_string()), ..krm::Field::default() })
    };
    let (resource_ref, field) = match place {
        Place::Config(path) => (Some(declaration()), field(path)),
        Place::Item(target, path) => (Some(shown(target)), field(path)),
        _ => (None, None),
    };
    let file = match (place, sources.declaration) {
        (
            Place::Config(_) | Place::ConfigText(_),
            Declaration::FunctionConfig(Some(path)) | Declaration::File(path, _) | Declaration::Files(path, ..),
        ) => Some(path.to_owned()),
        (Place::File(name, _), _) => Some(name.clone()),
        _ => None,
    };
    krm::Result {
        message: help.as_ref().map_or_else(|| message.clone(), |help| format!("{message} (help: {help})")),
        severity: match severity {
            Severity::Error => krm::Severity::Error,
            Severity::Warning => krm::Severity::Warning,
            Severity::Note => krm::Severity::Info,
        },
        resource_ref,
        field,
        file: file.map(|path| krm::File { path: line(&path), index: None }),
        tags: BTreeMap::from([("code".to_owned(), code.name().to_owned())]),
    }
}

fn declaration() -> ResourceRef {
    ResourceRef { api_version: API_VERSION.to_owned(), kind: KIND.to_owned(), ..ResourceRef::default() }
}
