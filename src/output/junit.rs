//! Diagnostics as JUnit XML, which CI servers show as tests.

use std::fmt::Write as _;

use super::Located;
use crate::diag::Severity;

/// One suite per declaration and one case per diagnostic: an error is a failure, anything else is a passing case
/// with output. A declaration without diagnostics has one passing case.
/// <https://github.com/testmoapp/junitxml>
pub fn junit(declarations: &[(&str, Vec<Located>)]) -> String {
    let failures = |some: &[Located]| some.iter().filter(|it| it.severity == Severity::Error).count();
    let mut suites = String::new();
    let (mut tests, mut failed) = (0, 0);
    for (name, diagnostics) in declarations {
        let (count, failures) = (diagnostics.len().max(1), failures(diagnostics));
        (tests, failed) = (tests + count, failed + failures);
        let name = escape(name);
        let _ = writeln!(
            suites,
            "  <testsuite name=\"{name}\" tests=\"{count}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\">"
        );
        for it in diagnostics {
            suites.push_str(&case(it, &name));
        }
        if diagnostics.is_empty() {
            let _ = writeln!(suites, "    <testcase name=\"check\" classname=\"{name}\" time=\"0\"/>");
        }
        suites.push_str("  </testsuite>\n");
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"iamra check\" tests=\"{tests}\" failures=\"{failed}\" errors=\"0\">\n{suites}</testsuites>\n"
    )
}

fn case(it: &Located, suite: &str) -> String {
    let place = it.position.as_ref().map_or_else(String::new, |at| format!(":{}:{}", at.line, at.column));
    let whole = [it.file.as_ref().map(|file| format!("{file}{place}")), it.object.clone(), Some(it.words())];
    let words = escape(&whole.into_iter().flatten().collect::<Vec<_>>().join(": "));
    let inside = match it.severity {
        Severity::Error => {
            format!("<failure message=\"{}\" type=\"{}\">{words}</failure>", escape(&it.message), it.code)
        }
        Severity::Warning | Severity::Note => format!("<system-out>{words}</system-out>"),
    };
    format!("    <testcase name=\"{}{place}\" classname=\"{suite}\" time=\"0\">{inside}</testcase>\n", it.code)
}

/// Text for XML 1.0, which does not allow most control characters.
/// <https://www.w3.org/TR/xml/#charsets>
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => escaped.push(c),
            _ => escaped.push('\u{fffd}'),
        }
    }
    escaped
}
