//! The image under a real Docker engine: any user, nothing writable, no network.

use std::process::Command;

use serde_json::Value;

use crate::peers::{cmp_image, image};
use crate::support::{Output, root, run};

fn docker(args: &[&str], stdin: &[u8]) -> Output {
    run(Command::new("docker").args(args), stdin)
}

#[test]
fn any_user_with_nothing_writable() {
    let dir = root().join("tests/cases/function/transform");
    let list = std::fs::read(dir.join("input/list.yaml")).unwrap();
    let expected = std::fs::read_to_string(dir.join("expected/stdout.yaml")).unwrap();
    let mount = format!("type=bind,src={},dst=/work,readonly", dir.join("input").display());
    for user in ["nobody", "65534:65534", "999", "0", "12345:54321"] {
        let run = ["run", "--rm", "-i", "--read-only", "--network", "none", "--user", user, "--mount", &mount];
        let args = [&run[..], &["--cap-drop", "ALL", "--security-opt", "no-new-privileges", image()]].concat();
        let output = docker(&args, &list);
        assert_eq!((output.exit, output.stdout.as_str()), (0, expected.as_str()), "user {user}: {}", output.stderr);
    }
}

#[test]
fn it_answers_help() {
    let help = docker(&["run", "--rm", "--network", "none", image(), "--help"], b"");
    assert!(help.exit == 0 && help.stdout.contains("Usage: iamra"), "{}", help.stderr);
    let config = docker(&["image", "inspect", "--format", "{{.Config.User}} {{.Config.WorkingDir}}", image()], b"");
    assert_eq!(config.stdout.trim(), "65534:65534 /work");
}

#[test]
fn both_say_what_they_are_and_run_as_nobody_in_particular() {
    for (image, title, user) in [(image(), "iamra", "65534:65534"), (cmp_image(), "iamra-cmp", "999:999")] {
        let config = docker(&["image", "inspect", "--format", "{{json .Config}}", image], b"");
        let config: Value = serde_json::from_str(&config.stdout).unwrap();
        assert_eq!(config["User"], user);
        let label = |name: &str| config["Labels"][format!("org.opencontainers.image.{name}")].clone();
        let said = ["title", "version", "licenses"].map(label);
        assert_eq!(said, [title, env!("CARGO_PKG_VERSION"), "Apache-2.0"]);
    }
}

/// As an init container does it: no shell, a volume, nobody's user.
#[test]
fn they_install_what_they_have() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let mount = format!("type=bind,src={},dst=/tools", dir.path().display());
    let install =
        ["--rm", "--read-only", "--network", "none", "--mount", &mount, "--entrypoint", "iamra", "--user", "999"];
    let with = [&["run"], &install[..], &[cmp_image(), "install", "/tools", "--with-kustomize"]].concat();
    let installed = docker(&with, b"");
    assert_eq!(installed.exit, 0, "{}", installed.stderr);
    for (program, args, says) in [("iamra", "--version", env!("CARGO_PKG_VERSION")), ("kustomize", "version", "v5.8.2")]
    {
        let output = run(Command::new(dir.path().join(program)).arg(args), b"");
        assert!(output.stdout.contains(says), "{}", output.stdout);
    }
    let without = [&["run"], &install[..], &[image(), "install", "/tools", "--with-kustomize"]].concat();
    let refused = docker(&without, b"");
    assert!(refused.exit == 3 && refused.stderr.contains("`kustomize` cannot be run"), "{}", refused.stderr);
}

#[test]
fn it_has_a_ca_bundle_and_a_nobody() {
    let name = format!("iamra-test-{}", std::process::id());
    assert_eq!(docker(&["create", "--name", &name, image()], b"").exit, 0);
    let bundle = docker(&["cp", &format!("{name}:/etc/ssl/certs/ca-certificates.crt"), "-"], b"");
    let passwd = docker(&["cp", &format!("{name}:/etc/passwd"), "-"], b"");
    assert_eq!(docker(&["rm", &name], b"").exit, 0);
    assert!(bundle.stdout.contains("BEGIN CERTIFICATE"));
    assert!(passwd.stdout.contains("nobody:x:65534:65534:"));
}
