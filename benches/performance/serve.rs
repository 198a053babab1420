//! A credential server with sixty clients, beside AWS's own helper.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Bench;
use crate::report::{Limit, Report, megabytes, milliseconds};
use crate::run::Spread;

/// So many applications ask at a time.
const CLIENTS: usize = 60;

/// Whoever waits longer has waited in vain.
const DEADLINE: Duration = Duration::from_secs(30);

const ANCHOR: &str =
    "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/0a1b2c3d-0000-4000-8000-000000000001";
const PROFILE: &str = "arn:aws:rolesanywhere:eu-central-1:111122223333:profile/0a1b2c3d-0000-4000-8000-000000000002";
const ROLE: &str = "arn:aws:iam::111122223333:role/app";

pub(crate) fn serve(bench: &Bench, report: &mut Report) {
    let seconds: u64 = if std::env::var_os("ROUNDS").is_some() { 10 } else { 60 };
    let helper = std::env::var_os("AWS_SIGNING_HELPER").map(PathBuf::from).filter(|it| it.is_file());
    let beside = if helper.is_some() {
        "beside AWS's own helper"
    } else {
        "AWS's own helper is not in `AWS_SIGNING_HELPER`, and was not measured"
    };
    report.section(
        "Serve",
        &format!("`iamra serve` as a metadata service, {beside}. Ready is when it has given the first credentials, CreateSession with a stand-in for AWS on this machine included, without TLS. Then {CLIENTS} clients ask again and again for {seconds} s, each time by a new connection for a token and one for credentials. Memory is what is resident at the end; pages of its file, which all processes of one program share, are in it."),
    );
    let dir = bench.folder("serve");
    let aws = Aws::start(&dir);
    let ours = image().unwrap_or_else(|| crate::iamra().to_owned());
    let mut programs = vec![("iamra serve", ours)];
    programs.extend(helper.map(|path| ("aws_signing_helper serve", path)));
    let mut rows = vec![
        ["", "ready", "requests", "errors", "CreateSession", "CPU of a request", "memory"].map(str::to_owned).to_vec(),
    ];
    for (name, program) in programs {
        let mut ready = Vec::new();
        for _ in 1..crate::rounds(9) {
            let (server, took) = Server::start(&program, &aws, &dir);
            ready.push(took);
            drop(server);
        }
        let before = aws.sessions();
        let (server, took) = Server::start(&program, &aws, &dir);
        ready.push(took);
        let (ready, asked) = (Spread::of(ready), server.asked_for(Duration::from_secs(seconds)));
        let (sessions, resident) = (aws.sessions() - before, server.resident());
        rows.push(vec![
            name.to_owned(),
            milliseconds(ready.median),
            asked.requests.to_string(),
            asked.errors.to_string(),
            sessions.to_string(),
            format!("{:.0} µs", server.cpu() / asked.requests.max(1) as f64 * 1e6),
            megabytes(resident),
        ]);
        if name.starts_with("iamra") {
            assert_eq!((asked.errors, sessions), (0, 1), "errors and sessions");
            report.target(
                "serve, from its start to the first credentials, clock",
                ready,
                milliseconds,
                Limit::AtMost(50e-3),
            );
            report.target(
                "serve, resident",
                Spread::of(vec![resident]),
                megabytes,
                Limit::AtMost(8.0 * 1024.0 * 1024.0),
            );
        }
    }
    report.rows(&rows);
}

/// The program of the published image, if `make image` has built it: it is the one that runs in pods.
fn image() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/x86_64-unknown-linux-musl/image/iamra");
    path.is_file().then_some(path)
}

/// Roles Anywhere for tests, which checks what it receives.
struct Aws {
    process: Child,
    http: String,
}

impl Aws {
    fn start(dir: &Path) -> Self {
        let world = dir.join("world.json");
        let ca = fs::read_to_string(data("ca/cert.pem")).expect("the CA's certificate");
        fs::write(&world, of_one_role(&ca).to_string()).expect("the world is written");
        let mut command = Command::new(crate::peer("anywhere-double"));
        let mut process = command
            .arg("-world")
            .arg(world)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the stand-in for AWS starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("it is piped")).read_line(&mut line).expect("it says where it is");
        let ready: Value = serde_json::from_str(&line).expect("its line is JSON");
        Self { process, http: ready["http"].as_str().expect("an address").to_owned() }
    }

    /// How often it was asked for a session.
    fn sessions(&self) -> usize {
        let port = self.http.rsplit(':').next().and_then(|it| it.parse().ok()).expect("a port");
        let answer = ask(port, "GET", "/seen", "").expect("it answers");
        let body = answer.split_once("\r\n\r\n").expect("a body").1;
        serde_json::from_str::<Option<Vec<Value>>>(body).expect("a list").unwrap_or_default().len()
    }
}

impl Drop for Aws {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn of_one_role(ca: &str) -> Value {
    json!({
        "trustAnchors": [{
            "trustAnchorArn": ANCHOR, "name": "bench", "enabled": true,
            "source": {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"x509CertificateData": ca}},
        }],
        "profiles": [{"profileArn": PROFILE, "name": "bench", "enabled": true, "roleArns": [ROLE], "durationSeconds": 3600}],
        "roles": [{
            "arn": ROLE, "maxSessionDuration": 3600,
            "assumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow",
                "Principal": {"Service": "rolesanywhere.amazonaws.com"},
                "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
                "Condition": {"ArnEquals": {"aws:SourceArn": ANCHOR}},
            }]},
        }],
    })
}

/// A running credential server.
struct Server {
    process: Child,
    port: u16,
}

/// What its clients saw.
#[derive(Default)]
struct Asked {
    requests: usize,
    errors: usize,
}

impl Server {
    /// Starts it, and says how long it took until there were credentials.
    fn start(program: &Path, aws: &Aws, dir: &Path) -> (Self, f64) {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|it| it.local_addr());
        let port = free.expect("a free port").port();
        let log = File::create(dir.join("log")).expect("a log");
        let mut command = Command::new(program);
        command.env_clear().current_dir(dir).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        command.args(["serve", "--port", &port.to_string(), "--endpoint", &aws.http, "--region", "eu-central-1"]);
        command
            .arg("--certificate")
            .arg(data("keys/p256-leaf.pem"))
            .arg("--private-key")
            .arg(data("keys/p256-key.pem"));
        command.args(["--trust-anchor-arn", ANCHOR, "--profile-arn", PROFILE, "--role-arn", ROLE]);
        let start = Instant::now();
        let server = Self { process: command.spawn().expect("it starts"), port };
        while !server.credentials() {
            let log = || fs::read_to_string(dir.join("log")).unwrap_or_default();
            assert!(start.elapsed() < DEADLINE, "{command:?} gives no credentials:\n{}", log());
            sleep(Duration::from_micros(500));
        }
        let took = start.elapsed().as_secs_f64();
        (server, took)
    }

    /// Whether there are credentials for a client, which asks for a token first.
    fn credentials(&self) -> bool {
        let ttl = "X-aws-ec2-metadata-token-ttl-seconds: 60\r\n";
        let Some(token) = ask(self.port, "PUT", "/latest/api/token", ttl).filter(|it| it.contains(" 200 ")) else {
            return false;
        };
        let token = token.split_once("\r\n\r\n").map_or("", |it| it.1);
        let header = format!("X-aws-ec2-metadata-token: {token}\r\n");
        let answer = ask(self.port, "GET", "/latest/meta-data/iam/security-credentials/app", &header);
        answer.is_some_and(|answer| answer.contains("AccessKeyId"))
    }

    fn asked_for(&self, time: Duration) -> Asked {
        let end = Instant::now() + time;
        let client = || {
            let mut asked = Asked::default();
            while Instant::now() < end {
                asked.requests += 1;
                asked.errors += usize::from(!self.credentials());
            }
            asked
        };
        std::thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
            clients.into_iter().map(|it| it.join().expect("a client ends")).fold(Asked::default(), |all, it| Asked {
                requests: all.requests + it.requests,
                errors: all.errors + it.errors,
            })
        })
    }

    /// Bytes of memory that it has now.
    fn resident(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the system counts it");
        line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") * 1024.0
    }

    /// Seconds of all processors so far.
    fn cpu(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id())).expect("it runs");
        let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        // Fields 14 and 15 of proc(5), in hundredths of a second.
        fields[11..13].iter().map(|it| it.parse::<f64>().expect("a number")).sum::<f64>() / 100.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The answer to a request, head and body, as HTTP/1.0 has it: in one piece, and then the connection ends.
fn ask(port: u16, method: &str, path: &str, headers: &str) -> Option<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    stream.set_read_timeout(Some(DEADLINE)).ok()?;
    let request = format!("{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n{headers}Content-Length: 0\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}
