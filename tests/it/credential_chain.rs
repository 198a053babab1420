//! Every way to win over the sidecar is found, and nothing else is taken for one (`tests/overrides.yaml`).

use serde_json::{Value, json};

use crate::support::{iamra, root, run};

/// A list with the row's pod in it, as a function gets it. JSON is YAML.
fn list(row: &Value) -> Value {
    let mut container = json!({"name": "main", "image": "registry.example.com/app:1"});
    let mut spec = json!({});
    for (into, field) in [(&mut container, "container"), (&mut spec, "pod")] {
        for (key, value) in row[field].as_object().into_iter().flatten() {
            into[key] = value.clone();
        }
    }
    spec["containers"] = json!([container]);
    let template = json!({"metadata": {"labels": {"app": "app"}}, "spec": spec});
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "app", "namespace": "shop"},
        "spec": {"selector": {"matchLabels": {"app": "app"}}, "template": template},
    });
    let mut items = vec![deployment];
    items.extend(row["beside"].is_object().then(|| row["beside"].clone()));
    let arn = |name: &str| {
        format!("arn:aws:rolesanywhere:eu-central-1:111122223333:{name}/6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d")
    };
    let sidecar = if row["sidecar"].is_object() { row["sidecar"].clone() } else { json!({}) };
    let role = json!({"roleArn": "arn:aws:iam::111122223333:role/app", "profileArn": arn("profile")});
    json!({
        "apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": items,
        "functionConfig": {
            "apiVersion": "iamra.dev/v1alpha1", "kind": "RolesAnywhere", "metadata": {"name": "acme"},
            "spec": {
                "mode": "transform", "scopes": {"default": {"trustAnchor": arn("trust-anchor")}},
                "roles": {"app": role}, "workloads": {"app": {"namespace": "shop", "sidecar": sidecar}},
            },
        },
    })
}

#[test]
fn whatever_wins_over_the_sidecar_is_found() {
    let text = std::fs::read_to_string(root().join("tests/overrides.yaml")).unwrap();
    let rows: Vec<Value> = serde_yaml::from_str(&text).unwrap();
    assert!(rows.iter().filter(|row| row["says"].is_string()).count() >= 12);
    for row in rows {
        let name = &row["name"];
        let output = run(&mut iamra(root()), list(&row).to_string().as_bytes());
        let answer: Value = serde_yaml::from_str(&output.stdout).unwrap();
        let none = Vec::new();
        let results = answer["results"].as_array().unwrap_or(&none);
        match row["says"].as_str() {
            Some(severity) => {
                let [result] = results.as_slice() else { panic!("{name}: {results:?}") };
                assert_eq!(result["severity"], severity, "{name}: {result}");
                assert!(
                    output.stderr.starts_with(&format!("{severity}[credentials-override]")),
                    "{name}: {}",
                    output.stderr
                );
                assert!(output.stderr.contains("\n  help: "), "{name}: {}", output.stderr);
                assert_eq!(output.exit, i32::from(severity == "error"), "{name}");
            }
            None => assert_eq!((output.exit, output.stderr.as_str()), (0, ""), "{name}"),
        }
        assert!(!output.stderr.contains("c2VjcmV0"), "{name}: the message shows a secret");
    }
}
