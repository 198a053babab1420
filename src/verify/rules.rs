//! What roles allow, as far as Secrets are concerned.
//! <https://kubernetes.io/docs/reference/access-authn-authz/rbac/>

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::object::Object;

/// The API group of roles and their bindings.
pub(super) const GROUP: &str = "rbac.authorization.k8s.io";

/// Cluster roles of Kubernetes that may read all Secrets where they are bound.
/// <https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles>
const READERS: &[&str] = &["admin", "cluster-admin", "edit"];

/// Cluster roles of Kubernetes that have the rules of those with a label.
const AGGREGATED: &[&str] = &["admin", "edit", "view"];

/// The verbs that show what is in an object.
const READING: &[&str] = &["*", "get", "list", "watch"];

/// Roles by kind, namespace (none of cluster roles) and name.
pub(super) struct Roles<'o> {
    roles: BTreeMap<(&'o str, &'o str), Vec<&'o Object>>,
}

impl<'o> Roles<'o> {
    pub(super) fn of(objects: &'o [Object]) -> Self {
        let mut roles: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for object in objects.iter().filter(|object| matches!(object.kind(), "Role" | "ClusterRole")) {
            roles.entry((object.kind(), object.name())).or_default().push(object);
        }
        Self { roles }
    }

    /// Whether a binding gives the right to read a Secret of this name, where it applies.
    pub(super) fn reads(&self, binding: &Object, secret: &str) -> bool {
        let (kind, name) = (binding.text("/roleRef/kind"), binding.text("/roleRef/name"));
        let found = self.roles.get(&(kind, name)).map_or(&[][..], Vec::as_slice);
        if kind == "Role" {
            // One that says no namespace may be in that of the binding.
            let is_near =
                |role: &&&Object| role.namespace().is_none_or(|home| binding.namespace().is_none_or(|it| it == home));
            return found.iter().filter(is_near).any(|role| has_reading_rule(role, secret));
        }
        let is_built_in = found.is_empty() && READERS.contains(&name);
        is_built_in || found.iter().any(|role| self.of_cluster_role(role, secret)) || self.is_added(name, secret)
    }

    /// With the rules of those that it aggregates. These have rules of their own alone: the controller writes them into `rules`.
    fn of_cluster_role(&self, role: &Object, secret: &str) -> bool {
        let selectors = role.value.pointer("/aggregationRule/clusterRoleSelectors").and_then(Value::as_array);
        let is_chosen = |other: &Object| selectors.into_iter().flatten().any(|selector| selects(selector, other));
        has_reading_rule(role, secret) || self.cluster_roles().any(|it| is_chosen(it) && has_reading_rule(it, secret))
    }

    /// Whether a cluster role of Kubernetes gets such a rule from one among the objects.
    fn is_added(&self, name: &str, secret: &str) -> bool {
        let label = format!("{GROUP}/aggregate-to-{name}");
        let is_labelled = |role: &&Object| label_of(role, &label) == Some("true");
        AGGREGATED.contains(&name)
            && self.cluster_roles().filter(is_labelled).any(|role| has_reading_rule(role, secret))
    }

    fn cluster_roles(&self) -> impl Iterator<Item = &'o Object> {
        let all = self.roles.iter().filter(|((kind, _), _)| *kind == "ClusterRole");
        all.flat_map(|(_, roles)| roles.iter().copied())
    }
}

fn has_reading_rule(role: &Object, secret: &str) -> bool {
    let rules = role.value.get("rules").and_then(Value::as_array);
    rules.into_iter().flatten().any(|rule| {
        let has = |field: &str, wanted: &[&str]| {
            let texts = rule.get(field).and_then(Value::as_array).into_iter().flatten();
            texts.filter_map(Value::as_str).any(|text| wanted.contains(&text))
        };
        let is_any = rule.get("resourceNames").and_then(Value::as_array).is_none_or(Vec::is_empty);
        has("apiGroups", &["", "*"])
            && has("resources", &["secrets", "*"])
            && has("verbs", READING)
            && (is_any || has("resourceNames", &[secret]))
    })
}

/// Whether a selector of labels selects an object. An operator that is not known selects it.
/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors>
fn selects(selector: &Value, object: &Object) -> bool {
    let labels = selector.get("matchLabels").and_then(Value::as_object).into_iter().flat_map(Map::iter);
    let expressions = selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten();
    let is_met = |expression: &Value| {
        let label = label_of(object, expression["key"].as_str().unwrap_or_default());
        let values = expression["values"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let is_listed = label.is_some_and(|label| values.into_iter().any(|it| it == label));
        match expression["operator"].as_str() {
            Some("In") => is_listed,
            Some("NotIn") => !is_listed,
            Some("Exists") => label.is_some(),
            Some("DoesNotExist") => label.is_none(),
            _ => true,
        }
    };
    labels.into_iter().all(|(name, value)| label_of(object, name) == value.as_str())
        && expressions.into_iter().all(is_met)
}

fn label_of<'o>(object: &'o Object, name: &str) -> Option<&'o str> {
    object.value.pointer("/metadata/labels")?.get(name)?.as_str()
}
