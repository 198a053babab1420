//! Comments on their own lines above a key.

use super::super::{Document, FieldPath, Flow, NodeKind};
use super::Refusal;
use super::text::{Lines, past_colon};

use crate::quote::quote;

/// The text of `doc` with `# words` above the key at `at`.
///
/// # Errors
/// The key does not begin its line, so the comment would belong to another key.
pub fn introduce(doc: &Document<'_>, at: &FieldPath, words: &str) -> Result<String, Refusal> {
    let lines = Lines::of(doc)?;
    let (line, key) = line_of(doc, &lines, at)
        .ok_or_else(|| Refusal::new(format!("{} is not on a line of its own", quote(&at)), 0..0))?;
    let text = doc.text();
    let introduced =
        || Some([text.get(..line)?, text.get(line..key)?, "# ", words, lines.eol, text.get(line..)?].concat());
    introduced().ok_or_else(|| Refusal::new("it is outside the text", line..key))
}

/// The text of `doc` without the line above the key at `at`, when that is `# words`.
pub fn dismiss(doc: &Document<'_>, at: &FieldPath, words: &str) -> Option<String> {
    let lines = Lines::of(doc).ok()?;
    let (line, key) = line_of(doc, &lines, at)?;
    let text = doc.text();
    let comment = [text.get(line..key)?, "# ", words, lines.eol].concat();
    Some([text.get(..line)?.strip_suffix(&comment)?, text.get(line..)?].concat())
}

/// The words of the comment on the line above the key at `at`, when it begins with `start`.
pub fn introduction<'d>(doc: &'d Document<'_>, at: &FieldPath, start: &str) -> Option<&'d str> {
    let lines = Lines::of(doc).ok()?;
    let (line, _) = line_of(doc, &lines, at)?;
    let above = doc.text().get(..line)?.lines().next_back()?;
    above.trim_start().strip_prefix("# ").filter(|words| words.starts_with(start))
}

/// The text of `doc`, in which the empty value `source` was replaced, with a comment that keeps it after the key at
/// `at`: `key: # null`.
///
/// # Errors
/// A comment there would not end with its line.
pub fn set_aside(doc: &Document<'_>, at: &FieldPath, source: &str) -> Result<String, Refusal> {
    let why = || {
        let words = format!("{} is in flow style, and its {} could not be restored", quote(at), quote(source));
        Refusal::new(words, 0..0)
    };
    let colon = colon_of(doc, at).ok_or_else(why)?;
    let space = if source.starts_with([' ', '\t']) { "" } else { " " };
    let text = doc.text();
    let (before, behind) = text.split_at_checked(colon).ok_or_else(why)?;
    Ok([before, " #", space, source, behind].concat())
}

/// What [`set_aside`] put after the key at `at`, and the text without it.
pub fn bring_back(doc: &Document<'_>, at: &FieldPath) -> Option<(String, String)> {
    let text = doc.text();
    let colon = colon_of(doc, at)?;
    let line = text.get(colon..)?.lines().next()?.strip_prefix(" #")?;
    let word = line.trim_start_matches([' ', '\t']);
    let braces =
        || word.strip_prefix('{').and_then(|rest| Some(rest.len() - rest.trim_start().strip_prefix('}')?.len() + 1));
    let end = NULLS.iter().find(|null| word.starts_with(*null)).map(|null| null.len()).or_else(braces)?;
    let rest = word.get(end..)?;
    let is_all = rest.trim().is_empty() || rest.trim_start() != rest && rest.trim_start().starts_with('#');
    let source = line.strip_suffix(rest)?;
    if !is_all || source.len() == end {
        return None;
    }
    let without = [text.get(..colon)?, text.get(colon + " #".len() + source.len()..)?].concat();
    let usual = source.strip_prefix(' ').filter(|rest| !rest.starts_with([' ', '\t']));
    Some((without, usual.unwrap_or(source).to_owned()))
}

/// How null is written, longest first.
/// <https://yaml.org/spec/1.2.2/#103-core-schema>
const NULLS: [&str; 4] = ["null", "Null", "NULL", "~"];

/// The position after the colon of a key that is on its own line, in block style.
fn colon_of(doc: &Document<'_>, at: &FieldPath) -> Option<usize> {
    let (parent, step) = at.split_last()?;
    let super::super::Step::Key(name) = step else { return None };
    let holder = doc.at(&parent)?;
    let NodeKind::Map(_, Flow::No) = holder.kind() else { return None };
    past_colon(doc.text(), holder.entry(name)?.0.span().end)
}

/// The start of a key's line and of the key, if only blanks precede it and it is not in flow style.
fn line_of(doc: &Document<'_>, lines: &Lines<'_>, at: &FieldPath) -> Option<(usize, usize)> {
    let (parent, step) = at.split_last()?;
    let super::super::Step::Key(name) = step else { return None };
    let holder = doc.at(&parent)?;
    let NodeKind::Map(_, Flow::No) = holder.kind() else { return None };
    let key = holder.entry(name)?.0.span().start;
    lines.is_first(key).then(|| (lines.start(key), key))
}
