//! What the program takes for AWS: moto, and a stricter double of our own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::peers::peer;
use crate::support::iamra;

/// A server that ends with the test.
pub(crate) struct Server {
    child: Child,
    /// `127.0.0.1:PORT`
    pub(crate) address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

impl Server {
    /// Starts moto and waits until it says where it listens.
    pub(crate) fn moto() -> Self {
        let mut command = Command::new(peer("moto_server"));
        command.args(["-H", "127.0.0.1", "-p", "0"]).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines.find_map(|line| line.unwrap().split_once("http://").map(|(_, address)| address.to_owned()));
        let server = Self { child, address: address.expect("moto says where it listens") };
        // What is not read any more would block it.
        std::thread::spawn(move || lines.for_each(drop));
        server
    }

    /// Asks a service of the JSON protocol as its administrator would.
    pub(crate) fn admin(&self, target: &str, body: &Value) -> Value {
        let service = if target.starts_with("AmazonSSM") { "ssm" } else { "kms" };
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=admin/20260101/eu-central-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
        );
        let headers = [
            ("X-Amz-Target", target),
            ("Content-Type", "application/x-amz-json-1.1"),
            ("Authorization", authorization.as_str()),
        ];
        let answer = self.post("/", &headers, &body.to_string());
        serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{target}: {answer}"))
    }

    /// Puts a parameter.
    pub(crate) fn put(&self, name: &str, kind: &str, value: &str) {
        let body = json!({"Name": name, "Type": kind, "Value": value, "Overwrite": true});
        let answer = self.admin("AmazonSSM.PutParameter", &body);
        assert!(answer["Version"].is_number(), "{name}: {answer}");
    }

    fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = body.len();
        let host = &self.address;
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
    }

    /// The program in a folder, with credentials, and this server for AWS.
    pub(crate) fn iamra(&self, dir: &Path) -> Command {
        let mut command = iamra(dir);
        command.envs(CREDENTIALS).env("AWS_ENDPOINT_URL", format!("http://{}", self.address));
        command
    }
}

/// Nobody's credentials, and no search for others.
pub(crate) const CREDENTIALS: [(&str, &str); 4] = [
    ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "example"),
    ("AWS_REGION", "eu-central-1"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
];

static MOTO: LazyLock<Server> = LazyLock::new(Server::moto);

/// A moto for all tests of a run, which use parameters of their own names.
pub(crate) fn moto() -> &'static Server {
    &MOTO
}
