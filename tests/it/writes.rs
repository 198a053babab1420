//! A disk that is full, or a program that is killed, at one byte after another of what is written: every file is the old or the
//! new one, and the next run ends as if nothing had happened.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use crate::aws_peers::{Server, identity, state};
use crate::support::{Output, files_below, iamra, iamra_path, root, run};

/// A command that writes.
struct Writing {
    args: &'static [&'static str],
    /// Which files it may leave of which some are new and some old, each of them whole. A folder of manifests may not.
    is_several: bool,
}

const fn one(args: &'static [&'static str]) -> Writing {
    Writing { args, is_several: false }
}

const WRITINGS: &[Writing] = &[
    one(&["k8s", "setup", "staging"]),
    one(&["k8s", "onboard", "other", "--role", "payments"]),
    one(&["k8s", "offboard", "payment-service"]),
    one(&["role", "create", "other", "--without-aws"]),
    one(&["lock"]),
    one(&["build", "--kustomize", "./kustomize", "--output", "rendered"]),
    one(&["build", "--kustomize", "./kustomize", "--output", "rendered.yaml"]),
    one(&["import", "--from", "kube2iam", "pod.yaml", "--output", "imported.yaml"]),
    one(&["ca", "crl", "--certificate", "cert.pem", "--key", "key.pem", "--serial", "7", "--output", "list.pem"]),
    Writing { args: &["init", "new", "--without-aws", "--argo-cd", "--kustomize-component"], is_several: true },
    Writing { args: &["demo", "other-demo"], is_several: true },
];

/// Files that every run makes anew.
const DATED: &[&str] = &["list.pem"];

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  annotations: {iam.amazonaws.com/role: \"arn:aws:iam::111122223333:role/a\"}\n";

/// A folder as each of them finds it.
fn tree() -> tempfile::TempDir {
    static TEMPLATE: LazyLock<tempfile::TempDir> = LazyLock::new(template);
    let dir = tempfile::tempdir().unwrap();
    let copied = run(Command::new("cp").arg("-r").arg(TEMPLATE.path().join(".")).arg(dir.path()), b"");
    assert_eq!(copied.exit, 0, "{}", copied.stderr);
    dir
}

/// The demo, and what else they need. There is an older output of each build.
fn template() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    assert_eq!(run(iamra(dir.path()).args(["demo", "."]), b"").exit, 0);
    fs::write(path("kustomize"), "#!/bin/sh\ncat objects.yaml\n").unwrap();
    fs::set_permissions(path("kustomize"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(path("pod.yaml"), POD).unwrap();
    for name in ["cert.pem", "key.pem"] {
        fs::copy(root().join("tests/data/ca").join(name), path(name)).unwrap();
    }
    let deployment = fs::read_to_string(path("deployment.yaml")).unwrap();
    fs::write(path("objects.yaml"), deployment.replace("image:", "imagePullPolicy: Always\n        image:")).unwrap();
    for output in ["rendered", "rendered.yaml"] {
        let built = run(iamra(dir.path()).args(["build", "--kustomize", "./kustomize", "--output", output]), b"");
        assert_eq!(built.exit, 0, "{}", built.stderr);
    }
    fs::write(path("objects.yaml"), deployment).unwrap();
    dir
}

/// Every file with its text, temporary ones included.
fn contents(dir: &Path) -> BTreeMap<String, String> {
    let mut all = files_below(dir);
    for (name, text) in &mut all {
        let is_dated = DATED.iter().any(|dated| Path::new(name).ends_with(dated));
        if is_dated && text.ends_with("-----END X509 CRL-----\n") {
            "whole".clone_into(text);
        }
    }
    all
}

fn is_temporary(path: &str) -> bool {
    path.split('/').any(|name| name.starts_with(".iamra-tmp-"))
}

/// Runs it where no file may have more than so many bytes: one more is an error as on a full disk, or the end of the program.
fn limited(dir: &Path, args: &[&str], bytes: usize, is_end: bool, url: &str) -> Output {
    let mut command = Command::new("prlimit");
    command.args([&format!("--fsize={bytes}"), "--core=0", "env"]);
    command.arg(if is_end { "--default-signal=XFSZ" } else { "--ignore-signal=XFSZ" });
    command.arg(iamra_path()).args(args).current_dir(dir).env_clear();
    command
        .env("PATH", std::env::var_os("PATH").unwrap())
        .envs(crate::aws_peers::CREDENTIALS)
        .env("AWS_ENDPOINT_URL", url);
    run(&mut command, b"")
}

/// What it leaves, and what the next run makes of it.
fn check(
    writing: &Writing,
    bytes: usize,
    is_end: bool,
    [before, after]: [&BTreeMap<String, String>; 2],
    url: &str,
) -> bool {
    let dir = tree();
    let context = format!("{:?} of {bytes} bytes, {is_end}", writing.args);
    let output = limited(dir.path(), writing.args, bytes, is_end, url);
    let mut found = contents(dir.path());
    if output.exit == 0 {
        assert_eq!(&found, after, "{context}");
        return false;
    }
    assert_eq!(output.exit, if is_end { -1 } else { 3 }, "{context}: {}", output.stderr);
    if is_end {
        found.retain(|path, _| !is_temporary(path));
    } else {
        let words = "cannot be written: File too large";
        assert!(output.stderr.contains(words), "{context}: {}", output.stderr);
    }
    let is_whole = |(path, text): (&String, &String)| [before, after].iter().any(|it| it.get(path) == Some(text));
    assert!(found.iter().all(is_whole), "{context}: {found:?}");
    assert!(
        &found == before || writing.is_several && before.keys().all(|it| found.contains_key(it)),
        "{context}: {found:?}"
    );
    let next = limited(dir.path(), writing.args, 1 << 30, is_end, url);
    assert_eq!(next.exit, 0, "{context}: {}", next.stderr);
    assert_eq!(&contents(dir.path()), after, "{context}");
    true
}

#[test]
fn on_a_disk_that_is_full_at_any_byte_files_are_old_or_new() {
    let name = |parameter: &serde_json::Value| parameter["name"].as_str().unwrap().to_owned();
    let mut parameters = identity();
    for parameter in &mut parameters {
        let moved = name(parameter).replace("/acme/", "/demo/").replace("roles/app", "roles/payments");
        parameter["name"] = moved.into();
    }
    let double = Server::double(&state(&parameters));
    let url = double.url();
    for writing in WRITINGS {
        let dir = tree();
        let before = contents(dir.path());
        let whole = limited(dir.path(), writing.args, 1 << 30, false, &url);
        assert_eq!(whole.exit, 0, "{:?}: {}", writing.args, whole.stderr);
        let after = contents(dir.path());
        assert_ne!(before, after, "{:?}", writing.args);
        let changed = after.iter().filter(|(path, text)| before.get(*path) != Some(text));
        let largest = changed.map(|(_, text)| text.len()).max().unwrap();
        // The dated files have lengths that are not in what is compared.
        let largest = if largest < 10 { 400 } else { largest };
        let mut stopped = 0;
        for step in 0..4 {
            for is_end in [false, true] {
                let bytes = (largest - 1) * step / 3;
                stopped += usize::from(check(writing, bytes, is_end, [&before, &after], &url));
            }
        }
        assert!(stopped >= 6, "{:?}: only {stopped} were stopped", writing.args);
    }
}
