//! Lists and streams in many styles, made from objects that are hard to tell apart by their lines.

#![expect(clippy::format_push_string, reason = "a test may allocate, and reads better so")]

use crate::krm::json;

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Dashes at this column.
    Dashes(usize),
    /// Block style with the items in brackets.
    Brackets,
    /// All in JSON.
    Json,
}

/// All that makes one list look different from another.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a way to write a list, and all go together")]
pub(super) struct Look {
    pub(super) form: Form,
    pub(super) comments: bool,
    pub(super) config_first: bool,
    pub(super) results: Option<bool>,
    pub(super) marker: bool,
    pub(super) dos: bool,
    pub(super) cut: bool,
}

/// What an object may hold, as the rest of a block mapping.
pub(super) const CONTENTS: &[&str] = &[
    "v: text\n",
    "v: |\n  - kind: X\n  items:\n  \"\n",
    "v: |+\n  keep\n\n",
    "v: |2-\n    deep\n",
    "v: >-\n  folded\n  text\n",
    "v: \"a\n  - b\"\n",
    "v: {a: [b, \"c\"], d: 'it''s'}\n",
    "v: it's # no end: \"\n",
    "? kkkk\n: |\n  - x\n",
    "v:\n- a\n- b: c\n\n  d: |\n    - e\n",
    "v: word\n  - more\n",
    "v:\n",
    "v: [a,\n  b]\n",
    "v: \"---\"\n# comment\nw: ...x\n",
];

/// One object in block YAML.
pub(super) fn object(number: usize, content: usize) -> String {
    let content = CONTENTS[content % CONTENTS.len()];
    format!("apiVersion: v1\nkind: Thing\nmetadata:\n  name: old{number}x\n  namespace: ns\n{content}")
}

/// `yaml` further right, with `first` in front of the first line.
pub(super) fn right(yaml: &str, column: usize, first: &str) -> String {
    let mut out = String::new();
    for (position, line) in yaml.lines().enumerate() {
        match (position, line) {
            (0, line) => {
                out += first;
                out += line;
                out.push('\n');
            }
            (_, "") => out.push('\n'),
            (_, line) => {
                out += &" ".repeat(column);
                out += line;
                out.push('\n');
            }
        }
    }
    out
}

/// A `ResourceList` of these objects.
pub(super) fn list(objects: &[String], look: &Look) -> String {
    let config = "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata:\n  name: fn\n";
    let json = |yaml: &str| json::from_block(yaml).unwrap();
    let mut keys: Vec<String> = match look.form {
        Form::Json => {
            let items: Vec<String> = objects.iter().map(|object| json(object)).collect();
            vec![format!("\"items\": [{}]", items.join(",\n  "))]
        }
        Form::Brackets => {
            let items: Vec<String> = objects.iter().map(|object| json(object)).collect();
            vec![format!("items: [{}]\n", items.join(", "))]
        }
        Form::Dashes(_) if objects.is_empty() => vec!["items: []\n".into()],
        Form::Dashes(column) => {
            let comment = format!("{}# between\n", " ".repeat(column));
            let dash = format!("{}- ", " ".repeat(column));
            let items = objects.iter().map(|object| {
                let entry = right(object, column + 2, &dash);
                if look.comments { format!("{comment}{entry}") } else { entry }
            });
            vec![format!("items:\n{}", items.collect::<String>())]
        }
    };
    let flow = look.form == Form::Json;
    let key = |name: &str, yaml: &str| {
        if flow { format!("\"{name}\": {}", json(yaml)) } else { format!("{name}:\n  {}", right(yaml, 2, "")) }
    };
    keys.insert(usize::from(!look.config_first), key("functionConfig", config));
    if let Some(last) = look.results {
        keys.insert(if last { keys.len() } else { 0 }, key("results", "- message: before\n"));
    }
    let mut text = if flow {
        format!(
            "{{\"apiVersion\": \"config.kubernetes.io/v1\", \"kind\": \"ResourceList\",\n {}}}\n",
            keys.join(",\n ")
        )
    } else {
        let marker = if look.marker { "---\n" } else { "" };
        format!("{marker}{}{}", super::HEAD, keys.concat())
    };
    finish(&mut text, look.cut, look.dos);
    text
}

/// These objects as documents.
pub(super) fn stream(objects: &[String], look: &Look) -> String {
    let mut text = String::from(if look.marker { "# head\n---\n" } else { "" });
    for (number, object) in objects.iter().enumerate() {
        if number > 0 {
            text += match (look.comments, number % 3) {
                // libyaml requires a marker after the end of a document.
                (true, 0) => "...\n---\n",
                (true, 1) => "--- # more\n# comment\n",
                _ => "---\n",
            };
        }
        text += object;
    }
    finish(&mut text, look.cut, look.dos);
    text
}

/// Without the end of the last line, and with the line ends of DOS.
pub(super) fn finish(text: &mut String, cut: bool, dos: bool) {
    if cut {
        text.truncate(text.trim_end_matches('\n').len());
    }
    if dos {
        *text = text.replace('\n', "\r\n");
    }
}

/// A list in the style of kustomize: workloads, services, look-alike text in `ConfigMap`s, and now and then a
/// definition of some size.
pub(super) fn kustomize_list(count: usize) -> String {
    let mut random = super::differential::Random(42);
    let mut out = format!("{}items:\n", super::HEAD);
    for number in 0..count {
        let (version, kind, body) = match number % 10 {
            _ if number % 200 == 7 => ("apiextensions.k8s.io/v1", "CustomResourceDefinition", definition(&mut random)),
            0..3 => ("apps/v1", "Deployment", deployment(number, &mut random)),
            3..6 => ("v1", "Service", service(number)),
            _ => ("v1", "ConfigMap", String::new()),
        };
        out += &format!("- apiVersion: {version}\n");
        if kind == "ConfigMap" {
            // kustomize sorts keys, so that the text comes before the kind.
            out += &look_alikes(&mut random);
        }
        out += &format!("  kind: {kind}\n  metadata:\n    annotations:\n      kustomize.config.k8s.io/id: |\n");
        out += &format!("        kind: {kind}\n        name: thing-{number}\n        version: v1\n");
        out += &format!("      config.kubernetes.io/index: '{number}'\n      team: \"0042\"\n");
        out += &format!("    labels:\n      \"y\": \"no\"\n    name: thing-{number}\n    namespace: prod\n{body}");
    }
    out + "functionConfig:\n  apiVersion: iamra.dev/v1alpha1\n  kind: RolesAnywhere\n  metadata:\n    name: fn\n"
}

fn deployment(number: usize, random: &mut super::differential::Random) -> String {
    let mut out = format!("  spec:\n    replicas: {}\n    template:\n      spec:\n        containers:\n", number % 9);
    out += "        - args:\n          - --listen=:8080\n          command:\n          - sh\n          - -c\n          - |\n";
    out += "            # start: \"\n            exec /app/server \"$@\"\n          env:\n";
    for variable in 0..3 + random.below(8) {
        let value = ["info", "\"true\"", "http://svc.prod:8080/path", "\"\"", "a b c", "'0777'"][random.below(6)];
        out += &format!("          - name: VAR_{variable}\n            value: {value}\n");
    }
    out + "          name: app\n        volumes:\n        - emptyDir: {}\n          name: tmp\n"
}

fn service(number: usize) -> String {
    format!("  spec:\n    ports:\n    - name: http\n      port: 80\n    selector:\n      app: app-{number}\n")
}

fn look_alikes(random: &mut super::differential::Random) -> String {
    let mut out = String::from("  data:\n    config.yaml: |\n      first: line\n");
    for _ in 0..20 + random.below(70) {
        let line = ["- apiVersion: v1", "  kind: Deployment # \"not one' {[", "", "items:", "key: some words", "- |"];
        match line[random.below(line.len())] {
            "" => out.push('\n'),
            line => out += &format!("      {line}\n"),
        }
    }
    out + "    key: \"words \\\" and \\n more\"\n    script.sh: |-\n      #!/bin/sh\n      exec foo --bar 'baz'\n"
}

fn definition(random: &mut super::differential::Random) -> String {
    let mut out =
        String::from("  spec:\n    versions:\n    - schema:\n        openAPIV3Schema:\n          properties:\n");
    for property in 0..200 + random.below(400) {
        out += &format!("            p{property}:\n              description: |-\n                Words: of - all\n");
        out += "                - kinds.\n              enum:\n              - \"on\"\n              type: string\n";
    }
    out
}
