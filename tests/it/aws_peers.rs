//! What the program takes for AWS: moto, and a stricter double of our own.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::peers::peer;
use crate::roles_anywhere_peers::{self, python};
use crate::support::iamra;

/// A server of AWS's protocols.
pub(crate) struct Server {
    _process: roles_anywhere_peers::Server,
    /// `127.0.0.1:PORT`
    pub(crate) address: String,
}

impl Server {
    /// Starts the double on a state.
    pub(crate) fn double(state: &Value) -> Self {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), state.to_string()).unwrap();
        let (process, address) = roles_anywhere_peers::Server::start(Command::new(peer("aws-double")).arg(file.path()));
        Self { _process: process, address }
    }

    /// A moto with nothing in it but the policies that AWS manages.
    pub(crate) fn account() -> Self {
        let moto = Self::moto(python("aws_services.py").env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true"));
        // Its first answer of a service takes it longer than iamra waits.
        moto.admin("AmazonSSM.DescribeParameters", &json!({}));
        moto.form("Action=ListRoles&Version=2010-05-08");
        moto
    }

    fn moto(command: &mut Command) -> Self {
        let (process, url) = roles_anywhere_peers::Server::start(command);
        Self { _process: process, address: url.trim_start_matches("http://").to_owned() }
    }

    /// Where it is, in clear.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What the double was asked so far.
    pub(crate) fn calls(&self) -> Vec<Value> {
        let calls: Option<Vec<Value>> = serde_json::from_str(&self.ask("GET", "/calls", &[], "")).unwrap();
        calls.unwrap_or_default()
    }

    /// The bodies of all requests so far, with what each is.
    pub(crate) fn bodies(&self) -> Vec<[String; 2]> {
        let bodies: Vec<Value> = serde_json::from_str(&self.ask("GET", "/bodies", &[], "")).unwrap();
        let text = |it: &Value, field: &str| it[field].as_str().unwrap().to_owned();
        bodies.iter().map(|it| [text(it, "action"), text(it, "text")]).collect()
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
        let answer = self.ask("POST", "/", &headers, &body.to_string());
        serde_json::from_str(&answer).unwrap_or_else(|_| panic!("{target}: {answer}"))
    }

    /// Asks a service of the query protocol as its administrator would.
    pub(crate) fn form(&self, body: &str) -> String {
        let authorization =
            "AWS4-HMAC-SHA256 Credential=admin/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0";
        let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Authorization", authorization)];
        self.ask("POST", "/", &headers, body)
    }

    /// From now on, the double's callers may do this.
    pub(crate) fn permit(&self, policy: &str) {
        self.ask("POST", "/policy", &[], policy);
    }

    /// Of the double's calls from now on, this one goes wrong: `before` its effect, or `after` it.
    pub(crate) fn strike(&self, call: usize, when: &str) {
        self.ask("POST", "/strike", &[], &json!({"call": call, "when": when}).to_string());
    }

    /// The permissions that were needed since then.
    pub(crate) fn needed(&self) -> Vec<String> {
        serde_json::from_str(&self.ask("GET", "/needed", &[], "")).unwrap()
    }

    /// Puts a parameter.
    pub(crate) fn put(&self, name: &str, kind: &str, value: &str) {
        let body = json!({"Name": name, "Type": kind, "Value": value, "Overwrite": true});
        let answer = self.admin("AmazonSSM.PutParameter", &body);
        assert!(answer["Version"].is_number(), "{name}: {answer}");
    }

    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = body.len();
        let host = &self.address;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
    }

    /// The program in a folder, with credentials, and this server for AWS.
    pub(crate) fn iamra(&self, dir: &Path) -> Command {
        let mut command = iamra(dir);
        command.envs(CREDENTIALS).env("AWS_ENDPOINT_URL", self.url());
        command
    }
}

/// Nobody's credentials, and no search for others. The double is told the secret and holds signatures to it; moto looks
/// at none.
pub(crate) const CREDENTIALS: [(&str, &str); 4] = [
    ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", "example"),
    ("AWS_REGION", "eu-central-1"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
];

/// The account of [`CREDENTIALS`] in the double.
pub(crate) const ACCOUNT: &str = "111122223333";

/// A parameter of the double.
pub(crate) fn parameter(name: &str, value: &str) -> Value {
    json!({"account": ACCOUNT, "region": "eu-central-1", "name": name, "type": "String", "value": value, "version": 1})
}

/// A trust anchor, a profile and a role of an account, as the tests write them.
pub(crate) fn arns(account: &str, region: &str) -> [String; 3] {
    let uuid = "6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d";
    let anywhere = |what: &str| format!("arn:aws:rolesanywhere:{region}:{account}:{what}/{uuid}");
    [anywhere("trust-anchor"), anywhere("profile"), format!("arn:aws:iam::{account}:role/app")]
}

/// The parameters of one role `app` in scope `default` under `/acme`.
pub(crate) fn identity() -> Vec<Value> {
    let [anchor, profile, role] = arns(ACCOUNT, "eu-central-1");
    vec![
        parameter("/acme/scopes/default/trust-anchor-arn", &anchor),
        parameter("/acme/roles/app/profile-arn", &profile),
        parameter("/acme/roles/app/role-arn", &role),
    ]
}

/// A state with these parameters, and the account of [`CREDENTIALS`].
pub(crate) fn state(parameters: &[Value]) -> Value {
    let [(_, id), (_, secret), ..] = CREDENTIALS;
    let [_, profile, role] = arns(ACCOUNT, "eu-central-1");
    json!({
        "keys": {id: {"account": ACCOUNT, "secret": secret}},
        "parameters": parameters,
        "profileDetails": {profile: {"roleArns": [role]}},
    })
}

/// A folder with a declaration of one role and workload `app` under `/acme`; `spec` is what else it says.
pub(crate) fn tree(spec: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let text = format!(
        "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata:\n  name: acme\nspec:\n  parameterPrefix: /acme\n  \
         region: eu-central-1\n  workloads:\n    app: {{}}\n{spec}"
    );
    fs::write(dir.path().join("iamra.yaml"), text).unwrap();
    dir
}

/// What a tree says when there is nothing special about its role.
pub(crate) const APP: &str = "  roles:\n    app: {}\n";

static MOTO: LazyLock<Server> = LazyLock::new(|| Server::moto(&mut python("aws_services.py")));

/// The moto of all tests of a run. They share its parameters and buckets, which have names of their own, and its roles,
/// of which only `refusals` makes any.
pub(crate) fn moto() -> &'static Server {
    &MOTO
}
