//! Deployments in many hands' writing: the sidecar goes in and out of each without a trace, or is refused in words.

use std::path::Path;

use serde_yaml::Value;

use crate::support::{iamra, root, run};

const DECLARATION: &str = "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata: {name: w}\nspec:\n  \
                           roles: {app: {}}\n  workloads: {w: {role: app}}\n";

/// The same documents that the edits are tested with, and how each may come.
fn variants() -> Vec<(String, String)> {
    let all = std::fs::read_to_string(root().join("tests/data/yaml/deployments.txt")).unwrap();
    let documents = all.split("\n=== ").skip(1).map(|part| part.split_once('\n').unwrap());
    let of = |(name, text): (&str, &str)| {
        [
            (name.to_owned(), text.to_owned()),
            (format!("{name}, CRLF"), text.replace('\n', "\r\n")),
            (format!("{name}, no final newline"), text.trim_end_matches('\n').to_owned()),
            (format!("{name}, byte order mark"), format!("\u{feff}{text}")),
        ]
    };
    documents.flat_map(of).collect()
}

/// A folder with the declaration, which says this beside its roles and workloads.
fn folder(more: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("iamra.yaml"), format!("{DECLARATION}{more}")).unwrap();
    let lock = root().join("tests/cases/function/transform/input/iamra.lock");
    std::fs::copy(lock, dir.path().join("iamra.lock")).unwrap();
    dir
}

/// What `inject` makes of the text, which a second run must leave and `strip` must take back; `None` when it is refused.
fn in_and_out(dir: &Path, flags: &[&str], name: &str, text: &str) -> Option<String> {
    let inject = |text: &str| run(iamra(dir).arg("inject").args(flags).arg("-"), text.as_bytes());
    let injected = inject(text);
    if injected.exit != 0 {
        assert_eq!((injected.exit, injected.stdout.as_str()), (1, ""), "{name}: {}", injected.stderr);
        assert!(injected.stderr.contains("error[cannot-edit]"), "{name}: {}", injected.stderr);
        return None;
    }
    let again = inject(&injected.stdout);
    assert_eq!((again.exit, &again.stdout), (0, &injected.stdout), "{name}: a second run: {}", again.stderr);
    let stripped = run(iamra(dir).args(["strip", "-"]), injected.stdout.as_bytes());
    assert_eq!((stripped.exit, stripped.stdout.as_str()), (0, text), "{name}: {}", stripped.stderr);
    Some(injected.stdout)
}

#[test]
fn in_and_out_without_a_trace_or_refused_in_words() {
    let dir = folder("");
    let (mut done, mut refused) = (0, Vec::new());
    for (name, text) in variants() {
        let Some(injected) = in_and_out(dir.path(), &["--workloads-only"], &name, &text) else {
            refused.push(name);
            continue;
        };
        only_added(&name, &text, &injected);
        done += 1;
    }
    // Content that two places share cannot be changed in only one of them; and a text that keeps its line breaks, but
    // has none at the end of the file, would get one from anything added after it.
    let expected = |name: &String| name.starts_with("alias env") || name == "literal keep at end, no final newline";
    assert!(refused.iter().all(expected), "{refused:?}");
    assert!(done >= 90, "only {done} of the variants were patched");
}

/// How a list may say that it has nothing yet.
const NOTHING: &[&str] = &["[]", "[ ] # none", "", "# none", "null", "~", "[\n      ]"];

/// Every list that iamra fills, with nothing in it, in each style and way to deliver, and how the stream may begin and end.
#[test]
fn a_list_with_nothing_in_it_has_nothing_in_it_again() {
    let styles = [
        "{}",
        "{style: container, startup: certificate}",
        "{style: container, startup: none}",
        "{delivery: file}",
        "{delivery: process, image: example.com/helper:1}",
    ];
    let frames = ["", "# a\n\n%YAML 1.2\n---\n", "\n\u{feff}", "kind: Other\n...\n# b\n%TAG ! !x\n---\n"];
    let main = "\n      - name: main\n        image: i\n        env: []\n        volumeMounts: null";
    let lists = ["containers", "initContainers", "volumes"];
    let rows = lists.iter().flat_map(|list| NOTHING.iter().map(move |nothing| (*list, *nothing)));
    let rows: Vec<_> = rows.enumerate().collect();
    for style in styles {
        let dir = folder(&format!("  defaults: {{sidecar: {style}}}\n"));
        for (number, (list, nothing)) in &rows {
            let containers = if *list == "containers" { "" } else { main };
            let lists = format!("      {list}: {nothing}\n");
            let lists = if containers.is_empty() { lists } else { format!("      containers:{containers}\n{lists}") };
            let head = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: w}\nspec:\n  template:\n    spec:\n";
            let text = format!("{}{head}{lists}", frames[number % frames.len()]);
            let flags = [&["--workloads-only"][..], &[]][number / frames.len() % 2];
            for text in [text.as_str(), text.trim_end_matches('\n')] {
                let name = format!("{style}, {flags:?}:\n{text:?}\n");
                assert!(in_and_out(dir.path(), flags, &name, text).is_some(), "{name}");
            }
        }
    }
}

/// An independent reader finds everything that was there, and only additions of ours.
fn only_added(name: &str, before: &str, after: &str) {
    let read = |text: &str| serde_yaml::from_str::<Value>(text.trim_start_matches('\u{feff}')).unwrap();
    let (before, after) = (read(before), read(after));
    check(name, "", &before, &after);
}

fn check(name: &str, path: &str, before: &Value, after: &Value) {
    match (before, after) {
        (Value::Mapping(before), Value::Mapping(after)) => {
            for (key, value) in before {
                let path = format!("{path}.{}", key.as_str().unwrap_or("?"));
                check(name, &path, value, after.get(key).unwrap_or(&Value::Null));
            }
        }
        (Value::Sequence(before), Value::Sequence(after)) => {
            // Ours is first among the init containers and last everywhere else.
            let first = after.len() - before.len();
            let skipped = if path.ends_with("initContainers") { first } else { 0 };
            for (n, value) in before.iter().enumerate() {
                check(name, &format!("{path}[{n}]"), value, &after[n + skipped]);
            }
        }
        (Value::Null, _) => {}
        (before, after) => assert_eq!(before, after, "{name}: {path}"),
    }
}
