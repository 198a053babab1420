//! Values that are asked of AWS while rendering.

use std::fs;

use crate::clouds::moto;
use crate::support::run;

/// A folder with a declaration of one role and workload under a prefix.
fn tree(prefix: &str, more: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let text = format!(
        "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata:\n  name: acme\nspec:\n  parameterPrefix: {prefix}\n  \
         region: eu-central-1\n  roles:\n    app: {{}}\n  workloads:\n    app: {{}}\n{more}"
    );
    fs::write(dir.path().join("iamra.yaml"), text).unwrap();
    dir
}

fn put_identity(prefix: &str) {
    let uuid = "6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d";
    let anywhere = "arn:aws:rolesanywhere:eu-central-1:111122223333";
    moto().put(
        &format!("{prefix}/scopes/default/trust-anchor-arn"),
        "String",
        &format!("{anywhere}:trust-anchor/{uuid}"),
    );
    moto().put(&format!("{prefix}/roles/app/profile-arn"), "String", &format!("{anywhere}:profile/{uuid}"));
    moto().put(&format!("{prefix}/roles/app/role-arn"), "String", "arn:aws:iam::111122223333:role/app");
}

#[test]
fn values_come_from_parameter_store() {
    put_identity("/live");
    let dir = tree("/live", "");
    let output = run(moto().iamra(dir.path()).args(["render", "--live"]), b"");
    assert_eq!(output.exit, 0, "{}", output.stderr);
    assert!(output.stdout.contains("ROLE_ARN: arn:aws:iam::111122223333:role/app"), "{}", output.stdout);
    assert_eq!(output.stderr, "");
}

#[test]
fn without_being_told_it_asks_nobody() {
    let dir = tree("/live", "");
    let output = run(moto().iamra(dir.path()).arg("render"), b"");
    assert_eq!((output.exit, output.stdout.as_str()), (1, ""), "{}", output.stderr);
    assert!(output.stderr.contains("[unresolved-reference]"), "{}", output.stderr);
}
