//! AWS as the tests have it: our strict double of IAM Roles Anywhere, moto for STS, and an independent signer.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::aws_peers::moto;
use crate::peers::{of_cache, peer};
use crate::support::{Output, root, run};

/// A program that says on its first line where it is, and ends when its stdin does: at the latest with this process.
pub(crate) struct Server {
    process: Child,
    _stdout: BufReader<ChildStdout>,
}

impl Server {
    pub(crate) fn start(command: &mut Command) -> (Self, String) {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut stdout = BufReader::new(process.stdout.take().expect("stdout is piped"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("stdout can be read");
        assert!(!line.is_empty(), "{command:?} ended at once");
        (Self { process, _stdout: stdout }, line.trim_end().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// The interpreter that has boto3 and the signer.
pub(crate) fn python(script: &str) -> Command {
    let mut command = Command::new(of_cache(Path::new("python/bin/python")));
    command.arg(root().join("tests/peers/python").join(script));
    command
}

/// IAM Roles Anywhere in one world, whose credentials are moto's.
pub(crate) struct Anywhere {
    pub(crate) http: String,
    pub(crate) https: String,
    pub(crate) ca: PathBuf,
    _server: Server,
    _world: tempfile::NamedTempFile,
}

impl Anywhere {
    pub(crate) fn start(world: &Value) -> Self {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), world.to_string()).unwrap();
        let mut command = Command::new(peer("anywhere-double"));
        command.arg("-world").arg(file.path()).args(["-sts", &moto().url()]);
        let (server, line) = Server::start(&mut command);
        let ready: Value = serde_json::from_str(&line).expect("the double says where it is, or why it is not");
        let text = |key: &str| ready[key].as_str().unwrap().to_owned();
        Self { http: text("http"), https: text("https"), ca: text("ca").into(), _server: server, _world: file }
    }

    /// Makes it another world.
    #[cfg(feature = "serve")]
    pub(crate) fn change(&self, world: &Value) {
        let body = world.to_string();
        let answer = self.ask(&format!("PUT /world HTTP/1.0\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
        assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
    }

    /// Every CreateSession so far, and how it ended.
    pub(crate) fn seen(&self) -> Vec<Value> {
        let answer = self.ask("GET /seen HTTP/1.0\r\n\r\n");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str::<Option<Vec<Value>>>(body).unwrap().unwrap_or_default()
    }

    /// The answer, with its head, to a request of tests alone.
    fn ask(&self, request: &str) -> String {
        let mut stream = std::net::TcpStream::connect(self.http.trim_start_matches("http://")).unwrap();
        std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// PyPI's iam-rolesanywhere-session with these arguments of the helper: who it became, or why not.
    pub(crate) fn python_session(&self, args: &[String]) -> Output {
        let mut command = python("anywhere_session.py");
        command.args(args).env_clear().env("AWS_ENDPOINT_URL_STS", moto().url());
        command.env("ANYWHERE_ENDPOINT", self.https.trim_start_matches("https://")).env("ANYWHERE_CA", &self.ca);
        run(&mut command, b"")
    }
}

/// An identity in AWS, as somebody careful has set it up: each role pinned to its anchor, account and common name.
pub(crate) struct World<'w> {
    pub(crate) trust_anchor: &'w str,
    pub(crate) profile: &'w str,
    pub(crate) role: &'w str,
    pub(crate) ca: &'w str,
    pub(crate) common_name: &'w str,
}

impl World<'_> {
    pub(crate) fn json(&self) -> Value {
        let account = self.trust_anchor.split(':').nth(4).unwrap();
        json!({
            "trustAnchors": [{
                "trustAnchorArn": self.trust_anchor, "name": "acme", "enabled": true,
                "source": {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"x509CertificateData": self.ca}},
            }],
            "profiles": [{
                "profileArn": self.profile, "name": "acme", "enabled": true, "roleArns": [self.role],
                "durationSeconds": 43200, "acceptRoleSessionName": false,
            }],
            "roles": [{
                "arn": self.role, "maxSessionDuration": 43200,
                "assumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{
                    "Effect": "Allow",
                    "Principal": {"Service": "rolesanywhere.amazonaws.com"},
                    "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
                    "Condition": {
                        "ArnEquals": {"aws:SourceArn": self.trust_anchor},
                        "StringEquals": {
                            "aws:SourceAccount": account,
                            "aws:PrincipalTag/x509Subject/CN": self.common_name,
                        },
                    },
                }]},
            }],
        })
    }
}
