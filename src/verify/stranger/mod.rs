//! Objects beside the declared ones that reach for an identity: by a certificate of the same issuer, or by a key.
//!
//! Kinds are not told apart. A Secret is meant by its name where a word around it speaks of Secrets, and with its namespace
//! anywhere; an issuer where one speaks of issuers, whether the field is a Certificate's, an Ingress's annotation, an
//! attribute of a CSI driver or an argument.

mod public;
mod reach;
mod speech;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::generated::is_copier;
use super::keys::Keys;
use super::object::Object;
use crate::diag::{Place, Report};
use crate::issuer::{self, IssuerRef};
use crate::name::words;
use crate::yaml::{FieldPath, Step};
use reach::{Asked, Reach};
use speech::{Meaning, speaks_of_issuers, speaks_of_secrets};

/// What Kubernetes' own requests begin with when they mean an issuer of cert-manager.
/// <https://cert-manager.io/docs/usage/kube-csr/>
const SIGNERS: [(&str, &str); 2] =
    [("issuers.cert-manager.io/", issuer::KIND), ("clusterissuers.cert-manager.io/", "ClusterIssuer")];

/// Reports how an object reaches for what only declared ones may have. `is_ours` says of a place whether we have written it.
pub(super) fn check(object: &Object, keys: &Keys, is_ours: impl Fn(&FieldPath) -> bool, report: &mut Report) {
    let mut walk = Walk { object, keys, is_ours: &is_ours, found: Vec::new() };
    walk.root();
    let mut said = BTreeSet::new();
    for (at, reach) in walk.found {
        if said.insert(reach.words()) {
            report.push(reach.diagnostic(object).at(Place::Item(object.resource_ref(), at)));
        }
    }
}

struct Walk<'k, 'f> {
    object: &'k Object,
    keys: &'k Keys,
    is_ours: &'f dyn Fn(&FieldPath) -> bool,
    found: Vec<(FieldPath, Reach<'k>)>,
}

/// Where a value is.
#[derive(Clone, Copy)]
struct Around<'a> {
    /// The field that holds it; entries of a list are under the list's.
    key: &'a str,
    /// What a name means there.
    meaning: Meaning,
    /// The namespace that stands beside it.
    namespace: Option<&'a str>,
    at: &'a FieldPath,
}

impl Walk<'_, '_> {
    fn root(&mut self) {
        let meaning = Meaning::of_kind(self.object.kind());
        let root = FieldPath::root();
        self.copies();
        if speech::is_namesake(self.object.kind()) {
            let at = FieldPath::keys("metadata.name");
            let around = Around { key: "", meaning: Meaning::Command, namespace: None, at: &at };
            self.secret(self.object.name(), around);
        }
        for (field, value) in self.object.value.as_object().into_iter().flatten() {
            match field.as_str() {
                "apiVersion" | "kind" => {}
                "metadata" => self.metadata(value, &root.key("metadata")),
                field => {
                    let at = root.key(field);
                    let meaning = meaning.below(field);
                    self.value(value, Around { key: field, meaning, namespace: None, at: &at });
                }
            }
        }
    }

    /// A Secret that a controller copies by its annotations or labels: whoever applies them to it, or has it filled with them.
    fn copies(&mut self) {
        let is_secret = self.object.kind() == "Secret" && self.object.group().is_empty();
        let (name, metadata) = if is_secret {
            (self.object.name(), "/metadata")
        } else {
            (self.object.text("/spec/secretName"), "/spec/secretTemplate")
        };
        let Some(of_ca) = self.keys.secret(name, &[self.object.namespace()]) else { return };
        for section in ["annotations", "labels"] {
            let entries = self.object.value.pointer(&format!("{metadata}/{section}")).and_then(Value::as_object);
            for key in entries.into_iter().flat_map(|entries| entries.keys()).filter(|key| is_copier(key)) {
                let at = FieldPath::keys(&metadata.trim_start_matches('/').replace('/', ".")).key(section);
                self.found.push((at.key(key.as_str()), Reach::Key { secret: name.to_owned(), of_ca }));
            }
        }
    }

    /// An object's own name is no reference, and its labels have no effect on what runs.
    fn metadata(&mut self, metadata: &Value, at: &FieldPath) {
        const OWN: &[&str] = &["name", "namespace", "generateName", "labels", "ownerReferences"];
        for (field, value) in metadata.as_object().into_iter().flatten().filter(|(it, _)| !OWN.contains(&it.as_str())) {
            let at = at.key(field.as_str());
            self.value(value, Around { key: field, meaning: Meaning::Nothing, namespace: None, at: &at });
        }
    }

    fn value(&mut self, value: &Value, around: Around<'_>) {
        if (self.is_ours)(around.at) {
            return;
        }
        match value {
            Value::Object(map) => self.map(map, around),
            Value::Array(entries) => self.list(entries, around),
            Value::String(text) => self.text(text, around),
            _ => {}
        }
    }

    /// What stands behind `get secret` or `--tls-secret` in a list means a Secret.
    fn list(&mut self, entries: &[Value], around: Around<'_>) {
        let (mut before, mut behind) = ("", false);
        for (index, entry) in entries.iter().enumerate() {
            let at = around.at.index(index);
            self.argument(entry, entries.get(index + 1), &at);
            let is_announced = behind || speech::announces_secret(before);
            let meaning = if is_announced { Meaning::Command } else { around.meaning };
            self.value(entry, Around { meaning, at: &at, ..around });
            before = entry.as_str().unwrap_or_default();
            behind |= speech::announces_secrets(before);
        }
    }

    fn map(&mut self, map: &Map<String, Value>, around: Around<'_>) {
        let text = |field: &str| map.get(field).and_then(Value::as_str).unwrap_or_default();
        let namespace = map.get("namespace").and_then(Value::as_str).or(around.namespace);
        let name = text("name");
        let beside = Around { namespace, ..around };
        // A variable: its name says what its value is.
        if speaks_of_issuers(name) {
            self.issuer(text("value"), "", Around { at: &around.at.key("value"), ..beside });
        }
        if speaks_of_issuers(around.key) {
            self.issuer(name, text("kind"), Around { at: &around.at.key("name"), ..beside });
        }
        let chosen = public::chosen(self.object, map, around.at);
        let meaning = if text("kind") == "Secret" { around.meaning.below("secret") } else { around.meaning };
        for (field, value) in map {
            let at = around.at.key(field.as_str());
            if chosen.is_some_and(|fields| fields.contains(&field.as_str())) || is_label(around.at, field) {
                continue;
            }
            self.secret(field, Around { key: "", meaning: around.meaning, namespace, at: &at });
            let means = if field == "value" && speaks_of_secrets(name) { "secret" } else { field };
            self.value(value, Around { key: field, meaning: meaning.below(means), namespace, at: &at });
        }
    }

    fn text(&mut self, text: &str, around: Around<'_>) {
        if speaks_of_issuers(around.key) {
            self.issuer(text, "", around);
        } else if speaks_of_issuers(text) {
            // A command, or an object in a text.
            words(text).for_each(|word| self.issuer(word, "", around));
        }
        self.secret(text, around);
        for (prefix, kind) in SIGNERS.iter().filter(|_| around.key == "signerName") {
            if let Some(name) = text.strip_prefix(prefix) {
                let is_namespaced = IssuerRef::new(None, Some(kind), name).is_namespaced();
                let (namespace, name) = match name.split_once('.') {
                    Some((namespace, name)) if is_namespaced => (Some(namespace), name),
                    _ => (None, name),
                };
                self.issuer(name, kind, Around { namespace, ..around });
            }
        }
    }

    /// `--issuer-name=NAME`, or `--issuer-name` and then the name.
    fn argument(&mut self, entry: &Value, next: Option<&Value>, at: &FieldPath) {
        let Some(text) = entry.as_str().filter(|text| text.starts_with('-')) else { return };
        let (flag, name) = text.split_once('=').unwrap_or((text, next.and_then(Value::as_str).unwrap_or_default()));
        if speaks_of_issuers(flag) {
            self.issuer(name, "", Around { key: "", meaning: Meaning::Nothing, namespace: None, at });
        }
    }

    fn issuer(&mut self, name: &str, kind: &str, around: Around<'_>) {
        let asked = self.asked();
        // With its namespace before it, where a field takes one.
        let (before, name) = name.rsplit_once('/').map_or((None, name), |(before, name)| (Some(before), name));
        let namespaces = self.namespaces(before.or(around.namespace));
        let signers = self.keys.signers(name, kind, &namespaces);
        let reached = signers.map(|signer| (around.at.clone(), Reach::Issuer { signer, name: name.to_owned(), asked }));
        let reached: Vec<_> = reached.collect();
        self.found.extend(reached);
    }

    /// The Secrets that a text names, in whatever it is written between.
    fn secret(&mut self, text: &str, around: Around<'_>) {
        for named in speech::named(text, around.meaning) {
            let namespaces = match named.namespace {
                Some(namespace) => vec![Some(namespace)],
                None if named.is_anywhere => vec![None],
                None => self.namespaces(around.namespace),
            };
            let Some(of_ca) = self.keys.secret(named.name, &namespaces) else { continue };
            let secret = named.name.to_owned();
            let by_kind = matches!(around.meaning, Meaning::SecretByKind | Meaning::Target);
            let is_made = by_kind && named.namespace.is_none() && self.makes() == named.name
                // A Certificate fills its Secret; that is how a CA is born in a cluster.
                || of_ca && self.object.is_certificate();
            if !is_made {
                let reach = if named.is_sure { Reach::Key { secret, of_ca } } else { Reach::Unknown { secret } };
                if named.is_sure || !speech::is_harmless(around.at) {
                    self.found.push((around.at.clone(), reach));
                }
            }
        }
    }

    /// The namespaces that a reference may mean: the one that stands beside it, and the object's own. Where the kind has no
    /// such field, Kubernetes passes over what is said.
    fn namespaces<'n>(&'n self, said: Option<&'n str>) -> Vec<Option<&'n str>> {
        let said = said.filter(|namespace| !namespace.is_empty());
        said.map(Some).into_iter().chain([self.object.namespace()]).collect()
    }

    /// The Secret that an object of a kind that makes Secrets makes.
    fn makes(&self) -> &str {
        let target = self.object.text("/spec/target/name");
        if target.is_empty() { self.object.name() } else { target }
    }

    /// For whom the object asks, as far as it says so itself.
    fn asked(&self) -> Asked {
        let at = |path: &str| self.object.value.pointer(path).filter(|value| !value.is_null());
        let common_name = if self.object.is_certificate() {
            // A CA signs for everybody.
            let is_ca = at("/spec/isCA").is_some_and(|is_ca| *is_ca != Value::Bool(false));
            if is_ca || at("/spec/literalSubject").is_some() {
                return Asked::Anything;
            }
            at("/spec/commonName")
        } else if matches!(self.object.kind(), "Ingress" | "Gateway") {
            at("/metadata/annotations/cert-manager.io~1common-name")
        } else {
            return Asked::Anything;
        };
        let is_declared = |name: &Value| name.as_str().is_none_or(|name| self.keys.common_names.contains(name));
        if common_name.is_some_and(is_declared) { Asked::Anything } else { Asked::Other }
    }
}

/// Whether a field holds labels, or what selects by them.
fn is_label(within: &FieldPath, field: &str) -> bool {
    match within.steps().last() {
        Some(Step::Key(holder)) => {
            field == "labels" && holder == "metadata"
                || field == "matchLabels" && holder.to_ascii_lowercase().ends_with("selector")
        }
        _ => false,
    }
}
