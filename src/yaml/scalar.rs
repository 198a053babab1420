//! How parsers read a plain scalar. [`resolve`] follows yaml.v3, which kustomize and kpt use. kubectl and the API
//! machinery use older rules, in which `yes`, `on` and `n` are booleans, and others read `12:30` as a number;
//! [`is_safe_plain`] is therefore stricter than [`resolve`].

/// The value of a plain scalar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Resolved {
    /// `null`, `~`, or nothing at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer that an `i64` or a `u64` holds.
    Int(i128),
    /// Any other number; also `.inf` and `.nan`.
    Float(f64),
    /// A date or a time; it becomes a string on the way into JSON, but not the one that was written.
    Timestamp,
    /// The text itself.
    Str,
}

/// What yaml.v3 reads from the plain scalar `text`.
/// <https://github.com/go-yaml/yaml/blob/v3/resolve.go>
pub fn resolve(text: &str) -> Resolved {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Resolved::Null,
        "true" | "True" | "TRUE" => Resolved::Bool(true),
        "false" | "False" | "FALSE" => Resolved::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Resolved::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Resolved::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Resolved::Float(f64::NEG_INFINITY),
        _ if !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.')) => {
            Resolved::Str
        }
        _ if text.starts_with('.') && !has_digits_around_underscores(text) => Resolved::Str,
        _ if is_timestamp(text) => Resolved::Timestamp,
        _ => number(&text.replace('_', "")),
    }
}

fn number(digits: &str) -> Resolved {
    let (sign, rest) = split_sign(digits);
    if let Some(number) = based(sign, rest).filter(|_| rest.starts_with(|first: char| first.is_ascii_digit())) {
        return Resolved::Int(number);
    }
    if let Some(number) = float(digits) {
        return Resolved::Float(number);
    }
    // A second sign may follow `0b` and `0o`: a quirk of the parser that is kept.
    for (prefix, radix) in [("0b", 2), ("0o", 8)] {
        if let Some(rest) = digits.strip_prefix(prefix) {
            let (sign, rest) = split_sign(rest);
            return integer(sign, rest, radix).map_or(Resolved::Str, Resolved::Int);
        }
    }
    Resolved::Str
}

/// The reader is strict about `_` only where a number starts with its point.
fn has_digits_around_underscores(text: &str) -> bool {
    let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'_', bytes).all(|at| at > 0 && digit(bytes.get(at - 1)) && digit(bytes.get(at + 1)))
}

fn split_sign(text: &str) -> (i128, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// An integer with an optional prefix for its base; a leading zero alone means octal.
fn based(sign: i128, text: &str) -> Option<i128> {
    let behind_zero = text.strip_prefix('0').filter(|rest| !rest.is_empty());
    let (digits, radix) =
        match (behind_zero, behind_zero.and_then(|rest| rest.strip_prefix(['x', 'X', 'o', 'O', 'b', 'B']))) {
            (None, _) => (text, 10),
            (Some(rest), None) => (rest, 8),
            (Some(rest), Some(digits)) if rest.starts_with(['x', 'X']) => (digits, 16),
            (Some(rest), Some(digits)) if rest.starts_with(['o', 'O']) => (digits, 8),
            (Some(_), Some(digits)) => (digits, 2),
        };
    integer(sign, digits, radix)
}

fn integer(sign: i128, digits: &str, radix: u32) -> Option<i128> {
    if !digits.bytes().all(|digit| char::from(digit).is_digit(radix)) {
        return None;
    }
    let number = sign * i128::from_str_radix(digits, radix).ok()?;
    (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&number).then_some(number)
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, and within the range of an `f64`.
fn float(text: &str) -> Option<f64> {
    let (_, rest) = split_sign(text);
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(split_sign(exponent).1)),
        None => (rest, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let shaped = digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent));
    if !shaped {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// `2024-1-31`, alone or with a time of day.
fn is_timestamp(text: &str) -> bool {
    let mut dashes = text.splitn(3, '-');
    let (Some(year), Some(month), Some(rest)) = (dashes.next(), dashes.next(), dashes.next()) else { return false };
    let day_ends = rest.find(|byte: char| !byte.is_ascii_digit()).unwrap_or(rest.len());
    let (day, time) = rest.split_at(day_ends);
    let (Some(month), Some(day)) = (small(month, 1..=12), small(day, 1..=31)) else { return false };
    if year.len() != 4 || !year.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let year: u32 = year.parse().unwrap_or(0);
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    day <= last && (time.is_empty() || is_time(time))
}

/// ` 1:2:3.4`, or `T1:2:3.4` with a zone.
fn is_time(text: &str) -> bool {
    let Some(clock) = text.strip_prefix(['T', 't', ' ']) else { return false };
    let clock = if text.starts_with(' ') {
        clock
    } else if let Some(clock) = clock.strip_suffix('Z') {
        clock
    } else {
        let Some((clock, zone)) = clock.rsplit_once(['+', '-']) else { return false };
        let Some((hours, minutes)) = zone.split_once(':') else { return false };
        if hours.len() != 2 || minutes.len() != 2 || small(hours, 0..=24).is_none() || small(minutes, 0..=60).is_none()
        {
            return false;
        }
        clock
    };
    let mut parts = clock.splitn(3, ':');
    let (Some(hours), Some(minutes), Some(seconds)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    small(hours, 0..=23).is_some()
        && small(minutes, 0..=59).is_some()
        && small(seconds, 0..=59).is_some()
        && !fraction.is_empty()
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
}

/// A number of one or two digits within `range`.
fn small(text: &str, range: std::ops::RangeInclusive<u32>) -> Option<u32> {
    let shaped = matches!(text.len(), 1 | 2) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| shaped && range.contains(number))
}

/// Words that some parser does not read as a string.
/// <https://yaml.org/type/bool.html>
/// <https://yaml.org/type/float.html>
const WORDS: [&str; 14] =
    ["y", "n", "yes", "no", "on", "off", "true", "false", "null", ".inf", ".nan", "nan", "inf", "infinity"];

/// What a plain scalar of ours may have beside letters and digits: a bit for each code.
const PUNCTUATION: u128 = bits(b"/_.-+:@=, ()$%");

const fn bits(mut of: &[u8]) -> u128 {
    let mut bits = 0;
    while let [first, rest @ ..] = of {
        bits |= 1 << *first;
        of = rest;
    }
    bits
}

/// Longer scalars get quotes: some printers and parsers treat long plain keys and lines differently.
const MAX_PLAIN: usize = 256;

/// Whether every parser in use reads the plain scalar `text` as this string, as a value and as a key.
///
/// ```
/// use iamra::yaml::scalar::is_safe_plain;
/// assert!(is_safe_plain("arn:aws:iam::123456789012:role/admin"));
/// assert!(!["yes", "0777", "1_000", "2024-01-01", "12:30", "a: b", ""].iter().any(|text| is_safe_plain(text)));
/// ```
pub fn is_safe_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else { return false };
    let starts = match first {
        // Flags and references to variables, as in `args`.
        b'-' => bytes.get(1) == Some(&b'-') && bytes.get(2).is_some_and(u8::is_ascii_alphabetic),
        b'$' => bytes.get(1) == Some(&b'('),
        b'.' => bytes.get(1).is_some_and(|second| second.is_ascii_alphabetic() || *second == b'/'),
        _ => first.is_ascii_alphanumeric() || matches!(first, b'/' | b'_'),
    };
    let mut before = 0;
    let mut is_allowed = |byte: &u8| {
        let is_end_of_key = std::mem::replace(&mut before, *byte) == b':' && *byte == b' ';
        !is_end_of_key && (byte.is_ascii_alphanumeric() || *byte < 128 && PUNCTUATION >> *byte & 1 == 1)
    };
    let date_like =
        bytes.get(..4).is_some_and(|year| year.iter().all(u8::is_ascii_digit)) && bytes.get(4) == Some(&b'-');
    starts
        && bytes.len() <= MAX_PLAIN
        && bytes.iter().all(&mut is_allowed)
        && !matches!(last, b' ' | b':')
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
        && !date_like
        && !is_number_like(bytes)
}

/// Whether `text` is made of what numbers and times are made of, in any notation of any reader.
fn is_number_like(text: &[u8]) -> bool {
    let part = |byte: &u8| byte.is_ascii_hexdigit() || b"xXoO_.:,+- ".contains(byte);
    matches!(text.first(), Some(b'0'..=b'9' | b'.' | b'_')) && text.iter().all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_yaml_v3() {
        for (text, number) in [("0777", 511), ("0o7", 7), ("-0x1f", -31), ("1_000", 1000), ("0o-1", -1), ("+1", 1)] {
            assert_eq!(resolve(text), Resolved::Int(number), "{text}");
        }
        assert_eq!(resolve("18446744073709551615"), Resolved::Int(u64::MAX.into()));
        for (text, number) in [("08", 8.0), ("1.", 1.0), (".5", 0.5), ("1e3", 1000.0), ("-.5", -0.5)] {
            assert_eq!(resolve(text), Resolved::Float(number), "{text}");
        }
        for text in ["yes", "0o8", "_1", "1e", ".", "12:30", "1.2.3", "e3", "NaN", "1e400", "2024-02-30"] {
            assert_eq!(resolve(text), Resolved::Str, "{text}");
        }
        for text in ["2024-01-01", "2024-1-1", "2001-12-14t21:59:43.10-05:00", "2002-1-1 1:1:1"] {
            assert_eq!(resolve(text), Resolved::Timestamp, "{text}");
        }
    }

    #[test]
    fn what_is_safe_is_a_string() {
        let alphabet: Vec<char> = "0179.eExXob_+-:ynNfaTt~ ,/=<".chars().collect();
        let mut words = vec![String::new()];
        for _ in 0..4 {
            words = words.iter().flat_map(|word| alphabet.iter().map(move |next| format!("{word}{next}"))).collect();
            for word in words.iter().filter(|word| is_safe_plain(word)) {
                assert_eq!(resolve(word), Resolved::Str, "{word:?}");
            }
        }
    }
}
