//! `iamra doctor` in a real cluster: each of the ways in which a Certificate does not become ready is made, and explained.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cluster::{APPLY, Cluster, objects};
use crate::peers::peer;
use crate::support::{Output, iamra, root, run};

const DECLARATION: &str = "\
apiVersion: iamra.dev/v1alpha1
kind: RolesAnywhere
metadata: {name: acme}
spec:
  scopes:
    default: {trustAnchor: ANYWHERE:trust-anchor/6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d}
    partner: {trustAnchor: ANYWHERE:trust-anchor/6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d}
  roles:
    app: {profileArn: ANYWHERE:profile/0d1e2f30-4152-4637-8495-a6b7c8d9e0f1, roleArn: ROLE}
    guest: {scope: partner, profileArn: ANYWHERE:profile/0d1e2f30-4152-4637-8495-a6b7c8d9e0f1, roleArn: ROLE}
  workloads:
    good: {role: app, namespace: good}
    no-secret: {role: app, namespace: no-secret}
    wrong-namespace: {role: app, namespace: wrong-namespace}
    other-key: {role: app, namespace: other-key}
    no-issuer: {role: guest, namespace: no-issuer}
    denied: {role: app, namespace: denied}
    not-applied: {role: app, namespace: not-applied}
";

/// The words for each, and what they are about.
const EXPLAINED: &[(&str, &str)] = &[
    ("no-secret", "the Secret `iam-ra-ca` with the CA of its Issuer `iam-ra` is not in namespace `no-secret`"),
    ("wrong-namespace", "and an Issuer serves only its own namespace"),
    ("other-key", "the private key in the CA's Secret does not belong to the certificate in the same Secret"),
    ("no-issuer", "there is no Issuer `iam-ra-partner` in namespace `no-issuer`"),
    ("denied", "its request `denied-cert-1` was denied by `acme-policy`: the name is somebody else's"),
];

#[test]
fn a_certificate_that_is_not_ready_is_explained() {
    // Requests are not approved automatically, so that one can be denied.
    let cluster = Cluster::start(&["-approve=false"]);
    let dir = tempfile::tempdir().unwrap();
    let declaration = DECLARATION
        .replace("ANYWHERE", "arn:aws:rolesanywhere:eu-central-1:111122223333")
        .replace("ROLE", "arn:aws:iam::111122223333:role/app");
    std::fs::write(dir.path().join("iamra.yaml"), declaration).unwrap();
    install(&cluster, dir.path());

    let deadline = Instant::now() + Duration::from_mins(1);
    let explained = |output: &Output| EXPLAINED.iter().all(|(_, words)| output.stderr.contains(words));
    let output = loop {
        decide(&cluster);
        let output = doctor(&cluster, dir.path());
        if (explained(&output) && output.stdout.contains("Certificate good/good-cert")) || Instant::now() > deadline {
            break output;
        }
    };
    assert_eq!(output.exit, 1, "{}", output.stderr);
    assert!(output.stdout.contains("ok: Certificate good/good-cert is ready: valid until 2"), "{}", output.stdout);
    for (workload, words) in EXPLAINED {
        let message = format!("error[certificate-not-ready]: Certificate `{workload}-cert` is not ready: ");
        let line = output.stderr.lines().find(|line| line.starts_with(&message));
        assert!(line.is_some_and(|line| line.contains(words)), "{workload}: {}", output.stderr);
    }
    assert_eq!(output.stderr.matches("[certificate-not-ready]").count(), EXPLAINED.len(), "{}", output.stderr);
    assert_eq!(output.stderr.matches("  help: ").count(), EXPLAINED.len() + 1, "{}", output.stderr);
    let missing = "error[certificate-missing]: the cluster has no Certificate of workload `not-applied`";
    assert!(output.stderr.contains(missing), "{}", output.stderr);

    // The output is the same from a file and from a pipe.
    let kinds = "certificates,certificaterequests,issuers,clusterissuers";
    let printed = cluster.kubectl(&["get", kinds, "--all-namespaces", "--output", "json"], "").stdout;
    std::fs::write(dir.path().join("objects.json"), &printed).unwrap();
    for file in ["objects.json", "-"] {
        let again = run(iamra(dir.path()).args(["doctor", "--objects", file]), printed.as_bytes());
        assert_eq!(again, output, "{file}");
    }
}

fn doctor(cluster: &Cluster, dir: &Path) -> Output {
    let mut command = iamra(dir);
    command.arg("doctor").arg("--cluster").env("KUBECONFIG", &cluster.kubeconfig);
    run(command.env("PATH", peer("kubectl").parent().unwrap()), b"")
}

/// Applies what the declaration emits, but for what is to be missing.
fn install(cluster: &Cluster, dir: &Path) {
    let rendered = run(iamra(dir).arg("render"), b"");
    assert_eq!(rendered.exit, 0, "{}", rendered.stderr);
    let read = |name: &str| std::fs::read_to_string(root().join("tests/data/ca").join(name)).unwrap();
    for object in objects(&rendered.stdout) {
        let namespace = object["metadata"]["namespace"].as_str().unwrap();
        let without_issuer = ["wrong-namespace", "no-issuer"].contains(&namespace);
        if namespace == "not-applied" || (object["kind"] == "Issuer" && without_issuer) {
            continue;
        }
        cluster.namespace(namespace);
        if object["kind"] == "Issuer" && namespace != "no-secret" {
            let key = if namespace == "other-key" { "rsa-key.pem" } else { "key.pem" };
            let secret = serde_json::json!({
                "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "iam-ra-ca", "namespace": namespace},
                "stringData": {"tls.crt": read("cert.pem"), "tls.key": read(key)},
            });
            cluster.accepts(APPLY, &secret.to_string(), namespace);
        }
        cluster.accepts(APPLY, &object.to_string(), namespace);
    }
}

/// Approves every request that waits, or denies it, as approver-policy does.
fn decide(cluster: &Cluster) {
    let printed = cluster.kubectl(&["get", "certificaterequests", "--all-namespaces", "--output", "json"], "");
    let requests: Value = serde_json::from_str(&printed.stdout).unwrap();
    for request in requests["items"].as_array().unwrap() {
        let conditions = request["status"]["conditions"].as_array().into_iter().flatten();
        if conditions.into_iter().any(|it| it["type"] == "Approved" || it["type"] == "Denied") {
            continue;
        }
        let text = |field: &str| request["metadata"][field].as_str().unwrap();
        let decision = if text("namespace") == "denied" { "Denied" } else { "Approved" };
        let patch = serde_json::json!([{"op": "add", "path": "/status", "value": {"conditions": [{
            "type": decision, "status": "True", "reason": "acme-policy", "message": "the name is somebody else's",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }]}}]);
        let target = ["patch", "certificaterequest", text("name"), "--namespace", text("namespace")];
        let patch = ["--subresource=status", "--type=json", "--patch", &patch.to_string()].map(str::to_owned);
        let args: Vec<_> = target.into_iter().chain(patch.iter().map(String::as_str)).collect();
        // cert-manager may have written first; then the next round tries again.
        let _ = cluster.kubectl(&args, "");
    }
}
