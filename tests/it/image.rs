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
fn it_answers_help_and_is_small() {
    let help = docker(&["run", "--rm", "--network", "none", image(), "--help"], b"");
    assert!(help.exit == 0 && help.stdout.contains("Usage: iamra"), "{}", help.stderr);
    assert!(compressed(image()) < 8_000_000, "{} bytes", compressed(image()));
    // kustomize accounts for most of it.
    assert!(compressed(cmp_image()) < 14_000_000, "{} bytes", compressed(cmp_image()));
    let config = docker(&["image", "inspect", "--format", "{{.Config.User}} {{.Config.WorkingDir}}", image()], b"");
    assert_eq!(config.stdout.trim(), "65534:65534 /work");
}

/// What a registry would keep and a node would pull.
fn compressed(image: &str) -> usize {
    let script = "set -o pipefail; docker save \"$1\" | gzip -6 | wc -c";
    let size = run(Command::new("bash").args(["-c", script, "compressed", image]), b"");
    assert_eq!(size.exit, 0, "{}", size.stderr);
    size.stdout.trim().parse().unwrap()
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

/// What is in the image is what `Cargo.lock` pins, and nothing of this machine.
#[test]
fn it_tells_what_it_is_made_of() {
    let name = format!("iamra-sbom-{}", std::process::id());
    assert_eq!(docker(&["create", "--name", &name, image()], b"").exit, 0);
    let file = docker(&["cp", &format!("{name}:/usr/share/sbom/iamra.cdx.json"), "-"], b"");
    assert_eq!(docker(&["rm", &name], b"").exit, 0);
    let beside = std::fs::read_to_string(root().join("target/iamra.cdx.json")).unwrap();
    assert!(file.stdout.contains(&beside) && !beside.contains(&root().display().to_string()));
    let bill: Value = serde_json::from_str(&beside).unwrap();
    assert_eq!(bill["bomFormat"], "CycloneDX");
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let components = bill["components"].as_array().unwrap();
    assert!(components.len() > 50, "{}", components.len());
    for component in components {
        let pinned = format!(
            "name = \"{}\"\nversion = \"{}\"\n",
            component["name"].as_str().unwrap(),
            component["version"].as_str().unwrap()
        );
        assert!(lock.contains(&pinned), "{pinned}");
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
