//! `iamra status`: counts, what the lock covers, when its CAs end.

use serde_json::{Value, json};

use crate::support::{iamra, root, run};

const DECLARATION: &str = "\
apiVersion: iamra.dev/v1alpha1
kind: RolesAnywhere
metadata: {name: acme}
spec:
  scopes:
    default:
      issuer: {ca: {secret: {ssm: {certificate: ssm:/acme/ca/tls-crt, key: ssm:/acme/ca/tls-key}}}}
  roles: {app: {}, reports: {}}
  clusters: {prod: {}, staging: {}}
  workloads:
    app: {clusters: [prod]}
    nightly: {role: reports, clusters: [prod, staging]}
";

#[test]
fn counts_drift_and_expiry() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("iamra.yaml"), DECLARATION).unwrap();
    let without = run(iamra(dir.path()).arg("status"), b"");
    let expected = "iamra.yaml: 2 workloads, 2 roles, 1 scope, 2 clusters\niamra.lock: not present, and 6 references need a lookup\n";
    assert!(without.exit == 0 && without.stdout.starts_with(expected), "{}{}", without.stdout, without.stderr);

    let anywhere = "arn:aws:rolesanywhere:eu-central-1:111122223333";
    let certificate = std::fs::read_to_string(root().join("tests/data/ca/cert.pem")).unwrap();
    let lock = json!({"apiVersion": "iamra.dev/v1alpha1", "kind": "Lock", "references": {
        "ssm:/iam-ra/default/scopes/default/trust-anchor-arn": {"value": format!("{anywhere}:trust-anchor/1")},
        "ssm:/iam-ra/default/roles/app/profile-arn": {"value": format!("{anywhere}:profile/1")},
        "ssm:/iam-ra/default/roles/app/role-arn": {"value": "arn:aws:iam::111122223333:role/app"},
        "ssm:/iam-ra/default/roles/gone/role-arn": {"value": "arn:aws:iam::111122223333:role/gone"},
        "ssm:/acme/ca/tls-crt": {"value": certificate},
    }});
    std::fs::write(dir.path().join("iamra.lock"), lock.to_string()).unwrap();
    let with = run(iamra(dir.path()).arg("status"), b"");
    assert_eq!(with.exit, 0, "{}", with.stderr);
    for line in [
        "iamra.lock: 4 references locked, 2 missing, 1 not needed\n",
        "  missing: ssm:/iam-ra/default/roles/reports/role-arn\n",
        "  not needed: ssm:/iam-ra/default/roles/gone/role-arn\n",
        "CA CN=iamra test CA: until 2126-10-31 09:41 UTC, ",
    ] {
        assert!(with.stdout.contains(line), "{line}: {}", with.stdout);
    }

    let output = run(iamra(dir.path()).args(["status", "--format", "json"]), b"");
    let status: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!((&status["schemaVersion"], &status["workloads"]), (&json!(1), &json!(2)));
    assert_eq!(status["lock"]["unused"], json!(["ssm:/iam-ra/default/roles/gone/role-arn"]));
    assert_eq!(status["lock"]["missing"].as_array().unwrap().len(), 2);
    let authority = &status["authorities"][0];
    assert!(authority["daysLeft"].as_i64().unwrap() > 30_000, "{authority}");
    assert!(authority["fingerprint"].as_str().unwrap().starts_with("sha256:"), "{authority}");
}

#[test]
fn what_is_wrong_with_the_declaration_is_said() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("iamra.yaml"), DECLARATION.replace("role: reports", "role: report")).unwrap();
    let output = run(iamra(dir.path()).args(["status", "--format", "json"]), b"");
    assert_eq!((output.exit, output.stdout.as_str()), (1, ""));
    assert!(output.stderr.contains("error[unknown-role]"), "{}", output.stderr);
}
