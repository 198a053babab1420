//! Clusters as overlays: the declaration as one of them sees it, and which of its fields come from where.

use serde_json::{Map, Value};

use crate::diag::{Code, Diagnostic, Place, Report};
use crate::quote::{quote, typed};
use crate::yaml::{FieldPath, Step};

/// The fields of a cluster that are merged over those of `spec`.
const FIELDS: &[&str] =
    &["parameterPrefix", "region", "aws", "namePrefix", "nameSuffix", "defaults", "scopes", "roles", "workloads"];

/// Whether a field of the declaration is in an overlay.
pub(super) fn is_within(at: &FieldPath) -> bool {
    let is = |index: usize, names: &[&str]| matches!(at.steps().get(index), Some(Step::Key(key)) if names.contains(&key.as_str()));
    is(0, &["spec"]) && is(1, &["clusters"]) && is(3, FIELDS)
}

/// The declaration as seen from some clusters.
pub(super) struct View {
    /// The declaration with the overlay merged, and without overlays.
    pub(super) declaration: Value,
    /// The clusters that see it so; none if the declaration has no clusters.
    pub(super) clusters: Vec<String>,
    /// The overlay, if there is one.
    pub(super) overlay: Option<Overlay>,
}

/// The views of a checked declaration, which together have each cluster once. Clusters that differ in nothing share one.
pub(super) fn views(declaration: Value, report: &mut Report) -> Vec<View> {
    let mut base = declaration;
    let mut overlays = Vec::new();
    let clusters = base.pointer_mut("/spec/clusters").and_then(Value::as_object_mut);
    for (name, fields) in clusters.into_iter().flatten().filter_map(|(name, it)| Some((name, it.as_object_mut()?))) {
        let laid = FIELDS.iter().filter_map(|field| Some(((*field).to_owned(), fields.shift_remove(*field)?)));
        overlays.push((name.clone(), laid.collect::<Map<_, _>>()));
    }
    let differs = has_templates(&base);
    let (own, alike): (Vec<_>, Vec<_>) = overlays.into_iter().partition(|(_, overlay)| differs || !overlay.is_empty());
    let mut views = Vec::new();
    if !alike.is_empty() || own.is_empty() {
        let clusters = alike.into_iter().map(|(name, _)| name).collect();
        views.push(View { declaration: base.clone(), clusters, overlay: None });
    }
    views.extend(own.into_iter().map(|(name, overlay)| view(&base, name, overlay, report)));
    views
}

/// Whether what workloads refer to depends on the cluster.
fn has_templates(declaration: &Value) -> bool {
    fn is_template(value: &Value) -> bool {
        match value {
            Value::String(text) => text.contains("{{"),
            Value::Array(items) => items.iter().any(is_template),
            // The CA that a cluster makes says which cluster that is.
            Value::Object(fields) => fields.contains_key("inCluster") || fields.values().any(is_template),
            _ => false,
        }
    }
    ["/spec/parameterPrefix", "/spec/scopes", "/spec/roles"]
        .iter()
        .any(|pointer| declaration.pointer(pointer).is_some_and(is_template))
}

fn view(base: &Value, cluster: String, mut overlay: Map<String, Value>, report: &mut Report) -> View {
    let at = FieldPath::keys("spec.clusters").key(cluster.as_str());
    check_removals(base, &overlay, &at, report);
    check_workloads(base, &mut overlay, &cluster, &at, report);
    let overlay = Value::Object(overlay);
    let mut declaration = base.clone();
    if let Some(spec) = declaration.get_mut("spec") {
        merge(spec, &overlay, Nulls::Remove);
        replace_policies(spec, &overlay);
    }
    let spec = base.get("spec").cloned().unwrap_or_default();
    View { declaration, clusters: vec![cluster.clone()], overlay: Some(Overlay { cluster, fields: overlay, spec }) }
}

/// Fields of which one excludes the others: one that is set replaces another one that `spec` sets.
const EXCLUSIVE: &[&[&str]] = &[
    &["awsPrivateCa", "ca", "clusterCa", "existing"],
    &["existing", "externalSecret", "inCluster", "ssm"],
    &["containers", "except"],
    &["name", "selector"],
    &["podTemplatePath", "podTemplatePaths"],
    &["url", "fips"],
    &["url", "dualStack"],
];

/// What null does in a merge.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Nulls {
    /// It removes what is below, as in RFC 7396.
    Remove,
    /// It is a value: the one that removes an entry of a weaker layer.
    Stay,
}

/// Puts `over` over `base`, map by map, as in RFC 7396.
pub(super) fn merge(base: &mut Value, over: &Value, nulls: Nulls) {
    let Value::Object(over) = over else {
        base.clone_from(over);
        return;
    };
    if !base.is_object() {
        *base = Value::Object(Map::new());
    }
    let Some(fields) = base.as_object_mut() else { return };
    let says = |name: &&str| over.get(*name).is_some_and(|it| !it.is_null() && *it != Value::Bool(false));
    for group in EXCLUSIVE.iter().filter(|group| group.iter().any(says)) {
        fields.retain(|name, _| !group.contains(&name.as_str()) || over.contains_key(name));
    }
    for (name, value) in over {
        if value.is_null() && nulls == Nulls::Remove {
            fields.shift_remove(name);
        } else {
            merge(fields.entry(name.as_str()).or_insert(Value::Null), value, nulls);
        }
    }
}

/// The field of a role with its own policies.
const POLICIES: &str = "inlinePolicies";

/// Puts each policy of an overlay in the place of the one that has its name: a mixture of two would be one that nobody has written.
fn replace_policies(spec: &mut Value, overlay: &Value) {
    for (role, fields) in entries(overlay.get("roles")) {
        for (name, policy) in entries(fields.get(POLICIES)).filter(|(_, policy)| !policy.is_null()) {
            let roles = spec.get_mut("roles").and_then(|roles| roles.get_mut(role));
            if let Some(there) = roles.and_then(|role| role.get_mut(POLICIES)?.get_mut(name)) {
                there.clone_from(policy);
            }
        }
    }
}

/// An entry without a value is one that is removed, which is easily meant as one with nothing but defaults.
fn check_removals(base: &Value, overlay: &Map<String, Value>, at: &FieldPath, report: &mut Report) {
    for kind in ["scopes", "roles", "workloads"] {
        for (name, _) in entries(overlay.get(kind)).filter(|(_, entry)| entry.is_null()) {
            if base.pointer(&format!("/spec/{kind}")).is_some_and(|declared| declared.get(name).is_some()) {
                continue;
            }
            let message =
                format!("there is no {} to remove from {}", quote(&name), quote(&format_args!("spec.{kind}")));
            let help = format!("to add it, write {}", typed(&format_args!("{name}: {{}}")));
            let place = Place::Config(at.key(kind).key(name.as_str()));
            report.push(Diagnostic::error(Code::InvalidValue, message).at(place).help(help));
        }
    }
}

/// A workload that only the cluster has runs there; one of `spec` runs where it says.
fn check_workloads(base: &Value, overlay: &mut Map<String, Value>, cluster: &str, at: &FieldPath, report: &mut Report) {
    for (name, workload) in overlay.get_mut("workloads").and_then(Value::as_object_mut).into_iter().flatten() {
        let Some(fields) = workload.as_object_mut() else { continue };
        let declared = base.pointer("/spec/workloads").and_then(|workloads| workloads.get(name));
        let clusters = fields.get("clusters").or_else(|| declared?.get("clusters")).and_then(Value::as_array);
        let place = || Place::Config(at.key("workloads").key(name.as_str()));
        match clusters.filter(|clusters| !clusters.is_empty()) {
            Some(clusters) if !clusters.iter().any(|it| it == cluster) => report.push(
                Diagnostic::error(
                    Code::ConflictingFields,
                    format!("workload {} does not run in cluster {}", quote(&name), quote(&cluster)),
                )
                .at(place())
                .help(format!("add {} to its `clusters`, or remove it here", quote(&cluster))),
            ),
            None if declared.is_none() => {
                fields.insert("clusters".to_owned(), vec![Value::from(cluster)].into());
            }
            _ => {}
        }
    }
}

fn entries(map: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    map.and_then(Value::as_object).into_iter().flatten()
}

/// What a cluster lays over `spec`.
#[derive(Debug)]
pub(super) struct Overlay {
    cluster: String,
    fields: Value,
    spec: Value,
}

impl Overlay {
    pub(super) fn cluster(&self) -> &str {
        &self.cluster
    }

    /// The cluster, if the values of this scope are looked up in another account or region there than elsewhere.
    pub(super) fn moves(&self, scope: &str) -> Option<&str> {
        let of_scope = self.fields.get("scopes").and_then(|scopes| scopes.get(scope)?.get("aws"));
        let is_moved = ["region", "aws"].iter().any(|field| self.fields.get(*field).is_some()) || of_scope.is_some();
        is_moved.then_some(self.cluster.as_str())
    }

    /// The field that a field of the merged declaration comes from: the overlay's if it sets the value, or has more of the
    /// path than `spec` has.
    pub(super) fn origin(&self, at: &FieldPath) -> FieldPath {
        let steps = at.steps();
        let Some((Step::Key(first), rest)) = steps.split_first() else { return at.clone() };
        let is_merged = matches!(rest.first(), Some(Step::Key(field)) if FIELDS.contains(&field.as_str()));
        if first != "spec" || !is_merged {
            return at.clone();
        }
        // A policy that is replaced is replaced with all that it has.
        let is_policy =
            matches!(rest, [Step::Key(kind), _, Step::Key(field), ..] if kind == "roles" && field == POLICIES);
        let policy = rest.get(..4).filter(|_| is_policy);
        if policy.is_some_and(|policy| reach(&self.fields, policy).0 == policy.len()) {
            return FieldPath::keys("spec.clusters").key(self.cluster.as_str()).then(rest);
        }
        let (here, there) = (reach(&self.fields, rest), reach(&self.spec, rest));
        let is_entry = |value: &Value| value.is_object();
        let is_own = match (here, there) {
            ((here, Some(value)), (there, _)) if here == rest.len() => there < here || !is_entry(value),
            ((here, _), (there, _)) => here > there,
        };
        if !is_own {
            return at.clone();
        }
        FieldPath::keys("spec.clusters").key(self.cluster.as_str()).then(rest)
    }
}

/// The value of a field that is there.
pub(super) fn value_at<'v>(value: &'v Value, at: &FieldPath) -> Option<&'v Value> {
    let (steps, value) = reach(value, at.steps());
    value.filter(|_| steps == at.steps().len())
}

/// The map in a field, which is added if it is not there.
pub(super) fn map_at<'s>(fields: &'s mut Map<String, Value>, name: &str) -> Option<&'s mut Map<String, Value>> {
    fields.entry(name).or_insert_with(|| Map::new().into()).as_object_mut()
}

/// How many steps of a path there are, and the value at the last of them.
pub(super) fn reach<'v>(value: &'v Value, steps: &[Step]) -> (usize, Option<&'v Value>) {
    let mut here = value;
    for (count, step) in steps.iter().enumerate() {
        let below = match step {
            Step::Key(key) => here.get(key),
            Step::Index(index) => here.get(index),
            Step::Named(_) => None,
        };
        match below {
            Some(below) => here = below,
            None => return (count, Some(here)),
        }
    }
    (steps.len(), Some(here))
}
