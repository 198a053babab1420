//! Keys in Base32, which has one case.

use std::ops::Range;

use super::behind;

/// This many characters encode 30 bytes; a private key on P-256 has 32.
/// <https://www.rfc-editor.org/rfc/rfc4648#section-6>
const SHORTEST: usize = 48;

/// Random Base32 rarely has fewer digits than this; names usually do.
const FEWEST_DIGITS: usize = 3;

/// Where the text has a word that may be a key.
pub(super) fn keys(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    let words = std::iter::from_fn(move || {
        let start = at + behind(text, at).find(|c: char| c.is_ascii_alphanumeric())?;
        let length = behind(text, start).bytes().take_while(u8::is_ascii_alphanumeric).count();
        at = start + length;
        Some(start..at)
    });
    words.filter(|word| is_key(text.get(word.clone()).unwrap_or_default()))
}

fn is_key(word: &str) -> bool {
    let is_digit = |byte: &u8| matches!(byte, b'2'..=b'7');
    let is_all = |is_letter: fn(&u8) -> bool| word.bytes().all(|byte| is_letter(&byte) || is_digit(&byte));
    word.len() >= SHORTEST
        && word.bytes().filter(is_digit).count() >= FEWEST_DIGITS
        && (is_all(u8::is_ascii_lowercase) || is_all(u8::is_ascii_uppercase))
}
