//! `iamra role` without AWS: what it does to declarations in many hands' writing.

use serde_json::{Value, json};

use crate::k8s::{Tree, corpus};
use crate::support::{Output, iamra, run};

const READ: &str =
    r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}"#;
const OTHER: &str =
    r#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "s3:PutObject", "Resource": ["a", "b"]}}"#;

/// Declarations to which no role can be added; the rest has one added, changed and removed.
const REFUSED: &[&str] = &[
    "aliased-workloads",
    "bad-cut-off",
    "bad-duplicate-entry",
    "bad-duplicate-section",
    "bad-empty",
    "bad-odd-line-break",
    "bad-other-kind",
    "bad-tabs",
    "bad-two-documents",
    "bad-unknown-field",
    "merge-key",
    "null-spec",
];

fn role(tree: &Tree, words: &str) -> Output {
    std::fs::write(tree.dir().join("read.json"), READ).unwrap();
    std::fs::write(tree.dir().join("other.json"), OTHER).unwrap();
    std::fs::write(tree.dir().join("twice.json"), READ.replace("\"Action\"", "\"Action\": \"*\", \"Action\"")).unwrap();
    let words = words.split_whitespace();
    run(iamra(tree.dir()).arg("role").args(words).arg("--without-aws"), b"")
}

fn listed(tree: &Tree) -> Value {
    let output = run(iamra(tree.dir()).args(["role", "list", "--json"]), b"");
    let roles: Value = serde_json::from_str(&output.stdout).unwrap();
    roles["roles"].as_array().unwrap().iter().find(|it| it["name"] == "new-one").unwrap().clone()
}

const CREATE: &str = "create new-one --policy arn:aws:iam::aws:policy/A --policy arn:aws:iam::aws:policy/B --inline-policy own=read.json \
                      --session-duration 30m";
const CHANGE: &str = "create new-one --policy arn:aws:iam::aws:policy/C --policy arn:aws:iam::aws:policy/B --inline-policy own=other.json \
                      --scope default --session-duration 2h";

#[test]
fn a_role_comes_changes_and_goes_and_every_other_byte_stays() {
    for (name, before) in corpus() {
        let tree = Tree::new(Some(&before));
        let created = role(&tree, CREATE);
        if REFUSED.contains(&name.as_str()) {
            assert_eq!((created.exit, tree.bytes()), (1, before), "{name}: {}", created.stderr);
            continue;
        }
        assert_eq!(created.exit, 0, "{name}: {}", created.stderr);
        let with = tree.bytes();
        let again = role(&tree, &CREATE.replace("30m", "1800"));
        assert!(
            tree.bytes() == with && again.stderr.contains("iamra.yaml: nothing to change"),
            "{name}: {}",
            again.stderr
        );
        let changed = role(&tree, CHANGE);
        assert_eq!(changed.exit, 0, "{name}: {}", changed.stderr);
        let role_now = listed(&tree);
        let policies = json!(["arn:aws:iam::aws:policy/B", "arn:aws:iam::aws:policy/C"]);
        assert_eq!((&role_now["policies"], &role_now["sessionDuration"]), (&policies, &json!("2h")), "{name}");
        assert!(
            tree.text().contains("s3:PutObject") && !tree.text().contains("s3:GetObject"),
            "{name}: {}",
            tree.text()
        );
        let deleted = role(&tree, "delete new-one");
        assert_eq!(deleted.exit, 0, "{name}: {}", deleted.stderr);
        assert_eq!(tree.text(), String::from_utf8(before).unwrap(), "{name}");
    }
}

/// A cluster that has the role for itself is changed there, and the role goes from everywhere.
#[test]
fn what_a_cluster_has_for_itself_is_edited_there() {
    let before = "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata: {name: acme}\nspec:\n  roles:\n    app: {}\n    \
                  web: {}\n  clusters:\n    prod:\n      roles:\n        app: # bigger\n          sessionDuration: 2h\n    staging: {}\n";
    let tree = Tree::new(Some(before.as_bytes()));
    let changed = role(&tree, "create app --session-duration 3h --cluster prod");
    assert_eq!(changed.exit, 0, "{}", changed.stderr);
    assert_eq!(tree.text(), before.replace("2h", "3h"));
    let deleted = role(&tree, "delete app");
    assert_eq!(deleted.exit, 0, "{}", deleted.stderr);
    assert!(!tree.text().contains("app") && tree.text().contains("web"), "{}", tree.text());
}

#[test]
fn what_cannot_be_is_refused_and_nothing_is_written() {
    let before =
        "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata: {name: acme}\nspec: {roles: {app: {}}}\n";
    let tree = Tree::new(Some(before.as_bytes()));
    for (words, exit, said) in [
        ("create a/b", 2, "a role's name has at most 64 letters, digits, `-` or `_`"),
        ("create x --session-duration 899", 2, "a session lasts from `15m` to `12h`"),
        ("create x --session-duration 13h", 2, "a session lasts from `15m` to `12h`"),
        ("create x --policy ReadOnlyAccess", 1, "`ReadOnlyAccess` is not an ARN"),
        ("create x --scope nowhere", 1, "scope `nowhere`, which is not declared"),
        ("create x --inline-policy nothing.json", 3, "nothing.json"),
        ("create x --inline-policy iamra.yaml", 1, "iamra.yaml is not a policy: it has `apiVersion`"),
        ("create x --inline-policy twice.json", 1, "twice.json is not a policy: it has `Action` twice in one mapping"),
        (
            "create x --inline-policy read.json --inline-policy read=other.json",
            1,
            "other.json is not a policy: policy `read` has been given already",
        ),
        ("create x --inline-policy a:b=read.json", 1, "an inline policy cannot be called `a:b`"),
        ("delete x", 1, "role `x` is not declared"),
    ] {
        let output = role(&tree, words);
        assert!(output.exit == exit && output.stderr.contains(said), "{words}: {output:?}");
        assert_eq!(tree.text(), before, "{words}");
    }
}

/// IAM's names have 64 characters, with the prefix. Nobody is asked before that is known.
#[test]
fn a_role_whose_name_aws_cannot_have_is_not_written() {
    let before =
        "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata: {name: acme}\nspec:\n  region: eu-central-1\n";
    let tree = Tree::new(Some(before.as_bytes()));
    let output = run(iamra(tree.dir()).args(["role", "create", &"r".repeat(60), "--yes"]), b"");
    assert_eq!(output.exit, 1, "{output:?}");
    assert!(output.stderr.contains("it has 75 characters, and AWS takes 64"), "{output:?}");
    assert_eq!(tree.text(), before);
}
