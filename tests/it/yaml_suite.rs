//! The official YAML test suite: each of its documents passes through untouched and stands unharmed beside a Deployment
//! that is patched. In one process, by the stages that the program runs.

use std::path::Path;

use iamra::config::Mode;
use iamra::diag::Report;
use iamra::krm::{Changes, Item, ResourceList, Stream};
use iamra::pipeline::{self, Request};
use iamra::resolve::{Lockfile, Resolved};
use iamra::splice;
use iamra::yaml::Document;
use saphyr_parser::{Event, Parser};
use serde_json::Value;

use crate::peers::of_cache;
use crate::support::root;

const DECLARATION: &str = "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata: {name: w}\nspec:\n  \
                           roles: {app: {}}\n  workloads: {w: {role: app}}\n";

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: w\nspec:\n  template:\n    spec:\n      \
                          containers:\n      - name: main\n        image: example.com/app:1\n";

/// Places of documents (see `beside`) that are valid for the suite and refused here, and why.
const REFUSED: [(&str, &str); 0] = [];

/// One document, or several, of the suite.
struct Text {
    name: String,
    yaml: String,
    is_valid: bool,
}

fn suite() -> Vec<Text> {
    let file = of_cache(Path::new("yaml-test-suite/suite.json"));
    let tests: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let all = tests.iter().flat_map(|test| {
        let cases = test["cases"].as_array().unwrap().iter().enumerate();
        cases.map(|(number, case)| Text {
            name: format!("{}/{number}", test["id"].as_str().unwrap()),
            yaml: case["yaml"].as_str().unwrap().to_owned(),
            is_valid: case["fail"] != true,
        })
    });
    all.collect()
}

/// How a text holds the objects.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Stream,
    List,
}

impl Form {
    /// Runs `change` on the objects of the text, and writes it with what comes of that; `None` when it is refused.
    fn changed(self, text: &str, change: impl Fn(&[Item<'_>], &mut Report) -> Option<Changes>) -> Option<String> {
        let (mut report, mut out) = (Report::default(), Vec::new());
        match self {
            Self::Stream => {
                let stream = Stream::read(text).ok()?;
                let changes = change(&stream.items, &mut report)?;
                changes.write_stream(&stream, &mut out).unwrap();
            }
            Self::List => {
                let list = ResourceList::read(text).ok()?;
                let changes = change(&list.items, &mut report)?;
                changes.write(&list, &mut out).unwrap();
            }
        }
        (!report.has_errors()).then(|| String::from_utf8(out).unwrap())
    }
}

fn inject(form: Form, resolved: &Resolved, mode: Mode, text: &str) -> Option<String> {
    form.changed(text, |items, report| {
        let request = Request { items: Some(items), mode: Some(mode), keeps_items: true, ..Request::default() };
        Some(pipeline::run(resolved, items, request, report))
    })
}

fn strip(form: Form, text: &str) -> Option<String> {
    form.changed(text, |items, report| Some(splice::strip(items, report)))
}

/// The text before and behind a Deployment, as a document and as an item.
fn beside(yaml: &str) -> [(Form, String); 4] {
    let end = if yaml.ends_with('\n') || yaml.is_empty() { "" } else { "\n" };
    let is_marked = yaml.starts_with("--- ") || yaml.starts_with("---\n");
    let marker = match yaml.lines().any(|line| line.starts_with('%')) {
        true => "...\n",
        false if is_marked => "",
        false => "---\n",
    };
    let deployment = indented(DEPLOYMENT).replacen("  a", "- a", 1);
    let head = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n";
    let item = indented(yaml);
    [
        (Form::Stream, format!("{DEPLOYMENT}{marker}{yaml}")),
        (Form::Stream, format!("{yaml}{end}...\n---\n{DEPLOYMENT}")),
        (Form::List, format!("{head}{deployment}-\n{item}")),
        (Form::List, format!("{head}-\n{item}{deployment}")),
    ]
}

fn indented(yaml: &str) -> String {
    yaml.lines().map(|line| format!("  {line}\n")).collect()
}

/// How many documents an independent reader finds; `None` when it refuses the text.
fn documents(text: &str) -> Option<usize> {
    let events: Result<Vec<_>, _> = Parser::new_from_str(text).collect();
    let is_start = |event: &&Event<'_>| matches!(event, Event::DocumentStart(_));
    Some(events.ok()?.iter().map(|(event, _)| event).filter(is_start).count())
}

#[test]
fn every_document_of_the_suite_passes_through_and_stands_unharmed_beside_a_patched_deployment() {
    let lock = std::fs::read_to_string(root().join("tests/cases/function/transform/input/iamra.lock")).unwrap();
    let mut report = Report::default();
    let lock = Lockfile::read("iamra.lock", Some(&lock), &mut report);
    let declaration = Document::parse(DECLARATION).unwrap();
    let request = Request { mode: Some(Mode::All), ..Request::default() };
    let resolved = pipeline::resolve(declaration.root(), request, &lock, &mut report).unwrap();
    let (mut done, mut refused) = (0, Vec::new());
    for Text { name, yaml, is_valid } in suite() {
        if let Ok(stream) = Stream::read(&yaml) {
            let mut out = Vec::new();
            Changes::default().write_stream(&stream, &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), yaml, "{name}");
        }
        for (number, (form, text)) in beside(&yaml).into_iter().enumerate() {
            let found = documents(&text);
            // In a list, what has markers or directives is no item.
            let own = if form == Form::List { indented(&yaml) } else { yaml.clone() };
            let is_valid = is_valid && (form == Form::Stream || found == Some(1));
            let mode = if number % 2 == 0 { Mode::Transform } else { Mode::All };
            let inject = |text: &str| inject(form, &resolved, mode, text);
            let Some(injected) = inject(&text) else {
                refused.extend(is_valid.then(|| format!("{name} {number}")));
                continue;
            };
            assert!(injected.contains("iam-ra-sidecar"), "{name}: {text}");
            assert!(injected.contains(&own), "{name}: {text}");
            assert_eq!(strip(form, &injected).as_ref(), Some(&text), "{name}: by way of\n{injected}");
            assert_eq!(inject(&injected).as_ref(), Some(&injected), "{name}: a second run");
            assert!(found.is_none() || documents(&injected) >= found, "{name}:\n{text}\nbecame\n{injected}");
            done += usize::from(is_valid);
        }
    }
    assert!(refused == REFUSED.map(|(name, _)| name), "{refused:?}");
    assert!(done > 1000, "only {done}");
}
