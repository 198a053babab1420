//! Keys in hexadecimal: DER, or the bare private value.

use std::ops::Range;

use super::{before, behind};

/// More digits than a SHA-224 digest. Commits have 40, UUIDs 32, and a private key on P-256 has 64.
/// <https://csrc.nist.gov/pubs/fips/180-4/upd1/final>
const SHORTEST: usize = 57;

/// The longest group of digits within one number. Longer groups are separate numbers.
const LONGEST_GROUP: usize = 32;

/// Separators of digits in dumps, fingerprints and source code.
const SEPARATORS: [&str; 14] = ["0x", "0X", "\\x", "\\n", "\\r", "\\t", ":", ",", "-", " ", "\n", "\r", "\t", ";"];

/// Digests that have as many digits as a key, recognized by their name right before the digits.
/// <https://csrc.nist.gov/pubs/fips/180-4/upd1/final>
const DIGESTS: [(&str, usize); 5] =
    [("sha256", 64), ("sha-256", 64), ("sha384", 96), ("sha512", 128), ("fingerprint", 64)];

/// Where the text has digits that may be a key.
pub(super) fn keys(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    let numbers = std::iter::from_fn(move || {
        let start = at + behind(text, at).find(|c: char| c.is_ascii_hexdigit())?;
        let is_prefixed = ["0x", "0X"].iter().any(|prefix| behind(text, start).starts_with(prefix));
        let start = if is_prefixed { start + 2 } else { start };
        let number = number(text, start);
        at = number.end;
        Some(number)
    });
    numbers.filter(|number| is_key(text, number))
}

/// The digits from `start` on: one group, or several of one size.
fn number(text: &str, start: usize) -> Range<usize> {
    let first = group(text, start);
    let before = before(text, start);
    let is_parted = SEPARATORS.iter().any(|separator| before.ends_with(separator));
    let is_word = !is_parted && before.ends_with(|c: char| c.is_ascii_alphanumeric());
    let mut end = start + first;
    if is_word || first > LONGEST_GROUP || first % 2 == 1 {
        return start..end;
    }
    loop {
        let next = end + separator(behind(text, end));
        let size = group(text, next);
        let ends_there = !behind(text, next + size).starts_with(|c: char| c.is_ascii_alphanumeric());
        if next == end || size == 0 || size > first || !ends_there {
            return start..end;
        }
        end = next + size;
        if size < first {
            return start..end;
        }
    }
}

/// The number of digits at a position.
fn group(text: &str, at: usize) -> usize {
    behind(text, at).bytes().take_while(u8::is_ascii_hexdigit).count()
}

/// The length of the separators at the start of a text.
fn separator(text: &str) -> usize {
    let mut rest = text;
    while let Some(behind) = SEPARATORS.iter().find_map(|separator| rest.strip_prefix(separator)) {
        rest = behind;
    }
    text.len() - rest.len()
}

fn is_key(text: &str, number: &Range<usize>) -> bool {
    let digits = text.get(number.clone()).unwrap_or_default();
    // Without the `0x` or `\x` that a group begins with in source code.
    let digits = digits.replace("0x", "").replace("0X", "").replace("\\x", "");
    let digits = digits.replace(|c: char| !c.is_ascii_hexdigit(), "");
    // Other long numbers have no letters, and words no digits.
    digits.len() >= SHORTEST
        && digits.bytes().any(|digit| digit.is_ascii_alphabetic())
        && digits.bytes().any(|digit| digit.is_ascii_digit())
        && !is_digest(before(text, number.start), digits.len())
}

fn is_digest(before: &str, digits: usize) -> bool {
    let said = before.trim_end_matches([':', '=', '/', '-', '_', '~', ' ', '"']).to_ascii_lowercase();
    DIGESTS.iter().any(|(name, length)| digits == *length && said.ends_with(name))
}
