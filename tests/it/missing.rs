//! What a declaration lacks: every command reads it alike, and none is content where another is not.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_yaml::Value;

use crate::aws_peers::CREDENTIALS;
use crate::support::{iamra, root, run};

const DECLARATION: &str = "\
apiVersion: iamra.dev/v1alpha1
kind: RolesAnywhere
metadata: {name: acme}
spec:
  parameterPrefix: /acme
  region: eu-central-1
  roles: {app: {}}
  clusters: {prod: {}}
  workloads: {app: {}}
";

/// The declaration's own CA, with its key in a parameter.
const CA: &str =
    "  scopes: {default: {issuer: {ca: {secret: {ssm: {certificate: ssm:/acme/ca/crt, key: ssm:/acme/ca/key}}}}}}\n";

/// The codes that are about what is missing.
const CODES: &[&str] = &[
    "unresolved-reference",
    "stale-lock",
    "invalid-lock",
    "invalid-policy",
    "outside-policy",
    "unknown-cluster",
    "arn-mismatch",
    "lock-drift",
];

/// Values by the names that the table has for them: reference and value.
fn values() -> BTreeMap<&'static str, (&'static str, String)> {
    let ca = |name: &str| fs::read_to_string(root().join("tests/data/ca").join(name)).unwrap();
    let anywhere = |region: &str, what: &str| {
        format!("arn:aws:rolesanywhere:{region}:111122223333:{what}/6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d")
    };
    let anchor = "ssm:/acme/scopes/default/trust-anchor-arn";
    BTreeMap::from([
        ("anchor", (anchor, anywhere("eu-central-1", "trust-anchor"))),
        ("elsewhere", (anchor, anywhere("us-east-1", "trust-anchor"))),
        ("profile", ("ssm:/acme/roles/app/profile-arn", anywhere("eu-central-1", "profile"))),
        ("role", ("ssm:/acme/roles/app/role-arn", "arn:aws:iam::111122223333:role/app".to_owned())),
        ("other", ("ssm:/acme/roles/other/role-arn", "arn:aws:iam::111122223333:role/other".to_owned())),
        ("ca", ("ssm:/acme/ca/crt", ca("cert.pem"))),
        ("key", ("ssm:/acme/ca/key", ca("key.pem"))),
    ])
}

/// What a command says: the codes, and whether it is content.
type Said = (BTreeSet<String>, bool);

fn expected(row: &Value, command: &str) -> Said {
    let said = row.get(command).unwrap_or(row);
    let codes = said["codes"].as_sequence().unwrap().iter().map(|code| code.as_str().unwrap().to_owned());
    (codes.collect(), said["ok"].as_bool().unwrap())
}

/// The files of a row, and the variables that name them.
fn set_up(dir: &Path, row: &Value) -> BTreeMap<String, String> {
    let ca = if row["ca"].as_bool() == Some(true) { CA } else { "" };
    fs::write(dir.join("iamra.yaml"), [DECLARATION, ca].concat()).unwrap();
    let values = values();
    let named = |field: &str| {
        let names = row[field].as_sequence()?;
        let found = names.iter().filter_map(|name| values.get(name.as_str().unwrap()));
        Some(found.cloned().collect::<BTreeMap<_, _>>())
    };
    let mut environment = BTreeMap::new();
    if let Some(lock) = named("lock") {
        let entry = |value: &String| serde_json::json!({"value": value});
        let entries: BTreeMap<_, _> = lock.iter().map(|(reference, value)| (*reference, entry(value))).collect();
        let lock = serde_json::json!({"apiVersion": "iamra.dev/v1alpha1", "kind": "Lock", "references": entries});
        let is_broken = row["lock"][0] == "broken";
        let text = if is_broken { "apiVersion: iamra.dev/v1alpha1\nkind: Lock\n".to_owned() } else { lock.to_string() };
        fs::write(dir.join("iamra.lock"), text).unwrap();
    }
    if let Some(values) = named("values") {
        fs::write(dir.join("values.yaml"), serde_json::to_string(&values).unwrap()).unwrap();
        environment.insert("IAMRA_VALUES".to_owned(), "values.yaml".to_owned());
    }
    if let Some(policy) = row["policy"].as_str() {
        let text = format!("apiVersion: iamra.dev/v1alpha1\nkind: Policy\n{policy}\n");
        fs::write(dir.join("policy.yaml"), text).unwrap();
        environment.insert("IAMRA_POLICY".to_owned(), "policy.yaml".to_owned());
    }
    let more = row["environment"].as_mapping().into_iter().flatten();
    environment
        .extend(more.map(|(name, value)| (name.as_str().unwrap().to_owned(), value.as_str().unwrap().to_owned())));
    environment
}

#[test]
fn all_commands_say_the_same_of_what_is_missing() {
    let table = fs::read_to_string(root().join("tests/missing.yaml")).unwrap();
    let table: Value = serde_yaml::from_str(&table).unwrap();
    let commands = [
        ("render", "render"),
        ("doctor", "doctor"),
        ("status", "status --format json"),
        ("check", "check"),
        ("locked", "check --locked"),
    ];
    for row in table.as_sequence().unwrap() {
        let dir = tempfile::tempdir().unwrap();
        let environment = set_up(dir.path(), row);
        for (name, words) in commands {
            let output = run(iamra(dir.path()).args(words.split(' ')).envs(&environment), b"");
            let status: serde_json::Value = serde_json::from_str(&output.stdout).unwrap_or_default();
            let problems = status["problems"].to_string();
            let is_said = |code: &&&str| {
                output.stderr.contains(&format!("[{code}]")) || problems.contains(&format!("\"code\":\"{code}\""))
            };
            let codes: BTreeSet<_> = CODES.iter().filter(is_said).map(|code| (*code).to_owned()).collect();
            let is_content = output.exit == 0 && status["ready"] != false;
            let what = format!("{}: {words}: {}{}", row["what"].as_str().unwrap(), output.stdout, output.stderr);
            assert_eq!((codes.clone(), is_content), expected(row, name), "{what}");
            assert!(!output.stderr.contains("no problem") || codes.is_empty() && is_content, "{what}");
        }
    }
}

/// What the lock does not even have differs, whether AWS can be asked or not.
#[cfg(feature = "aws")]
#[test]
fn the_check_of_a_lock_agrees() {
    let table = fs::read_to_string(root().join("tests/missing.yaml")).unwrap();
    let table: Value = serde_yaml::from_str(&table).unwrap();
    for row in table.as_sequence().unwrap() {
        let dir = tempfile::tempdir().unwrap();
        let environment = set_up(dir.path(), row);
        let mut command = iamra(dir.path());
        // No server listens there.
        command.envs(CREDENTIALS).env("AWS_ENDPOINT_URL", "http://127.0.0.1:1").env("AWS_MAX_ATTEMPTS", "1");
        let output = run(command.args(["lock", "--check"]).envs(&environment), b"");
        let what = format!("{}: {}", row["what"].as_str().unwrap(), output.stderr);
        assert_ne!(output.exit, 0, "{what}");
        let (codes, _) = expected(row, "locked");
        let lacks = ["stale-lock", "unresolved-reference"].iter().any(|code| codes.contains(*code));
        assert_eq!(output.stderr.contains("error[lock-drift]"), lacks, "{what}");
        let invalid = ["invalid-lock", "invalid-policy"].into_iter().filter(|code| codes.contains(*code));
        invalid.for_each(|code| assert!(output.stderr.contains(&format!("error[{code}]")), "{what}"));
    }
}

/// What cannot be looked at is no success, whichever command looks.
#[test]
fn who_cannot_look_is_not_green() {
    let dir = tempfile::tempdir().unwrap();
    let _ = set_up(dir.path(), &serde_yaml::from_str("lock: [anchor, profile, role]").unwrap());
    fs::write(dir.path().join("kustomization.yaml"), "resources: []\n").unwrap();
    for words in [
        "check --staged",
        "check --kustomize ./nowhere",
        "check iamra.yaml --values nowhere.yaml",
        "check nowhere",
        "verify nowhere",
        "verify iamra.yaml --without nowhere",
        "diff",
        "build --kustomize ./nowhere --check --output rendered",
        "doctor --objects nowhere.json",
        "status nowhere",
    ] {
        let output = run(iamra(dir.path()).args(words.split(' ')), b"");
        assert!(output.exit == 3 || output.exit == 2, "{words}: {} {}", output.exit, output.stderr);
        assert!(output.stderr.contains("error") && !output.stderr.contains("no problem"), "{words}: {}", output.stderr);
    }
}

/// AWS is not asked by a check, whatever the declaration says of live lookups.
#[test]
fn a_check_asks_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let live = DECLARATION.replace("{name: acme}", "{name: acme, annotations: {iamra.dev/live: 'true'}}");
    fs::write(dir.path().join("iamra.yaml"), live).unwrap();
    fs::write(dir.path().join("kustomization.yaml"), "resources: []\n").unwrap();
    let mut command = iamra(dir.path());
    command.envs(CREDENTIALS).env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    let output = run(command.args(["check", "--kustomize", "true"]), b"");
    assert!(!output.stderr.contains("AWS"), "{}", output.stderr);
    assert!(output.stderr.contains("nothing can be rendered offline yet: 3 references"), "{}", output.stderr);
}
