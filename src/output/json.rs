//! Diagnostics and changes as JSON with a version, for scripts.

use serde::Serialize;

use super::{Compared, Located, Placement};
use crate::diag::Severity;
use crate::diff::Change;
use crate::krm::Position;

/// The version of both documents. Adding a field does not change it; changing the meaning of a field does.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checked<'c> {
    schema_version: u32,
    files: &'c [String],
    errors: usize,
    warnings: usize,
    #[serde(skip_serializing_if = "is_zero")]
    notes: usize,
    diagnostics: Vec<Entry<'c>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    placements: Option<&'c [Placement]>,
}

#[derive(Serialize)]
struct Entry<'c> {
    code: &'static str,
    severity: &'static str,
    message: &'c str,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    build: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<&'c str>,
}

impl<'c> Entry<'c> {
    fn of(it: &'c Located) -> Self {
        let Located { code, build, severity, message, help, file, position, object } = it;
        Self {
            code: code.name(),
            severity: severity.word(),
            message,
            help: help.as_deref(),
            build: build.as_deref(),
            file: file.as_deref(),
            line: position.map(|at| at.line),
            column: position.map(|at| at.column),
            object: object.as_deref(),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// The diagnostics of these files, and which workload is in which build, if that was looked for.
pub fn diagnostics_json(files: &[String], diagnostics: &[Located], placements: Option<&[Placement]>) -> String {
    let count = |severity| diagnostics.iter().filter(|it| it.severity == severity).count();
    print(&Checked {
        schema_version: SCHEMA_VERSION,
        files,
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
        notes: count(Severity::Note),
        diagnostics: diagnostics.iter().map(Entry::of).collect(),
        placements,
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Comparison<'c> {
    schema_version: u32,
    base: &'c str,
    head: &'c str,
    file: &'c str,
    escalations: usize,
    notes: &'c [String],
    changes: Vec<Difference<'c>>,
}

#[derive(Serialize)]
struct Difference<'c> {
    kind: &'static str,
    escalation: bool,
    subject: &'c str,
    clusters: &'c [String],
    message: &'c str,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'c str>,
    field: String,
    /// Where it is declared, if not in the file that is compared but in one that this one extends.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
}

impl<'c> Difference<'c> {
    fn of(it: &'c Change, position: &impl Fn(&Change) -> Option<(&'c str, Position)>) -> Self {
        let Change { kind, escalation, clusters, subject, message, before, after, place } = it;
        let (file, line) = position(it).map(|(file, at)| (file, at.line)).unzip();
        Self {
            kind: kind.name(),
            escalation: *escalation,
            subject,
            clusters,
            message,
            before: before.as_deref(),
            after: after.as_deref(),
            field: place.to_string(),
            file: file.filter(|_| place.document() > 0),
            line,
        }
    }
}

/// The changes between two versions.
pub fn changes_json(compared: &Compared<'_>) -> String {
    let position = compared.positions();
    print(&Comparison {
        schema_version: SCHEMA_VERSION,
        base: compared.base,
        head: compared.head,
        file: compared.file,
        escalations: compared.escalations().count(),
        notes: compared.notes,
        changes: compared.changes.iter().map(|it| Difference::of(it, &position)).collect(),
    })
}

#[expect(clippy::expect_used, reason = "all its keys are text")]
fn print(document: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(document).expect("it has only text keys");
    text.push('\n');
    text
}
