//! The image under a real Docker engine: any user, nothing writable, no network.

use std::process::Command;

use crate::peers::image;
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
fn it_answers_help_and_is_small() {
    let help = docker(&["run", "--rm", "--network", "none", image(), "--help"], b"");
    assert!(help.exit == 0 && help.stdout.contains("Usage: iamra"), "{}", help.stderr);
    let size = docker(&["image", "inspect", "--format", "{{.Size}}", image()], b"");
    let bytes: u64 = size.stdout.trim().parse().unwrap();
    // 8 MB compressed is the gate; a stripped binary compresses to less than half.
    assert!(bytes < 16_000_000, "{bytes} bytes uncompressed");
    let config = docker(&["image", "inspect", "--format", "{{.Config.User}} {{.Config.WorkingDir}}", image()], b"");
    assert_eq!(config.stdout.trim(), "65534:65534 /work");
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
