//! Every field of the declaration's schema with every kind of wrong value: refused where it stands, or taken; never worse.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use iamra::config;
use iamra::diag::{Code, Report, Severity};
use iamra::krm::ResourceList;
use iamra::output::{Declaration, Located, Sources, located};
use iamra::pipeline::{self, Request};
use iamra::resolve::Values;
use iamra::yaml::Document;
use serde_json::Value;

#[cfg(feature = "git")]
use crate::diff::git_in;
use crate::peers::peer;
use crate::support::{Output, iamra, run};

/// What a value is to a reader of YAML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Null,
    Boolean,
    Integer,
    Number,
    Text,
    Sequence,
    Mapping,
    /// A date, or a tag of somebody's own: for no field.
    Foreign,
}

/// Values and what they are. A block scalar is indented deeper than any field.
const VALUES: &[(&str, Type)] = &[
    ("null", Type::Null),
    ("", Type::Null),
    ("*nowhere", Type::Null),
    ("true", Type::Boolean),
    ("1", Type::Integer),
    ("0", Type::Integer),
    ("-1", Type::Number),
    ("70000", Type::Integer),
    ("99999999999999999999999999", Type::Number),
    ("1.5", Type::Number),
    ("1e6", Type::Number),
    (".nan", Type::Number),
    ("-.inf", Type::Number),
    ("0777", Type::Integer),
    ("!!int \"7\"", Type::Integer),
    ("text", Type::Text),
    ("''", Type::Text),
    ("!!str 1", Type::Text),
    ("1_000_000_000_000_000_000_000_0x", Type::Text),
    ("|\n                                        several\n                                        lines\n", Type::Text),
    ("\"\\0\\u001b[31m\\r\\n{{ x }}{% for %}'\\\"é\"", Type::Text),
    ("&anchor text", Type::Text),
    ("*text", Type::Text),
    ("[]", Type::Sequence),
    ("[a, 1, null, {a: b}]", Type::Sequence),
    ("[[[a]], [[]]]", Type::Sequence),
    ("{}", Type::Mapping),
    ("{a: b}", Type::Mapping),
    ("{a: {a: {a: []}}}", Type::Mapping),
    ("{1: a, ~: b, [x]: c, {y: z}: d, '': e}", Type::Mapping),
    ("{<<: *map, b: c}", Type::Mapping),
    ("*map", Type::Mapping),
    ("!!binary aGVsbG8=", Type::Foreign),
    ("!own text", Type::Foreign),
    ("!own {a: b}", Type::Foreign),
    ("2026-01-31", Type::Foreign),
    ("2026-01-31T00:00:00Z", Type::Foreign),
];

/// A field and what its schema takes.
#[derive(Debug, Clone)]
struct Field {
    /// `- ` stands for an item of a list.
    path: Vec<String>,
    types: Vec<Type>,
}

fn resolved(schema: &Value) -> (&Value, bool) {
    if let Some(options) = schema["anyOf"].as_array() {
        return (resolved(options.iter().find(|option| option["type"] != "null").unwrap()).0, true);
    }
    match schema["$ref"].as_str() {
        Some(name) => resolved(config::json_schema().pointer(name.trim_start_matches('#')).unwrap()),
        None => (schema, false),
    }
}

/// Every field below `schema`, with one entry of each map and one item of each list.
fn fields(schema: &Value, path: &[String], all: &mut Vec<Field>) {
    let (schema, nullable) = resolved(schema);
    let names = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
    let mut types: Vec<Type> = if nullable { vec![Type::Null] } else { Vec::new() };
    for name in &names {
        types.extend_from_slice(match name.as_str() {
            Some("object") => &[Type::Mapping, Type::Null],
            Some("array") => &[Type::Sequence, Type::Null],
            Some("boolean") => &[Type::Boolean],
            Some("integer") => &[Type::Integer],
            Some("number") => &[Type::Integer, Type::Number],
            Some("null") => &[Type::Null],
            // An enumeration has no type.
            Some("string") | None => &[Type::Text],
            other => panic!("{other:?}"),
        });
    }
    if !path.is_empty() {
        all.push(Field { path: path.to_vec(), types });
    }
    let below = |name: &str| [path, &[name.to_owned()]].concat();
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        fields(schema, &below(name), all);
    }
    if schema["additionalProperties"].is_object() {
        // A name that is valid in each map: a code for `checks`, a resource for quantities.
        let name = match path.last().map(String::as_str) {
            Some("checks") => "late-renewal",
            Some("requests" | "limits") => "cpu",
            _ => "app",
        };
        fields(&schema["additionalProperties"], &below(name), all);
    }
    if schema["items"].is_object() {
        fields(&schema["items"], &below("- "), all);
    }
}

fn all_fields() -> Vec<Field> {
    let mut all = Vec::new();
    fields(config::json_schema(), &[], &mut all);
    assert!(all.len() > 200, "{}", all.len());
    all
}

/// What is good in a declaration. What is not wrong comes first, with anchors for the aliases.
const GOOD: &[(&str, &str)] = &[
    ("apiVersion", "apiVersion: iamra.dev/v1alpha1\n"),
    ("kind", "kind: RolesAnywhere\n"),
    ("spec", "spec: {roles: {app: {}}, workloads: {app: {}}}\n"),
    ("metadata", "metadata:\n  labels: {a: &text app, b: &map {a: b}}\n"),
];

/// A declaration with `value` in the field, and the line that it is on.
fn declaration(field: &Field, value: &str) -> (String, usize) {
    let first = field.path[0].as_str();
    let in_metadata = first == "metadata" && field.path.len() > 1;
    let good = GOOD.iter().filter(|(name, _)| *name != first || in_metadata);
    let steps = field.path.iter().enumerate().skip(usize::from(in_metadata)).map(|(depth, step)| {
        let colon = if step == "- " { "" } else { ": " };
        format!("\n{}{step}{colon}", "  ".repeat(depth))
    });
    let text: String = good.map(|(_, text)| (*text).to_owned()).chain(steps).collect();
    let line = text.lines().count();
    (text + value + "\n", line)
}

/// What the library makes of a declaration, in each way in which a command reads one.
fn read(text: &str) -> Vec<Report> {
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => panic!("{}: {text}", error.message),
    };
    let node = document.root();
    let mut reports = vec![Report::default(); 3];
    let values = Values::read("values", "{}", false, &mut reports[0]);
    pipeline::resolve(node, Request::default(), &values, &mut reports[0]);
    pipeline::lock_plan(node, &mut reports[1]);
    config::load_lenient(node, &[Some("app")], &mut reports[2]);
    reports
}

#[test]
fn a_wrong_value_in_any_field_is_refused_where_it_stands() {
    let fields: Vec<_> = all_fields().into_iter().enumerate().collect();
    let failures: Vec<_> = iamra::parallel::map(&fields, failures_of).into_iter().flatten().collect();
    let first = failures.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} failures\n{first}", failures.len());
}

/// A third of the values, in turn: three in a row are of one type or are numbers, so each field meets every type but a boolean.
fn failures_of((turn, field): &(usize, Field)) -> Vec<String> {
    let mut failures = Vec::new();
    for (_, (value, found)) in VALUES.iter().enumerate().filter(|(number, _)| (number + turn) % 3 == 0) {
        let (text, line) = declaration(field, value);
        let Ok(reports) = catch_unwind(AssertUnwindSafe(|| read(&text))) else {
            failures.push(format!("a panic:\n{text}"));
            continue;
        };
        let sources = Sources { declaration: Declaration::File("iamra.yaml", &text), input: None };
        let errors = |report: &Report| {
            let errors = located(report, sources).into_iter().filter(|it| it.severity == Severity::Error);
            errors.collect::<Vec<_>>()
        };
        let all: Vec<_> = reports.iter().map(errors).collect();
        // No line names the requested cluster.
        let is_placed = |it: &Located| it.position.is_some() || it.code == Code::UnknownCluster;
        if !all.iter().flatten().all(|it| is_placed(it) && it.code != Code::InternalError) {
            failures.push(format!("{all:?}\n{text}"));
        }
        let is_here = |it: &Located| it.position.as_ref().is_some_and(|at| (line..=line + 1).contains(&at.line));
        if !field.types.contains(found) && !all[0].iter().any(is_here) {
            failures.push(format!("{:?} takes {found:?} `{value}`: {all:?}\n{text}", field.path));
        }
    }
    failures
}

/// Every command that reads a declaration; `FILE` has objects, `PROGRAM` is kustomize.
const COMMANDS: &[&[&str]] = &[
    &[],
    &["check", "--kustomize", "PROGRAM"],
    &["check", "--format", "sarif", "--kustomize", "PROGRAM"],
    &["render"],
    &["inject", "FILE"],
    &["build", "--kustomize", "PROGRAM"],
    &["verify", "FILE"],
    &["list"],
    &["view"],
    &["graph"],
    &["trust-policy"],
    &["can-assume", "app", "app"],
    &["matrix"],
    &["report"],
    &["aws", "permissions", "apply"],
    &["role", "list"],
    &["role", "create", "app", "--without-aws", "--dry-run"],
    &["role", "delete", "app", "--without-aws", "--dry-run"],
    &["status"],
    &["doctor"],
    &["ca", "rotation"],
    &["k8s", "list"],
    &["k8s", "setup", "here", "--dry-run"],
    &["init", "--without-aws", "--dry-run"],
    &["k8s", "onboard", "app", "--dry-run"],
    &["k8s", "offboard", "app", "--dry-run"],
    &["k8s", "teardown", "app", "--dry-run"],
    &["argocd", "parameters"],
    &["exec-plugin", "iamra.yaml"],
    #[cfg(feature = "git")]
    &["diff"],
    #[cfg(feature = "aws")]
    &["lock", "--explain-calls"],
    #[cfg(feature = "aws")]
    &["render", "--explain-calls"],
];

const OBJECTS: &str = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: app} # mine\n";

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

/// A sample as processes: each field, each value in some commands and as a function, each command with values of every type.
#[test]
fn no_command_and_no_function_is_worse_off_for_a_wrong_value() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("objects.yaml"), OBJECTS).unwrap();
    std::fs::write(dir.path().join("kustomization.yaml"), "resources: [objects.yaml]\n").unwrap();
    #[cfg(feature = "git")]
    {
        std::fs::write(dir.path().join("iamra.yaml"), GOOD.iter().map(|(_, text)| *text).collect::<String>()).unwrap();
        git_in(dir.path(), &["init", "--quiet"]);
        git_in(dir.path(), &["add", "iamra.yaml"]);
        git_in(dir.path(), &["commit", "--quiet", "--message", "good"]);
    }
    let fields = all_fields();
    let (mut seen, mut values) = (BTreeSet::new(), BTreeSet::new());
    let mut failures = Vec::new();
    for (round, field) in fields.iter().enumerate() {
        let (value, found) = VALUES[round % VALUES.len()];
        // A step aside in each round of values, so that commands meet other values each time.
        let command = COMMANDS[(round + round / VALUES.len()) % COMMANDS.len()];
        seen.insert((format!("{found:?}"), command));
        values.insert(value);
        let (text, _) = declaration(field, value);
        let output = if command.is_empty() { call(&text) } else { run_on(dir.path(), command, &text) };
        // Exit code 4: the declaration differs from that of the last commit.
        let has_ended = matches!(output.exit, 0 | 1) || (output.exit == 4 && command == ["diff"]);
        let is_placed = output.stderr.contains("  --> ") || output.stdout.contains("startLine");
        if !has_ended || (output.exit == 1 && !is_placed) {
            failures.push(format!("{command:?} {output:?}\n{text}"));
        }
    }
    let met = (values.len(), seen.len());
    assert!(values.len() == VALUES.len() && seen.len() >= 5 * COMMANDS.len(), "{met:?}");
    let first = failures.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} failures\n{first}", failures.len());
}

fn run_on(dir: &Path, command: &[&str], text: &str) -> Output {
    std::fs::write(dir.join("iamra.yaml"), text).unwrap();
    let kustomize = peer("kustomize-5.8.2").display().to_string();
    let command = command.iter().map(|arg| match *arg {
        "FILE" => "objects.yaml",
        "PROGRAM" => &kustomize,
        arg => arg,
    });
    run(iamra(dir).args(command), b"")
}

fn call(text: &str) -> Output {
    let list = format!(
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nfunctionConfig:\n{}items:\n- apiVersion: v1\n  kind: \
         ServiceAccount\n  metadata: {{name: app}} # mine\n",
        indented(text)
    );
    let output = run(&mut iamra(Path::new(".")), list.as_bytes());
    let answer = ResourceList::read(&output.stdout).unwrap_or_else(|error| panic!("{error}\n{list}{}", output.stdout));
    if output.exit != 0 {
        assert_eq!(answer.items.len(), 1, "{list}{}", output.stdout);
        assert!(answer.items[0].text().contains("# mine") && answer.results.is_some(), "{}", output.stdout);
    }
    output
}
