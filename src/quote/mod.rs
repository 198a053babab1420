//! Quotes untrusted text in messages. A value of a declaration, a file name or the output of another program may forge
//! a log line, contain terminal escapes, or be a key that was pasted into the wrong field.

mod key;

use std::fmt::{self, Display};

use key::{ARMOUR, before, behind, is_key};

/// The longest value that is shown in full: enough to recognize it.
pub const LONGEST: usize = 60;
/// How much of it is kept from the end of the value, where paths and ARNs differ.
const END: usize = 20;

/// Shown instead of key material.
const HIDDEN: &str = "(a key, not shown)";

/// The value between backticks, as every message shows one: in one line, not long, and never a key.
pub fn quote<T: Display + ?Sized>(value: &T) -> Quoted<'_, T> {
    Quoted(value)
}

/// What [`quote`] shows.
#[derive(Debug, Clone, Copy)]
pub struct Quoted<'v, T: ?Sized>(&'v T);

impl<T: Display + ?Sized> Display for Quoted<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.0.to_string();
        // A value must not end its own quotes.
        if is_key(&value) { f.write_str(HIDDEN) } else { write!(f, "`{}`", part(&value.replace('`', "\\u{60}"))) }
    }
}

/// The value in the same form without backticks, for callers that add their own quotes.
pub fn part(value: &str) -> String {
    if is_key(value) {
        return HIDDEN.to_owned();
    }
    let value = escaped(value, |c| is_unseen(c) || c != ' ' && c.is_whitespace());
    let length = value.chars().count();
    if length <= LONGEST {
        return value;
    }
    let (start, end) = (LONGEST - END - 1, length - END);
    format!("{}…{}", prefix(&value, start), behind(&value, prefix(&value, end).len()))
}

/// Something to type, between backticks: never shortened, so that it can be copied.
pub fn typed<T: Display + ?Sized>(words: &T) -> String {
    let words = words.to_string();
    if is_key(&words) { HIDDEN.to_owned() } else { format!("`{}`", escaped(&words, is_unseen)) }
}

fn prefix(text: &str, length: usize) -> &str {
    text.char_indices().nth(length).map_or(text, |(end, _)| before(text, end))
}

/// An object in words: Deployment `api`.
pub fn quote_object(kind: &str, name: &str) -> String {
    format!("{} {}", part(kind), quote(name))
}

/// Names between backticks, with commas between them.
pub fn quote_all<T: Display>(values: impl IntoIterator<Item = T>) -> String {
    values.into_iter().map(|value| quote(&value).to_string()).collect::<Vec<_>>().join(", ")
}

/// A whole message in one line, without terminal escapes and text that looks like a key. Values in it have already
/// passed [`quote`]; this is a second safeguard.
pub fn line(text: &str) -> String {
    let text = escaped(text, is_unseen);
    let armour = ARMOUR.iter().filter_map(|armour| text.find(armour)).min();
    let (shown, hides) = armour.map_or((text.as_str(), false), |start| (before(&text, start), true));
    let mut line = String::with_capacity(shown.len());
    let mut at = 0;
    for key in key::keys(shown) {
        if key.start >= at {
            line.push_str(behind(before(shown, key.start), at));
            line.push_str(HIDDEN);
        }
        at = at.max(key.end);
    }
    line.push_str(behind(shown, at));
    if hides {
        line.push_str(HIDDEN);
    }
    line
}

/// Text of several lines, each filtered by [`line`].
pub fn lines(text: &str) -> String {
    text.split_inclusive('\n')
        .map(|part| line(part.trim_end_matches('\n')) + behind(part, part.trim_end_matches('\n').len()))
        .collect()
}

/// The text with some characters escaped.
fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            c if is_escaped(c) => escaped.extend(c.escape_unicode()),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Characters that end a line, change the writing direction, or are invisible.
/// <https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point>
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_one_short_line() {
        assert_eq!(
            quote("x\nerror[forged]: y\u{1b}[31m\u{202e}`").to_string(),
            "`x\\nerror[forged]: y\\u{1b}[31m\\u{202e}\\u{60}`"
        );
        let long = quote(&"ä".repeat(61)).to_string();
        assert_eq!(long.chars().count(), 62);
        assert_eq!(
            quote(&format!("{}/iamra.yaml", "a".repeat(70))).to_string(),
            format!("`{}…{}/iamra.yaml`", "a".repeat(39), "a".repeat(9))
        );
        assert_eq!(lines("a\u{7}\nb\n"), "a\\u{7}\nb\n");
        // In a name, a blank that is none cannot be told from one; in a line of text, it is what somebody wrote.
        assert_eq!(quote("app\u{a0}: x\u{3000}y").to_string(), "`app\\u{a0}: x\\u{3000}y`");
        assert_eq!(lines("10\u{a0}kB"), "10\u{a0}kB");
    }
}
