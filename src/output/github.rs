//! Diagnostics as workflow commands, which GitHub shows beside the lines of a pull request.

use std::fmt::Write as _;

use super::Located;
use crate::diag::Severity;

/// One `::error`, `::warning` or `::notice` per line. The escapes are those of GitHub's own toolkit (`actions/toolkit`,
/// `command.ts`).
/// <https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts>
pub fn annotations(diagnostics: &[Located]) -> String {
    let mut text = String::new();
    for it in diagnostics {
        let mut properties = Vec::new();
        properties.extend(it.file.as_ref().map(|file| format!("file={}", property(file))));
        if let Some(at) = &it.position {
            properties.extend([format!("line={}", at.line), format!("col={}", at.column)]);
        }
        properties.push(format!("title={}", property(it.code.name())));
        let object = it.object.as_ref().map_or_else(String::new, |object| format!("{object}: "));
        let message = data(&format!("{object}{}", it.words()));
        let word = if it.severity == Severity::Note { "notice" } else { it.severity.word() };
        let _ = writeln!(text, "::{word} {}::{message}", properties.join(","));
    }
    text
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
