//! `iamra doctor --prerequisites`: clusters as rows of tests/prerequisites.yaml, and a real one.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::cluster::CLUSTER;
use crate::peers::peer;
use crate::support::{Output, iamra, root, run};

/// Prints the files beside it, or says what one of them has in place of an object.
const KUBECTL: &str = r#"#!/bin/sh
case "$*" in
  "version --client") echo "Client Version: v1.34.1"; exit ;;
  "get --raw /version") file=version ;;
  "get customresourcedefinitions"*) file=definitions ;;
  "get deployments.apps --all-namespaces --selector "*) file=deployments ;;
  "get namespaces"*) file=namespaces ;;
  *) echo "unexpected: $*" >&2; exit 1 ;;
esac
while read -r line; do
  case "$line" in
    "refused: "*) echo "W0101 something else" >&2; echo "${line#refused: }" >&2; exit 1 ;;
    *) printf '%s\n' "$line" ;;
  esac
done < "$(dirname "$0")/$file"
"#;

fn rows() -> Vec<Map<String, Value>> {
    let text = fs::read_to_string(root().join("tests/prerequisites.yaml")).unwrap();
    let rows: Vec<Map<String, Value>> = serde_yaml::from_str(&text).unwrap();
    let first = rows[0].clone();
    rows.into_iter().map(|row| first.clone().into_iter().chain(row).collect()).collect()
}

fn program(dir: &Path, name: &str, text: &str) {
    fs::write(dir.join(name), text).unwrap();
    fs::set_permissions(dir.join(name), fs::Permissions::from_mode(0o755)).unwrap();
}

/// The program with what a row says, in a folder with a declaration if there is one.
fn told(row: &Map<String, Value>, is_declared: bool) -> Output {
    let dir = tempfile::tempdir().unwrap();
    let bin = dir.path().join("bin");
    fs::create_dir(&bin).unwrap();
    program(&bin, "kubectl", KUBECTL);
    std::os::unix::fs::symlink("/usr/bin/dirname", bin.join("dirname")).unwrap();
    for name in ["version", "definitions", "deployments", "namespaces"] {
        let text = match (&row[name], row[name]["refused"].as_str()) {
            (_, Some(words)) => format!("refused: {words}\n"),
            (Value::Null, None) => String::new(),
            (object, None) => format!("{object}\n"),
        };
        fs::write(bin.join(name), text).unwrap();
    }
    if let Some(version) = row["kustomize"].as_str() {
        program(&bin, "kustomize", &format!("#!/bin/sh\necho '{version}'\n"));
    }
    if is_declared {
        let mut spec = json!({"roles": {"app": {}}, "workloads": {"app": {"role": "app", "namespace": "shop"}}});
        let fields = row.get("declaration").and_then(Value::as_object).into_iter().flatten();
        spec.as_object_mut().unwrap().extend(fields.map(|(name, value)| (name.clone(), value.clone())));
        let declaration = json!({"apiVersion": "iamra.dev/v1alpha1", "kind": "RolesAnywhere", "spec": spec});
        fs::write(dir.path().join("iamra.yaml"), declaration.to_string()).unwrap();
    }
    run(iamra(dir.path()).args(["doctor", "--prerequisites"]).env("PATH", &bin), b"")
}

fn begin(found: &[&str], expected: &Value) -> bool {
    let expected = expected.as_array().unwrap();
    found.len() == expected.len()
        && found.iter().zip(expected).all(|(found, expected)| found.starts_with(expected.as_str().unwrap()))
}

#[test]
fn each_cluster_is_told_what_it_lacks() {
    for row in rows() {
        let Output { stdout, stderr, exit } = told(&row, true);
        let lines: Vec<_> = stdout.lines().map(|line| line.strip_prefix("ok: ").unwrap()).collect();
        let all = format!("{}:\n{stdout}{stderr}", row["name"]);
        assert!(begin(&lines, &row["ok"]), "{all}");
        let wrong: Vec<_> = stderr.lines().filter(|it| it.starts_with("error") || it.starts_with("warning")).collect();
        assert!(begin(&wrong, &row["wrong"]), "{all}");
        assert_eq!(stderr.matches("  help: ").count(), wrong.len(), "{all}");
        assert_eq!(json!(exit), row["exit"], "{all}");
        assert!(
            stderr.ends_with("note: neither Docker nor Podman is on PATH; only functions in images need one\n")
                || !wrong.is_empty(),
            "{all}"
        );
    }
}

#[test]
fn who_has_no_declaration_and_no_kubectl_is_told_so() {
    let rows = rows();
    let Output { stdout, stderr, exit } = told(&rows[0], false);
    assert_eq!(exit, 0, "{stderr}");
    assert!(stderr.starts_with("note: there is no declaration, so namespaces are not checked"), "{stderr}");
    assert!(stdout.contains("ok: Kubernetes is 1.34: native sidecars") && !stdout.contains("namespace"), "{stdout}");
    let dir = tempfile::tempdir().unwrap();
    let nothing = run(iamra(dir.path()).args(["doctor", "--prerequisites"]).env("PATH", dir.path()), b"");
    assert_eq!((nothing.exit, nothing.stdout.as_str()), (3, ""), "{}", nothing.stderr);
    assert_eq!(nothing.stderr.matches("kubectl is not on PATH").count(), 3, "{}", nothing.stderr);
    assert!(
        nothing.stderr.contains("warning[unmet-prerequisite]: neither kustomize nor kubectl"),
        "{}",
        nothing.stderr
    );
    // An invalid declaration is no reason to guess.
    fs::write(dir.path().join("iamra.yaml"), "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nspec: {x: y}\n")
        .unwrap();
    let invalid = run(iamra(dir.path()).args(["doctor", "--prerequisites"]).env("PATH", dir.path()), b"");
    assert_eq!((invalid.exit, invalid.stdout.as_str()), (1, ""), "{}", invalid.stderr);
}

/// cert-manager's controllers run outside of that cluster, so it has no Deployment of theirs.
#[test]
fn a_real_cluster_is_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = iamra(dir.path());
    command.args(["doctor", "--prerequisites"]).env("KUBECONFIG", &CLUSTER.kubeconfig);
    let Output { stdout, stderr, exit } = run(command.env("PATH", peer("kubectl").parent().unwrap()), b"");
    assert_eq!(exit, 3, "{stderr}");
    assert!(stdout.contains("ok: Kubernetes is 1.36: native sidecars are there and stable\n"), "{stdout}");
    assert!(stdout.contains("ok: cert-manager"), "{stdout}");
    assert!(stderr.contains("error[not-checked]: 0 Deployments have the labels"), "{stderr}");
    assert_eq!(stderr.matches("error[").count(), 1, "{stderr}");
}
