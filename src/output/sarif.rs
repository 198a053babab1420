//! Diagnostics and changes as SARIF 2.1.0, for code scanning.

use serde::Serialize;

use super::{Compared, Located};
use crate::diag::{Code, Severity};
use crate::diff::ChangeKind;
use crate::krm::Position;

#[derive(Serialize)]
struct Log<'l> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'l>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'l> {
    tool: Tool<'l>,
    results: Vec<Finding>,
    column_kind: &'static str,
}

#[derive(Serialize)]
struct Tool<'l> {
    driver: Driver<'l>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<'l> {
    name: &'static str,
    version: &'static str,
    rules: &'l [Rule],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<Help>,
}

#[derive(Serialize)]
struct Text {
    text: String,
}

#[derive(Serialize)]
struct Help {
    text: &'static str,
    markdown: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Text,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<Location>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: Physical,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<Logical>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Logical {
    fully_qualified_name: String,
}

/// The diagnostics; each code that occurs is a rule with its page.
/// <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>
pub fn diagnostics_sarif(diagnostics: &[Located]) -> String {
    let codes: Vec<_> = Code::all().filter(|code| diagnostics.iter().any(|it| it.code == *code)).collect();
    let rules: Vec<_> = codes
        .iter()
        .map(|code| Rule {
            id: code.name(),
            short_description: Text { text: code.summary().to_owned() },
            help: Some(Help { text: code.page(), markdown: code.page() }),
        })
        .collect();
    let results = diagnostics.iter().map(|it| Finding {
        rule_id: it.code.name(),
        rule_index: codes.iter().position(|code| *code == it.code).unwrap_or(0),
        level: it.severity.word(),
        message: Text { text: it.words() },
        locations: it
            .file
            .as_ref()
            .map(|file| location(file, it.position.as_ref(), it.object.as_ref()))
            .into_iter()
            .collect(),
    });
    print(&rules, results.collect())
}

/// The changes: an escalation is a warning, anything else a note.
pub fn changes_sarif(compared: &Compared<'_>) -> String {
    let kinds: Vec<_> = ChangeKind::all().filter(|kind| compared.changes.iter().any(|it| it.kind == *kind)).collect();
    let rules: Vec<_> = kinds
        .iter()
        .map(|kind| Rule { id: kind.name(), short_description: Text { text: kind.summary().to_owned() }, help: None })
        .collect();
    let position = compared.positions();
    let results = compared.changes.iter().map(|it| {
        let clusters = if it.clusters.is_empty() { String::new() } else { format!(" [{}]", it.clusters.join(", ")) };
        Finding {
            rule_id: it.kind.name(),
            rule_index: kinds.iter().position(|kind| *kind == it.kind).unwrap_or(0),
            level: if it.escalation { Severity::Warning.word() } else { "note" },
            message: Text { text: format!("{}{clusters}", it.message) },
            locations: {
                let (file, position) = position(it).unzip();
                vec![location(file.unwrap_or(compared.file), position.as_ref(), None)]
            },
        }
    });
    print(&rules, results.collect())
}

fn location(file: &str, position: Option<&Position>, object: Option<&String>) -> Location {
    Location {
        physical_location: Physical {
            artifact_location: Artifact { uri: uri(file) },
            region: position.map(|at| Region { start_line: at.line, start_column: at.column }),
        },
        logical_locations: object.map(|name| Logical { fully_qualified_name: name.clone() }).into_iter().collect(),
    }
}

/// A path as a relative reference of RFC 3986.
/// <https://www.rfc-editor.org/rfc/rfc3986#section-4.2>
fn uri(path: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes().map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[expect(clippy::expect_used, reason = "all its keys are text")]
fn print(rules: &[Rule], results: Vec<Finding>) -> String {
    let driver = Driver { name: "iamra", version: env!("CARGO_PKG_VERSION"), rules };
    let run = Run { tool: Tool { driver }, results, column_kind: "unicodeCodePoints" };
    let log = Log { schema: "https://json.schemastore.org/sarif-2.1.0.json", version: "2.1.0", runs: [run] };
    let mut text = serde_json::to_string_pretty(&log).expect("it has only text keys");
    text.push('\n');
    text
}
