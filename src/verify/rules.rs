//! What roles allow, as far as Secrets are concerned.
//!
//! To read a Secret takes the right to read it, or one that gives it in another way: pods that mount it, the credentials
//! of others, more rights.
//! <https://kubernetes.io/docs/reference/access-authn-authz/rbac/>

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::object::Object;
use crate::yaml;

/// The API group of roles and their bindings.
pub(super) const GROUP: &str = "rbac.authorization.k8s.io";

/// Cluster roles of Kubernetes that may read all Secrets where they are bound, as the API server of 1.34 makes them.
/// <https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings>
const READERS: &[&str] = &[
    "admin",
    "cluster-admin",
    "edit",
    "system:aggregate-to-edit",
    "system:controller:generic-garbage-collector",
    "system:controller:legacy-service-account-token-cleaner",
    "system:controller:namespace-controller",
    "system:controller:resourcequota-controller",
    "system:kube-controller-manager",
    "system:node",
];

/// Cluster roles of Kubernetes that have the rules of those with a label.
const AGGREGATED: &[&str] = &["admin", "edit", "view"];

/// A right on a kind of objects.
pub(super) struct Right {
    group: &'static str,
    resources: &'static [&'static str],
    verbs: &'static [&'static str],
    /// What it is for, after `lets … `.
    pub(super) words: &'static str,
}

/// To read Secrets. The API server answers a patch with the whole object, and so it does to a deletion that has not been done
/// yet, also if it is only tried (`dryRun=All`).
pub(super) const READING: Right = Right {
    group: "",
    resources: &["secrets"],
    verbs: &["get", "list", "watch", "patch", "delete", "deletecollection"],
    words: "read",
};

const MOUNTING: &str = "create pods, which can mount";
const RUNNING: &str = "run commands in pods that may mount";

/// Rights by which somebody gets at what is in Secrets without reading them.
/// <https://kubernetes.io/docs/concepts/security/rbac-good-practices/#privilege-escalation-risks>
pub(super) const OTHERS: &[Right] = &[
    Right { group: "", resources: &["pods"], verbs: &["create"], words: MOUNTING },
    Right { group: "", resources: &["replicationcontrollers"], verbs: WRITING, words: MOUNTING },
    Right {
        group: "apps",
        resources: &["daemonsets", "deployments", "replicasets", "statefulsets"],
        verbs: WRITING,
        words: MOUNTING,
    },
    Right { group: "batch", resources: &["cronjobs", "jobs"], verbs: WRITING, words: MOUNTING },
    Right { group: "", resources: &["pods/attach", "pods/exec"], verbs: &["create", "get"], words: RUNNING },
    Right { group: "", resources: &["pods/ephemeralcontainers"], verbs: WRITING, words: RUNNING },
    Right {
        group: "",
        resources: &["serviceaccounts/token"],
        verbs: &["create"],
        words: "get tokens of service accounts that may read",
    },
    Right {
        group: "",
        resources: &["groups", "serviceaccounts", "users"],
        verbs: &["impersonate"],
        words: "impersonate others that may read",
    },
    Right {
        group: GROUP,
        resources: &["clusterrolebindings", "clusterroles", "rolebindings", "roles"],
        verbs: &["bind", "escalate"],
        words: "give itself the right to read",
    },
];

const WRITING: &[&str] = &["create", "patch", "update"];

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
        let is_built_in = binding.text("/roleRef/kind") != "Role" && READERS.contains(&binding.text("/roleRef/name"));
        let is_known = is_built_in && !self.has(binding);
        is_known || self.gives(binding, &READING, Some(secret))
    }

    /// Whether the role of a binding is among the objects.
    fn has(&self, binding: &Object) -> bool {
        self.roles.contains_key(&(binding.text("/roleRef/kind"), binding.text("/roleRef/name")))
    }

    /// Whether a binding gives a right on an object of this name, or on all, by the roles among the objects.
    pub(super) fn gives(&self, binding: &Object, right: &Right, on: Option<&str>) -> bool {
        let (kind, name) = (binding.text("/roleRef/kind"), binding.text("/roleRef/name"));
        let found = self.roles.get(&(kind, name)).map_or(&[][..], Vec::as_slice);
        if kind == "Role" {
            // One that says no namespace may be in that of the binding.
            let is_near =
                |role: &&&Object| role.namespace().is_none_or(|home| binding.namespace().is_none_or(|it| it == home));
            return found.iter().filter(is_near).any(|role| right.is_in(role, on));
        }
        found.iter().any(|role| self.of_cluster_role(role, right, on)) || self.is_added(name, right, on)
    }

    /// With the rules of those that it aggregates, and that these aggregate.
    fn of_cluster_role(&self, role: &Object, right: &Right, on: Option<&str>) -> bool {
        let (mut known, mut next) = (BTreeSet::from([role.name()]), vec![role]);
        while let Some(role) = next.pop() {
            if right.is_in(role, on) {
                return true;
            }
            let selectors = yaml::at(&role.value, "/aggregationRule/clusterRoleSelectors").and_then(Value::as_array);
            for selector in selectors.into_iter().flatten() {
                let chosen = self.cluster_roles().filter(|other| selects(selector, other));
                next.extend(chosen.filter(|other| known.insert(other.name())));
            }
        }
        false
    }

    /// Whether a cluster role of Kubernetes gets such a rule from one among the objects.
    fn is_added(&self, name: &str, right: &Right, on: Option<&str>) -> bool {
        let label = format!("{GROUP}/aggregate-to-{name}");
        let is_labelled = |role: &&Object| label_of(role, &label) == Some("true");
        AGGREGATED.contains(&name)
            && self.cluster_roles().filter(is_labelled).any(|role| self.of_cluster_role(role, right, on))
    }

    fn cluster_roles(&self) -> impl Iterator<Item = &'o Object> {
        let all = self.roles.iter().filter(|((kind, _), _)| *kind == "ClusterRole");
        all.flat_map(|(_, roles)| roles.iter().copied())
    }
}

impl Right {
    fn is_in(&self, role: &Object, on: Option<&str>) -> bool {
        let rules = role.value.get("rules").and_then(Value::as_array);
        rules.into_iter().flatten().any(|rule| {
            let has = |field: &str, wanted: &[&str]| {
                let texts = rule.get(field).and_then(Value::as_array).into_iter().flatten();
                let is_one = |text: &str| wanted.contains(&text) || wanted.iter().any(|it| is_any_of(text, it));
                texts.filter_map(Value::as_str).any(|text| text == "*" || is_one(text))
            };
            let names = rule.get("resourceNames").and_then(Value::as_array).filter(|names| !names.is_empty());
            // Which pods or accounts matter is not known.
            let is_on = names.is_none_or(|names| on.is_none_or(|on| names.iter().any(|name| name == on)));
            has("apiGroups", &[self.group]) && has("resources", self.resources) && has("verbs", self.verbs) && is_on
        })
    }
}

/// Whether a rule means a subresource of all resources: `*/exec`.
fn is_any_of(text: &str, resource: &str) -> bool {
    let subresource = resource.split_once('/').map(|(_, subresource)| subresource);
    text.strip_prefix("*/").is_some_and(|any| subresource == Some(any))
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
    yaml::at(&object.value, "/metadata/labels")?.get(name)?.as_str()
}
