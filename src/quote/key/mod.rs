//! Detects text that looks like a private key or an AWS secret, in any encoding.

mod base32;
mod hex;

use std::ops::Range;

/// How many path segments an AWS secret may look like.
const STEPS: usize = 4;

/// The line lengths of Base64 in PEM, OpenSSH and MIME.
/// <https://www.rfc-editor.org/rfc/rfc7468#section-2>
/// <https://www.rfc-editor.org/rfc/rfc2045#section-6.8>
/// <https://github.com/openssh/openssh-portable/blob/master/sshbuf-misc.c>
const LINES: [usize; 3] = [64, 70, 76];

/// The length of 32 bytes in unpadded URL-safe Base64: `d` of a JSON Web Key on P-256 and Ed25519.
/// <https://www.rfc-editor.org/rfc/rfc7518#section-6.2.2>
const SCALAR: usize = 43;

/// The minimum length of a wrapped line.
const SHORTEST_LINE: usize = 8;

/// How PEM begins and ends a block.
/// <https://www.rfc-editor.org/rfc/rfc7468#section-2>
pub(super) const ARMOUR: &[&str] =
    &["-----BEGIN", "-----END", "PRIVATE KEY-----", "BEGIN PRIVATE KEY", "END PRIVATE KEY"];

/// How keys begin in Base64: DER of each kind of key, PEM, OpenSSH.
const BEGINNINGS: &[&str] =
    &["MII", "MIG", "MIH", "MHc", "MHQ", "MC4CAQ", "MFMCAQ", "LS0tLS1C", "LS0tLUJFR0lO", "b3BlbnNzaC1rZXk"];

/// The text before a character boundary; all of it if it is not one.
pub(super) fn before(text: &str, end: usize) -> &str {
    text.get(..end).unwrap_or(text)
}

/// The text after such a position.
pub(super) fn behind(text: &str, start: usize) -> &str {
    text.get(start..).unwrap_or_default()
}

/// Whether a text is, or holds, what looks like a private key or a secret of AWS, in whatever way it is wrapped.
pub(super) fn is_key(text: &str) -> bool {
    let joined: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    // Words joined without their spaces could look like anything, so only long lines are joined.
    let is_wrapped = text.split_whitespace().rev().skip(1).all(|line| line.len() >= SHORTEST_LINE);
    ARMOUR.iter().any(|armour| text.contains(armour))
        || base64_keys(text).next().is_some()
        || base64_keys(&joined).next().is_some()
        || hex::keys(text).next().is_some()
        || base32::keys(text).next().is_some()
        || is_wrapped && base32::keys(&joined).next().is_some()
}

/// Where in a line something looks like a key, in the order of their starts.
pub(super) fn keys(line: &str) -> Vec<Range<usize>> {
    let mut keys: Vec<_> = base64_keys(line).chain(hex::keys(line)).chain(base32::keys(line)).collect();
    keys.sort_by_key(|key| key.start);
    keys
}

/// The runs that hold keys in Base64.
fn base64_keys(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    let runs = std::iter::from_fn(move || {
        let (start, run) = next_run(behind(text, at))?;
        let run = at + start..at + start + run.len();
        at = run.end;
        Some(run)
    });
    runs.filter(|run| is_key_run(text.get(run.clone()).unwrap_or_default()))
}

/// The next stretch of characters of Base64 (either alphabet) or of hexadecimal digits with colons, and where it is.
fn next_run(text: &str) -> Option<(usize, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+/-_=:".contains(c);
    let start = text.find(is_part)?;
    let rest = behind(text, start);
    let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
    Some((start, before(rest, end)))
}

fn is_key_run(run: &str) -> bool {
    let mut parts = run.split_inclusive([':', '=']);
    parts.any(|part| is_base64_key(part.trim_end_matches([':', '=']), part.ends_with('=')))
}

/// Whether this is Base64 of random bytes and not a name: names contain words, and digests have no capitals.
fn is_base64_key(text: &str, is_padded: bool) -> bool {
    let count = |some: &[u8]| text.bytes().filter(|byte| some.contains(byte)).count();
    // Signs that it is not a path: padding, a plus, or the length of a PEM line.
    let is_plain = count(b"-_") == 0 && (is_padded || count(b"+") > 0 || LINES.contains(&text.len()));
    let separators = count(b"-_/");
    let few = if is_plain { 6 } else { 12 };
    let is_scalar = text.len() == SCALAR && !text.contains('/');
    ((is_scalar || separators * few <= text.len()) && is_random(text, is_plain))
        || text.split(['-', '_']).any(has_random_part)
}

/// Whether some path segments are Base64, which also has slashes, but few.
fn has_random_part(path: &str) -> bool {
    let starts = std::iter::once(0).chain(path.match_indices('/').map(|(at, _)| at + 1));
    starts.into_iter().any(|start| {
        let rest = behind(path, start);
        let ends = rest.match_indices('/').map(|(at, _)| at).chain([rest.len()]);
        ends.take(STEPS).any(|end| is_random(before(rest, end), false))
    })
}

fn is_random(text: &str, is_plain: bool) -> bool {
    let bytes = text.as_bytes();
    let has = |test: fn(&u8) -> bool| bytes.iter().any(test);
    if bytes.len() < 20 || !has(u8::is_ascii_lowercase) || !has(u8::is_ascii_uppercase) || !has(u8::is_ascii_digit) {
        return false;
    }
    if BEGINNINGS.iter().any(|beginning| text.starts_with(beginning)) {
        return true;
    }
    let rows = || bytes.chunk_by(|one, next| class(*one) == class(*next)).map(<[u8]>::len);
    // Names with slashes contain shorter words.
    let shortest = if text.contains('/') && !is_plain { 3 } else { 4 };
    let words: usize = rows().filter(|length| *length >= shortest).sum();
    let separators = bytes.iter().filter(|byte| b"-_".contains(byte)).count();
    match bytes.len() {
        // AWS secret access keys have this length, and those in its documentation contain a word.
        // <https://aws.amazon.com/blogs/security/a-safer-way-to-distribute-aws-credentials-to-ec2/>
        40 if !text.contains(['-', '_']) => words * 100 <= 40 * 65,
        // Few random texts have fewer changes or more in words; most names do. Names have separators, too.
        SCALAR if rows().count() >= 18 && words <= if separators < 3 { 24 } else { 15 } => true,
        41.. if is_plain => words * 100 <= bytes.len() * 75,
        41.. if !text.contains(['-', '_']) => words * 100 <= bytes.len() * 55,
        32.. => rows().count() * 2 >= bytes.len() && words * 100 <= bytes.len() * 30,
        _ => false,
    }
}

fn class(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quote::{HIDDEN, line, quote};

    const KEY: &str = include_str!("../../../tests/data/ca/key.pem");

    fn keys() -> Vec<String> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");
        let mut keys = vec![KEY.to_owned()];
        for entry in ["ca", "keys"].iter().flat_map(|name| std::fs::read_dir(format!("{folder}/{name}")).unwrap()) {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap_or_default();
            keys.extend(text.contains("PRIVATE KEY").then_some(text));
        }
        keys
    }

    fn body(pem: &str) -> String {
        pem.lines().filter(|line| !line.starts_with('-')).collect()
    }

    fn hex(bytes: &[u8], between: &str) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(between)
    }

    fn base32(bytes: &[u8]) -> String {
        let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
        let digit = |five: &[u8]| five.iter().fold(0, |digit, bit| digit << 1 | bit) << (5 - five.len());
        let all = bits.chunks(5).map(|five| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[usize::from(digit(five))]));
        all.collect()
    }

    /// A key in the ways that tools print bytes in.
    fn forms_of(bytes: &[u8]) -> Vec<String> {
        use base64::Engine as _;
        let words = |size: usize| bytes.chunks(size).map(|part| hex(part, "")).collect::<Vec<_>>().join(" ");
        vec![
            hex(bytes, ""),
            hex(bytes, "").to_uppercase(),
            format!("ssm:/{}", hex(bytes, "")),
            format!("key{}", hex(bytes, "")),
            format!("0x{}", hex(bytes, "")),
            hex(bytes, ":"),
            format!("SHA256 Fingerprint={}", hex(&[bytes, b"!"].concat(), ":")),
            hex(bytes, " ").to_uppercase(),
            hex(bytes, "  "),
            hex(bytes, ", "),
            hex(bytes, "-"),
            format!("0x{}", hex(bytes, ", 0x")),
            format!("\\x{}", hex(bytes, "\\x")),
            format!("00:{}", hex(bytes, ":\n    ")),
            words(2),
            words(4),
            words(16),
            base32(bytes),
            base32(bytes).to_lowercase(),
            format!("ssm:/{}======", base32(bytes)),
            base64::engine::general_purpose::STANDARD.encode(bytes),
        ]
    }

    /// Something like random numbers, the same every time.
    fn numbers() -> impl FnMut() -> u64 {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state >> 16
        }
    }

    /// The private number of a key on P-256, or Ed25519's, without anything around it.
    #[test]
    fn a_bare_number_is_known() {
        let mut number = numbers();
        for _ in 0..200 {
            let bytes: Vec<u8> = (0..32).map(|_| number().to_le_bytes()[0]).collect();
            for form in forms_of(&bytes) {
                assert_eq!(quote(&form).to_string(), HIDDEN, "{form}");
                assert!(line(&format!("it is {form} here")).contains(HIDDEN), "{form}");
            }
        }
    }

    /// One line of PEM says 48 bytes of a key.
    #[test]
    fn every_line_of_base64_is_known() {
        use base64::Engine as _;
        let mut number = numbers();
        let lines = (0..20_000).map(|_| -> Vec<u8> { (0..48).map(|_| number().to_le_bytes()[0]).collect() });
        let lines = lines.map(|bytes| base64::engine::general_purpose::STANDARD.encode(bytes));
        let missed: Vec<_> = lines.filter(|line| !is_key(line)).collect();
        assert!(missed.is_empty(), "{} {missed:?}", missed.len());
    }

    /// Names alone cannot distinguish all of them.
    #[test]
    fn a_number_of_a_json_web_key_is_known_but_for_few() {
        use base64::Engine as _;
        let mut number = numbers();
        let numbers = (0..20_000).map(|_| -> Vec<u8> { (0..32).map(|_| number().to_le_bytes()[0]).collect() });
        let numbers = numbers.map(|bytes| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes));
        let missed = numbers.filter(|number| !is_key(number)).count();
        assert!(missed < 200, "{missed} of 20 000");
    }

    #[test]
    fn a_key_is_known_in_every_wrapping() {
        use base64::Engine as _;
        let base64 = base64::engine::general_purpose::STANDARD;
        for pem in keys() {
            let body = body(&pem);
            let der = base64.decode(&body).unwrap();
            let hex: String = der.iter().map(|byte| format!("{byte:02x}")).collect();
            let colons = der.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":");
            let narrow = body.as_bytes().chunks(12).map(|part| std::str::from_utf8(part).unwrap()).collect::<Vec<_>>();
            let forms = [
                pem.clone(),
                pem.replace('\n', " "),
                pem.replace('\n', "\\n"),
                pem.lines().skip(1).collect::<Vec<_>>().join("\n"),
                format!("key: {body}"),
                base64.encode(&pem),
                base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&der),
                hex.to_uppercase(),
                hex,
                colons,
                body.clone(),
            ];
            for form in forms {
                assert_eq!(quote(&form).to_string(), HIDDEN, "{form}");
                let line = line(&form.replace('\n', ""));
                assert!(line.contains(HIDDEN) && line.len() < 60, "{line}");
            }
            // Only the whole value can be recognised.
            for space in ["\n", " "] {
                assert_eq!(quote(&narrow.join(space)).to_string(), HIDDEN);
            }
            for line in pem.lines().filter(|line| line.len() == 64) {
                assert!(is_key(line), "{line}");
            }
            for form in forms_of(&der) {
                assert_eq!(quote(&form).to_string(), HIDDEN, "{form}");
                assert!(line(&format!("it is {form} here")).contains(HIDDEN), "{form}");
            }
        }
        for secret in ["wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"] {
            assert_eq!(quote(secret).to_string(), HIDDEN);
            assert_eq!(line(&format!("not `{secret}`")), format!("not `{HIDDEN}`"));
            for path in
                [format!("shop/{secret}"), format!("keys/{}", secret.replace('/', "+")), format!("/a-b/{secret}/c")]
            {
                assert!(line(&path).contains(HIDDEN), "{path}");
            }
        }
    }

    #[test]
    fn names_stay_readable() {
        for name in [
            "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/0a1b2c3d-0000-4000-8000-000000000001",
            "arn:aws:iam::111122223333:role/service-role/AWSReservedSSO_AdministratorAccess_0123456789abcdef",
            "arn:aws:iam::111122223333:role/MyStack-LambdaExecRole3A4B5C6D-1ABCDEFGHIJK2",
            "arn:aws:iam::111122223333:role/MyCompany/Ec2/ProdK8sS3ReadWriteAccessRole",
            "public.ecr.aws/rolesanywhere/credential-helper:1.4.0-amd64-2024.11.05.17.18.28",
            "ghcr.io/acme/app@sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
            "SHA256 Fingerprint=AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89",
            "sha256:0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
            "blobs/sha256/0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
            "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3",
            "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3 de9f2c7fd25e1b3afad3e85a0bd17d9b100db4b3",
            "AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01",
            "00:1a:2b:3c:4d:5e",
            "6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d, 0a1b2c3d-0000-4000-8000-000000000001",
            "111122223333, 222233334444, 333344445555, 444455556666, 555566667777, 666677778888",
            "payments-service-for-the-european-customers-of-the-shop-v2-7d4b9c6f58",
            "paymentsserviceforalltheeuropeancustomersoftheshopv2",
            "the quick brown fox jumps over 2 lazy dogs, 3 cats and 7 more of them",
            "/nix/store/3q6fqn5lwkdwmbk2ss4gvmlrdnh4nc7y-iamra-0.1.0/bin/iamra",
            "/Users/Bob/Dev/K8s/App1/Infra/Eu1/Prod/iamra",
            "/home/build/GitLab-Runner1/Projects/Acme/platform/declarations/iamra.yaml",
            "MyCompany-Production-Role-For-Payments-24x7",
            "CDK-hnb659fds-cfn-exec-role-123456789012-eu-west-1",
            "aws:PrincipalTag/x509Subject/CN",
            "{% if namespace %}{{ workload }}.{{ namespace }}{% endif %}",
            "BEGIN",
            "PRIVATE KEY",
        ] {
            assert!(!is_key(name), "{name}");
            assert_eq!(line(name), name);
        }
    }
}
