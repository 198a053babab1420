//! The changes of a file: as a unified diff, and line by line.

use std::collections::BTreeSet;

use similar::{ChangeTag, TextDiff};

/// A line of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'t> {
    /// With what ends it.
    pub text: &'t str,
    /// Whether the text that it is compared with does not have it.
    pub is_new: bool,
}

/// The lines of `after`, compared with those of `before`.
pub fn lines<'t>(before: &str, after: &'t str) -> Vec<Line<'t>> {
    let diff = TextDiff::from_lines(before, after);
    let inserted = diff.iter_all_changes().filter(|change| change.tag() == ChangeTag::Insert);
    let new: BTreeSet<_> = inserted.filter_map(|change| change.new_index()).collect();
    let lines = after.split_inclusive('\n').enumerate();
    lines.map(|(index, text)| Line { text, is_new: new.contains(&index) }).collect()
}

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
