//! `fn-config/krm-function-definition.yaml`: the function as catalogs describe one, with the declaration's own schema.

use iamra::yaml::emit;
use serde_json::{Map, Value, json};

use crate::cluster::{APPLY, CLUSTER, TRY};
use crate::support::{expect_file, iamra, root, run};

fn schema() -> Value {
    let output = run(iamra(root()).arg("schema"), b"");
    let schema = serde_json::from_str(&output.stdout).unwrap();
    open_api(&schema, &schema)
}

/// JSON Schema in the words of OpenAPI 3.0, which knows no references to definitions, no `const` and no type `null`.
fn open_api(node: &Value, whole: &Value) -> Value {
    let mut words = node.as_object().unwrap().clone();
    // Defaults are applied by the reader; nobody should write them out.
    for unknown in ["$schema", "$id", "$defs", "title", "format", "default"] {
        words.remove(unknown);
    }
    if let Some(Value::Array(examples)) = words.remove("examples") {
        words.insert("example".to_owned(), examples[0].clone());
    }
    if let Some(reference) = words.remove("$ref") {
        let target = whole.pointer(reference.as_str().unwrap().trim_start_matches('#')).unwrap();
        words = with(open_api(target, whole), words);
    }
    if let Some(only) = words.remove("const") {
        words.insert("enum".to_owned(), json!([only]));
    }
    if let Some(Value::Array(options)) = words.remove("anyOf") {
        assert_eq!(options[1], json!({"type": "null"}), "a choice that is not an option");
        words = with(open_api(&options[0], whole), words);
        words.insert("nullable".to_owned(), true.into());
    }
    if let Some(Value::Array(options)) = words.remove("oneOf") {
        let names: Vec<_> = options.iter().map(|option| option["const"].clone()).collect();
        assert!(names.iter().all(Value::is_string), "a choice that is not an enum");
        words.extend([("type".to_owned(), "string".into()), ("enum".to_owned(), names.into())]);
    }
    if let Some(Value::Array(types)) = words.get("type").cloned() {
        if types == ["string", "number"] {
            // The API server rejects a schema without a type, or with two, unless told that this is intended.
            words.shift_remove("type");
            words.insert("x-kubernetes-preserve-unknown-fields".to_owned(), true.into());
        } else {
            assert_eq!(types[1], "null");
            words.extend([("type".to_owned(), types[0].clone()), ("nullable".to_owned(), true.into())]);
        }
    }
    if let Some(Value::Object(properties)) = words.get_mut("properties") {
        properties.values_mut().for_each(|property| *property = open_api(property, whole));
    }
    for below in ["items", "additionalProperties"] {
        if let Some(node) = words.get_mut(below).filter(|node| node.is_object()) {
            *node = open_api(node, whole);
        }
    }
    Value::Object(words)
}

/// `base`, with what stands beside the reference to it.
fn with(base: Value, beside: Map<String, Value>) -> Map<String, Value> {
    let Value::Object(mut words) = base else { unreachable!("a schema is an object") };
    words.extend(beside);
    words
}

const DESCRIPTION: &str =
    "AWS credentials for pods outside AWS, through IAM Roles Anywhere: emits certificates and patches workloads";
const TAGS: [&str; 3] = ["generator", "mutator", "validator"];

/// What kpt's catalog wants to know of a function.
#[test]
fn the_catalog_s_metadata_says_the_same() {
    let image = "ghcr.io/iamra/iamra";
    let metadata = json!({"image": image, "description": DESCRIPTION, "tags": TAGS, "license": "Apache-2.0"});
    expect_file(&root().join("fn-config/metadata.yaml"), &emit::document(&metadata)).unwrap();
    // The image is the one that the container function names.
    let function = std::fs::read_to_string(root().join("fn-config/container/transformer.yaml")).unwrap();
    assert!(function.contains(&format!("image: {image}:")), "{function}");
}

#[test]
fn its_schema_is_the_generated_one() {
    let definition = json!({
        "apiVersion": "config.kubernetes.io/v1alpha1",
        "kind": "KRMFunctionDefinition",
        "metadata": {"name": "rolesanywhere.iamra.dev", "annotations": {"config.kubernetes.io/local-config": "true"}},
        "spec": {
            "group": "iamra.dev",
            "names": {"kind": "RolesAnywhere"},
            "description": DESCRIPTION,
            "tags": TAGS,
            "versions": [{
                "name": "v1alpha1",
                "idempotent": true,
                "license": "Apache-2.0",
                "runtime": {"container": {"image": "iamra"}, "exec": {"path": "iamra"}},
                "schema": {"openAPIV3Schema": schema()},
            }],
        },
    });
    let path = root().join("fn-config/krm-function-definition.yaml");
    expect_file(&path, &emit::document(&definition)).unwrap();
    // An independent parser reads the same value.
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(serde_yaml::from_str::<Value>(&text).unwrap(), definition);
}

/// The API server reads the schema as that of a CRD, and the shipped declarations by it.
#[test]
fn a_real_api_server_reads_declarations_by_it() {
    let mut schema = schema();
    // A CRD leaves unknown fields to the server, which refuses them in strict mode.
    close(&mut schema);
    schema["properties"]["metadata"] = json!({"type": "object"});
    let crd = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "rolesanywheres.iamra.dev"},
        "spec": {
            "group": "iamra.dev",
            "scope": "Namespaced",
            "names": {"kind": "RolesAnywhere", "plural": "rolesanywheres"},
            "versions": [{"name": "v1alpha1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}],
        },
    });
    CLUSTER.accepts(APPLY, &crd.to_string(), "the schema");
    CLUSTER.serves_what_is_defined();
    let folder = |name: &str| crate::support::folders(&root().join(name));
    let examples = folder("examples").into_iter().map(|dir| dir.join("iamra.yaml"));
    let files = examples.chain(folder("tests/cases/render").into_iter().map(|dir| dir.join("input/iamra.yaml")));
    // Some say which namespace they are for.
    CLUSTER.namespace("shop");
    let mut read = 0;
    for file in files.filter(|file| file.is_file()) {
        let text = std::fs::read_to_string(&file).unwrap();
        CLUSTER.accepts(TRY, &text, &file.display().to_string());
        let wrong = CLUSTER.kubectl(APPLY, &text.replace("spec:\n", "spec:\n  clutser: prod\n"));
        assert!(wrong.exit != 0 && wrong.stderr.contains("spec.clutser: field not declared"), "{}", wrong.stderr);
        read += 1;
    }
    assert!(read >= 3, "only {read} declarations were read");
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(words) => {
            words.retain(|key, value| key != "additionalProperties" || value.is_object());
            words.values_mut().for_each(close);
        }
        Value::Array(list) => list.iter_mut().for_each(close),
        _ => {}
    }
}
