//! Objects beside the declared ones that reach for an identity: by a certificate of the same issuer, or by a key.
//!
//! Kinds are not told apart. A Secret is meant by its name where a word of the field speaks of Secrets, an issuer where one
//! speaks of issuers, whether the field is a Certificate's, an Ingress's annotation, an attribute of a CSI driver or an argument.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::keys::{Keys, Signer};
use super::object::Object;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::quote::quote_object;
use crate::yaml::{FieldPath, Step};

/// Keys of a Secret of cert-manager's that everybody may read.
const PUBLIC: &[&str] = &["tls.crt", "ca.crt"];
/// Fields whose Secrets are made and not read.
const FILLING: &[&str] = &["secretTemplates", "secretObjects"];
/// Where names have no effect on what runs.
const LABELS: &[&str] = &["labels", "matchLabels"];
/// Fields that hold names of Secrets, and whose own names do not say so.
const HOLDS_SECRETS: &[&str] = &["credentialName", "certificateRefs"];
/// What Kubernetes' own requests begin with when they mean an issuer of cert-manager.
const SIGNERS: [(&str, &str); 2] =
    [("issuers.cert-manager.io/", "Issuer"), ("clusterissuers.cert-manager.io/", "ClusterIssuer")];

/// Reports how an object reaches for what only declared ones may have. `is_ours` says of a place whether we have written it.
pub(super) fn check(object: &Object, keys: &Keys, is_ours: impl Fn(&FieldPath) -> bool, report: &mut Report) {
    let mut walk = Walk { object, keys, is_ours: &is_ours, found: Vec::new() };
    walk.value("", &object.value, &FieldPath::root());
    let mut said = BTreeSet::new();
    for (at, reach) in walk.found {
        if said.insert(reach.words()) {
            report.push(reach.told(object).at(Place::Item(object.resource_ref(), at)));
        }
    }
}

/// What an object reaches for.
enum Reach<'k> {
    Issuer(&'k Signer, Asked),
    Key { secret: &'k str, of_ca: bool },
}

/// For which common name a certificate is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// For one that no declared workload has.
    Other,
    /// For a declared one, or nobody can tell.
    Anything,
}

impl Reach<'_> {
    fn words(&self) -> String {
        match self {
            Self::Issuer(signer, _) => {
                format!(
                    "asks {}, who signs for declared workloads, for a certificate",
                    quote_object(&signer.kind, &signer.name)
                )
            }
            Self::Key { secret, of_ca: false } => {
                format!("reaches for {}, which has the key of an identity", quote_object("Secret", secret))
            }
            Self::Key { secret, of_ca: true } => {
                format!(
                    "reaches for {}, the CA's key: with it every workload can be made",
                    quote_object("Secret", secret)
                )
            }
        }
    }

    fn told(&self, object: &Object) -> Diagnostic {
        let message = format!("{} {}, and nobody declares that", object.words(), self.words());
        match self {
            // Such an issuer may be there for others, too; a role's conditions tell its certificates apart.
            Self::Issuer(signer, Asked::Other) if !signer.is_own => Diagnostic::warning(Code::UndeclaredIdentity, message)
                .help("give each role a condition on the common name, or the declaration an issuer of its own"),
            Self::Issuer(..) => Diagnostic::error(Code::UndeclaredIdentity, message).help(
                "declare it under `workloads`, or let another issuer sign it: IAM Roles Anywhere trusts whatever this one signs",
            ),
            Self::Key { .. } => Diagnostic::error(Code::UndeclaredIdentity, message)
                .help("take the reference out: credentials come from the sidecar, and nothing else needs the key"),
        }
    }
}

struct Walk<'k, 'f> {
    object: &'k Object,
    keys: &'k Keys,
    is_ours: &'f dyn Fn(&FieldPath) -> bool,
    found: Vec<(FieldPath, Reach<'k>)>,
}

impl Walk<'_, '_> {
    /// A value under `key`; entries of a list are under the list's.
    fn value(&mut self, key: &str, value: &Value, at: &FieldPath) {
        if (self.is_ours)(at) {
            return;
        }
        match value {
            Value::Object(map) => self.map(key, map, at),
            Value::Array(entries) => {
                for (index, entry) in entries.iter().enumerate() {
                    let at = at.index(index);
                    self.argument(entry, entries.get(index + 1), &at);
                    self.value(key, entry, &at);
                }
            }
            Value::String(text) => self.text(key, text, at),
            _ => {}
        }
    }

    fn map(&mut self, key: &str, map: &'_ Map<String, Value>, at: &FieldPath) {
        let text = |field: &str| map.get(field).and_then(Value::as_str).unwrap_or_default();
        let (name, value) = (text("name"), text("value"));
        // A variable: its name says what its value is.
        if speaks_of_issuers(name) {
            self.issuer(value, "", None, &at.key("value"));
        }
        if speaks_of_issuers(key) {
            self.issuer(name, text("kind"), map.get("namespace").and_then(Value::as_str), &at.key("name"));
        }
        let is_filled = FILLING.contains(&key);
        let is_public = is_public(key, map, at);
        if (speaks_of_secrets(key) || text("kind") == "Secret") && !is_filled && !is_public {
            self.secret(name, map.get("namespace").and_then(Value::as_str), &at.key("name"));
        }
        for (field, value) in map {
            let is_made = is_filled && speaks_of_secrets(field);
            if !(LABELS.contains(&field.as_str()) || is_made || is_public && field == "secretName") {
                self.value(field, value, &at.key(field.as_str()));
            }
        }
    }

    fn text(&mut self, key: &str, text: &str, at: &FieldPath) {
        if speaks_of_issuers(key) {
            self.issuer(text, "", None, at);
        }
        if speaks_of_secrets(key) && !FILLING.contains(&key) {
            self.secret(text, None, at);
        }
        for (prefix, kind) in SIGNERS.iter().filter(|_| key == "signerName") {
            if let Some(name) = text.strip_prefix(prefix) {
                let (namespace, name) = match name.split_once('.') {
                    Some((namespace, name)) if *kind == "Issuer" => (Some(namespace), name),
                    _ => (None, name),
                };
                self.issuer(name, kind, namespace, at);
            }
        }
    }

    /// `--issuer-name=NAME`, or `--issuer-name` and then the name.
    fn argument(&mut self, entry: &Value, next: Option<&Value>, at: &FieldPath) {
        let Some(text) = entry.as_str().filter(|text| text.starts_with('-')) else { return };
        let (flag, name) = text.split_once('=').unwrap_or((text, next.and_then(Value::as_str).unwrap_or_default()));
        if speaks_of_issuers(flag) {
            self.issuer(name, "", None, at);
        }
    }

    fn issuer(&mut self, name: &str, kind: &str, namespace: Option<&str>, at: &FieldPath) {
        let namespace = namespace.or(self.object.namespace());
        let signers = self.keys.signers.iter();
        for signer in signers.filter(|signer| signer.is_meant(name, kind, namespace)) {
            let reach = Reach::Issuer(signer, self.asked());
            self.found.push((at.clone(), reach));
        }
    }

    fn secret(&mut self, name: &str, namespace: Option<&str>, at: &FieldPath) {
        let namespace = namespace.or(self.object.namespace());
        let is_certificate = self.object.is_certificate();
        for (secret, of_ca) in self.keys.secrets_of(name, namespace) {
            // A Certificate fills its Secret; that is how a CA is born in a cluster.
            if !(of_ca && is_certificate) {
                self.found.push((at.clone(), Reach::Key { secret, of_ca }));
            }
        }
    }

    /// For whom the object asks, as far as it says so itself.
    fn asked(&self) -> Asked {
        let at = |path: &str| self.object.value.pointer(path).filter(|value| !value.is_null());
        let common_name = if self.object.is_certificate() && at("/spec/literalSubject").is_none() {
            at("/spec/commonName")
        } else if matches!(self.object.kind(), "Ingress" | "Gateway") {
            at("/metadata/annotations/cert-manager.io~1common-name")
        } else {
            return Asked::Anything;
        };
        let is_declared = common_name.and_then(Value::as_str).is_some_and(|name| self.keys.common_names.contains(name));
        if is_declared { Asked::Anything } else { Asked::Other }
    }
}

fn speaks_of_issuers(field: &str) -> bool {
    field.to_ascii_lowercase().contains("issuer")
}

fn speaks_of_secrets(field: &str) -> bool {
    HOLDS_SECRETS.contains(&field) || field.to_ascii_lowercase().contains("secret")
}

/// Whether a reference names what it reads of a Secret, and none of it is the private key. `key` counts only where it is a
/// field: elsewhere Kubernetes passes over it, and all is read.
fn is_public(field: &str, reference: &Map<String, Value>, at: &FieldPath) -> bool {
    let is_one = |key: &Value| key.as_str().is_some_and(|key| PUBLIC.contains(&key));
    if let Some(items) = reference.get("items").and_then(Value::as_array) {
        return !items.is_empty() && items.iter().all(|item| is_one(&item["key"]));
    }
    let is_volume = at.steps().contains(&Step::Key("projected".to_owned())) || reference.contains_key("secretName");
    let takes_one = field == "secretKeyRef" || field == "secret" && !is_volume;
    takes_one && reference.get("key").is_some_and(is_one)
}
