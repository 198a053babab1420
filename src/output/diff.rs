//! The changes of a file as a unified diff.

use similar::TextDiff;

/// The difference between two texts of the file `name`, with three lines around each change.
pub fn unified(name: &str, before: &str, after: &str) -> String {
    // For git and patch, a name ends at a blank unless a tab follows it.
    let end = if name.contains(' ') { "\t" } else { "" };
    let (from, to) = if before.is_empty() {
        ("/dev/null".to_owned(), format!("b/{name}{end}"))
    } else {
        (format!("a/{name}{end}"), format!("b/{name}{end}"))
    };
    TextDiff::from_lines(before, after).unified_diff().header(&from, &to).to_string()
}
