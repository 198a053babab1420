//! Values that must reach one place only.

use std::fmt;

use base64::engine::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// A value that cannot be printed: no `Display`, no serialisation, and a `Debug` that does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps the value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value. Every caller must be the place it is meant for.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What a text has that has a private key.
pub const PRIVATE_KEY: &str = "PRIVATE KEY";

/// How Base64 of PEM begins.
pub const BASE64_PEM: &str = "LS0tLS1CRUdJTi";

/// How a block begins.
/// <https://www.rfc-editor.org/rfc/rfc7468#section-2>
const BEGIN: &str = "-----BEGIN ";

/// The most characters between the beginning of a block and the key in it: the headers of an encrypted one.
/// <https://www.rfc-editor.org/rfc/rfc1421#section-4.6>
const HEADERS: usize = 400;

/// The fewest characters of Base64 in a row that are a key, and no placeholder.
const SHORTEST: usize = 20;

/// Where in a text a private key begins, in PEM of any kind, or in Base64 of that, as in `data` and in what Helm and Argo CD
/// store. A line that only speaks of one, as in a script, is none.
pub fn private_key(text: &str) -> Option<usize> {
    armoured(text).or_else(|| encoded(text))
}

fn armoured(text: &str) -> Option<usize> {
    text.match_indices(PRIVATE_KEY).find_map(|(at, _)| {
        let before = text.get(..at)?;
        let start = before.rfind(BEGIN)?;
        let kind = before.get(start + BEGIN.len()..)?;
        let is_kind = kind.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ');
        let rest = text.get(at + PRIVATE_KEY.len()..)?;
        let rest = rest.strip_prefix("-----").or_else(|| rest.strip_prefix(" BLOCK-----"))?;
        (is_kind && has_key(rest)).then_some(start)
    })
}

/// Whether key material follows.
fn has_key(rest: &str) -> bool {
    // A script has the line that it looks for in quotes.
    if rest.starts_with(['\'', '"', '`']) {
        return false;
    }
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
    // The end of the block, or the next line of a script, has no such row.
    let block = rest.split("-----").next().unwrap_or(rest).as_bytes();
    let near = block.get(..HEADERS).unwrap_or(block);
    near.split(|byte| !is_part(byte)).any(|row| row.len() >= SHORTEST)
}

fn encoded(text: &str) -> Option<usize> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c) || c.is_whitespace();
    text.match_indices(BASE64_PEM).find_map(|(start, _)| {
        let rest = text.get(start..)?;
        let row: String = rest.chars().take_while(|c| is_part(*c)).filter(|c| !c.is_whitespace()).collect();
        // What follows the value may look like more of it.
        let row = row.split('=').next()?;
        let whole = row.get(..row.len() / 4 * 4)?;
        let bytes = STANDARD_NO_PAD.decode(whole).ok()?;
        armoured(&String::from_utf8_lossy(&bytes)).map(|_| start)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = include_str!("../tests/data/ca/key.pem");

    #[test]
    fn a_private_key_is_found_in_what_people_keep_it_in() {
        let body = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg";
        let block = |kind: &str| format!("-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n");
        let kinds =
            ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY"];
        let mut texts: Vec<_> = kinds.map(block).into();
        texts.extend([block("PGP PRIVATE KEY BLOCK"), KEY.to_owned()]);
        let headers =
            format!("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0102\n\n{body}");
        texts.push(headers);
        for text in texts {
            let encoded = base64::engine::general_purpose::STANDARD.encode(&text);
            let wrapped = encoded.as_bytes().chunks(60).map(|row| String::from_utf8_lossy(row) + "\n").collect();
            let forms: [String; 7] = [
                text.clone(),
                format!("{{\"data\":{{\"tls.key\":\"{}\"}}}}", text.replace('\n', "\\n")),
                text.replace('\n', " "),
                text.lines().map(|line| format!("      {line}\n")).collect(),
                text.replace('\n', "\r\n"),
                format!("tls.key: {encoded}\ntls.crt: x"),
                wrapped,
            ];
            for form in forms {
                assert!(private_key(&form).is_some(), "{form}");
            }
        }
    }

    #[test]
    fn what_only_speaks_of_a_key_is_none() {
        for text in [
            "",
            PRIVATE_KEY,
            "grep -q -- '-----BEGIN PRIVATE KEY-----' /tls/tls.key && exec thecommandthatneedsitverymuch",
            "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----\nabcdefghijklmnopqrstuvwxyz",
            "-----BEGIN PRIVATE KEY-----\n<your key>\n-----END PRIVATE KEY-----",
            "-----BEGIN CERTIFICATE-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEH\n-----END CERTIFICATE-----",
            "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JR0hBZ0VBTUJNR0J5cUdTTTQ5QWdFR0NDcUdTTTQ5QXdFSA==",
            "LS0tLS1CRUdJTi",
        ] {
            assert_eq!(private_key(text), None, "{text}");
        }
    }
}
