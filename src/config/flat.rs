//! The declaration as one cluster sees it: every layer applied, and the field that each value comes from.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::extension::Extension;
use super::namespace::ALL;
use super::overlay::{self, Nulls, Overlay, map_at};
use super::sidecar::{DEFAULT_LIMITS, DEFAULT_REQUESTS};
use super::whole::Whole;
use super::{Binding, Config, Endpoint};
use crate::diag::Report;
use crate::name::DnsLabel;
use crate::template;
use crate::yaml::{FieldPath, Step};

/// The settings that layers have.
const SETTINGS: [&str; 3] = ["certificate", "sidecar", "environment"];

/// A declaration that means the same without clusters and layers.
pub struct Flat<'d> {
    /// The declaration.
    pub declaration: Value,
    /// The declaration with the cluster's overlay, from which it is made.
    merged: Value,
    overlay: Option<Overlay>,
    extension: Option<Extension<'d>>,
    cluster: Option<String>,
    /// The layers of each workload's settings, weakest first.
    layers: BTreeMap<String, Vec<FieldPath>>,
}

/// The checked declaration as the configuration's cluster sees it; `None` if it cannot be read.
pub fn flat<'d>(declaration: impl Into<Whole<'d>>, config: &Config) -> Option<Flat<'d>> {
    let mut unread = Report::default();
    let (value, extension) = super::declared(declaration.into(), &mut unread)?;
    let views = overlay::views(value, &mut unread);
    let is_seen = |clusters: &[String]| config.cluster.as_ref().is_none_or(|cluster| clusters.contains(cluster));
    let view = views.into_iter().find(|view| is_seen(&view.clusters))?;
    let mut flat = Flat {
        declaration: view.declaration.clone(),
        merged: view.declaration,
        overlay: view.overlay,
        extension,
        cluster: config.cluster.clone(),
        layers: BTreeMap::new(),
    };
    for binding in &config.bindings {
        flat.layers.insert(binding.workload.clone(), layers(binding, config.cluster.as_deref()));
    }
    flat.flatten(config);
    Some(flat)
}

fn layers(binding: &Binding, cluster: Option<&str>) -> Vec<FieldPath> {
    let spec = |section: &str, name: &str| FieldPath::keys("spec").key(section).key(name);
    let cluster = cluster.map(|cluster| spec("clusters", cluster));
    let scope = spec("scopes", &binding.scope);
    let namespace = binding.tenant.as_ref().map(|name| spec("namespaces", name).key("defaults"));
    let workload = spec("workloads", &binding.workload);
    let all = [Some(FieldPath::keys("spec.defaults")), cluster, namespace, Some(scope), Some(workload)];
    all.into_iter().flatten().collect()
}

impl Flat<'_> {
    /// The field of the declaration that sets the value at `at`; `None` for a default.
    pub fn origin(&self, at: &FieldPath) -> Option<FieldPath> {
        let said = |at: FieldPath| overlay::value_at(&self.merged, &at).is_some().then_some(at);
        let at = match self.setting(at) {
            Some((layers, setting)) => layers.iter().rev().find_map(|layer| said(layer.join(&setting)))?,
            None => said(at.clone()).or_else(|| self.namespace_of(at).into_iter().find_map(said))?,
        };
        let at = self.overlay.as_ref().map_or_else(|| at.clone(), |overlay| overlay.origin(&at));
        Some(self.extension.as_ref().map_or_else(|| at.clone(), |extension| extension.origin(&at)))
    }

    /// Where the namespace of workloads is that set none themselves.
    fn namespace_of(&self, at: &FieldPath) -> Vec<FieldPath> {
        let [_, Step::Key(section), _, Step::Key(field)] = at.steps() else { return Vec::new() };
        let of_cluster =
            self.cluster.as_ref().map(|it| FieldPath::keys("spec.clusters").key(it.as_str()).key("namespace"));
        let all = of_cluster.into_iter().chain([FieldPath::keys("metadata.namespace")]);
        all.filter(|_| section == "workloads" && field == "namespace").collect()
    }

    /// The layers and the path of a workload's setting.
    fn setting(&self, at: &FieldPath) -> Option<(&[FieldPath], FieldPath)> {
        let [Step::Key(_), Step::Key(section), Step::Key(workload), setting @ ..] = at.steps() else { return None };
        let is_setting = matches!(setting.first(), Some(Step::Key(first)) if SETTINGS.contains(&first.as_str()));
        let path = FieldPath::root().then(setting);
        (section == "workloads" && is_setting).then_some((self.layers.get(workload)?, path))
    }

    fn flatten(&mut self, config: &Config) {
        let workloads = config.bindings.iter().filter(|binding| binding.is_listed);
        let workloads = workloads.map(|binding| (binding.workload.clone(), self.workload(binding)));
        let workloads: Map<_, _> = workloads.collect();
        let Some(spec) = self.declaration.as_object_mut().and_then(|fields| map_at(fields, "spec")) else { return };
        for section in ["cluster", "clusters", "defaults"] {
            spec.shift_remove(section);
        }
        for section in ["parameterPrefix", "scopes", "roles"] {
            spec.get_mut(section).into_iter().for_each(|value| fill(value, config.cluster.as_deref()));
        }
        for (role, _) in &*config.roles {
            let Some(declared) = entry(spec, "roles", &role.name) else { continue };
            default(declared, "roleArn", role.role.as_str());
            default(declared, "profileArn", role.profile.as_str());
            default(declared, "sessionDuration", role.session.as_str());
            if let Some(scope) = entry(spec, "scopes", &role.scope) {
                default(scope, "trustAnchor", role.trust_anchor.as_str());
            }
        }
        let scopes = spec.get_mut("scopes").and_then(Value::as_object_mut).into_iter().flatten();
        for scope in scopes.filter_map(|(_, scope)| scope.as_object_mut()) {
            scope.retain(|field, _| !SETTINGS.contains(&field.as_str()));
        }
        let roles: BTreeSet<_> =
            spec.get("roles").and_then(Value::as_object).into_iter().flat_map(Map::keys).cloned().collect();
        let namespaces = spec.get_mut("namespaces").and_then(Value::as_object_mut).into_iter().flatten();
        for namespace in namespaces.filter_map(|(_, namespace)| namespace.as_object_mut()) {
            namespace.shift_remove("defaults");
            // Another cluster may have a role that this one has not.
            let listed = namespace.get_mut("roles").and_then(Value::as_array_mut);
            let is_here = |role: &str| role == ALL || roles.contains(role);
            if let Some(listed) = listed {
                listed.retain(|role| role.as_str().is_some_and(is_here));
            }
        }
        spec.insert("workloads".to_owned(), workloads.into());
    }

    /// A workload with all its settings.
    fn workload(&self, binding: &Binding) -> Value {
        let place = FieldPath::keys("spec.workloads").key(binding.workload.as_str());
        let mut workload = overlay::value_at(&self.merged, &place).cloned().unwrap_or_default();
        for layer in self.layers.get(&binding.workload).into_iter().flatten() {
            let settings = SETTINGS.iter().filter_map(|name| {
                Some(((*name).to_owned(), overlay::value_at(&self.merged, &layer.key(*name))?.clone()))
            });
            overlay::merge(&mut workload, &Value::Object(settings.collect()), Nulls::Remove);
        }
        if let Some(fields) = workload.as_object_mut() {
            fields.shift_remove("clusters");
            // First who it is.
            let role = Some(binding.role.name.as_str());
            let namespace = binding.namespace.as_ref().map(DnsLabel::as_str);
            for (name, text) in [("namespace", namespace), ("role", role)] {
                let Some(text) = text else { continue };
                fields.shift_insert(0, name.to_owned(), text.into());
            }
        }
        if let Some(at) = workload.pointer_mut("/sidecar/endpoint") {
            *at = endpoint(&binding.sidecar.endpoint);
        }
        // Templates, filled.
        let filled = [
            ("/certificate/commonName", Some(&binding.certificate.common_name)),
            ("/sidecar/roleSessionName", binding.sidecar.role_session_name.as_ref()),
        ];
        for (pointer, text) in filled {
            if let Some((template, text)) = workload.pointer_mut(pointer).zip(text) {
                *template = text.as_str().into();
            }
        }
        let certificate = &binding.certificate;
        let lists = [
            ("/certificate/organizations", &certificate.organizations),
            ("/certificate/organizationalUnits", &certificate.organizational_units),
            ("/certificate/uris", &certificate.uris),
        ];
        for (pointer, names) in lists {
            if let Some(templates) = workload.pointer_mut(pointer) {
                *templates = names.as_slice().into();
            }
        }
        complete(&mut workload, &defaults(binding));
        workload
    }
}

fn endpoint(endpoint: &Endpoint) -> Value {
    match &endpoint.url {
        Some(url) => json!({"url": url}),
        None => json!({"fips": endpoint.fips, "dualStack": endpoint.dual_stack}),
    }
}

/// What the program adds where nobody sets it.
fn defaults(binding: &Binding) -> Value {
    let Binding { certificate, sidecar, .. } = binding;
    // An entry that a layer removes is removed here, too.
    let resources = |entries: &BTreeMap<String, String>, defaults: &[(&str, &str)]| {
        let all = defaults.iter().map(|(name, _)| ((*name).to_owned(), json!(entries.get(*name))));
        Value::Object(all.collect())
    };
    json!({
        "certificate": {
            "duration": certificate.duration.as_str(),
            "renewBefore": certificate.renew_before.as_str(),
            "commonName": certificate.common_name,
            "privateKey": {"algorithm": certificate.algorithm, "size": certificate.size},
            "volume": certificate.volume,
        },
        "sidecar": {
            "helper": sidecar.helper,
            "image": sidecar.image,
            "delivery": sidecar.delivery,
            "style": sidecar.style,
            "startup": sidecar.startup,
            "port": sidecar.port,
            "hopLimit": sidecar.hop_limit,
            "fixedUser": sidecar.fixed_user,
            "resources": {
                "requests": resources(&sidecar.requests, DEFAULT_REQUESTS),
                "limits": resources(&sidecar.limits, DEFAULT_LIMITS),
            },
        },
    })
}

/// Adds what is missing.
fn complete(value: &mut Value, defaults: &Value) {
    let Value::Object(defaults) = defaults else { return };
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    let Some(fields) = value.as_object_mut() else { return };
    for (name, default) in defaults {
        match fields.get_mut(name) {
            Some(field) if default.is_object() => complete(field, default),
            Some(_) => {}
            None => drop(fields.insert(name.clone(), default.clone())),
        }
    }
}

/// Fills all templates with the cluster.
fn fill(value: &mut Value, cluster: Option<&str>) {
    match value {
        Value::String(text) => {
            let variables = cluster.map(|cluster| ("cluster", cluster)).into_iter().collect();
            if let Ok(filled) = template::fill(text, &variables) {
                *text = filled;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, cluster)),
        Value::Object(fields) => fields.values_mut().for_each(|field| fill(field, cluster)),
        _ => {}
    }
}

/// An entry of a section, which is added if it is not there.
fn entry<'s>(spec: &'s mut Map<String, Value>, section: &str, name: &str) -> Option<&'s mut Map<String, Value>> {
    map_at(map_at(spec, section)?, name)
}

fn default(fields: &mut Map<String, Value>, name: &str, text: &str) {
    fields.entry(name).or_insert_with(|| text.into());
}
