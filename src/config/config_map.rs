//! A plain ConfigMap as functionConfig, for small uses: `kpt fn eval --exec iamra -- workload=api region=eu-central-1 …`.

use serde_json::{Map, Value, json};

use super::schema;
use super::v1alpha1::{API_VERSION, KIND};
use crate::diag::{Code, Diagnostic, Place, Report, known_names};
use crate::quote::quote;
use crate::yaml::{Document, FieldPath, NodeRef, emit};

/// Keys of `data`, and where each belongs in a declaration of one workload. `*` stands for the workload's name.
const KEYS: &[(&str, &str)] = &[
    ("mode", "/spec/mode"),
    ("workload", ""),
    ("role", "/spec/workloads/*/role"),
    ("kind", "/spec/workloads/*/target/kind"),
    ("namespace", "/spec/workloads/*/namespace"),
    ("region", "/spec/region"),
    ("parameterPrefix", "/spec/parameterPrefix"),
    ("issuer", "/spec/scopes/default/issuer/existing/name"),
    ("issuerKind", "/spec/scopes/default/issuer/existing/kind"),
    ("trustAnchor", "/spec/scopes/default/trustAnchor"),
    ("profileArn", "/spec/roles/+/profileArn"),
    ("roleArn", "/spec/roles/+/roleArn"),
    ("duration", "/spec/defaults/certificate/duration"),
    ("renewBefore", "/spec/defaults/certificate/renewBefore"),
    ("image", "/spec/defaults/sidecar/image"),
];

/// Whether the functionConfig is a ConfigMap.
pub fn is_config_map(node: NodeRef<'_>) -> bool {
    let text = |key| node.get(key).and_then(NodeRef::text);
    text("kind") == Some("ConfigMap") && text("apiVersion") == Some("v1")
}

/// The declaration that the ConfigMap stands for.
pub(super) fn read(node: NodeRef<'_>, report: &mut Report) -> Option<Value> {
    let at = FieldPath::root().key("data");
    let data = node.get("data");
    let mut entries: Vec<(&str, &str)> = Vec::new();
    for (key, value) in data.into_iter().flat_map(NodeRef::entries) {
        match (key.text(), value.text()) {
            (Some(key), Some(value)) => entries.push((key, value)),
            (key, _) => report.push(
                Diagnostic::error(Code::WrongType, "the keys and values of a ConfigMap must be strings")
                    .at(Place::Config(key.map_or_else(|| at.clone(), |key| at.key(key))))
                    .help("write a string"),
            ),
        }
    }
    let value_of = |name: &str| entries.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let Some(workload) = value_of("workload").filter(|name| !name.is_empty()) else {
        report.push(
            Diagnostic::error(Code::MissingField, "a ConfigMap as functionConfig must have `workload`")
                .at(Place::Config(at))
                .help("add `workload: NAME`, or add an `iamra.yaml` to the package and set only `mode`"),
        );
        return None;
    };
    let role = value_of("role").unwrap_or(workload);
    let mut declaration = json!({
        "apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": workload},
        "spec": {"scopes": {"default": {}}, "roles": {role: {}}, "workloads": {workload: {}}},
    });
    for (key, value) in &entries {
        match KEYS.iter().find(|(known, _)| known == key) {
            Some((_, "")) => {}
            Some((_, pointer)) => set(&mut declaration, pointer, workload, role, value),
            None => report.push(
                Diagnostic::error(Code::UnknownField, format!("unknown key {}", quote(&key)))
                    .at(Place::Config(at.key(*key)))
                    .help(known_names(key, KEYS.iter().map(|(known, _)| *known))),
            ),
        }
    }
    // Checked like a declaration, so that the rules are in one place.
    let text = emit::document(&declaration);
    if let Ok(document) = Document::parse(&text) {
        return schema::read(document.root(), report);
    }
    report.push(schema::disagreement(at));
    None
}

/// Sets `value` at `pointer`, and creates missing parent mappings.
fn set(declaration: &mut Value, pointer: &str, workload: &str, role: &str, value: &str) {
    let mut place = declaration;
    for step in pointer.split('/').skip(1) {
        let step = match step {
            "*" => workload,
            "+" => role,
            step => step,
        };
        if place.is_null() {
            *place = Value::Object(Map::new());
        }
        // No pointer leads through a scalar.
        let Some(above) = place.as_object_mut() else { return };
        place = above.entry(step).or_insert(Value::Null);
    }
    *place = value.into();
}
