//! Whatever somebody writes into a declaration, an object or a file's name: no message shows a key, steers a terminal, forges
//! another message or is longer than people read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use iamra::config::{self, Mode};
use iamra::diag::Report;
use iamra::krm::{Item, ResourceList, Stream};
use iamra::output::{self, Declaration, Sources};
use iamra::pipeline::{self, Request};
use iamra::plan::Absence;
use iamra::resolve::Lockfile;
use iamra::yaml::{Document, NodeRef};
use iamra::{roster, verify, workload};
use serde_json::{Value, json};

use crate::support::{Output, cases, iamra, root, run};

/// A text that nobody should meet in a message.
struct Payload {
    text: String,
    /// The parts of it that must not be said.
    secret: String,
}

fn key() -> String {
    fs::read_to_string(root().join("tests/data/ca/key.pem")).unwrap()
}

fn payloads() -> Vec<Payload> {
    let body: String = key().lines().filter(|line| !line.starts_with('-')).collect();
    let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    let forged = "x\nerror[forged]: y\r\n::error file=z::y\n::warning::y\u{1b}[31m\u{7}\u{85}\u{2028}\u{202e}\u{200b}`";
    let with = |text: &str, secret: &str| Payload { text: text.to_owned(), secret: secret.to_owned() };
    let line = key().lines().nth(3).unwrap().to_owned();
    let scalar = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
    let colons =
        scalar.as_bytes().chunks(2).map(|byte| std::str::from_utf8(byte).unwrap()).collect::<Vec<_>>().join(":");
    let base32 = "ZGX2TWCFXJ2RM22cEFLWPMOWSNHFBQ63G3UJWET3RJRCWEQPM4QQ".to_uppercase();
    let der = format!("ssm:/30770201010420{scalar}");
    let keys = [&key(), &body, secret, &line, scalar, &colons, &base32, &der];
    let secrets = [&body, &body, secret, &line, scalar, &colons, &base32, &der];
    let mut payloads: Vec<_> = keys.iter().zip(secrets).map(|(text, secret)| with(text, secret)).collect();
    payloads.extend([with(forged, ""), with(&"long".repeat(75), "")]);
    payloads
}

/// What is wrong with words of iamra, given what somebody wrote. `whole` lines may be as long as they have to be.
fn faults(words: &str, payload: &Payload) -> Vec<String> {
    let mut faults = Vec::new();
    // Any twenty characters of the secret contain one of these chunks of ten.
    let parts = payload.secret.as_bytes().chunks_exact(10).map(|part| std::str::from_utf8(part).unwrap());
    faults.extend(parts.filter(|part| words.contains(part)).take(1).map(|part| format!("a key: {part}")));
    let steers = |c: &char| (c.is_control() && *c != '\n') || "\u{2028}\u{202e}\u{200b}".contains(*c);
    faults.extend(words.chars().filter(steers).take(1).map(|c| format!("{c:?}")));
    let forged = words
        .lines()
        .filter(|line| ["error[forged]", "::error file=z", "::warning::y"].iter().any(|it| line.starts_with(it)));
    faults.extend(forged.map(|line| format!("forged: {line}")));
    faults
}

/// Everything that can be said of a declaration and objects, in every format.
struct Said {
    report: Report,
    words: String,
}

fn said(node: NodeRef<'_>, text: &str, lock: Option<&str>, (items, input): (&[Item<'_>], &str)) -> Said {
    let mut report = Report::default();
    let lookup = Lockfile::read("iamra.lock", lock, &mut report);
    let opted_in = workload::opted_in(items, &mut report);
    let request = Request { opted_in: &opted_in, ..Request::default() };
    for mode in [Mode::All, Mode::Validate] {
        let request = Request { mode: Some(mode), ..request };
        if let Some(resolved) = pipeline::resolve(node, request, &lookup, &mut report) {
            let mut found = Report::default();
            pipeline::run(&resolved, items, request, &mut found);
            // `verify` takes no mode.
            if mode == Mode::All {
                pipeline::verify(&resolved, &verify::Rendered::of(items, &[]), Absence::IsWrong, &mut found);
            }
            report.append(found);
        }
    }
    drop(verify::Rendered::of(items, &[]).opted_in(&mut report));
    let roster = roster::Roster::read(node, None, &lookup);
    report.append(roster.report.clone());
    report.append(roster.lookups.clone());
    let mut words = roster::table(&roster).within(None) + &roster::mermaid(&roster, roster::View::Workload).text;
    let sources = Sources { declaration: Declaration::File("iamra.yaml", text), input: Some(("stdin", input)) };
    let mut human = Vec::new();
    output::write_report(&report, sources, &mut human).unwrap();
    words += &String::from_utf8(human).unwrap();
    let located = output::located(&report, sources);
    words += &output::annotations(&located);
    words += &output::diagnostics_json(&["iamra.yaml".to_owned()], &located, None);
    words += &output::diagnostics_sarif(&located);
    words += &output::junit(&[("iamra.yaml", located)]);
    let sources = Sources { declaration: Declaration::FunctionConfig(Some("iamra.yaml")), ..sources };
    words += &output::results(&report, sources).unwrap_or_default();
    Said { report, words }
}

/// No span of a message between backticks is longer than a value may be.
fn long(report: &Report) -> Vec<String> {
    let long_part = "long".repeat(16);
    let messages =
        report.diagnostics().into_iter().flat_map(|it| [Some(it.message.clone()), it.help.clone()]).flatten();
    messages.filter(|message| message.contains(&long_part) || message.contains('\n')).collect()
}

/// The places of all texts in a value.
fn texts(value: &Value, at: &str, into: &mut Vec<String>) {
    match value {
        Value::String(_) => into.push(at.to_owned()),
        Value::Array(values) => {
            values.iter().enumerate().for_each(|(index, value)| texts(value, &format!("{at}/{index}"), into));
        }
        Value::Object(entries) => {
            for (key, value) in entries {
                texts(value, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), into);
            }
        }
        _ => {}
    }
}

/// The value with another text at one place.
fn with(value: &Value, at: &str, text: &str) -> Value {
    let mut value = value.clone();
    *value.pointer_mut(at).unwrap() = text.into();
    value
}

/// The value with the last key of a place called otherwise.
fn with_key(value: &Value, at: &str, text: &str) -> Option<Value> {
    let mut value = value.clone();
    let (parent, key) = at.rsplit_once('/')?;
    let parent = value.pointer_mut(parent)?.as_object_mut()?;
    let there = parent.remove(&key.replace("~1", "/").replace("~0", "~"))?;
    parent.insert(text.to_owned(), there);
    Some(value)
}

/// A declaration for each field of the schema that holds a text: the smallest around it.
fn fields(schema: &Value, node: &Value, depth: usize, make: &dyn Fn(Value) -> Value, into: &mut Vec<Value>) {
    if depth > 12 {
        return;
    }
    let node = node["$ref"].as_str().map_or(node, |name| schema.pointer(name.trim_start_matches('#')).unwrap());
    for choice in ["anyOf", "oneOf", "allOf"].iter().flat_map(|name| node[*name].as_array().into_iter().flatten()) {
        fields(schema, choice, depth + 1, make, into);
    }
    let is =
        |name: &str| node["type"] == name || node["type"].as_array().is_some_and(|types| types.contains(&name.into()));
    if is("string") {
        into.push(make(TEXT.into()));
    }
    if is("array") {
        fields(schema, &node["items"], depth + 1, &|value| make(json!([value])), into);
    }
    for (name, field) in node["properties"].as_object().into_iter().flatten() {
        fields(schema, field, depth + 1, &|value| make(json!({name: value})), into);
    }
    // A document of another language: any field with any text.
    if node["additionalProperties"] == true {
        into.push(make(json!({TEXT: {TEXT: TEXT}})));
    }
    if node["additionalProperties"].is_object() {
        fields(schema, &node["additionalProperties"], depth + 1, &|value| make(json!({"app": value})), into);
        let is_text = node["additionalProperties"]["type"] == "string";
        into.push(make(if is_text { json!({TEXT: "x"}) } else { json!({TEXT: {}}) }));
    }
}

/// Stands for the payload while a declaration is made.
const TEXT: &str = "TEXT";

fn base() -> Value {
    json!({
        "apiVersion": "iamra.dev/v1alpha1", "kind": "RolesAnywhere", "metadata": {"name": "app"},
        "spec": {
            "region": "eu-central-1",
            "roles": {"app": {
                "roleArn": "arn:aws:iam::111122223333:role/app",
                "profileArn": "arn:aws:rolesanywhere:eu-central-1:111122223333:profile/0a1b2c3d-0000-4000-8000-000000000001",
            }},
            "workloads": {"app": {"role": "app", "namespace": "shop"}},
        },
    })
}

fn merge(into: &mut Value, other: Value) {
    match (into, other) {
        (Value::Object(into), Value::Object(other)) => {
            other.into_iter().for_each(|(key, value)| merge(into.entry(key).or_insert(Value::Null), value));
        }
        (into, other) => *into = other,
    }
}

/// How many of the payloads are keys in a form that no field asks for. Those behind them are a parameter's name, and what is
/// no key.
const FORMS: usize = 7;

/// Every field of the schema that holds a text, and every name of a map: with each kind of payload, and with one form of the
/// key in turn.
#[test]
fn no_field_of_the_schema_brings_a_key_into_words() {
    let schema = fs::read_to_string(root().join("fn-config/iamra.v1alpha1.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let mut declarations = Vec::new();
    fields(&schema, &schema, 0, &|value| value, &mut declarations);
    assert!(declarations.len() > 100, "{}", declarations.len());
    let text = base().to_string();
    let mut report = Report::default();
    assert!(config::load(Document::parse(&text).unwrap().root(), None, &[], &mut report).is_some(), "{report:?}");
    let mut wrong = Vec::new();
    for (number, payload) in payloads().iter().enumerate() {
        let is_meant = |turn: usize| number >= FORMS || turn % FORMS == number;
        for (_, field) in declarations.iter().enumerate().filter(|(turn, _)| is_meant(*turn)) {
            let mut declaration = base();
            merge(&mut declaration, field.clone());
            let text = declaration
                .to_string()
                .replace(&format!("\"{TEXT}\""), &Value::from(payload.text.as_str()).to_string());
            let document = Document::parse(&text).unwrap();
            let said = said(document.root(), &text, None, (&[], ""));
            let faults = [faults(&said.words, payload), long(&said.report)].concat();
            wrong.extend(faults.iter().map(|fault| format!("{field}: {fault}")));
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "{} are said:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
}

/// A declaration, its lock, and objects.
struct Subject {
    declaration: Value,
    lock: Option<String>,
    objects: Vec<Value>,
}

/// What the cases are about.
fn subjects() -> Vec<(String, Subject)> {
    let mut subjects = Vec::new();
    for case in cases() {
        let input = |name: &str| fs::read_to_string(case.input().join(name)).ok();
        let text = case.stdin.as_ref().and_then(|bytes| String::from_utf8(bytes.clone()).ok()).unwrap_or_default();
        let (mut declaration, mut objects) = (input("iamra.yaml"), Vec::new());
        let parsed = |item: &Item<'_>| Some(item.parse().ok()?.root().to_value());
        if let Ok(list) = ResourceList::read(&text) {
            objects = list.items.iter().filter_map(parsed).collect();
            let config = list.function_config.as_ref().and_then(|item| Some(item.parse().ok()?.root().to_value()));
            declaration = config.map(|value| value.to_string());
        } else if let Ok(stream) = Stream::read(&text) {
            objects = stream.items.iter().filter_map(parsed).collect();
        }
        let read = |text: &String| Some(Document::parse(text).ok()?.root().to_value());
        if let Some(declaration) = declaration.as_ref().and_then(read) {
            subjects.push((case.name.clone(), Subject { declaration, lock: input("iamra.lock"), objects }));
        }
    }
    subjects
}

impl Subject {
    fn said(&self) -> Said {
        let text = self.declaration.to_string();
        let document = Document::parse(&text).unwrap();
        let objects: String = self.objects.iter().map(|object| format!("---\n{object}\n")).collect();
        let stream = Stream::read(&objects);
        let items = stream.as_ref().map_or(&[][..], |stream| &stream.items);
        said(document.root(), &text, self.lock.as_deref(), (items, &objects))
    }
}

/// A place in an object or a declaration as all of its kind have it, whatever the entries of their maps are called.
fn common_place(subject: &Subject, place: &str) -> String {
    let of_object = place.strip_prefix("/objects/").and_then(|rest| rest.split_once('/'));
    let object = of_object.and_then(|(index, _)| subject.objects.get(index.parse::<usize>().ok()?));
    let kind = object.and_then(|object| object["kind"].as_str()).unwrap_or_default();
    let (mut common, mut is_name) = (kind.to_owned(), false);
    for step in of_object.map_or(place, |(_, rest)| rest).split('/').filter(|step| step.parse::<usize>().is_err()) {
        common = format!("{common}/{}", if is_name { "*" } else { step });
        is_name = !is_name && ["roles", "workloads", "clusters", "scopes", "namespaces"].contains(&step);
    }
    common
}

/// How often a place that many have is tried. The payloads come in turn.
const TIMES: usize = 3;

/// Every text of the declarations and objects of all cases, and every name of a field, is another one in turn. What many have
/// at the same place is so a few times.
#[test]
fn no_text_of_a_case_brings_a_key_into_words() {
    let (payloads, mut wrong, mut turn) = (payloads(), BTreeSet::new(), 0);
    let mut had = BTreeMap::<String, usize>::new();
    for (name, subject) in subjects() {
        let mut places = Vec::new();
        texts(&json!({"declaration": subject.declaration, "objects": subject.objects}), "", &mut places);
        for place in &places {
            let times = had.entry(common_place(&subject, place)).or_default();
            *times += 1;
            if *times > TIMES {
                continue;
            }
            let payload = &payloads[turn % payloads.len()];
            turn += 1;
            let whole = json!({"declaration": subject.declaration, "objects": subject.objects});
            for mutated in
                [Some(with(&whole, place, &payload.text)), with_key(&whole, place, &payload.text)].into_iter().flatten()
            {
                let objects = mutated["objects"].as_array().cloned().unwrap_or_default();
                let mutated =
                    Subject { declaration: mutated["declaration"].clone(), lock: subject.lock.clone(), objects };
                let said = mutated.said();
                wrong.extend(faults(&said.words, payload).into_iter().map(|fault| format!("{name}{place}: {fault}")));
                wrong.extend(long(&said.report).into_iter().map(|message| format!("{name}{place}: {message}")));
            }
        }
    }
    let shown: Vec<_> = wrong.iter().take(40).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{} of {turn} are said:\n{}", wrong.len(), shown.join("\n"));
}

/// The words among what a command has printed: all of stderr, and of stdout what is no data.
fn words(args: &[&str], output: &Output) -> String {
    let is_words = |arg: &&str| ["sarif", "github", "junit", "json", "markdown", "check", "status"].contains(arg);
    let results = output.stdout.split_once("\nresults:").map_or("", |(_, results)| results);
    let stdout = if args.iter().any(is_words) { &output.stdout } else { results };
    format!("{}{stdout}", output.stderr)
}

/// Every command, and the formats that it has.
const COMMANDS: &[&[&str]] = &[
    &["check"],
    &["check", "--locked"],
    &["check", "--format", "sarif"],
    &["check", "--format", "github"],
    &["check", "--format", "junit"],
    &["check", "--format", "json"],
    &["render"],
    &["inject", "manifests.yaml"],
    &["inject", "-"],
    &["strip", "manifests.yaml"],
    &["verify", "manifests.yaml"],
    &["verify", "manifests.yaml", "--format", "sarif"],
    &["list"],
    &["list", "--format", "json"],
    &["list", "--format", "renewals"],
    &["view"],
    &["view", "--format", "json"],
    &["graph"],
    &["graph", "--format", "mermaid"],
    &["trust-policy"],
    &["can-assume", "app", "app"],
    &["matrix"],
    &["matrix", "--format", "markdown"],
    &["matrix", "--trust-policy", "app=manifests.yaml"],
    &["report"],
    &["aws", "permissions", "apply"],
    &["aws", "export", "--format", "terraform", "--ca-certificate", "manifests.yaml"],
    &["role", "list"],
    &["role", "create", "other", "--inline-policy", "manifests.yaml", "--without-aws", "--dry-run"],
    &["role", "delete", "app", "--without-aws", "--dry-run"],
    &["status"],
    &["status", "--format", "json"],
    &["lock", "--explain-calls"],
    &["import", "--from", "irsa", "manifests.yaml"],
    &["import", "--from", "iam-ra", "--state", "manifests.yaml"],
    &["doctor"],
    &["doctor", "--objects", "manifests.yaml"],
    &["ca", "show", "manifests.yaml"],
    &["ca", "rotation", "--objects", "manifests.yaml", "--trust-anchor", "manifests.yaml"],
    &["argocd", "generate"],
    &["argocd", "parameters"],
    &["k8s", "onboard", "other", "--role", "app", "--dry-run"],
    &["k8s", "offboard", "app", "--dry-run"],
    &["k8s", "setup", "prod", "--dry-run"],
    &["init", "--without-aws", "--dry-run"],
    &["k8s", "list"],
    &[],
];

/// Objects of which iamra reads more than the name.
fn objects() -> Value {
    json!([
        {
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "app", "namespace": "shop", "annotations": {"a": "b", "iamra.dev/role": "app"}},
            "spec": {"template": {"metadata": {"annotations": {"iamra.dev/role": "app"}}, "spec": {"serviceAccountName": "app", "containers": [
                {"name": "app", "image": "app", "env": [{"name": "AWS_PROFILE", "value": "x"}], "envFrom": [{"secretRef": {"name": "x"}}]},
            ]}}},
        },
        {
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app", "namespace": "shop"},
            "data": {"app": "x"}, "binaryData": {"bin": "eA=="},
        },
        {
            "apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "metadata": {"name": "iam-ra-ca", "namespace": "shop"},
            "spec": {"encryptedData": {"tls.crt": "x"}, "template": {"type": "x", "metadata": {"name": "x", "namespace": "x"}}},
        },
        {
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "iam-ra-ca", "namespace": "shop"}, "type": "x",
            "stringData": {"tls.crt": "x", "tls.key": "x"}, "sops": {"mac": "x"},
        },
    ])
}

/// The entries of a list of objects, one after the other.
fn each(objects: &Value) -> Vec<String> {
    objects.as_array().unwrap().iter().map(Value::to_string).collect()
}

/// Every command, on a declaration and objects that are full of it, and on files that are nothing else: each command with each
/// payload, and each command in each round, but not with each payload in each round.
#[test]
fn no_command_shows_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let declaration = base().to_string();
    let manifests = objects();
    let mut wrong = BTreeSet::new();
    for (turn, payload) in payloads().iter().enumerate() {
        let text = payload.text.as_str();
        let full = |value: &Value| {
            let mut places = Vec::new();
            texts(value, "", &mut places);
            let is_type = |place: &&String| place.ends_with("/kind") || place.ends_with("/apiVersion");
            places.iter().filter(|place| !is_type(place)).fold(value.clone(), |value, place| with(&value, place, text))
        };
        let declared: Value = serde_json::from_str(&declaration).unwrap();
        let ssm = with(&declared, "/spec/roles/app/roleArn", &format!("ssm:{text}"));
        let mut named = declared.clone();
        named["spec"]["roles"][text] = json!({});
        named["spec"]["workloads"][text] = json!({"role": text});
        named["spec"]["clusters"] = json!({text: {"namespace": text}});
        let written = [
            (full(&declared).to_string(), each(&full(&manifests))),
            (ssm.to_string(), each(&manifests)),
            (named.to_string(), each(&manifests)),
            (declaration.clone(), each(&full(&manifests))),
            (text.to_owned(), vec![text.to_owned()]),
        ];
        for (round, (declared, objects)) in written.iter().enumerate() {
            fs::write(dir.join("iamra.yaml"), declared).unwrap();
            let stream = objects.join("\n---\n");
            fs::write(dir.join("manifests.yaml"), &stream).unwrap();
            for (_, args) in COMMANDS.iter().enumerate().filter(|(n, _)| (n + turn) % written.len() == round) {
                let stdin = if args.is_empty() {
                    format!(
                        "{{\"apiVersion\": \"config.kubernetes.io/v1\", \"kind\": \"ResourceList\", \"functionConfig\": {declared}, \"items\": [{}]}}",
                        objects.join(",")
                    )
                } else {
                    stream.clone()
                };
                let output = run(iamra(dir).args(*args).env("IAMRA_KUSTOMIZE", "/nowhere"), stdin.as_bytes());
                wrong.extend(
                    faults(&words(args, &output), payload).iter().map(|fault| format!("{args:?} {round}: {fault}")),
                );
            }
        }
        fs::remove_file(dir.join("iamra.yaml")).unwrap();
    }
    let shown: Vec<_> = wrong.iter().take(40).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), shown.join("\n"));
}

/// The key of a CA that the declaration takes from a values file is in the Secret that is asked for, and in nothing else; what
/// is in the objects at hand is in nothing that is said.
#[test]
fn the_key_of_a_ca_is_in_its_secret_alone() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let input = root().join("tests/cases/render/inline-ca/input");
    for name in ["iamra.lock", "iamra.yaml", "values.yaml"] {
        fs::copy(input.join(name), dir.join(name)).unwrap();
    }
    let (pem, mut stream) = (key(), each(&objects()).join("\n---\n"));
    let encoded = STANDARD.encode(&pem);
    let held =
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "other"}, "data": {"tls.key": encoded}});
    stream.push_str("\n---\n");
    stream.push_str(&held.to_string());
    stream.push('\n');
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let (mut shown, mut wrong) = (0, Vec::new());
    for in_config_map in [false, true] {
        let config_map =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ca"}, "data": {"key": pem}});
        let stream = if in_config_map { format!("{stream}---\n{config_map}\n") } else { stream.clone() };
        fs::write(dir.join("manifests.yaml"), &stream).unwrap();
        for args in COMMANDS {
            let output = run(iamra(dir).args(*args).env("IAMRA_VALUES", "values.yaml"), stream.as_bytes());
            // What is passed through is the caller's own; `---` is also in the first line of a key.
            let own = stream.lines().filter(|line| *line != "---");
            let added = own.fold(output.stdout.clone(), |rest, line| rest.replace(line, ""));
            let (secret, rest): (Vec<_>, Vec<_>) = added.lines().partition(|line| line.trim().starts_with("tls.key: "));
            shown += secret.len();
            wrong.extend((secret.len() > 1).then(|| format!("{args:?}: two Secrets")));
            let rest = output.stderr + &rest.join("\n");
            // The private number; around it are what every key of the curve has and what the certificate has, too.
            let is_said = |text: &str| {
                text.as_bytes().chunks_exact(16).any(|part| rest.contains(std::str::from_utf8(part).unwrap()))
            };
            wrong.extend((is_said(&body[36..84]) || is_said(&encoded[92..140])).then(|| format!("{args:?}: {rest}")));
        }
    }
    assert!(shown > 0, "no command shows the Secret");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A key where a file, a name or a value is asked for.
#[test]
fn no_option_shows_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    fs::write(dir.join("iamra.yaml"), base().to_string()).unwrap();
    fs::create_dir(dir.join("keys")).unwrap();
    let mut wrong = BTreeSet::new();
    for payload in payloads() {
        let text = payload.text.as_str();
        fs::write(dir.join("key.pem"), text).unwrap();
        let on_key: &[&[&str]] = &[
            &["render", "--policy", "key.pem"],
            &["render", "--values", "key.pem"],
            &["render", "--lock", "key.pem"],
            &["check", "--locked", "--lock", "key.pem"],
            &["check", "--values", "key.pem", "--format", "sarif"],
            &["status", "--lock", "key.pem"],
            &["inject", "--declaration", "key.pem"],
            &["inject", "key.pem"],
            &["strip", "key.pem"],
            &["verify", "key.pem"],
            &["doctor", "--objects", "key.pem"],
            &["ca", "rotation", "--objects", "key.pem", "--trust-anchor", "key.pem"],
            &["check", "key.pem"],
            &["doctor", "--certificate", "key.pem", "--key", "key.pem"],
            &["import", "--from", "irsa", "key.pem"],
            &["ca", "crl", "--certificate", "key.pem", "--key", "key.pem", "key.pem", "--serial", "1"],
            &["import", "--from", "iam-ra", "--state", "key.pem"],
            &["lock", "--check", "--lock", "key.pem"],
            &["ca", "rotate", "--objects", "key.pem"],
            &["aws", "plan", "--ca-certificate", "key.pem"],
            &["ca", "put-key", "key.pem"],
            &["aws", "export", "--format", "cloudformation", "--ca-certificate", "key.pem"],
            &["role", "create", "x", "--inline-policy", "key.pem", "--without-aws", "--dry-run"],
            &["lock", "--values", "key.pem", "--explain-calls"],
            &["aws", "adopt", "key.pem"],
            &["k8s", "onboard", "x", "--declaration", "key.pem"],
            &["list", "key.pem"],
            &["diff", "HEAD", "key.pem"],
            &[],
        ];
        let with_text: &[&[&str]] = &[
            &["render", "--policy", text],
            &["render", "--values", text],
            &["render", "--lock", text],
            &["check", text],
            &["inject", text],
            &["verify", text],
            &["doctor", "--objects", text],
            &["render", "--cluster", text],
            &["check", "--format", text],
            &["check", "--deny", text],
            &["explain", text],
            &[text],
            &["render", text],
            &["lock", "--timeout", text],
            &["aws", "apply", "--ca-certificate", text],
            &["destroy", text],
            &["init", text, "--without-aws", "--dry-run"],
            &["init", "--scope", text, "--without-aws", "--dry-run"],
            &["init", "--kms-key", text, "--without-aws", "--dry-run"],
            &["role", "create", text, "--without-aws"],
            &["role", "create", "x", "--policy", text, "--scope", text, "--without-aws", "--dry-run"],
            &["role", "create", "x", "--inline-policy", text, "--session-duration", text, "--without-aws"],
            &["role", "delete", text, "--without-aws"],
            &["k8s", "onboard", text, "--role", text],
            &["k8s", "offboard", text],
            &["k8s", "setup", text, "--namespace", text],
            &["k8s", "teardown", text],
            &["diff", text],
            &["argocd", text],
            &["import", "--from", "iam-ra", "--installation", text, "--explain-calls"],
            &["build", text],
            &["build", ".", "--kustomize", text],
            &["doctor", "--cluster", text],
        ];
        for args in on_key.iter().chain(with_text) {
            let output = run(iamra(dir).args(*args), text.as_bytes());
            wrong.extend(faults(&words(args, &output), &payload).iter().map(|fault| format!("{args:.40?}: {fault}")));
        }
        for (variable, args) in [
            ("IAMRA_CLUSTER", vec!["render"]),
            ("IAMRA_TIMEOUT", vec!["render"]),
            ("ARGOCD_APP_NAMESPACE", vec!["argocd", "generate"]),
            ("ARGOCD_APP_PARAMETERS", vec!["argocd", "generate"]),
            ("IAMRA_LOCK", vec!["check"]),
            ("IAMRA_POLICY", vec!["render"]),
        ] {
            let output = run(iamra(dir).args(&args).env(variable, text), b"");
            wrong.extend(faults(&words(&args, &output), &payload).iter().map(|fault| format!("{variable}: {fault}")));
        }
        named_file(dir, &payload, &mut wrong);
    }
    let shown: Vec<_> = wrong.iter().take(40).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), shown.join("\n"));
}

/// A file whose name is the payload, as far as a name can be.
fn named_file(dir: &Path, payload: &Payload, wrong: &mut BTreeSet<String>) {
    let name: String = payload.text.replace('/', "+").chars().take(100).collect();
    let file = dir.join("keys").join(&name);
    fs::write(&file, "a: [").unwrap();
    let path = format!("keys/{name}");
    for args in [
        vec!["check", path.as_str(), "--format", "sarif"],
        vec!["check", &path, "--format", "github"],
        vec!["check", &path, "--format", "junit"],
        vec!["check", &path, "--format", "json"],
        vec!["check", &path],
        vec!["render", "--values", &path],
        vec!["render", "--policy", &path],
        vec!["inject", &path],
        vec!["strip", &path],
        vec!["k8s", "setup", "x", "--declaration", &path],
        vec!["build", "keys", "--output", &path, "--check"],
    ] {
        let output = run(iamra(dir).args(&args), b"");
        let secret: String = payload.secret.replace('/', "+");
        let payload = Payload { text: payload.text.clone(), secret };
        let fault = faults(&words(&args, &output), &payload);
        wrong.extend(fault.iter().map(|fault| format!("a file, {args:.30?}: {fault}")));
    }
    fs::remove_file(file).unwrap();
}
