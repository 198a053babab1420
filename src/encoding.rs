//! What a text is encoded in that is not UTF-8.

use std::fmt;

/// An encoding of Unicode, by the name that iconv knows it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoding(&'static str);

/// What to do about a text that is encoded otherwise.
pub const HELP: &str = "save it as UTF-8, in an editor or with `iconv -f ENCODING -t UTF-8`; in PowerShell, write it with \
                        `| Out-File -Encoding utf8 FILE` in place of `>`";

impl Encoding {
    /// The encoding of a text by its first bytes, if that is not UTF-8. They are a byte order mark or, in YAML, JSON and
    /// PEM, a character of ASCII. <https://yaml.org/spec/1.2.2/#52-character-encodings>
    pub fn other(text: &[u8]) -> Option<Self> {
        let name = match text {
            [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => "UTF-32",
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "UTF-16",
            [1..=255, 0, 0, 0, ..] => "UTF-32LE",
            [0, 0, 0, 1..=255, ..] => "UTF-32BE",
            [1..=255, 0, ..] => "UTF-16LE",
            [0, 1..=255, ..] => "UTF-16BE",
            _ => return None,
        };
        Some(Self(name))
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_found_with_and_without_a_byte_order_mark() {
        for (text, name) in [
            (&b"k\0i\0"[..], Some("UTF-16LE")),
            (b"\0k\0i", Some("UTF-16BE")),
            (b"\xff\xfek\0", Some("UTF-16")),
            (b"\xfe\xff\0k", Some("UTF-16")),
            (b"k\0\0\0", Some("UTF-32LE")),
            (b"\0\0\0k", Some("UTF-32BE")),
            (b"\xff\xfe\0\0k\0\0\0", Some("UTF-32")),
            (b"\0\0\xfe\xff\0\0\0k", Some("UTF-32")),
            (b"\xef\xbb\xbfkind", None),
            (b"kind", None),
            ("für".as_bytes(), None),
            (b"\0\0\0\0", None),
            (b"\x1f\x8b\x08", None),
            (b"k", None),
            (b"", None),
        ] {
            assert_eq!(Encoding::other(text).map(|it| it.0), name, "{text:?}");
        }
    }
}
