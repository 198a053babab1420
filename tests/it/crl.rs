//! `iamra ca crl`, read by two others: x509-parser and Python's cryptography.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use x509_parser::pem::Pem;
use x509_parser::prelude::{CertificateRevocationList, FromDer as _};

use crate::roles_anywhere_peers::python;
use crate::support::{Output, iamra, root, run};

fn data(name: &str) -> PathBuf {
    root().join("tests/data").join(name)
}

fn crl(dir: &Path, (certificate, key): (&str, &str), more: &[&str], stdin: &[u8]) -> Output {
    let mut command = iamra(dir);
    command.args(["ca", "crl", "--certificate"]).arg(data(certificate)).arg("--key").arg(data(key)).args(more);
    run(&mut command, stdin)
}

/// The serial number of a certificate that the CA in `tests/data/ca` has signed, by x509-parser.
fn leaf() -> String {
    let pem = fs::read(data("keys/p256-leaf.pem")).unwrap();
    let (_, pem) = x509_parser::pem::parse_x509_pem(&pem).unwrap();
    format!("{:x}", pem.parse_x509().unwrap().tbs_certificate.serial)
}

#[test]
fn others_read_what_it_signs() {
    let dir = tempfile::tempdir().unwrap();
    let leaf_file = data("keys/p256-leaf.pem").display().to_string();
    let cas = [
        ("keys/p256-ca.pem", "keys/p256-key.pem"),
        ("keys/p384-ca.pem", "keys/p384-key.pem"),
        ("keys/rsa2048-ca.pem", "keys/rsa2048-key.pem"),
        ("ca/cert.pem", "ca/key.pem"),
    ];
    for ca in cas {
        let mut args =
            vec!["--serial", "0x0100", "--serial", "77", "--serial", "01:00", "--number", "7", "--days", "3"];
        let mut serials = vec!["4d".to_owned(), "100".to_owned()];
        if ca.0 == "ca/cert.pem" {
            args.push(&leaf_file);
            serials.push(leaf());
        }
        let output = crl(dir.path(), ca, &args, b"");
        assert_eq!(output.exit, 0, "{ca:?}: {}", output.stderr);
        let number = output.stdout.clone();
        let block = Pem::iter_from_buffer(number.as_bytes()).next().unwrap().unwrap();
        let (rest, list) = CertificateRevocationList::from_der(&block.contents).unwrap();
        let authority = fs::read(data(ca.0)).unwrap();
        let (_, authority) = x509_parser::pem::parse_x509_pem(&authority).unwrap();
        let authority = authority.parse_x509().unwrap();
        assert!(rest.is_empty() && list.verify_signature(authority.public_key()).is_ok(), "{ca:?}");
        assert_eq!(list.issuer().as_raw(), authority.subject().as_raw(), "{ca:?}");
        let mut script = python("crl.py");
        let seen = run(script.arg(data(ca.0)), output.stdout.as_bytes());
        let seen: Value = serde_json::from_str(&seen.stdout).unwrap_or_else(|_| panic!("{}", seen.stderr));
        let expected = json!({"signed": true, "issuer": true, "key": true, "number": 7, "days": 3, "serials": serials});
        assert_eq!(seen, expected, "{ca:?}");
    }
}

#[test]
fn secrets_as_kubectl_prints_them_are_read_and_their_keys_are_not_said() {
    let dir = tempfile::tempdir().unwrap();
    let (certificate, key) = (fs::read(data("keys/p256-leaf.pem")).unwrap(), fs::read(data("ca/key.pem")).unwrap());
    let of_workload = json!({"kind": "Secret", "metadata": {"name": "app-cert"}, "data": {
        "tls.crt": STANDARD.encode(&certificate), "tls.key": STANDARD.encode(&key),
    }});
    let other = json!({"kind": "Secret", "metadata": {"name": "token"}, "data": {"token": "eA=="}});
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [other, of_workload]});
    for object in [&list, &of_workload] {
        let output = crl(dir.path(), ("ca/cert.pem", "ca/key.pem"), &["-"], object.to_string().as_bytes());
        assert!(output.exit == 0 && output.stderr.contains(&leaf()), "{}", output.stderr);
        let secret = String::from_utf8_lossy(&key);
        let body = secret.lines().nth(1).unwrap();
        assert!(!output.stdout.contains(body) && !output.stderr.contains(body));
    }
    let none = crl(dir.path(), ("ca/cert.pem", "ca/key.pem"), &["-"], other.to_string().as_bytes());
    assert!(
        none.exit == 1 && none.stdout.is_empty() && none.stderr.contains("no Secret with a certificate"),
        "{none:?}"
    );
}

#[test]
fn a_file_is_not_overwritten_unasked() {
    let dir = tempfile::tempdir().unwrap();
    let ca = ("ca/cert.pem", "ca/key.pem");
    let write = |more: &[&str]| crl(dir.path(), ca, &[&["--serial", "1", "--output", "list.pem"], more].concat(), b"");
    let read = || fs::read_to_string(dir.path().join("list.pem")).unwrap();
    assert_eq!(write(&[]).exit, 0);
    let first = read();
    assert!(first.starts_with("-----BEGIN X509 CRL-----"), "{first}");
    let again = write(&["--number", "9"]);
    assert!(again.exit == 2 && read() == first && again.stderr.contains("already exists"), "{again:?}");
    assert_eq!(write(&["--number", "9", "--force"]).exit, 0);
    assert_ne!(read(), first);
}

/// AWS takes at most 300000 bytes, some 8000 certificates.
#[test]
fn a_list_that_aws_would_not_take_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let serials: Vec<_> = (1..9000).map(|it| format!("--serial={}", (1_u128 << 120) + it)).collect();
    let serials: Vec<_> = serials.iter().map(String::as_str).collect();
    let output = crl(dir.path(), ("ca/cert.pem", "ca/key.pem"), &serials, b"");
    assert!(output.exit == 1 && output.stdout.is_empty(), "{}", output.stderr);
    assert!(output.stderr.contains("AWS takes at most 300000"), "{}", output.stderr);
}
