//! `iamra demo --serve`: from a CA to credentials on this machine, with a stand-in for AWS that checks what AWS checks.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::peers::peer;
use crate::support::{Output, iamra_path, run};

const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/payments/";

/// A folder with these programs on PATH, and a proxy that nobody may ask for what is on this machine.
fn demo(dir: &Path, programs: &[(&str, &Path)], helper: Option<&Path>) -> Command {
    let bin = dir.join("bin");
    fs::create_dir(&bin).unwrap();
    for (name, program) in programs {
        symlink(program, bin.join(name)).unwrap();
    }
    let mut command = Command::new(iamra_path());
    command.args(["demo", "--serve", "tree"]).current_dir(dir).env_clear().env("PATH", &bin);
    command.env("HTTP_PROXY", "http://127.0.0.1:1").env("AWS_ACCESS_KEY_ID", "other");
    command.envs(helper.map(|helper| ("AWS_SIGNING_HELPER", helper)));
    command
}

fn left(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir.join("tree")).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

const TREE: [&str; 4] = ["deployment.yaml", "iamra.lock", "iamra.yaml", "kustomization.yaml"];

#[test]
fn an_application_without_the_aws_cli_gets_credentials() {
    let dir = tempfile::tempdir().unwrap();
    let Output { stdout, stderr, exit } = run(&mut demo(dir.path(), &[], None), b"");
    assert_eq!(exit, 0, "{stderr}");
    let name = stdout.trim_end().strip_prefix(SESSION).unwrap_or_else(|| panic!("{stdout}"));
    assert!(name.len() >= 16 && name.bytes().all(|byte| byte.is_ascii_hexdigit()), "{name}");
    for said in [
        "no AWS is asked: a stand-in on http://127.0.0.1:",
        "stand-in: CreateSession: `CN=payment-service` is signed by the CA of the trust anchor",
        "stand-in: GetCallerIdentity: the session's key has signed the request",
    ] {
        assert!(stderr.contains(said), "{said}: {stderr}");
    }
    assert!(!stderr.contains("PRIVATE KEY") && !stderr.contains("ASIA"), "{stderr}");
    assert_eq!(left(dir.path()), TREE);
}

/// `iamra serve` takes the flags of AWS's helper, and stands here where that would.
#[test]
fn the_helper_that_is_named_and_the_aws_cli_are_used() {
    let dir = tempfile::tempdir().unwrap();
    let helper = dir.path().join("helper");
    fs::write(&helper, format!("#!/bin/sh\necho \"helper: $1 $2\" >&2\nexec '{}' \"$@\"\n", iamra_path().display()))
        .unwrap();
    fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).unwrap();
    let Output { stdout, stderr, exit } = run(&mut demo(dir.path(), &[("aws", &peer("aws"))], Some(&helper)), b"");
    assert_eq!(exit, 0, "{stderr}");
    assert!(stderr.contains("helper: serve --certificate\n") && stderr.contains("AWS_SIGNING_HELPER"), "{stderr}");
    let said: Value = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stdout}{stderr}"));
    assert_eq!(said["Account"], "111122223333");
    assert!(said["Arn"].as_str().unwrap().starts_with(SESSION), "{stdout}");
    assert_eq!(left(dir.path()), TREE);
}

#[test]
fn a_helper_that_does_not_serve_is_no_success() {
    for (helper, said) in [
        ("/bin/false", "error: there are no credentials: the helper does not listen\n"),
        ("/nowhere/helper", "error: `/nowhere/helper serve` cannot be run: "),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let output = run(&mut demo(dir.path(), &[], Some(Path::new(helper))), b"");
        assert_eq!((output.exit, output.stdout.as_str()), (3, ""), "{}", output.stderr);
        assert!(output.stderr.contains(said), "{}", output.stderr);
        assert_eq!(left(dir.path()), TREE);
    }
}

/// On a terminal it goes on, until Ctrl-C, and then nothing of it is left.
#[test]
fn it_ends_at_ctrl_c() {
    let dir = tempfile::tempdir().unwrap();
    // Who started these tests may ignore Ctrl-C, which programs then do as well. A server that goes on is an error, too.
    // Without `exec` some shells, dash for one, stay, hear it as well, and end with an exit code of their own.
    let mut command = Command::new("env");
    command.args(["--default-signal=INT,QUIT,HUP", "timeout", "--foreground", "120", "script"]);
    command.args(["-qec", &format!("exec '{}' demo --serve tree", iamra_path().display()), "/dev/null"]);
    command.current_dir(dir.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).env("TERM", "xterm");
    let mut child = command.spawn().expect("util-linux has `script`");
    let (mut keys, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (mut shown, mut bytes) = (String::new(), [0; 4096]);
    while !shown.contains("--endpoint-url http://127.0.0.1:") {
        let count = screen.read(&mut bytes).unwrap();
        assert!(count > 0, "{shown}");
        shown.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
    keys.write_all(b"\x03").unwrap();
    screen.read_to_string(&mut shown).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{shown}");
    assert!(!shown.contains("error"), "{shown}");
    assert_eq!(left(dir.path()), TREE);
}
