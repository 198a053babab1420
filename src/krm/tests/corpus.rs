//! Lists and streams in many styles, made from objects that are hard to tell apart by their lines.

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
    finish(&mut text, look);
    text
}

/// These objects as documents.
pub(super) fn stream(objects: &[String], look: &Look) -> String {
    let mut text = String::from(if look.marker { "# head\n---\n" } else { "" });
    for (number, object) in objects.iter().enumerate() {
        if number > 0 {
            text += match (look.comments, number % 3) {
                // libyaml wants a marker after the end of a document.
                (true, 0) => "...\n---\n",
                (true, 1) => "--- # more\n# comment\n",
                _ => "---\n",
            };
        }
        text += object;
    }
    finish(&mut text, look);
    text
}

fn finish(text: &mut String, look: &Look) {
    if look.cut {
        text.truncate(text.trim_end_matches('\n').len());
    }
    if look.dos {
        *text = text.replace('\n', "\r\n");
    }
}
