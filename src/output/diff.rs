//! The changes of a file as a unified diff.

use similar::TextDiff;

/// The difference between two texts of the file `name`, with three lines around each change.
pub fn unified(name: &str, before: &str, after: &str) -> String {
    // git and patch take a blank for the end of a name, unless a tab is.
    let end = if name.contains(' ') { "\t" } else { "" };
    let (from, to) = if before.is_empty() {
        ("/dev/null".to_owned(), format!("b/{name}{end}"))
    } else {
        (format!("a/{name}{end}"), format!("b/{name}{end}"))
    };
    TextDiff::from_lines(before, after).unified_diff().header(&from, &to).to_string()
}
