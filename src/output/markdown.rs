//! Changes as Markdown, for a comment on a pull request.

use std::fmt::Write as _;

use super::Compared;
use crate::diff::Change;
use crate::quote::quote;

/// A heading, a table of escalations, and the other changes folded away.
pub fn changes_markdown(compared: &Compared<'_>) -> String {
    let Compared { base, head, file, changes, notes, .. } = compared;
    let count = compared.escalations().count();
    let mut text = match (changes.len(), count) {
        (0, _) => {
            format!("### AWS identities: no change\n\n{}, from {} to {}\n", quote(&file), escape(base), escape(head))
        }
        (_, 0) => format!(
            "### AWS identities: no escalation\n\n{}, from {} to {}\n",
            quote(&file),
            escape(base),
            escape(head)
        ),
        (_, 1) => {
            format!("### AWS identities: 1 escalation\n\n{}, from {} to {}\n", quote(&file), escape(base), escape(head))
        }
        _ => {
            format!(
                "### AWS identities: {count} escalations\n\n{}, from {} to {}\n",
                quote(&file),
                escape(base),
                escape(head)
            )
        }
    };
    for note in *notes {
        let _ = write!(text, "\n> {}\n", escape(note));
    }
    let escalations: Vec<_> = compared.escalations().collect();
    if !escalations.is_empty() {
        text.push_str(&table(&escalations, compared));
    }
    let others: Vec<_> = changes.iter().filter(|change| !change.escalation).collect();
    if !others.is_empty() {
        let (n, s) = (others.len(), if others.len() == 1 { "" } else { "s" });
        let table = table(&others, compared);
        let _ = write!(text, "\n<details><summary>{n} other change{s}</summary>\n{table}\n</details>\n");
    }
    text
}

fn table(changes: &[&Change], compared: &Compared<'_>) -> String {
    let has_clusters = compared.has_clusters();
    let (head, line) = if has_clusters { (" Clusters |", " --- |") } else { ("", "") };
    let mut text = format!("\n| Change | What |{head}\n| --- | --- |{line}\n");
    for change in changes {
        let clusters = if has_clusters { format!(" {} |", escape(&change.clusters.join(", "))) } else { String::new() };
        let _ = writeln!(text, "| {} | {} |{clusters}", change.kind.name(), escape(&change.message));
    }
    text
}

/// Names come from a pull request: none of them may end a cell, open a tag or mention a user. Code spans are kept.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    let paired = text.matches('`').count() / 2 * 2;
    for (position, part) in text.split('`').enumerate() {
        if position > 0 {
            escaped.push_str(if position > paired { "&#96;" } else { "`" });
        }
        let is_code = position % 2 == 1 && position < paired;
        for c in part.chars() {
            match c {
                '|' => escaped.push_str("\\|"),
                '\n' | '\r' => escaped.push(' '),
                '<' | '>' | '*' | '_' | '[' | ']' | '\\' | '@' | '#' | '&' if !is_code => {
                    let _ = write!(escaped, "&#{};", u32::from(c));
                }
                _ => escaped.push(c),
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn names_stay_in_their_cell() {
        assert_eq!(escape("`a|b` <img> @all [x](y)\n*"), "`a\\|b` &#60;img&#62; &#64;all &#91;x&#93;(y) &#42;");
        assert_eq!(escape("`<b>`"), "`<b>`");
        // An unpaired backtick opens no code span.
        assert_eq!(escape("a ` <b>"), "a &#96; &#60;b&#62;");
    }
}
