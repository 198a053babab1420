//! What looks like a private key or a secret of AWS, in whatever way it is written.

/// As many steps of a path as a secret of AWS may look like.
const STEPS: usize = 4;

/// How PEM begins and ends a block.
pub(super) const ARMOUR: &[&str] =
    &["-----BEGIN", "-----END", "PRIVATE KEY-----", "BEGIN PRIVATE KEY", "END PRIVATE KEY"];

/// How keys begin in Base64: DER of each kind of key, PEM, OpenSSH.
const BEGINNINGS: &[&str] =
    &["MII", "MIG", "MIH", "MHc", "MHQ", "MC4CAQ", "MFMCAQ", "LS0tLS1C", "LS0tLUJFR0lO", "b3BlbnNzaC1rZXk"];

/// The text before a place that is one of its characters' starts; all of it, should it be none.
pub(super) fn before(text: &str, end: usize) -> &str {
    text.get(..end).unwrap_or(text)
}

/// The text behind such a place.
pub(super) fn behind(text: &str, start: usize) -> &str {
    text.get(start..).unwrap_or_default()
}

/// Whether a text is, or holds, what looks like a private key or a secret of AWS, in whatever way it is wrapped.
pub(super) fn is_key(text: &str) -> bool {
    let holds = |text: &str| {
        let mut rest = text;
        std::iter::from_fn(|| {
            let (start, run) = next_run(rest)?;
            rest = behind(rest, start + run.len());
            Some(run)
        })
        .any(is_key_run)
    };
    let joined: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    ARMOUR.iter().any(|armour| text.contains(armour)) || holds(text) || holds(&joined)
}

/// The next stretch of characters of Base64 (either alphabet) or of hexadecimal digits with colons, and where it is.
pub(super) fn next_run(text: &str) -> Option<(usize, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+/-_=:".contains(c);
    let start = text.find(is_part)?;
    let rest = behind(text, start);
    let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
    Some((start, before(rest, end)))
}

pub(super) fn is_key_run(run: &str) -> bool {
    is_hex_key(run) || run.split([':', '=']).any(is_base64_key)
}

/// More digits than any digest has, or the DER of a key: a sequence that begins with a small version.
fn is_hex_key(run: &str) -> bool {
    let digits: String = run.chars().filter(|c| *c != ':').collect();
    digits.len() >= 64
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        && (digits.len() > 128 || (digits.starts_with("30") && before(&digits, 16).contains("0201")))
}

/// Whether there is Base64 of something random in this, and no name: names have words in them, digests no capitals.
fn is_base64_key(text: &str) -> bool {
    let separators = text.bytes().filter(|byte| b"-_/".contains(byte)).count();
    (separators * 12 <= text.len() && is_random(text)) || text.split(['-', '_']).any(has_random_part)
}

/// Whether some steps of a path are Base64, which has slashes too, but few.
fn has_random_part(path: &str) -> bool {
    let starts = std::iter::once(0).chain(path.match_indices('/').map(|(at, _)| at + 1));
    starts.into_iter().any(|start| {
        let rest = behind(path, start);
        let ends = rest.match_indices('/').map(|(at, _)| at).chain([rest.len()]);
        ends.take(STEPS).any(|end| is_random(before(rest, end)))
    })
}

fn is_random(text: &str) -> bool {
    let bytes = text.as_bytes();
    let has = |test: fn(&u8) -> bool| bytes.iter().any(test);
    if bytes.len() < 20 || !has(u8::is_ascii_lowercase) || !has(u8::is_ascii_uppercase) || !has(u8::is_ascii_digit) {
        return false;
    }
    if BEGINNINGS.iter().any(|beginning| text.starts_with(beginning)) {
        return true;
    }
    let rows = || bytes.chunk_by(|one, next| class(*one) == class(*next)).map(<[u8]>::len);
    // Names with slashes have shorter words in them.
    let shortest = if text.contains('/') { 3 } else { 4 };
    let words: usize = rows().filter(|length| *length >= shortest).sum();
    match bytes.len() {
        // Secrets of AWS are just as long, and its documents' own have a word in them.
        40 if !text.contains(['-', '_']) => words * 100 <= 40 * 65,
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

    const KEY: &str = include_str!("../../tests/data/ca/key.pem");

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
            // Only who sees the whole value can tell.
            for space in ["\n", " "] {
                assert_eq!(quote(&narrow.join(space)).to_string(), HIDDEN);
            }
            for line in pem.lines().filter(|line| line.len() == 64) {
                assert!(is_key(line), "{line}");
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
            "AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89",
            "/Users/Bob/Dev/K8s/App1/Infra/Eu1/Prod/iamra",
            "/home/build/GitLab-Runner1/Projects/Acme/platform/declarations/iamra.yaml",
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
