//! `iamra serve` against a Roles Anywhere that checks everything: what real SDKs get, what is left of credentials when AWS
//! fails, and who is refused.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::aws_peers::moto;
use crate::peers::peer;
use crate::roles_anywhere_peers::{Anywhere, World, python};
use crate::support::{Output, free_port, iamra, iamra_path, root, run};

const ANCHOR: &str =
    "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/0a1b2c3d-0000-4000-8000-000000000001";
const PROFILE: &str = "arn:aws:rolesanywhere:eu-central-1:111122223333:profile/0a1b2c3d-0000-4000-8000-000000000002";
const ROLE: &str = "arn:aws:iam::111122223333:role/app";
const REPORTS: &str = "arn:aws:iam::111122223333:role/reports";

/// Whoever waits longer has waited in vain.
const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) fn data(name: &str) -> String {
    fs::read_to_string(root().join("tests/data").join(name)).unwrap()
}

/// Two roles behind one trust anchor, whose sessions have so many seconds left.
fn world(seconds_left: u64) -> Value {
    let ca = data("ca/cert.pem");
    let world = World { trust_anchor: ANCHOR, profile: PROFILE, role: ROLE, ca: &ca, common_name: "app" };
    let mut world = world.json();
    let mut reports = world["roles"][0].clone();
    reports["arn"] = json!(REPORTS);
    world["roles"].as_array_mut().unwrap().push(reports);
    world["profiles"][0]["roleArns"] = json!([ROLE, REPORTS]);
    world["secondsLeft"] = json!(seconds_left);
    world
}

fn with(mut world: Value, field: &str, value: Value) -> Value {
    world[field] = value;
    world
}

/// A volume as the kubelet writes it: a folder for each version, and one link to the present one.
pub(crate) struct Volume(pub(crate) tempfile::TempDir);

impl Volume {
    pub(crate) fn new(kind: &str) -> Self {
        let volume = Self(tempfile::tempdir().unwrap());
        for name in ["tls.crt", "tls.key"] {
            symlink(Path::new("..data").join(name), volume.0.path().join(name)).unwrap();
        }
        volume.write("1", kind, kind);
        volume
    }

    fn write(&self, version: &str, certificate: &str, key: &str) {
        let folder = self.0.path();
        fs::create_dir(folder.join(version)).unwrap();
        fs::write(folder.join(version).join("tls.crt"), data(&format!("keys/{certificate}-leaf.pem"))).unwrap();
        fs::write(folder.join(version).join("tls.key"), data(&format!("keys/{key}-key.pem"))).unwrap();
        symlink(version, folder.join("..data_tmp")).unwrap();
        fs::rename(folder.join("..data_tmp"), folder.join("..data")).unwrap();
    }

    /// The flags that every command here needs.
    fn flags(&self) -> Vec<String> {
        let file = |name: &str| self.0.path().join(name).display().to_string();
        let flags = [
            ("certificate", file("tls.crt")),
            ("private-key", file("tls.key")),
            ("trust-anchor-arn", ANCHOR.to_owned()),
            ("profile-arn", PROFILE.to_owned()),
            ("role-arn", ROLE.to_owned()),
            ("timeout", "1".to_owned()),
        ];
        flags.map(|(flag, value)| format!("--{flag}={value}")).into()
    }
}

/// A running server.
struct Serve {
    process: Child,
    port: u16,
    folder: tempfile::TempDir,
    volume: Volume,
}

impl Serve {
    fn start(anywhere: &Anywhere, kind: &str) -> Self {
        let (volume, folder) = (Volume::new(kind), tempfile::tempdir().unwrap());
        let port = free_port();
        let mut command = iamra(folder.path());
        command.arg("serve").args(volume.flags()).args(["--debug", "--token-file=token", "--hop-limit=1"]);
        command.args([&format!("--port={port}"), &format!("--role={REPORTS}"), "--placement-region=eu-west-1"]);
        command.env("AWS_ENDPOINT_URL_ROLESANYWHERE", &anywhere.http).stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(fs::File::create(folder.path().join("log")).unwrap());
        let process = command.spawn().unwrap();
        let serve = Self { process, port, folder, volume };
        serve.until("it listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        serve.until("the token is written", || !serve.authorization().is_empty());
        serve
    }

    fn until(&self, what: &str, is: impl Fn() -> bool) {
        let since = Instant::now();
        while !is() {
            assert!(since.elapsed() < DEADLINE, "never: {what}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    fn authorization(&self) -> String {
        fs::read_to_string(self.folder.path().join("token")).unwrap_or_default()
    }

    /// Sends these bytes, and reads to the end.
    fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut answer = Vec::new();
        // The server may have hung up before it was sent everything.
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// The status and the body.
    fn ask(&self, method: &str, path: &str, headers: &[String]) -> (u16, String) {
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let answer = self.raw(format!("{method} {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n").as_bytes());
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{method} {path}: {answer}"));
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    fn container(&self) -> (u16, String) {
        let token = format!("Authorization: {}", self.authorization());
        self.ask("GET", "/v1/credentials", &["Host: 127.0.0.1".to_owned(), token])
    }

    fn metadata_token(&self) -> String {
        let life = "X-aws-ec2-metadata-token-ttl-seconds: 60".to_owned();
        self.ask("PUT", "/latest/api/token", &["Host: 127.0.0.1".to_owned(), life]).1
    }

    fn check(&self) -> Output {
        run(iamra(self.folder.path()).args(["serve", "--check", &format!("--port={}", self.port)]), b"")
    }

    /// An application with nothing but these variables says who it is.
    fn application(&self, mut command: Command, variables: &[(&str, String)]) -> Output {
        command.env_clear().env("HOME", self.folder.path()).env("AWS_REGION", "eu-central-1");
        command.env("AWS_DEFAULT_REGION", "eu-central-1").env("AWS_ENDPOINT_URL_STS", moto().url());
        command.envs(variables.iter().map(|(name, value)| (*name, value.as_str())));
        run(&mut command, b"")
    }

    /// Stops it as the kubelet does. What it said has none of the credentials that it served.
    fn stop(mut self, secrets: &BTreeSet<String>) -> String {
        let sent = run(Command::new("kill").args(["-s", "TERM", &self.process.id().to_string()]), b"");
        assert_eq!((sent.exit, self.process.wait().unwrap().code()), (0, Some(0)), "{}", self.log());
        let log = self.log();
        let key = data("keys/p256-key.pem");
        let authorization = self.authorization();
        let key_lines = key.lines().filter(|line| !line.starts_with('-'));
        for secret in secrets.iter().map(String::as_str).chain(key_lines).chain([authorization.as_str()]) {
            assert!(!log.contains(secret), "{log}");
        }
        log
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn calls(anywhere: &Anywhere, role: &str) -> usize {
    anywhere.seen().iter().filter(|call| call["roleArn"] == role).count()
}

/// What must not be in a log, of credentials that were served.
fn secrets(body: &str) -> BTreeSet<String> {
    let found: Value = serde_json::from_str(body).unwrap();
    ["AccessKeyId", "SecretAccessKey", "Token"].map(|key| found[key].as_str().unwrap().to_owned()).into()
}

#[test]
fn real_sdks_get_credentials_by_either_way() {
    for kind in ["p256", "p384", "rsa2048"] {
        let anywhere = Anywhere::start(&world(0));
        let serve = Serve::start(&anywhere, kind);
        serve.until("it is ready", || serve.check().exit == 0);
        let (endpoint, at) =
            (format!("http://127.0.0.1:{}", serve.port), |path| format!("http://127.0.0.1:{}{path}", serve.port));
        let metadata = vec![("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint)];
        let container = |path| {
            let token = serve.folder.path().join("token").display().to_string();
            vec![("AWS_CONTAINER_CREDENTIALS_FULL_URI", at(path)), ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token)]
        };
        let ways = [
            (metadata, "app"),
            (container("/v1/credentials"), "app"),
            (container("/v1/credentials/reports"), "reports"),
        ];
        for (variables, role) in ways {
            let mut cli = Command::new(peer("aws"));
            cli.args(["sts", "get-caller-identity", "--query", "Arn", "--output", "text"]);
            let clients = if kind == "p256" {
                vec![cli, python("caller_identity.py")]
            } else {
                vec![python("caller_identity.py")]
            };
            for client in clients {
                let output = serve.application(client, &variables);
                let start = format!("arn:aws:sts::111122223333:assumed-role/{role}/");
                assert!(output.stdout.starts_with(&start), "{kind} {role}: {} {}", output.stderr, serve.log());
            }
        }
        assert_eq!([ROLE, REPORTS].map(|role| calls(&anywhere, role)), [1, 1], "one session a role, however many ask");
        let secrets = secrets(&serve.container().1);
        serve.stop(&secrets);
    }
}

#[test]
fn a_process_prints_credentials_once() {
    let anywhere = Anywhere::start(&world(0));
    let volume = Volume::new("p256");
    let ask = || {
        let mut command = iamra(root());
        command.arg("credential-process").args(volume.flags());
        run(command.env("AWS_ENDPOINT_URL_ROLESANYWHERE", &anywhere.http), b"")
    };
    let output = ask();
    let printed: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{}", output.stderr));
    assert_eq!((printed["Version"].as_u64(), calls(&anywhere, ROLE)), (Some(1), 1));
    for key in ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"] {
        assert!(printed[key].as_str().is_some_and(|text| !text.is_empty()), "{key}");
    }
    anywhere.change(&with(world(0), "roles", json!([])));
    let output = ask();
    assert_eq!((output.exit, output.stdout.as_str()), (3, ""));
    assert!(output.stderr.contains("AccessDeniedException: Unable to assume role"), "{}", output.stderr);
}

/// Every way in which AWS fails: 503 with its code while there are none, one call at a time with growing pauses, and credentials
/// as soon as it works, without a restart.
#[test]
fn without_credentials_there_is_the_reason_and_then_there_are_some() {
    let disabled = || {
        let mut world = world(0);
        world["profiles"][0]["enabled"] = json!(false);
        world
    };
    for (broken, code) in [
        (disabled(), "AccessDeniedException"),
        (with(world(0), "roles", json!([])), "AccessDeniedException"),
        (with(world(0), "throttle", json!(1000)), "ThrottlingException"),
        (with(world(0), "ahead", json!(900)), "InvalidSignatureException"),
        (with(world(0), "fault", json!("hang")), "aws-failed"),
        (with(world(0), "fault", json!("garbage")), "aws-failed"),
        (with(world(0), "fault", json!("empty")), "aws-failed"),
        (with(world(0), "fault", json!("page")), "aws-failed"),
        (with(world(0), "secondsLeft", json!(0)), ""),
    ] {
        let anywhere = Anywhere::start(&broken);
        let serve = Serve::start(&anywhere, "p256");
        let (status, body) = serve.container();
        if !code.is_empty() {
            let found: Value = serde_json::from_str(&body).unwrap();
            assert_eq!((status, &found["code"], &found["Code"]), (503, &json!(code), &json!(code)), "{body}");
            assert!(!body.contains("AccessKeyId"), "{body}");
            let check = serve.check();
            assert_eq!((check.exit, check.stdout.as_str()), (3, ""));
            assert!(check.stderr.contains(code) && check.stderr.lines().count() == 1, "{}", check.stderr);
            // Whoever asks makes no call.
            let before = anywhere.seen().len();
            (0..30).for_each(|_| drop(serve.container()));
            assert!(anywhere.seen().len() <= before + 2, "{code}: a storm");
        }
        anywhere.change(&world(0));
        serve.until("it recovers", || serve.container().0 == 200);
        let secrets = secrets(&serve.container().1);
        serve.stop(&secrets);
    }
}

/// A refresh that fails takes nothing away: the same credentials to their end.
#[test]
fn good_credentials_outlive_refusals() {
    let anywhere = Anywhere::start(&world(6));
    let serve = Serve::start(&anywhere, "p256");
    let (status, first) = serve.container();
    assert_eq!(status, 200, "{first}");
    anywhere.change(&with(world(6), "roles", json!([])));
    serve.until("a refresh is refused", || serve.log().contains("role/app`: AccessDeniedException"));
    assert_eq!(serve.container(), (200, first.clone()), "{}", serve.log());
    serve.until("they end", || serve.container().0 == 503);
    anywhere.change(&world(0));
    serve.until("it recovers", || serve.container().0 == 200);
    assert_ne!(serve.container().1, first);
    let log = serve.stop(&secrets(&first));
    assert!(log.contains("the present credentials end at"), "{log}");
}

/// A certificate and a key that do not belong together are never used, and the next pair is, without a restart.
#[test]
fn a_renewed_certificate_is_used_and_half_of_one_is_not() {
    let anywhere = Anywhere::start(&world(1));
    let serve = Serve::start(&anywhere, "p256");
    let serials = || -> BTreeSet<String> {
        anywhere.seen().iter().filter(|it| it["status"] == 201).map(|it| it["serial"].to_string()).collect()
    };
    serve.until("the first is used", || serials().len() == 1);
    serve.volume.write("2", "rsa2048", "p256");
    serve.until("half of one is seen", || serve.log().contains("it is not the key of the certificate"));
    assert_eq!(serials().len(), 1);
    serve.volume.write("3", "rsa2048", "rsa2048");
    serve.until("the second is used", || serials().len() == 2);
    let refused: Vec<_> = anywhere.seen().into_iter().filter(|it| it["status"] != 201).collect();
    assert!(refused.is_empty(), "{refused:?}");
    serve.stop(&BTreeSet::new());
}

#[test]
fn sixty_clients_at_once_are_one_call() {
    let anywhere = Anywhere::start(&world(0));
    let serve = Serve::start(&anywhere, "p256");
    std::thread::scope(|scope| {
        let clients: Vec<_> =
            (0..60).map(|_| scope.spawn(|| (0..5).map(|_| serve.container().0).collect::<Vec<_>>())).collect();
        for client in clients {
            assert_eq!(client.join().unwrap(), [200; 5]);
        }
    });
    assert_eq!(calls(&anywhere, ROLE), 1);
    // The system says this since Linux 5.0: <https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>.
    #[cfg(target_os = "linux")]
    {
        let status = fs::read_to_string(format!("/proc/{}/status", serve.process.id())).unwrap();
        assert!(status.starts_with("Name:\tiamra\n") && status.contains("THP_enabled:\t0\n"), "{status}");
    }
    serve.stop(&BTreeSet::new());
}

#[test]
fn who_is_not_a_program_of_the_pod_is_refused() {
    let anywhere = Anywhere::start(&world(0));
    let serve = Serve::start(&anywhere, "p256");
    let (token, authorization) = (serve.metadata_token(), serve.authorization());
    let text = fs::read_to_string(root().join("tests/serving.yaml")).unwrap();
    let rows: Vec<Value> = serde_yaml::from_str(&text).unwrap();
    assert!(rows.len() > 25);
    for row in rows {
        let header =
            |header: &Value| header.as_str().unwrap().replace("TOKEN", &token).replace("AUTHORIZATION", &authorization);
        let headers: Vec<_> = row["headers"].as_array().unwrap().iter().map(header).collect();
        let (status, body) = serve.ask(row["method"].as_str().unwrap(), row["path"].as_str().unwrap(), &headers);
        assert_eq!(json!(status), row["status"], "{}: {body}", row["why"]);
        assert!(status == 200 || !body.contains("AccessKeyId"), "{}: {body}", row["why"]);
    }
    let (_, metrics) = serve.ask("GET", "/metrics", &["Host: 127.0.0.1".to_owned()]);
    assert!(metrics.contains("iamra_credentials_expiry_seconds{role="), "{metrics}");
    let large = format!("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: {}\r\n\r\n", "x".repeat(70_000));
    let answer = serve.raw(large.as_bytes());
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    serve.stop(&BTreeSet::new());
}

#[test]
fn whatever_bytes_come_the_server_goes_on() {
    let anywhere = Anywhere::start(&world(0));
    let serve = Serve::start(&anywhere, "p256");
    let bytes = prop::collection::vec(any::<u8>(), 0..400);
    let words = prop::sample::select(vec![
        "GET ",
        "PUT ",
        "/latest/api/token",
        "/v1/credentials/",
        "%2e%2e/",
        "%00",
        " HTTP/1.1\r\n",
        " HTTP/9.9\r\n",
        "Host: 127.0.0.1\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Expect: 100-continue\r\n",
        "Authorization: ",
        "\r\n\r\n",
        "\0",
        "ffffffffffffffff\r\n",
    ]);
    let wild = prop::collection::vec(words, 0..12).prop_map(|words| words.concat().into_bytes());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        failure_persistence: None,
        cases: 200,
        ..ProptestConfig::default()
    });
    let outcome = runner.run(&prop_oneof![bytes, wild], |bytes| {
        let answer = serve.raw(&bytes);
        prop_assert!(!answer.contains("AccessKeyId"), "{answer}");
        let (status, _) = serve.ask("GET", "/healthz", &["Host: 127.0.0.1".to_owned()]);
        prop_assert_eq!(status, 200);
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}\n{}", serve.log()));
    assert!(!serve.stop(&BTreeSet::new()).contains("panick"));
}

#[test]
fn what_cannot_be_served_is_said() {
    let volume = Volume::new("p256");
    let mut command = Command::new(iamra_path());
    let output = run(command.arg("serve").args(volume.flags()).arg("--no-verify-ssl"), b"");
    assert_eq!(output.exit, 2);
    assert!(output.stderr.contains("SSL_CERT_FILE"), "{}", output.stderr);
    let own = |settings: &str| format!("--role={REPORTS},{settings}");
    for (args, words) in [
        (vec![own("certificate=tls.crt")], "belong together"),
        (vec![own("intermediates=ca.pem")], "`intermediates` without `certificate`"),
        (vec![own("session-duration=1")], "from 900 to 43200"),
        (vec![own("name=../app")], "is not a name"),
        (vec![own("key=tls.key")], "none of the settings of a further role"),
        (vec![own("name=app")], "two roles have the same name"),
        (vec!["--name=reports".to_owned(), format!("--role={REPORTS}")], "two roles have the same name"),
        (vec!["--no-metadata".to_owned()], "--token-file"),
        (vec!["--wait=1".to_owned()], "--check"),
    ] {
        let output = run(iamra(root()).arg("serve").args(volume.flags()).args(args), b"");
        assert_eq!((output.exit, output.stderr.contains(words)), (2, true), "{words}: {}", output.stderr);
    }
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = format!("--port={}", taken.local_addr().unwrap().port());
    let output = run(iamra(root()).arg("serve").args(volume.flags()).arg(&port), b"");
    assert_eq!(output.exit, 3);
    assert!(output.stderr.contains("cannot be listened on"), "{}", output.stderr);
}
