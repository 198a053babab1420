//! A matrix for a comment on a pull request: only what is not as it should be.

use std::fmt::Write as _;

use super::{Matrix, Pair, clauses, summary, word};
use crate::quote::{LONGEST, line};

/// How many pairs are listed. With the longest reasons, the text stays below the limit of GitHub's comments.
const MOST: usize = 60;
/// The longest reason, in characters.
const LONG: usize = 6 * LONGEST;

/// A heading, a sentence, and a table of the pairs that are not as they should be.
pub fn markdown(matrix: &Matrix<'_>) -> String {
    let count = matrix.unusual().count();
    let heading = match count {
        0 => "no workload can assume the role of another".to_owned(),
        1 => "1 pair is not as declared".to_owned(),
        _ => format!("{count} pairs are not as declared"),
    };
    let mut text = format!("### AWS impersonation: {heading}\n\n{}.\n", summary(matrix));
    if count == 0 {
        return text;
    }
    text.push_str(
        "\n| Workload | Cluster | Role | Declared | Verdict | Why |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for pair in matrix.unusual().take(MOST) {
        let _ = writeln!(text, "{}", row(matrix, &pair));
    }
    if count > MOST {
        let _ = writeln!(text, "\nand {} more: `iamra matrix`", count - MOST);
    }
    text
}

fn row(matrix: &Matrix<'_>, pair: &Pair<'_>) -> String {
    let why = clauses(&matrix.decision(pair));
    let cells = [
        pair.workload.name.as_str(),
        pair.workload.cluster.as_deref().unwrap_or("-"),
        pair.role.arn.as_str(),
        if pair.is_own() { "yes" } else { "no" },
        word(pair.verdict),
        &why,
    ];
    cells.iter().map(|cell| format!("| {} ", escaped(cell))).collect::<String>() + "|"
}

/// Every character except letters, digits and harmless signs is written as its code, so that nothing can end the cell or
/// start a link.
fn escaped(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || " -./:,=+()".contains(c);
    let text = line(text);
    let mut out: String = text
        .chars()
        .take(LONG)
        .map(|c| if is_plain(c) { c.to_string() } else { format!("&#{};", u32::from(c)) })
        .collect();
    if text.chars().count() > LONG {
        out.push('…');
    }
    out
}
