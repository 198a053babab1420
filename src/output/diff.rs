//! The changes of a file as a unified diff.

use similar::TextDiff;

/// The difference between two texts of the file `name`, with three lines around each change.
pub fn unified(name: &str, before: &str, after: &str) -> String {
    let (from, to) = if before.is_empty() {
        ("/dev/null".to_owned(), format!("b/{name}"))
    } else {
        (format!("a/{name}"), format!("b/{name}"))
    };
    TextDiff::from_lines(before, after).unified_diff().header(&from, &to).to_string()
}
