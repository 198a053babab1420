//! Comments on lines of their own above the key that they speak of.

use super::super::{Document, FieldPath};
use super::Refusal;
use super::text::Lines;

/// The text of `doc` with `# words` above the key at `at`.
///
/// # Errors
/// The key does not begin its line, where the comment would be another one's.
pub fn introduce(doc: &Document<'_>, at: &FieldPath, words: &str) -> Result<String, Refusal> {
    let lines = Lines::of(doc)?;
    let (line, key) = line_of(doc, &lines, at)
        .ok_or_else(|| Refusal::new(format!("`{at}` does not stand on a line of its own"), 0..0))?;
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

/// Where the line of a key starts, and where the key does, when only blanks stand before it.
fn line_of(doc: &Document<'_>, lines: &Lines<'_>, at: &FieldPath) -> Option<(usize, usize)> {
    let (parent, step) = at.split_last()?;
    let super::super::Step::Key(name) = step else { return None };
    let (key, _) = doc.at(&parent)?.entry(name)?;
    let key = key.span().start;
    lines.is_first(key).then(|| (lines.start(key), key))
}
