//! Whether an object can make the Secret of a CA. Of what is encrypted, only the form can be checked.

use base64::engine::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::certificate::Authority;
use crate::issuer::GROUP;
use crate::krm::group_of;
use crate::quote::{quote, quote_all};
use crate::render::CERTIFICATE;
use crate::secret::Secret;
use crate::yaml;

/// What cert-manager reads.
/// <https://cert-manager.io/docs/configuration/ca/>
const KEYS: [&str; 2] = ["tls.crt", "tls.key"];

/// The types that a Secret with them can have.
/// <https://kubernetes.io/docs/concepts/configuration/secret/#secret-types>
const TYPES: [&str; 2] = ["kubernetes.io/tls", "Opaque"];

/// How SOPS writes an encrypted value.
/// <https://github.com/getsops/sops#encryption-protocol>
const ENCRYPTED: &str = "ENC[";

/// What is in PEM.
const PEM: &str = "-----BEGIN";

/// Annotations by which a SealedSecret may be opened under another name, and in another namespace, too.
/// <https://github.com/bitnami-labs/sealed-secrets#scopes>
const SCOPES: [&str; 2] = ["sealedsecrets.bitnami.com/namespace-wide", "sealedsecrets.bitnami.com/cluster-wide"];

/// Why the Secret that an object makes cannot be a CA's, and the field that says so.
pub(super) fn fault(object: &Value) -> Option<(&'static str, String)> {
    match kind(object) {
        ("", "Secret") => of_secret(object),
        // <https://github.com/bitnami-labs/sealed-secrets/blob/main/pkg/apis/sealedsecrets/v1alpha1/types.go>
        ("bitnami.com", "SealedSecret") => {
            // Long ago, all was sealed as one text.
            let is_one = yaml::at(object, "/spec/data").is_some_and(|data| !data.is_null());
            let missing = missing(object, &["/spec/encryptedData", "/spec/template/data"]).filter(|_| !is_one);
            let missing = missing.map(|why| ("spec.encryptedData", why));
            missing.or_else(|| wrong_type(object, "/spec/template/type").map(|why| ("spec.template.type", why)))
        }
        (GROUP, kind) if kind == CERTIFICATE.kind => {
            let is_ca = yaml::at(object, "/spec/isCA").is_some_and(|it| *it == Value::Bool(true));
            (!is_ca).then(|| ("spec.isCA", "it asks for a certificate that is no CA".to_owned()))
        }
        _ => None,
    }
}

/// Why the controller may be unable to open a SealedSecret, and the field that says so: a name and a namespace are sealed in,
/// and the template still has those of the Secret that was sealed.
pub(super) fn doubt(object: &Value) -> Option<(&'static str, String)> {
    if kind(object) != ("bitnami.com", "SealedSecret") {
        return None;
    }
    let [is_namespace_wide, is_cluster_wide] = SCOPES.map(|scope| {
        let said = yaml::at(object, "/metadata/annotations").and_then(|all| all.get(scope));
        said.is_some_and(|said| said == "true")
    });
    let fields = [("name", is_namespace_wide || is_cluster_wide), ("namespace", is_cluster_wide)];
    fields.into_iter().filter(|(_, is_free)| !is_free).find_map(|(field, _)| {
        let text = |at: &str| yaml::at(object, &format!("{at}/{field}")).and_then(Value::as_str);
        let (is, was) = (text("/metadata")?, text("/spec/template/metadata")?);
        let why = || format!("was sealed for the {field} {} and has {}: it cannot be opened", quote(&was), quote(&is));
        (is != was).then(|| ("spec.template.metadata", why()))
    })
}

fn kind(object: &Value) -> (&str, &str) {
    let text = |field: &str| object.get(field).and_then(Value::as_str).unwrap_or_default();
    (group_of(text("apiVersion")), text("kind"))
}

/// The keys that it does not have.
fn missing(object: &Value, fields: &[&str]) -> Option<String> {
    let has =
        |key: &str| fields.iter().any(|field| yaml::at(object, field).is_some_and(|data| data.get(key).is_some()));
    let missing: Vec<_> = KEYS.into_iter().filter(|key| !has(key)).collect();
    (!missing.is_empty()).then(|| format!("it has no {}", quote_all(missing)))
}

fn wrong_type(object: &Value, pointer: &str) -> Option<String> {
    let found = yaml::at(object, pointer).and_then(Value::as_str)?;
    let is_known = TYPES.contains(&found) || found.is_empty() || found.starts_with(ENCRYPTED);
    (!is_known).then(|| format!("it is of type {}", quote(&found)))
}

fn of_secret(object: &Value) -> Option<(&'static str, String)> {
    if let Some(why) = missing(object, &["/data", "/stringData"]) {
        return Some(("data", why));
    }
    if let Some(why) = wrong_type(object, "/type") {
        return Some(("type", why));
    }
    // What SOPS has encrypted, and what other tools put in later, is no PEM yet.
    let [certificate, key] = KEYS.map(|key| text(object, key).filter(|text| text.contains(PEM)));
    let certificate = certificate?;
    let checked = match key {
        Some(key) => Authority::check(&certificate, &Secret::new(key)).map(drop),
        None => Authority::check_chain(&certificate),
    };
    checked.err().map(|why| ("data", why))
}

/// The plain text of an entry.
fn text(object: &Value, key: &str) -> Option<String> {
    let said = |field: &str| object.get(field)?.get(key)?.as_str();
    let decoded = || {
        let encoded: String = said("data")?.split_whitespace().collect();
        String::from_utf8(STANDARD.decode(encoded).ok()?).ok()
    };
    said("stringData").map(str::to_owned).or_else(decoded)
}
