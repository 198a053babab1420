//! The double refuses what AWS refuses (`tests/refusals.yaml`), so that what it grants means something.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::aws_peers::moto;
use crate::roles_anywhere_peers::{Anywhere, World};
use crate::support::{iamra, root, run};

pub(crate) const TRUST_ANCHOR: &str =
    "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d";
pub(crate) const PROFILE: &str =
    "arn:aws:rolesanywhere:eu-central-1:111122223333:profile/0d1e2f30-4152-4637-8495-a6b7c8d9e0f1";
pub(crate) const ROLE: &str = "arn:aws:iam::111122223333:role/app";
const COMMON_NAME: &str = "app";

/// A CA, and the certificate that it gives to a workload.
pub(crate) struct Pair {
    pub(crate) ca: String,
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// A good pair, but for what `spoilt` says.
pub(crate) fn pair(spoilt: &Value) -> Pair {
    let authority = |name: &str| {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        (params.self_signed(&key).unwrap().pem(), Issuer::new(params, key))
    };
    let (trusted, signer) = authority("the CA");
    let signer = if spoilt["otherAuthority"] == true { authority("the CA").1 } else { signer };
    let now = OffsetDateTime::now_utc();
    let mut leaf = CertificateParams::default();
    leaf.distinguished_name.remove(DnType::CommonName);
    match spoilt["commonName"].as_str().unwrap_or(COMMON_NAME) {
        "" => {}
        name => leaf.distinguished_name.push(DnType::CommonName, name),
    }
    let start = if spoilt["future"] == true { now + Duration::days(1) } else { now - Duration::days(2) };
    leaf.not_before = start;
    leaf.not_after = if spoilt["expired"] == true { now - Duration::days(1) } else { start + Duration::days(4) };
    leaf.is_ca = if spoilt["isCa"] == true { IsCa::Ca(BasicConstraints::Unconstrained) } else { IsCa::ExplicitNoCa };
    leaf.key_usages = match spoilt["usages"].as_array() {
        None => vec![KeyUsagePurpose::DigitalSignature],
        Some(none) if none.is_empty() => Vec::new(),
        Some(_) => vec![KeyUsagePurpose::KeyEncipherment],
    };
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let key = KeyPair::generate().unwrap();
    let certificate = leaf.signed_by(&key, &signer).unwrap().pem();
    let key = if spoilt["otherKey"] == true { KeyPair::generate().unwrap() } else { key };
    Pair { ca: trusted, certificate, key: key.serialize_pem() }
}

/// The world of a row.
pub(crate) fn world(row: &Value, ca: &str) -> Value {
    let good = World { trust_anchor: TRUST_ANCHOR, profile: PROFILE, role: ROLE, ca, common_name: COMMON_NAME };
    let mut world = good.json();
    set(&mut world, &row["world"]);
    world
}

fn rows() -> Vec<Value> {
    serde_yaml::from_str(&std::fs::read_to_string(root().join("tests/refusals.yaml")).unwrap()).unwrap()
}

/// Writes the pair as the sidecar's volume has it.
pub(crate) fn write(pair: &Pair, folder: &Path) {
    std::fs::write(folder.join("tls.crt"), &pair.certificate).unwrap();
    std::fs::write(folder.join("tls.key"), &pair.key).unwrap();
}

fn arguments(folder: &Path, row: &Value) -> Vec<String> {
    let file = |name: &str| folder.join(name).display().to_string();
    let (certificate, key) = (file("tls.crt"), file("tls.key"));
    let flags = [
        ("certificate", certificate.as_str()),
        ("private-key", &key),
        ("trust-anchor-arn", TRUST_ANCHOR),
        ("profile-arn", PROFILE),
        ("role-arn", ROLE),
    ];
    let flags = flags.iter().map(|(name, value)| format!("--{name}={value}"));
    let more = row["flags"].as_array().into_iter().flatten().map(|flag| flag.as_str().unwrap().to_owned());
    ["serve".to_owned()].into_iter().chain(flags).chain(more).collect()
}

/// A folder with the declaration of the row's workload, and the pair beside it.
fn declared(row: &Value, pair: &Pair) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(pair, dir.path());
    let mut role = json!({"profileArn": PROFILE, "roleArn": ROLE});
    let mut workload = json!({"namespace": "shop"});
    for (into, field) in [(&mut role, "role"), (&mut workload, "declared")] {
        for (key, value) in row[field].as_object().into_iter().flatten() {
            into[key] = value.clone();
        }
    }
    let spec = json!({
        "scopes": {"default": {"trustAnchor": TRUST_ANCHOR}}, "roles": {"app": role}, "workloads": {"app": workload},
    });
    let declaration = json!({
        "apiVersion": "iamra.dev/v1alpha1", "kind": "RolesAnywhere", "metadata": {"name": "acme"}, "spec": spec,
    });
    std::fs::write(dir.path().join("iamra.yaml"), declaration.to_string()).unwrap();
    dir
}

/// Doctor asks for the session as the sidecar would, and says what AWS's refusal means.
#[test]
fn every_refusal_is_explained() {
    let good = [json!({"name": "nothing is wrong"})];
    for row in good.iter().chain(&rows()) {
        let pair = pair(&row["certificate"]);
        let anywhere = Anywhere::start(&world(row, &pair.ca));
        let dir = declared(row, &pair);
        let mut command = iamra(dir.path());
        command.args(["doctor", "--workload", "app", "--certificate", "tls.crt", "--key", "tls.key"]);
        let output = run(command.env("AWS_ENDPOINT_URL_ROLESANYWHERE", &anywhere.http), b"");
        let name = row["name"].as_str().unwrap();
        let secrets = pair.key.lines().filter(|line| !line.starts_with("-----")).chain(["ASIA", "secretAccessKey"]);
        for secret in secrets {
            assert!(!output.stdout.contains(secret) && !output.stderr.contains(secret), "{name}: a secret comes out");
        }
        let Some(explained) = row["explained"].as_str() else {
            let session =
                "ok: AWS issues a session for `CN=app` of workload `app`: arn:aws:sts::111122223333:assumed-role/app/";
            assert!(output.stdout.contains(session) && output.exit == 0, "{}{}", output.stdout, output.stderr);
            assert_eq!(anywhere.seen()[0]["layout"], "query", "as AWS's own helper");
            continue;
        };
        // The key of another certificate is rejected without calling AWS.
        let local = row["certificate"]["otherKey"] == true;
        let code = if local { "error[invalid-certificate]" } else { "error[session-refused]" };
        let line = output.stderr.lines().next().unwrap_or_default();
        assert!(output.exit == 1 && line.starts_with(code) && line.contains(explained), "{name}: {}", output.stderr);
        assert!(output.stderr.contains("\n  help: "), "{name}: {}", output.stderr);
        let refused = row["refused"][1].as_str().unwrap();
        assert!(local || line.contains(refused), "{name}: AWS's own words: {line}");
    }
}

/// Keys of every kind that cert-manager makes and that is signed with here; the double verifies the signature.
#[test]
fn every_kind_of_key_asks_for_a_session() {
    let read =
        |folder: &str, name: &str| std::fs::read_to_string(root().join("tests/data").join(folder).join(name)).unwrap();
    for kind in ["rsa2048", "p256", "p384", "p521", "rsa8192"] {
        let pair = Pair {
            ca: read("ca", "cert.pem"),
            certificate: read("keys", &format!("{kind}-leaf.pem")),
            key: read("keys", &format!("{kind}-key.pem")),
        };
        let anywhere = Anywhere::start(&world(&Value::Null, &pair.ca));
        let dir = declared(&Value::Null, &pair);
        let mut command = iamra(dir.path());
        command.args(["doctor", "--workload", "app", "--certificate", "tls.crt", "--key", "tls.key"]);
        let output = run(command.env("AWS_ENDPOINT_URL_ROLESANYWHERE", &anywhere.http), b"");
        if kind == "rsa8192" {
            let words =
                "error[invalid-certificate]: tls.key cannot be used: iamra signs with RSA keys of 2048 to 4096 bits";
            assert!(output.exit == 1 && output.stderr.contains(words), "{}", output.stderr);
        } else {
            assert!(
                output.exit == 0 && output.stdout.contains("ok: AWS issues a session"),
                "{kind}: {}",
                output.stderr
            );
        }
    }
}

/// What a guest network's sign-in page says is not what AWS says.
#[test]
fn an_answer_that_is_not_aws_s_is_no_session_and_no_policy() {
    let pair = pair(&Value::Null);
    let dir = declared(&Value::Null, &pair);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let portal = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = std::io::Read::read(&mut stream, &mut [0; 8192]);
            let page = "HTTP/1.1 200 OK\r\nContent-Length: 18\r\nConnection: close\r\n\r\n<p>Please sign in!";
            let _ = std::io::Write::write_all(&mut stream, page.as_bytes());
        }
    });
    let mut command = iamra(dir.path());
    command.args(["doctor", "--live", "--workload", "app", "--certificate", "tls.crt", "--key", "tls.key"]);
    command.env("AWS_ENDPOINT_URL_ROLESANYWHERE", &portal).env("AWS_ENDPOINT_URL_IAM", &portal);
    command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "example");
    let output = run(command.env("AWS_MAX_ATTEMPTS", "1"), b"");
    assert!(!output.stdout.contains("issues a session") && output.exit == 3, "{}{}", output.stdout, output.stderr);
    for service in ["IAM Roles Anywhere in eu-central-1", "IAM in us-east-1"] {
        let words = format!("error[aws-failed]: {service} sent a response that cannot be read");
        assert!(output.stderr.contains(&words), "{words}: {}", output.stderr);
    }
}

/// A look at AWS takes a second for each trust anchor and profile, and says on a terminal how far it is.
#[test]
fn a_terminal_says_how_far_the_doctor_is() {
    let pair = pair(&Value::Null);
    let anywhere = Anywhere::start(&world(&Value::Null, &pair.ca));
    let dir = declared(&Value::Null, &pair);
    let doctor = format!("{} doctor --live", crate::support::iamra_path().display());
    let mut command = Command::new("script");
    command.args(["-qec", &doctor, "/dev/null"]).current_dir(dir.path()).env_clear();
    command.env("AWS_ENDPOINT_URL_ROLESANYWHERE", &anywhere.http).env("AWS_ENDPOINT_URL_IAM", moto().url());
    command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "example");
    let output = run(&mut command, b"");
    // How many calls are done after the first second depends on the machine.
    assert!(output.stdout.contains("calling AWS: ") && output.stdout.contains(" of 3 calls done"), "{}", output.stdout);
}

/// What is wrong with trust anchor, profile and role in AWS; the role is moto's.
#[test]
fn what_is_wrong_in_aws_is_found() {
    let text = std::fs::read_to_string(root().join("tests/setups.yaml")).unwrap();
    let rows: Vec<Value> = serde_yaml::from_str(&text).unwrap();
    for row in &rows {
        let name = row["name"].as_str().unwrap();
        let pair = pair(&Value::Null);
        let mut world = world(row, &pair.ca);
        let mut policy = world["roles"][0]["assumeRolePolicyDocument"].clone();
        set(&mut policy, &row["policy"]);
        put_role(&policy, row["longest"].as_u64().unwrap_or(43200));
        if row["otherAuthority"] == true {
            let other = self::pair(&Value::Null).ca;
            world["trustAnchors"][0]["source"]["sourceData"]["x509CertificateData"] = json!(other);
        }
        let anywhere = Anywhere::start(&world);
        let dir = declared(row, &pair);
        let mut command = iamra(dir.path());
        command.args(["doctor", "--live"]);
        if let Some(which) = row["locked"].as_str() {
            let other = self::pair(&Value::Null).ca;
            match which {
                "same" => lock(dir.path(), &pair.ca, None),
                "next" => lock(dir.path(), &pair.ca, Some((&other, false))),
                "previous" => lock(dir.path(), &other, Some((&pair.ca, true))),
                _ => lock(dir.path(), &other, None),
            }
        } else {
            std::fs::write(dir.path().join("objects.json"), issued(&pair).to_string()).unwrap();
            command.args(["--objects", "objects.json"]);
        }
        command.env("AWS_ENDPOINT_URL_ROLESANYWHERE", &anywhere.http).env("AWS_ENDPOINT_URL_IAM", moto().url());
        command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "example");
        let output = run(&mut command, b"");
        let Some([start, words]) = row["says"].as_array().map(Vec::as_slice) else {
            for line in [
                "is enabled and trusts `CN=the CA` until ",
                ", which signs in this cluster",
                "is enabled and lists the role",
                "the values that the certificate will have: aws:SourceArn = arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/",
                "aws:PrincipalTag/x509Subject/CN = app",
            ] {
                assert!(output.stdout.contains(line), "{line}: {}{}", output.stdout, output.stderr);
            }
            assert_eq!((output.exit, output.stderr.as_str()), (0, ""));
            continue;
        };
        let (start, words) = (start.as_str().unwrap(), words.as_str().unwrap());
        let lines = output.stderr.lines().chain(output.stdout.lines());
        let said = lines.into_iter().any(|line| line.starts_with(start) && line.contains(words));
        let exit = i32::from(start.starts_with("error"));
        assert!(said && output.exit == exit, "{name}: {}{}", output.stdout, output.stderr);
    }
}

/// Has the declaration write the CA into the Secret, with this certificate in the lock, and, if there is one, the next CA, which
/// signs or does not.
fn lock(dir: &Path, certificate: &str, next: Option<(&str, bool)>) {
    let file = dir.join("iamra.yaml");
    let mut declaration: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let ssm = json!({"certificate": "ssm:/acme/ca/tls-crt", "key": "ssm:/acme/ca/tls-key"});
    let mut issuer = json!({"ca": {"secret": {"ssm": ssm}}});
    let mut references = json!({"ssm:/acme/ca/tls-crt": {"value": certificate}});
    if let Some((next, signs)) = next {
        let ssm = json!({"certificate": "ssm:/acme/next/tls-crt", "key": "ssm:/acme/next/tls-key"});
        issuer["ca"]["next"] = json!({"secret": {"ssm": ssm}, "signs": signs});
        references["ssm:/acme/next/tls-crt"] = json!({"value": next});
    }
    declaration["spec"]["scopes"]["default"]["issuer"] = issuer;
    std::fs::write(file, declaration.to_string()).unwrap();
    let lock = json!({"apiVersion": "iamra.dev/v1alpha1", "kind": "Lock", "references": references});
    std::fs::write(dir.join("iamra.lock"), lock.to_string()).unwrap();
}

fn set(value: &mut Value, changes: &Value) {
    for (pointer, new) in changes.as_object().into_iter().flatten() {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        value.pointer_mut(parent).unwrap_or_else(|| panic!("no {pointer}"))[key.replace("~1", "/")] = new.clone();
    }
}

/// The objects that cert-manager leaves for a certificate that it has issued.
fn issued(pair: &Pair) -> Value {
    let encode = |pem: &str| base64::engine::general_purpose::STANDARD.encode(pem);
    let ready = json!([{"type": "Ready", "status": "True", "reason": "Ready", "message": ""}]);
    json!({"apiVersion": "v1", "kind": "List", "items": [
        {
            "apiVersion": "cert-manager.io/v1", "kind": "Certificate",
            "metadata": {"name": "app-cert", "namespace": "shop"}, "status": {"conditions": ready},
        },
        {
            "apiVersion": "cert-manager.io/v1", "kind": "CertificateRequest",
            "metadata": {"name": "app-cert-1", "namespace": "shop", "annotations": {
                "cert-manager.io/certificate-name": "app-cert", "cert-manager.io/certificate-revision": "1",
            }},
            "status": {"conditions": ready, "certificate": encode(&pair.certificate), "ca": encode(&pair.ca)},
        },
    ]})
}

/// The role `app` in moto, made anew.
fn put_role(policy: &Value, longest: u64) {
    let name = ROLE.rsplit('/').next().unwrap();
    let (longest, policy) = (longest.to_string(), policy.to_string());
    // The role does not exist the first time.
    let _ = asked_of_iam(&[("Action", "DeleteRole"), ("RoleName", name)]);
    let create = [("Action", "CreateRole"), ("RoleName", name), ("MaxSessionDuration", &longest)];
    let created = asked_of_iam(&[&create[..], &[("AssumeRolePolicyDocument", &policy)]].concat());
    assert!(created.starts_with("HTTP/1.1 200 "), "{created}");
}

/// What moto answers for IAM. It does not check signatures, and finds the service in one.
fn asked_of_iam(parameters: &[(&str, &str)]) -> String {
    let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let body = parameters.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
    let body = format!("Version=2010-05-08&{}", body.collect::<Vec<_>>().join("&"));
    let request = format!(
        "POST / HTTP/1.1\r\nHost: iam.amazonaws.com\r\nConnection: close\r\nContent-Length: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nAuthorization: AWS4-HMAC-SHA256 \
         Credential=admin/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0\r\n\r\n{body}",
        body.len()
    );
    let mut stream = std::net::TcpStream::connect(moto().url().trim_start_matches("http://")).unwrap();
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
    answer
}

#[test]
fn the_double_refuses_what_aws_refuses() {
    let good = [json!({"name": "nothing is wrong"})];
    for row in good.iter().chain(&rows()) {
        let folder = tempfile::tempdir().unwrap();
        let pair = pair(&row["certificate"]);
        write(&pair, folder.path());
        let anywhere = Anywhere::start(&world(row, &pair.ca));
        let session = anywhere.python_session(&arguments(folder.path(), row));
        let seen = anywhere.seen();
        let last = seen.last().unwrap_or_else(|| panic!("{}: {}", row["name"], session.stderr));
        let Some([status, name, words]) = row["refused"].as_array().map(Vec::as_slice) else {
            assert_eq!((last["status"].as_u64(), session.exit), (Some(201), 0), "{last} {}", session.stderr);
            continue;
        };
        assert_eq!(last["status"], *status, "{}: {last}", row["name"]);
        let refused = last["refused"].as_str().unwrap();
        let (name, words) = (name.as_str().unwrap(), words.as_str().unwrap());
        assert!(refused.starts_with(&format!("{name}: ")) && refused.contains(words), "{}: {refused}", row["name"]);
        // An independent client can read the error.
        assert!(session.exit != 0 && session.stderr.contains(words), "{}: {}", row["name"], session.stderr);
    }
}
