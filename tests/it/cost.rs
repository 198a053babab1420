//! What it costs when there is much of a thing: the instructions that the program takes, counted by valgrind, grow with the
//! amount and not with its square. No clock is looked at.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use tempfile::TempDir;

use crate::peers::peer;
use crate::support::{iamra, iamra_path, root, run};

/// So many times as much each time.
const STEP: usize = 4;

/// What the last step may take as a multiple of the one before it. A linear cost takes [`STEP`] times as much, one with a
/// logarithm a little more, a quadratic one the square: 16.
const LIMIT: f64 = 5.2;

/// The program of the images under test, or else the program under test, without what valgrind would read for longer than it
/// runs. Most of the time goes into what is run once, and of that the former has half as much.
static PROGRAM: LazyLock<(TempDir, PathBuf)> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("iamra");
    let published = root().join("target/x86_64-unknown-linux-musl/image/iamra");
    let is_published = std::env::var_os("IAMRA_IMAGES").is_some() && published.is_file();
    let original = if is_published { &published } else { iamra_path() };
    let stripped = run(Command::new("strip").arg("-o").arg(&program).arg(original), b"");
    assert_eq!(stripped.exit, 0, "{}", stripped.stderr);
    (dir, program)
});

/// What is run.
struct Scenario {
    declaration: String,
    args: &'static [&'static str],
    stdin: String,
    exit: i32,
}

const ARNS: &str = "roleArn: \"arn:aws:iam::111122223333:role/app\", profileArn: \
                    \"arn:aws:rolesanywhere:eu-central-1:111122223333:profile/6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d\"";

/// A declaration with `lines` below `spec`.
fn declaration(lines: &str) -> String {
    format!(
        "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata: {{name: acme}}\nspec:\n  region: eu-central-1\n  scopes:\n    \
         default: {{trustAnchor: \"arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d\"}}\n{lines}"
    )
}

/// So many lines.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, index| {
        writeln!(text, "{}", line(index)).unwrap();
        text
    })
}

/// A declaration of so many workloads.
fn workloads(count: usize) -> String {
    let all = lines(count, |n| format!("    w{n}: {{role: app, namespace: shop}}"));
    declaration(&format!("  roles:\n    app: {{{ARNS}}}\n  workloads:\n{all}"))
}

fn deployment(name: &str, containers: &str) -> String {
    format!(
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n  template:\n    spec:\n      \
         containers:\n{containers}"
    )
}

fn deployments(count: usize, name: &str) -> String {
    (0..count).map(|n| deployment(&format!("{name}{n}"), "      - {name: app, image: x}\n")).collect()
}

fn check(lines: &str, exit: i32) -> Scenario {
    Scenario { declaration: declaration(lines), args: &["check"], stdin: String::new(), exit }
}

fn shown(count: usize, args: &'static [&'static str]) -> Scenario {
    Scenario { declaration: workloads(count), args, stdin: String::new(), exit: 0 }
}

fn inject(declaration: String, stdin: String, exit: i32) -> Scenario {
    Scenario { declaration, args: &["inject", "-"], stdin, exit }
}

fn wrong_roles(count: usize) -> Scenario {
    let roles = lines(count, |n| format!("    r{n}: {{}}"));
    let workloads = lines(count, |n| format!("    w{n}: {{role: x{n}}}"));
    check(&format!("  roles:\n{roles}  workloads:\n{workloads}"), 1)
}

fn unknown_fields(count: usize) -> Scenario {
    check(&lines(count, |n| format!("  field{n}: 1")), 1)
}

fn unknown_fields_of_a_function(count: usize) -> Scenario {
    let text = unknown_fields(count).declaration.replace('\n', "\n  ");
    let list = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\nfunctionConfig:\n";
    Scenario { declaration: String::new(), args: &[], stdin: format!("{list}  {}\n", text.trim_end()), exit: 1 }
}

fn wrong_scopes_as_sarif(count: usize) -> Scenario {
    let roles = lines(count, |n| format!("    r{n}: {{scope: s{n}, {ARNS}}}"));
    Scenario { args: &["check", "--format", "sarif"], ..check(&format!("  roles:\n{roles}"), 1) }
}

fn warnings_in_the_same_words(count: usize) -> Scenario {
    let workloads = lines(count, |n| format!("    w{n}: {{role: app, certificate: {{renewBefore: 6m}}}}"));
    check(&format!("  roles:\n    app: {{{ARNS}}}\n  workloads:\n{workloads}"), 0)
}

fn missing_workloads(count: usize) -> Scenario {
    inject(workloads(count), deployments(count, "v"), 1)
}

fn by_their_labels(count: usize) -> Scenario {
    let labels =
        lines(count, |n| format!("    w{n}: {{role: app, target: {{selector: {{matchLabels: {{x: v{n}}}}}}}}}"));
    let labelled = |n: usize| {
        let one = deployment(&format!("d{n}"), "      - {name: app, image: x}\n");
        one.replace("namespace:", &format!("labels: {{x: v{n}}}, namespace:"))
    };
    let declaration = declaration(&format!("  roles:\n    app: {{{ARNS}}}\n  workloads:\n{labels}"));
    inject(declaration, (0..count).map(labelled).collect(), 0)
}

fn one_pod(containers: &str) -> Scenario {
    inject(workloads(1), deployment("w0", containers), 0)
}

fn containers(count: usize) -> Scenario {
    one_pod(&lines(count, |n| format!("      - name: c{n}\n        image: x")))
}

/// More than may share a pod.
fn identities_of_one_pod(count: usize) -> Scenario {
    let all =
        lines(count, |n| format!("    w{n}: {{role: app, namespace: shop, target: {{name: w0}}, containers: [c{n}]}}"));
    let declaration = declaration(&format!("  roles:\n    app: {{{ARNS}}}\n  workloads:\n{all}"));
    Scenario { declaration, exit: 1, ..containers(count) }
}

fn containers_between_braces(count: usize) -> Scenario {
    one_pod(&lines(count, |n| format!("      - {{name: c{n}, image: x, env: []}}")))
}

fn containers_in_json(count: usize) -> Scenario {
    let all: Vec<_> = (0..count).map(|n| format!(r#"{{"name":"c{n}","image":"x"}}"#)).collect();
    let object = format!(
        r#"{{"apiVersion":"apps/v1","kind":"Deployment","metadata":{{"name":"w0","namespace":"shop"}},"spec":{{"template":{{"spec":{{"containers":[{}]}}}}}}}}"#,
        all.join(",")
    );
    inject(workloads(1), object + "\n", 0)
}

fn containers_that_are_not_there(count: usize) -> Scenario {
    let names: Vec<_> = (0..count).map(|n| format!("x{n}")).collect();
    let declaration = workloads(1)
        .replace("role: app, namespace", &format!("containers: [{}], role: app, namespace", names.join(", ")));
    Scenario { declaration, exit: 1, ..containers(count) }
}

fn patched_containers(count: usize) -> Scenario {
    let first = containers(count);
    let dir = tree(&first);
    let patched = run(iamra(dir.path()).args(first.args), first.stdin.as_bytes());
    assert_eq!(patched.exit, 0, "{}", patched.stderr);
    Scenario { args: &["strip", "-"], stdin: patched.stdout, ..first }
}

fn variables(count: usize) -> Scenario {
    let env = lines(count, |n| format!("        - {{name: V{n}, value: x}}"));
    let keys = lines(count, |n| format!("  K{n}: x"));
    let one =
        one_pod(&format!("      - name: app\n        envFrom: [{{configMapRef: {{name: map}}}}]\n        env:\n{env}"));
    let map = format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: map, namespace: shop}}\ndata:\n{keys}");
    Scenario { stdin: one.stdin + &map, ..one }
}

/// Many containers that take their variables from one ConfigMap of many.
fn variables_of_many_containers(count: usize) -> Scenario {
    let containers = lines(count, |n| {
        format!("      - name: c{n}\n        image: x\n        envFrom: [{{configMapRef: {{name: map}}}}]")
    });
    let (one, keys) = (one_pod(&containers), lines(count, |n| format!("  K{n}: x")));
    let map = format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: map, namespace: shop}}\ndata:\n{keys}");
    Scenario { stdin: one.stdin + &map, ..one }
}

/// A declaration of so many clusters, each with a workload.
fn clusters(count: usize, args: &'static [&'static str]) -> Scenario {
    let clusters = lines(count, |n| format!("    c{n}: {{namespace: shop}}"));
    let workloads = lines(count, |n| format!("    w{n}: {{role: app, clusters: [c{n}]}}"));
    let lines = format!("  roles:\n    app: {{{ARNS}}}\n  clusters:\n{clusters}  workloads:\n{workloads}");
    Scenario { args, ..check(&lines, 0) }
}

fn check_of_clusters(count: usize) -> Scenario {
    clusters(count, &["check"])
}

fn list_of_clusters(count: usize) -> Scenario {
    clusters(count, &["list"])
}

fn onboard_among_clusters(count: usize) -> Scenario {
    clusters(count, &["k8s", "onboard", "new", "--role", "app", "--cluster", "c0", "--dry-run"])
}

/// A cluster with so many Certificates, none of which is ready.
fn certificates(count: usize) -> Scenario {
    let objects = (0..count).flat_map(|n| {
        let object = |kind: &str, name: String, of: &str, rest: &str| {
            format!(
                r#"{{"apiVersion":"cert-manager.io/v1","kind":"{kind}","metadata":{{"name":"{name}","namespace":"shop","annotations":{{{of}}}}}{rest}}}"#
            )
        };
        let of = format!(r#""cert-manager.io/certificate-name":"w{n}-cert","cert-manager.io/certificate-revision":"1""#);
        let issuer = format!(r#","spec":{{"issuerRef":{{"name":"i{n}"}}}}"#);
        [
            object("Certificate", format!("w{n}-cert"), "", &issuer),
            object("CertificateRequest", format!("w{n}-cert-1"), &of, ""),
            object("Issuer", format!("i{n}"), "", ""),
        ]
    });
    let stdin = format!(r#"{{"items":[{}]}}"#, objects.collect::<Vec<_>>().join(","));
    Scenario { stdin, exit: 1, ..shown(count, &["doctor", "--objects", "-"]) }
}

fn graph(count: usize) -> Scenario {
    shown(count, &["graph"])
}

fn graph_of_what_cannot_be_rendered(count: usize) -> Scenario {
    Scenario { args: &["graph", "--format", "mermaid"], ..wrong_roles(count) }
}

fn list(count: usize) -> Scenario {
    shown(count, &["list"])
}

fn render(count: usize) -> Scenario {
    shown(count, &["render"])
}

fn status(count: usize) -> Scenario {
    let roles = lines(count, |n| format!("    r{n}: {{}}"));
    Scenario { args: &["status"], ..check(&format!("  roles:\n{roles}"), 0) }
}

fn onboard(count: usize) -> Scenario {
    shown(count, &["k8s", "onboard", "new", "--role", "app", "--dry-run"])
}

/// What is run with so many of a thing.
type Scaled = fn(usize) -> Scenario;

/// What is more of, and how many of it there are at first.
const SCENARIOS: &[(&str, Scaled, usize)] = &[
    ("wrong roles", wrong_roles, 10),
    ("unknown fields", unknown_fields, 10),
    ("unknown fields of a function", unknown_fields_of_a_function, 10),
    ("wrong scopes as sarif", wrong_scopes_as_sarif, 10),
    ("warnings in the same words", warnings_in_the_same_words, 10),
    ("missing workloads", missing_workloads, 32),
    ("by their labels", by_their_labels, 3),
    ("containers", containers, 10),
    ("identities of one pod", identities_of_one_pod, 80),
    ("containers between braces", containers_between_braces, 10),
    ("containers in json", containers_in_json, 10),
    ("containers that are not there", containers_that_are_not_there, 10),
    ("patched containers", patched_containers, 8),
    ("variables", variables, 10),
    ("variables of many containers", variables_of_many_containers, 10),
    ("check of clusters", check_of_clusters, 10),
    ("certificates", certificates, 10),
    ("list of clusters", list_of_clusters, 10),
    ("onboard among clusters", onboard_among_clusters, 10),
    ("graph", graph, 10),
    ("graph of what cannot be rendered", graph_of_what_cannot_be_rendered, 8),
    ("list", list, 10),
    ("render", render, 5),
    ("status", status, 10),
    ("onboard", onboard, 5),
];

/// A folder with the scenario's declaration.
fn tree(scenario: &Scenario) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("iamra.yaml"), &scenario.declaration).unwrap();
    dir
}

/// The instructions that it takes.
fn instructions(scenario: &Scenario) -> f64 {
    let dir = tree(scenario);
    let log = dir.path().join("log");
    let mut command = Command::new(peer("valgrind"));
    command.args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]);
    command.arg(format!("--log-file={}", log.display())).arg(&PROGRAM.1).args(scenario.args);
    command.current_dir(dir.path()).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let output = run(&mut command, scenario.stdin.as_bytes());
    assert_eq!(output.exit, scenario.exit, "{:?}: {}", scenario.args, output.stderr);
    let log = fs::read_to_string(log).unwrap();
    let count = log.lines().find_map(|line| line.split_once("I   refs:")).map(|(_, count)| count.replace(',', ""));
    count.and_then(|count| count.trim().parse().ok()).unwrap_or_else(|| panic!("no count in {log}"))
}

#[test]
fn more_of_anything_costs_as_much_more_and_not_its_square() {
    let mut slow = Vec::new();
    let filter = std::env::var("CASE").unwrap_or_default();
    for (name, scenario, first) in SCENARIOS.iter().filter(|(name, ..)| name.contains(&filter)) {
        let [small, middle, large] = [1, STEP, STEP * STEP].map(|times| instructions(&scenario(first * times)));
        // Fixed costs are in neither of the differences.
        let ratio = (large - middle) / (middle - small);
        if ratio > LIMIT {
            slow.push(format!("{name}: {ratio:.1} ({small}, {middle}, {large})"));
        }
    }
    assert!(slow.is_empty(), "more than {LIMIT} times as much for {STEP} times as many:\n{}", slow.join("\n"));
}

/// An object as people write it, one of so many.
fn written_out(name: &str) -> String {
    let env = lines(20, |n| format!("        - name: V{n}\n          value: x"));
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  namespace: shop\nspec:\n  selector:\n    \
         matchLabels:\n      a: b\n  template:\n    metadata:\n      labels:\n        a: b\n    spec:\n      containers:\n      \
         - name: app\n        image: x\n        env:\n{env}"
    )
}

/// The same objects in a list with its dashes at this column.
fn listed(kind: &str, objects: &[String], column: usize) -> String {
    let entry = |object: &String| {
        let indented =
            lines(object.lines().count(), |n| format!("{:column$}  {}", "", object.lines().nth(n).unwrap_or_default()));
        format!("{:column$}- {}", "", &indented[column + 2..])
    };
    let api_version = if kind == "List" { "v1" } else { "apps/v1" };
    format!("apiVersion: {api_version}\nkind: {kind}\nitems:\n{}", objects.iter().map(entry).collect::<String>())
}

/// The same objects in JSON.
fn in_json(objects: &[String]) -> Vec<String> {
    let value = |object: &String| serde_yaml::from_str::<serde_json::Value>(object).unwrap().to_string();
    objects.iter().map(value).collect()
}

/// Wraps objects in a list, or writes them one after another.
type Wrapping = fn(&[String]) -> String;

/// What a byte costs that is in no list.
static PLAIN: LazyLock<f64> =
    LazyLock::new(|| a_byte(|objects| objects.iter().map(|object| format!("---\n{object}")).collect()));
static ROW: LazyLock<f64> = LazyLock::new(|| a_byte(|objects| in_json(objects).join("\n") + "\n"));

static WRAPPINGS: &[(&str, Wrapping, &LazyLock<f64>)] = &[
    ("a List", |objects| listed("List", objects, 0), &PLAIN),
    ("an indented List", |objects| listed("List", objects, 2), &PLAIN),
    ("a DeploymentList", |objects| listed("DeploymentList", objects, 0), &PLAIN),
    ("a List of a kind that nobody knows", |objects| listed("ReleaseList", objects, 4), &PLAIN),
    (
        "a List in JSON",
        |objects| format!(r#"{{"apiVersion":"v1","kind":"List","items":[{}]}}"#, in_json(objects).join(",\n")) + "\n",
        &ROW,
    ),
];

/// The cost of each additional byte.
fn a_byte(wrapping: Wrapping) -> f64 {
    let scenario = |count: usize| {
        let objects: Vec<_> = (0..count).map(|n| written_out(&format!("w{n}"))).collect();
        inject(workloads(1), wrapping(&objects), 0)
    };
    let (small, large) = (scenario(20), scenario(100));
    let bytes = u32::try_from(large.stdin.len() - small.stdin.len()).unwrap();
    (instructions(&large) - instructions(&small)) / f64::from(bytes)
}

#[test]
fn objects_in_a_list_cost_what_they_cost_alone() {
    for (name, wrapping, alone) in WRAPPINGS {
        let (wrapped, alone) = (a_byte(*wrapping), ***alone);
        assert!(wrapped <= 1.3 * alone, "{name}: {wrapped:.0} instructions a byte instead of {alone:.0}");
    }
}
