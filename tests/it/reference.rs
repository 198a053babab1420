//! docs/declaration.md: every field of the declaration with its type, its default, what it is for and an example, from the
//! schema, which is made from the types' own comments, and from declarations that are checked.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::fs;

use serde_json::{Map, Value};

use crate::kustomize::copy;
use crate::support::{expect_file, iamra, root, run};

/// Declarations with every field.
const EXAMPLES: [&str; 2] = ["iamra.yaml", "apps/shop/iamra.yaml"];

/// A type of the schema, in the order in which it is met from the whole declaration on.
struct Type {
    name: String,
    schema: Value,
    /// Where it is in a declaration.
    paths: Vec<String>,
}

struct Reference {
    schema: Value,
    types: Vec<Type>,
    /// The first value of each field of each type in the examples.
    examples: BTreeMap<(String, String), Value>,
}

/// What a schema refers to, through lists, maps and options: the name of a type.
fn target(schema: &Value) -> Option<&str> {
    let here = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/"));
    let below = [&schema["items"], &schema["additionalProperties"], &schema["anyOf"][0]];
    here.or_else(|| below.into_iter().filter(|schema| schema.is_object()).find_map(target))
}

/// Whether a type has a section of its own.
fn has_fields(schema: &Value) -> bool {
    schema["type"] == "object"
}

/// How the path of a field goes on to its values: by names in a map.
fn path_below(path: &str, field: &str, schema: &Value) -> String {
    let name = if schema["additionalProperties"].is_object() { ".NAME" } else { "" };
    format!("{path}{}{field}{name}", if path.is_empty() { "" } else { "." })
}

impl Reference {
    fn new() -> Self {
        let printed = run(iamra(root()).arg("schema"), b"");
        let schema: Value = serde_json::from_str(&printed.stdout).unwrap();
        let mut reference = Self { schema, types: Vec::new(), examples: BTreeMap::new() };
        reference.find_types();
        for name in EXAMPLES {
            let text = fs::read_to_string(root().join("tests/data/reference").join(name)).unwrap();
            let example: Value = serde_yaml::from_str(&text).unwrap();
            reference.find_examples("RolesAnywhere", &example);
        }
        reference
    }

    fn definition<'s>(&'s self, name: &str) -> &'s Value {
        if name == "RolesAnywhere" { &self.schema } else { &self.schema["$defs"][name] }
    }

    fn find_types(&mut self) {
        let mut waiting = VecDeque::from([("RolesAnywhere".to_owned(), String::new())]);
        while let Some((name, path)) = waiting.pop_front() {
            if let Some(known) = self.types.iter_mut().find(|known| known.name == name) {
                known.paths.push(path);
                continue;
            }
            let schema = self.definition(&name).clone();
            for (field, below) in schema["properties"].as_object().into_iter().flatten() {
                let fields = target(below).filter(|target| has_fields(self.definition(target)));
                waiting.extend(fields.map(|target| (target.to_owned(), path_below(&path, field, below))));
            }
            self.types.push(Type { name, schema, paths: vec![path] });
        }
    }

    /// Of a value of a type, and of what is below it.
    fn find_examples(&mut self, name: &str, value: &Value) {
        let fields = self.definition(name)["properties"].as_object().cloned().unwrap_or_default();
        for (field, schema) in &fields {
            let Some(found) = value.get(field).filter(|found| !found.is_null()) else { continue };
            self.examples.entry((name.to_owned(), field.clone())).or_insert_with(|| found.clone());
            let Some(target) = target(schema).map(str::to_owned) else { continue };
            let is_map = schema["additionalProperties"].is_object();
            let entries: Vec<_> = if is_map { found.as_object().unwrap().values().collect() } else { vec![found] };
            for entry in entries {
                self.find_examples(&target, entry);
            }
        }
    }

    /// The words that a type has for values, with what each means.
    fn words(&self, schema: &Value) -> Vec<(String, String)> {
        let schema = target(schema).map_or(schema, |name| self.definition(name));
        let options = schema["oneOf"].as_array().into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        options.map(|option| (text(&option["const"]), text(&option["description"]))).collect()
    }

    fn type_of(&self, schema: &Value) -> String {
        if let Some(items) = schema.get("items").filter(|items| items.is_object()) {
            return format!("list of {}", self.type_of(items));
        }
        if let Some(entries) = schema.get("additionalProperties").filter(|entries| entries.is_object()) {
            return format!("map of {}", self.type_of(entries));
        }
        let words = self.words(schema);
        if !words.is_empty() {
            return words.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        }
        if let Some(name) = target(schema) {
            return if has_fields(self.definition(name)) {
                format!("[{name}](#{})", name.to_lowercase())
            } else {
                self.type_of(self.definition(name))
            };
        }
        let types = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
        let types = types.iter().filter_map(Value::as_str).filter(|name| *name != "null");
        let types = types.map(|name| if name == "object" { "map" } else { name }).collect::<Vec<_>>().join(" or ");
        if types.is_empty() { "anything".to_owned() } else { types }
    }

    /// What applies when a field is omitted: as its description says, or as the schema has it.
    fn default(&self, field: &str, schema: &Value, of: &Value) -> String {
        if of["required"].as_array().is_some_and(|required| required.iter().any(|name| name == field)) {
            return "required".to_owned();
        }
        if let Some(said) = when_omitted(&one_line(&schema["description"])) {
            return said;
        }
        match &schema["default"] {
            Value::Bool(value) => format!("`{value}`"),
            Value::String(text) if !text.is_empty() => format!("`{text}`"),
            // Its fields have theirs.
            _ if schema["$ref"].is_string() && target(schema).is_some_and(|name| has_fields(self.definition(name))) => {
                String::new()
            }
            _ => "none".to_owned(),
        }
    }

    fn section(&self, of: &Type) -> String {
        let title = if of.name == "RolesAnywhere" { "The document" } else { &of.name };
        let mut text = format!("\n## {title}\n\n{}\n\n", one_line(&of.schema["description"]));
        let paths: Vec<_> = of.paths.iter().filter(|path| !path.is_empty()).map(|path| format!("`{path}`")).collect();
        if !paths.is_empty() {
            let _ = writeln!(text, "At {}.\n", paths.join(", "));
        }
        let fields = of.schema["properties"].as_object().cloned().unwrap_or_default();
        if fields.is_empty() {
            text.push_str("It has no fields: write `{}`.\n");
            return text;
        }
        text.push_str("| field | description | type | default | example |\n|---|---|---|---|---|\n");
        for (field, schema) in &fields {
            let example = &self.examples.get(&(of.name.clone(), field.clone()));
            let meanings = self.words(schema);
            let meanings: String = meanings.iter().map(|(word, what)| format!(" `{word}`: {what}")).collect();
            let cells = [
                format!("`{field}`"),
                one_line(&schema["description"]) + &meanings,
                self.type_of(schema),
                self.default(field, schema, &of.schema),
                example.map_or_else(String::new, |value| shown(field, value)),
            ];
            let _ = writeln!(text, "| {} |", cells.map(|cell| cell.replace('|', "\\|")).join(" | "));
        }
        text
    }
}

fn one_line(description: &Value) -> String {
    description.as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a description says of a field that is omitted.
fn when_omitted(description: &str) -> Option<String> {
    let (before, after) = description.split_once("when omitted")?;
    let clause = after.strip_prefix(',').filter(|_| before.trim_end().ends_with([';', '.']));
    let last = || {
        let starts = ["; ", ". ", ": "].iter().filter_map(|start| Some(before.rfind(start)? + start.len()));
        &before[starts.max().unwrap_or_default()..]
    };
    let said = clause.map_or_else(last, |after| after.split(['.', ';']).next().unwrap());
    let said = said.trim().trim_end_matches(',');
    Some(if said == "None" { "none".to_owned() } else { said.to_owned() })
}

/// An example of a field, if it is short enough to read; what has fields of its own is shown there.
fn shown(field: &str, value: &Value) -> String {
    let has_maps = |map: &Map<String, Value>| map.values().any(|value| value.is_object() || value.is_null());
    if value.as_object().is_some_and(|map| map.is_empty() || has_maps(map)) {
        return String::new();
    }
    let flow = flow(value);
    if flow.len() > 160 { String::new() } else { format!("`{field}: {flow}`") }
}

/// A value in the flow style of YAML, quoted where a reader would take it for something else.
fn flow(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let entries = map.iter().map(|(key, value)| format!("{key}: {}", flow(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::String(text) => {
            let is_plain = serde_yaml::from_str::<Value>(&format!("[{text}]")).is_ok_and(|read| read[0] == *text);
            if is_plain { text.clone() } else { value.to_string() }
        }
        other => other.to_string(),
    }
}

#[test]
fn the_reference_is_made_from_the_schema() {
    let reference = Reference::new();
    let mut page = "# Every field\n\nMade from the types that iamra reads the declaration with, like the JSON Schema that `iamra schema` prints for editors. \
                    A field that is not here is an error. [Settings](settings.md) says how layers combine, and \
                    `iamra view --cluster NAME` which values apply.\n"
        .to_owned();
    reference.types.iter().for_each(|of| page.push_str(&reference.section(of)));
    expect_file(&root().join("docs/declaration.md"), &page).unwrap();
}

#[test]
fn every_field_has_an_example_that_is_valid() {
    let reference = Reference::new();
    let names = reference.types.iter().flat_map(|of| {
        let fields = of.schema["properties"].as_object().into_iter().flatten();
        fields.map(|(field, _)| (of.name.clone(), field.clone()))
    });
    let missing: BTreeSet<_> = names.filter(|name| !reference.examples.contains_key(name)).collect();
    assert!(missing.is_empty(), "tests/data/reference lacks {missing:?}");
    // A repository of its own, which folders are counted from.
    let dir = tempfile::tempdir().unwrap();
    copy(&root().join("tests/data/reference"), dir.path());
    fs::create_dir(dir.path().join(".git")).unwrap();
    for name in EXAMPLES {
        let checked = run(iamra(dir.path()).args(["check", name]), b"");
        assert_eq!(checked.exit, 0, "{name}: {}", checked.stderr);
    }
}

/// No type has fields that no section describes.
#[test]
fn every_type_has_a_section() {
    let reference = Reference::new();
    let sections: BTreeSet<_> = reference.types.iter().map(|of| of.name.as_str()).collect();
    for (name, schema) in reference.schema["$defs"].as_object().unwrap() {
        assert_eq!(has_fields(schema), sections.contains(name.as_str()), "{name}");
    }
}

#[test]
fn what_is_said_of_an_omitted_field_is_its_default() {
    for (description, default) in [
        ("Its lifetime; `24h` when omitted, at least `1h`.", "`24h`"),
        ("Its scope; when omitted, that of the namespace, or `default`.", "that of the namespace, or `default`"),
        ("Organizations (O): templates like `commonName`. None when omitted.", "none"),
    ] {
        assert_eq!(when_omitted(description).as_deref(), Some(default));
    }
    assert_eq!(when_omitted("Its name."), None);
}
