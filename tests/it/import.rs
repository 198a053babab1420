//! What `iamra import` prints is a declaration that works: it renders, and patches the workloads that it was made from.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::thread;

use serde_yaml::Value;

use crate::aws_peers::{CREDENTIALS, moto};
use crate::peers::peer;
use crate::support::{Case, Output, cases, iamra, run};

fn imports() -> Vec<Case> {
    let imports: Vec<_> =
        cases().into_iter().filter(|case| case.name.starts_with("import/") && case.exit == 0).collect();
    assert!(imports.len() >= 7, "only {} cases import something", imports.len());
    imports
}

/// The case's declaration in a folder, with values for what other tools do not know.
fn imported(case: &Case) -> (tempfile::TempDir, Value) {
    let dir = tempfile::tempdir().unwrap();
    let text = case.run().stdout;
    fs::write(dir.path().join("iamra.yaml"), &text).unwrap();
    let declaration: Value = serde_yaml::from_str(&text).unwrap();
    let account = |role: &Value| {
        let arn = role["roleArn"].as_str().unwrap_or("arn:aws:iam::111122223333:role/any");
        arn.split(':').nth(4).unwrap().to_owned()
    };
    // One scope may have several roles.
    let mut values = BTreeSet::new();
    let mut add = |name: String, value: String| {
        values.insert(format!(
            "ssm:/iam-ra/default/{name}: {value}
"
        ))
    };
    let id = "6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d";
    for (name, role) in declaration["spec"]["roles"].as_mapping().unwrap() {
        let (name, account) = (name.as_str().unwrap(), account(role));
        let scope = role["scope"].as_str().unwrap_or("default");
        let arn = format!("arn:aws:rolesanywhere:eu-central-1:{account}");
        add(format!("roles/{name}/profile-arn"), format!("{arn}:profile/{id}"));
        add(format!("roles/{name}/role-arn"), format!("arn:aws:iam::{account}:role/{name}"));
        add(format!("scopes/{scope}/trust-anchor-arn"), format!("{arn}:trust-anchor/{id}"));
    }
    fs::write(dir.path().join("values.yaml"), String::from_iter(values)).unwrap();
    (dir, declaration)
}

fn entries(declaration: &Value, name: &str) -> Vec<String> {
    let entries = declaration["spec"][name].as_mapping().into_iter().flatten();
    entries.map(|(name, _)| name.as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_imported_declaration_renders() {
    for case in imports() {
        let (dir, declaration) = imported(&case);
        // Imports from iam-ra and ira-controller are complete and need no values file.
        let is_whole = case.name.contains("iam-ra") || case.name.contains("ira-controller");
        let values: &[&str] = if is_whole { &[] } else { &["--values", "values.yaml"] };
        let clusters = entries(&declaration, "clusters");
        let mut certificates = 0;
        for cluster in if clusters.is_empty() { vec![None] } else { clusters.iter().map(Some).collect() } {
            let mut command = iamra(dir.path());
            command.arg("render").args(values).args(cluster.map(|cluster| format!("--cluster={cluster}")));
            let output = run(&mut command, b"");
            assert_eq!(output.exit, 0, "{}: {}", case.name, output.stderr);
            certificates += output.stdout.matches("kind: Certificate\n").count();
        }
        assert_eq!(certificates, entries(&declaration, "workloads").len(), "{}", case.name);
    }
}

#[test]
fn it_patches_the_workloads_that_it_was_made_from() {
    for case in imports().into_iter().filter(|case| !case.name.contains("iam-ra")) {
        let (dir, declaration) = imported(&case);
        let manifests = case.input().join("workloads.yaml");
        // What both the other tool and iamra provide is reported, and must be removed first.
        let text = fs::read_to_string(manifests).unwrap();
        let kept: Vec<_> = text.lines().filter(|line| !line.contains("eks.amazonaws.com/role-arn")).collect();
        let output =
            run(iamra(dir.path()).args(["inject", "--values", "values.yaml", "-"]), kept.join("\n").as_bytes());
        let Output { stdout, stderr, exit } = output;
        assert_eq!(exit, 0, "{}: {stderr}", case.name);
        let sidecars = stdout.split("\n---\n").filter(|object| object.contains("iam-ra-sidecar")).count();
        assert_eq!(sidecars, entries(&declaration, "workloads").len(), "{}", case.name);
    }
}

fn import(dir: &Path, args: &[&str]) -> Output {
    run(iamra(dir).args(["import", "--from", "iam-ra", "--state", "-"]).args(args), &state("iam-ra-2"))
}

fn state(case: &str) -> Vec<u8> {
    let case = imports().into_iter().find(|it| it.name == format!("import/{case}")).unwrap();
    fs::read(case.input().join("state.json")).unwrap()
}

#[test]
fn a_file_is_written_once_and_over_only_when_told() {
    let dir = tempfile::tempdir().unwrap();
    let printed = import(dir.path(), &[]);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "printing writes nothing");
    let file = dir.path().join("iamra.yaml");
    let written = import(dir.path(), &["--output", "iamra.yaml"]);
    assert_eq!((written.exit, written.stdout.as_str()), (0, ""), "{}", written.stderr);
    assert_eq!(fs::read_to_string(&file).unwrap(), printed.stdout);
    fs::write(&file, "mine: true\n").unwrap();
    let refused = import(dir.path(), &["--output", "iamra.yaml"]);
    assert!(refused.exit == 2 && refused.stderr.contains("`--force`"), "{}", refused.stderr);
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine: true\n");
    // A failed import keeps even a file that may be overwritten.
    let args = ["import", "--from", "iam-ra", "--state", "-", "--output", "iamra.yaml", "--force"];
    assert_eq!(run(iamra(dir.path()).args(args), b"{}").exit, 1);
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine: true\n");
    assert_eq!(import(dir.path(), &["--output", "iamra.yaml", "--force"]).exit, 0);
    assert_eq!(fs::read_to_string(&file).unwrap(), printed.stdout);
}

#[test]
fn an_option_of_another_tool_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for args in [
        ["irsa", "--state", "state.json"],
        ["ira-controller", "--base-role-arn", "arn:aws:iam::1:role/"],
        ["kube2iam", "--installation", "default"],
    ] {
        let output = run(iamra(dir.path()).args(["import", "--from"]).args(args), b"");
        assert_eq!((output.exit, output.stdout.as_str()), (2, ""), "{args:?}: {}", output.stderr);
        assert!(output.stderr.contains(&format!("`{}` can be used only with `--from ", args[1])), "{}", output.stderr);
    }
}

#[test]
fn a_state_that_is_cut_off_or_altered_is_refused_without_its_text() {
    let dir = tempfile::tempdir().unwrap();
    let whole = String::from_utf8(state("iam-ra-2")).unwrap();
    let args = ["import", "--from", "iam-ra", "--state", "-"];
    let refused = |text: &str| {
        let output = run(iamra(dir.path()).args(args), text.as_bytes());
        assert!(output.exit == 1 && output.stdout.is_empty(), "{}", output.stdout);
        assert!(output.stderr.starts_with("error[invalid-state]"), "{}", output.stderr);
        output.stderr
    };
    for length in (0..whole.len() - 2).step_by(97) {
        refused(&whole[..length]);
    }
    let altered = refused(&whole.replace("\"region\": \"eu-central-1\"", "\"region\": {\"hidden\": 1}"));
    assert!(altered.contains("--> stdin:3\n"), "{altered}");
    assert!(!altered.contains("hidden"), "{altered}");
}

/// AWS's own command line, on the same server.
fn aws(args: &[&str], stdin: &[u8]) {
    let mut command = Command::new(peer("aws"));
    command.args(args).envs(CREDENTIALS).env("AWS_ENDPOINT_URL", moto().url());
    let output = run(&mut command, stdin);
    assert_eq!(output.exit, 0, "aws {args:?}: {}", output.stderr);
}

/// iam-ra's installation as it is in AWS: a parameter that names an encrypted object of S3.
#[test]
fn the_state_is_read_from_parameter_store_and_s3() {
    let dir = tempfile::tempdir().unwrap();
    let ask =
        |name: &str| run(moto().iamra(dir.path()).args(["import", "--from", "iam-ra", "--installation", name]), b"");
    moto().put("/iam-ra/imported/state-location", "String", "s3://iam-ra-imported/imported/state.json");
    let nothing = ask("imported");
    assert!(nothing.exit == 1 && nothing.stderr.contains("there is no `s3://iam-ra-imported/"), "{}", nothing.stderr);
    aws(&["s3", "mb", "s3://iam-ra-imported"], b"");
    aws(&["s3", "cp", "-", "s3://iam-ra-imported/imported/state.json", "--sse", "aws:kms"], &state("iam-ra-2"));
    let asked = ask("imported");
    assert_eq!(asked.exit, 0, "{}", asked.stderr);
    assert_eq!(asked.stdout, import(dir.path(), &[]).stdout);
    let unknown = ask("unknown");
    assert_eq!((unknown.exit, unknown.stdout.as_str()), (1, ""));
    assert!(unknown.stderr.contains("there is no parameter `/iam-ra/unknown/state-location`"), "{}", unknown.stderr);
    moto().put("/iam-ra/elsewhere/state-location", "String", "https://example.com/state.json");
    let elsewhere = ask("elsewhere");
    assert!(elsewhere.stderr.contains("does not name an object of S3"), "{}", elsewhere.stderr);
    let odd = ask("../x y");
    assert!(odd.exit == 1 && odd.stderr.starts_with("error[invalid-value]"), "{}", odd.stderr);
}

/// The operator's policy holds for whoever asks, and S3 may be elsewhere than the rest of AWS.
#[test]
fn the_state_is_read_where_the_operator_allows_it() {
    let dir = tempfile::tempdir().unwrap();
    let policy = "apiVersion: iamra.dev/v1alpha1\nkind: Policy\nparameters: [/team-a/]\n";
    std::fs::write(dir.path().join("policy.yaml"), policy).unwrap();
    let ask = ["import", "--from", "iam-ra", "--installation", "allowed"];
    let refused = run(moto().iamra(dir.path()).args(ask).args(["--policy", "policy.yaml"]), b"");
    assert_eq!((refused.exit, refused.stdout.as_str()), (1, ""));
    assert!(refused.stderr.starts_with("error[outside-policy]"), "{}", refused.stderr);

    moto().put("/iam-ra/allowed/state-location", "String", "s3://iam-ra-allowed/allowed/state.json");
    aws(&["s3", "mb", "s3://iam-ra-allowed"], b"");
    aws(&["s3", "cp", "-", "s3://iam-ra-allowed/allowed/state.json"], &state("iam-ra-2"));
    let endpoint = format!("http://{}", moto().address);
    let mut command = iamra(dir.path());
    command.envs(CREDENTIALS).env("AWS_ENDPOINT_URL_SSM", &endpoint).env("AWS_ENDPOINT_URL_S3", &endpoint);
    let allowed = run(command.env("AWS_REGION", "eu-central-1").args(ask), b"");
    assert_eq!(allowed.exit, 0, "{}", allowed.stderr);
    assert_eq!(allowed.stdout, import(dir.path(), &[]).stdout);
}

/// S3 asks its callers to slow down with a status that means: try again.
#[test]
fn s3_that_has_no_time_is_asked_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let document = state("iam-ra-2");
    let server = thread::spawn(move || {
        let slow_down = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>";
        for (status, body) in [("503 Slow Down", slow_down.as_slice()), ("200 OK", &document)] {
            let (mut stream, _) = listener.accept().unwrap();
            let head = BufReader::new(&stream).lines().map(Result::unwrap).take_while(|line| !line.is_empty());
            let head: Vec<_> = head.collect();
            assert_eq!(head[0], "GET /iam-ra-slow/state.json HTTP/1.1");
            assert!(head.iter().any(|line| line.starts_with("authorization: AWS4-HMAC-SHA256 ")), "{head:?}");
            write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len()).unwrap();
            stream.write_all(body).unwrap();
        }
    });
    moto().put("/iam-ra/slow/state-location", "String", "s3://iam-ra-slow/state.json");
    let dir = tempfile::tempdir().unwrap();
    let mut command = moto().iamra(dir.path());
    command.env("AWS_ENDPOINT_URL_S3", endpoint).args(["import", "--from", "iam-ra", "--installation", "slow"]);
    let output = run(&mut command, b"");
    assert_eq!(output.exit, 0, "{}", output.stderr);
    assert_eq!(output.stdout, import(dir.path(), &[]).stdout);
    server.join().unwrap();
}
