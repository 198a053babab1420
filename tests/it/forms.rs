//! What the JSON Schema refuses, `iamra check` refuses, and the other way round where the form of a value decides: both judge the
//! rows of tests/forms.yaml. PyPI's jsonschema reads the schema.

use std::fs;
use std::process::Command;

use serde_json::{Map, Value, json};

use crate::peers::peer;
use crate::roles_anywhere_peers::python;
use crate::support::{cases, iamra, root, run};

/// Where the schema refuses each of these, if it does.
fn judged(documents: &[Value]) -> Vec<Option<String>> {
    let schema = iamra::config::json_schema();
    let output =
        run(&mut python("json_schema.py"), json!({"schema": schema, "documents": documents}).to_string().as_bytes());
    assert_eq!(output.exit, 0, "{}", output.stderr);
    serde_json::from_str(&output.stdout).unwrap()
}

/// The codes of what the program says of the form of a declaration.
fn refused(declaration: &Value) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("iamra.yaml"), declaration.to_string()).unwrap();
    let output = run(iamra(dir.path()).args(["check", "iamra.yaml", "--format", "json"]), b"");
    let said: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{}", output.stderr));
    let all = said["diagnostics"].as_array().unwrap_or_else(|| panic!("{said}"));
    let errors = all.iter().filter(|it| it["severity"] == "error").map(|it| it["code"].as_str().unwrap().to_owned());
    // What is looked up is in no lock here.
    errors.filter(|code| !["unresolved-reference", "stale-lock"].contains(&code.as_str())).collect()
}

/// A declaration that is valid, but for what is looked up.
fn whole() -> Value {
    json!({
        "apiVersion": "iamra.dev/v1alpha1",
        "kind": "RolesAnywhere",
        "metadata": {"name": "acme"},
        "spec": {
            "roles": {"app": {}},
            "clusters": {"prod": {}},
            "workloads": {"app": {"role": "app", "namespace": "shop", "clusters": ["prod"]}},
        },
    })
}

/// The declaration with a value at a path; `beside` stands beside it, or so many levels further up.
fn with(path: &str, value: &Value, row: &Map<String, Value>) -> Value {
    let mut declaration = whole();
    let steps: Vec<_> = path.trim_end_matches("[]").split('.').collect();
    let up = row.get("up").map_or(1, |up| usize::try_from(up.as_u64().unwrap()).unwrap());
    let mut node = &mut declaration;
    for (index, step) in steps.iter().enumerate() {
        if node.is_null() {
            *node = json!({});
        }
        if index + up == steps.len()
            && let Some(beside) = row.get("beside").and_then(Value::as_object)
        {
            node.as_object_mut().unwrap().extend(beside.clone());
        }
        node = &mut node[*step];
    }
    // Numbers are written as people write them, in quotes.
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    *node = if path.ends_with("[]") { json!([text]) } else { json!(text) };
    declaration
}

#[test]
fn the_schema_and_the_check_refuse_the_same_forms() {
    let text = fs::read_to_string(root().join("tests/forms.yaml")).unwrap();
    let rows: Vec<Map<String, Value>> = serde_yaml::from_str(&text).unwrap();
    let mut all = Vec::new();
    for row in &rows {
        for field in row["fields"].as_array().unwrap() {
            for (values, is_good) in [("good", true), ("bad", false)] {
                for value in row[values].as_array().unwrap() {
                    let field = field.as_str().unwrap();
                    all.push((format!("{field}: {value}"), is_good, with(field, value, row)));
                }
            }
        }
    }
    let documents: Vec<_> = all.iter().map(|(_, _, document)| document.clone()).collect();
    let mut wrong = Vec::new();
    for ((name, is_good, document), place) in all.iter().zip(judged(&documents)) {
        let refused = refused(document);
        if place.is_none() != *is_good || refused.is_empty() != *is_good {
            wrong.push(format!("{name}: the schema: {place:?}, the check: {refused:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// An overlay may remove what has no value of its own elsewhere, and the schema knows no overlays.
const NULLS: &[&str] = &["view/inline-policy-of-a-cluster"];

/// What people write is what the schema takes: every declaration of the examples and of the cases that succeed.
#[test]
fn the_schema_takes_every_declaration_that_the_program_takes() {
    let examples = crate::support::folders(&root().join("examples")).into_iter().map(|dir| dir.join("iamra.yaml"));
    let of_cases = cases().into_iter().filter(|case| case.exit == 0 && !NULLS.contains(&case.name.as_str()));
    let files: Vec<_> = examples.chain(of_cases.map(|case| case.dir.join("input/iamra.yaml"))).collect();
    let mut documents = Vec::new();
    for file in files.into_iter().filter(|file| file.is_file()) {
        let text = fs::read_to_string(&file).unwrap();
        // What only YAML has is not for JSON: merge keys, and several documents.
        if let Ok(document) = serde_yaml::from_str::<Value>(&text) {
            documents.push((file, document));
        }
    }
    assert!(documents.len() > 50, "{}", documents.len());
    let judged = judged(&documents.iter().map(|(_, document)| document.clone()).collect::<Vec<_>>());
    let wrong: Vec<_> = documents
        .iter()
        .zip(judged)
        .filter_map(|((file, _), place)| Some(format!("{}: {}", file.display(), place?)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// An editor shows the description of what the cursor is on.
#[test]
fn every_field_has_a_text_for_editors() {
    fn look(node: &Value, path: &str, without: &mut Vec<String>, count: &mut usize) {
        for (name, field) in node["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{name}");
            *count += 1;
            if field["description"].as_str().is_none_or(|text| text.len() < 8) {
                without.push(path.clone());
            }
            look(field, &path, without, count);
        }
    }
    let schema = iamra::config::json_schema();
    let (mut without, mut count) = (Vec::new(), 0);
    look(schema, "", &mut without, &mut count);
    for (name, node) in schema["$defs"].as_object().unwrap() {
        look(node, name, &mut without, &mut count);
    }
    assert!(count > 100 && without.is_empty(), "{count}: {without:?}");
}

/// The entry for SchemaStore's catalog names the schema, and the file that it is for.
#[test]
fn the_entry_for_schemastore_is_ready() {
    let text = fs::read_to_string(root().join("fn-config/schemastore.json")).unwrap();
    let entry: Value = serde_json::from_str(&text).unwrap();
    let keys: Vec<_> = entry.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["name", "description", "fileMatch", "url"]);
    assert_eq!(entry["url"], iamra::config::SCHEMA_ID);
    assert_eq!(entry["fileMatch"], json!(["iamra.yaml"]));
    assert_eq!(iamra::config::json_schema()["$id"], iamra::config::SCHEMA_ID);
}

/// What somebody sees who writes a declaration in an editor, with the YAML language server that editors have.
#[test]
#[ignore = "`make editor` runs it"]
fn an_editor_completes_and_underlines() {
    let look = |role: &str, line: u32, character: u32| -> Value {
        let start =
            "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata: {name: acme}\nspec:\n  roles:\n    app:\n";
        let given = json!({"text": format!("{start}{role}"), "at": {"line": line, "character": character}});
        let mut command = Command::new(peer("editor"));
        command.arg(root().join("fn-config/iamra.v1alpha1.schema.json"));
        let output = run(&mut command, given.to_string().as_bytes());
        assert_eq!(output.exit, 0, "{}", output.stderr);
        serde_json::from_str(&output.stdout).unwrap()
    };
    let typo = look("      roleArm: x\n      sessionDuration: 1d\n", 6, 10);
    let problems = typo["problems"].as_array().unwrap();
    let is_said = |line: u64, words: &str| {
        problems.iter().any(|it| it["line"] == line && it["message"].as_str().unwrap().contains(words))
    };
    assert_eq!(problems.len(), 2, "{typo}");
    assert!(is_said(6, "roleArm is not allowed") && is_said(7, "does not match the pattern"), "{typo}");
    let empty = look("      \n", 6, 6);
    for field in ["roleArn", "profileArn", "sessionDuration"] {
        assert!(empty["completions"].as_array().unwrap().contains(&json!(field)), "{field}: {empty}");
    }
    let good = look("      sessionDuration: 1h\n", 6, 10);
    assert_eq!(good["problems"], json!([]), "{good}");
    assert!(good["hover"].as_str().unwrap().contains("How long a session lasts"), "{good}");
}
