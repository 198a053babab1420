//! Objects beside the declared ones that reach for an identity: by a certificate of the same issuer, or by a key.
//!
//! Kinds are not told apart. A Secret is meant by its name where a word around it speaks of Secrets, and with its namespace
//! anywhere; an issuer where one speaks of issuers, whether the field is a Certificate's, an Ingress's annotation, an
//! attribute of a CSI driver or an argument.

mod asked;
mod embedded;
mod meant;
mod naming;
mod public;
mod reach;
mod speech;
mod writes;

use std::collections::BTreeSet;

use base64::engine::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::keys::Keys;
use super::object::Object;
use crate::diag::{Place, Report};
use crate::issuer::{self, IssuerRef};
use crate::name::{unescaped, words};
use crate::splice::speaks_of_mounts;
use crate::yaml::{FieldPath, Step};
use naming::Naming;
use reach::Reach;
use speech::{Meaning, speaks_of_issuers, speaks_of_secrets};

/// What Kubernetes' own requests begin with when they mean an issuer of cert-manager.
/// <https://cert-manager.io/docs/usage/kube-csr/>
const SIGNERS: [(&str, &str); 2] =
    [("issuers.cert-manager.io/", issuer::KIND), ("clusterissuers.cert-manager.io/", "ClusterIssuer")];

/// How many texts within texts are read as what they hold. Of those within more only the words are.
const NESTING: u8 = 4;

/// Reports how an object reaches for what only declared ones may have. `is_ours` says of a place whether we have written it.
/// `contested` are Secrets that strangers write.
pub(super) fn check(
    object: &Object,
    keys: &Keys<'_>,
    contested: &BTreeSet<String>,
    is_ours: impl Fn(&FieldPath) -> bool,
    report: &mut Report,
) {
    let naming = Naming::of(object);
    if naming.has(&FieldPath::root()) {
        return;
    }
    let mut walk = Walk {
        object,
        keys,
        contested,
        is_ours: &is_ours,
        is_mutator: writes::is_mutator(object),
        naming,
        nesting: 0,
        found: Vec::new(),
    };
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
    keys: &'k Keys<'k>,
    contested: &'k BTreeSet<String>,
    is_ours: &'f dyn Fn(&FieldPath) -> bool,
    is_mutator: bool,
    naming: Naming,
    /// How many texts within texts it is in.
    nesting: u8,
    found: Vec<(FieldPath, Reach<'k>)>,
}

/// Where a value is.
#[derive(Clone, Copy)]
struct Around<'a> {
    /// The field that holds it; entries of a list are under the list's.
    key: &'a str,
    /// What a name means there.
    meaning: Meaning,
    /// Whether a field above it is about mounts or volumes.
    mounts: bool,
    /// The namespace that stands beside it.
    namespace: Option<&'a str>,
    /// The namespace of the object within this one that it is in.
    home: Option<&'a str>,
    at: &'a FieldPath,
}

impl<'a> Around<'a> {
    fn nothing(at: &'a FieldPath) -> Self {
        Self { key: "", meaning: Meaning::Nothing, mounts: false, namespace: None, home: None, at }
    }

    /// Below a field alone.
    fn under(field: &'a str, at: &'a FieldPath) -> Self {
        Self { key: field, mounts: speaks_of_mounts(field, ""), ..Self::nothing(at) }
    }
}

impl Walk<'_, '_> {
    fn root(&mut self) {
        let meaning = Meaning::of_kind(self.object.kind());
        let root = FieldPath::root();
        self.copies();
        self.writes();
        self.encoded();
        if speech::is_namesake(self.object.kind()) {
            let at = FieldPath::keys("metadata.name");
            let around = Around { meaning: Meaning::Command, ..Around::nothing(&at) };
            self.secret(self.object.name(), around);
        }
        for (field, value) in self.object.value.as_object().into_iter().flatten() {
            match field.as_str() {
                "apiVersion" | "kind" => {}
                "metadata" => self.metadata(value, &root.key("metadata")),
                field => {
                    let at = root.key(field);
                    let meaning = meaning.below(field);
                    self.value(value, Around { meaning, ..Around::under(field, &at) });
                }
            }
        }
    }

    /// What is in base64 by its kind.
    fn encoded(&mut self) {
        let field = match (self.object.group(), self.object.kind()) {
            ("", "Secret") => "data",
            ("", "ConfigMap") => "binaryData",
            _ => return,
        };
        for (key, value) in self.object.value.get(field).and_then(Value::as_object).into_iter().flatten() {
            let at = FieldPath::keys(field).key(key.as_str());
            let text: String = value.as_str().into_iter().flat_map(str::split_whitespace).collect();
            let bytes = STANDARD.decode(text).ok().filter(|_| !(self.is_ours)(&at));
            if let Some(text) = bytes.and_then(|bytes| String::from_utf8(bytes).ok()) {
                self.text(&text, Around { meaning: Meaning::Nothing.below(key), ..Around::under(key, &at) });
            }
        }
    }

    /// An object's own name is no reference, and its labels have no effect on what runs.
    fn metadata(&mut self, metadata: &Value, at: &FieldPath) {
        const OWN: &[&str] = &["name", "namespace", "generateName", "labels", "ownerReferences"];
        for (field, value) in metadata.as_object().into_iter().flatten().filter(|(it, _)| !OWN.contains(&it.as_str())) {
            let at = at.key(field.as_str());
            self.value(value, Around::under(field, &at));
        }
    }

    fn value(&mut self, value: &Value, around: Around<'_>) {
        if (self.is_ours)(around.at) || self.naming.has(around.at) {
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
        let within = || map.get("metadata")?.get("namespace")?.as_str();
        let around = Around { home: within().or(around.home), ..around };
        let name = text("name");
        let beside = Around { namespace, ..around };
        // A variable: its name says what its value is.
        if speaks_of_issuers(name) {
            self.issuer(text("value"), "", Around { at: &around.at.key("value"), ..beside });
        }
        if speaks_of_issuers(around.key) {
            self.issuer(name, text("kind"), Around { at: &around.at.key("name"), ..beside });
        }
        self.manifest(map, beside);
        let mounts = around.mounts || map.contains_key("mountPath");
        let chosen = public::chosen(self.object, map, around.at);
        let meaning = if text("kind") == "Secret" { around.meaning.below("secret") } else { around.meaning };
        for (field, value) in map {
            let at = around.at.key(field.as_str());
            if chosen.is_some_and(|fields| fields.contains(&field.as_str())) || is_label(around.at, field) {
                continue;
            }
            self.secret(field, Around { key: "", mounts, at: &at, ..beside });
            // A key with spaces is a sentence, not a field.
            let key = if field.contains(char::is_whitespace) { "" } else { field };
            let means = if field == "value" && speaks_of_secrets(name) { "secret" } else { key };
            let mounts = mounts || speaks_of_mounts(key, "");
            self.value(value, Around { key, meaning: meaning.below(means), mounts, at: &at, ..beside });
        }
    }

    fn text(&mut self, text: &str, around: Around<'_>) {
        let unescaped = unescaped(text);
        let mut readings = std::iter::once(text).chain(unescaped.as_deref());
        let is_known = readings.clone().flat_map(words).any(|word| self.keys.knows(word));
        // Most texts name nothing that matters. In `signerName`, an issuer's name is part of a word.
        if !is_known && around.key != "signerName" {
            return;
        }
        readings.by_ref().for_each(|text| self.plain(text, around));
        if is_known && self.nesting < NESTING {
            self.nesting += 1;
            for value in embedded::values(text) {
                self.value(&value, around);
            }
            self.nesting -= 1;
        }
    }

    fn plain(&mut self, text: &str, around: Around<'_>) {
        self.volume(text, around);
        self.writing(text, around);
        if self.is_mutator {
            self.change(text, around);
        }
        if speaks_of_issuers(around.key) {
            self.issuer(text, "", around);
        } else if speaks_of_issuers(text) {
            // A command, or an object inside a text. URLs are issuers of tokens.
            let pieces = text.split(|c: char| c.is_whitespace() || "\"',".contains(c)).filter(|it| !it.contains("://"));
            pieces.flat_map(words).for_each(|word| self.issuer(word, "", around));
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
            self.issuer(name, "", Around::nothing(at));
        }
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
