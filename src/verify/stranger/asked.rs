//! For whom an object asks a certificate.

use serde_json::Value;

use super::Object;
use super::reach::Asked;
use crate::verify::keys::Keys;
use crate::yaml;

/// How annotations of cert-manager begin, by which it makes a Certificate of an Ingress or a Gateway.
/// <https://cert-manager.io/docs/usage/ingress/#supported-annotations>
const ANNOTATION: &str = "cert-manager.io/";

/// Fields of a Certificate that say more of its names than a list of texts.
/// <https://cert-manager.io/docs/reference/api-docs/#cert-manager.io/v1.CertificateSpec>
const UNREADABLE: &[&str] = &["literalSubject", "otherNames"];

/// Usages with which a certificate can sign others.
const SIGNING: &[&str] = &["cert sign", "crl sign", "any"];

/// The names that a certificate would have.
#[derive(Default)]
struct Names<'o> {
    common: Option<&'o Value>,
    uris: Vec<&'o Value>,
    hosts: Vec<&'o Value>,
}

impl Names<'_> {
    /// Whether one of them is a declared workload's, or may be.
    fn are_declared(&self, keys: &Keys<'_>) -> bool {
        // Those who sign for names of hosts alone may make the first one the common name.
        let hosts = self.hosts.iter().filter(|_| self.common.is_none());
        let mut all = self.common.iter().chain(&self.uris).chain(hosts);
        all.any(|name| name.as_str().is_none_or(|names| names.split(',').any(|name| keys.is_named(name.trim()))))
    }
}

/// For whom the object asks, as far as it says so itself.
pub(super) fn asked(object: &Object, keys: &Keys<'_>) -> Asked {
    let names = if object.is_certificate() { of_certificate(object) } else { of_annotations(object) };
    if names.is_none_or(|names| names.are_declared(keys)) { Asked::Anything } else { Asked::Other }
}

/// `None` if they cannot be told, or are any: a CA can sign for every name.
fn of_certificate(object: &Object) -> Option<Names<'_>> {
    let spec = object.value.get("spec")?;
    let at = |field: &str| spec.get(field).filter(|value| !value.is_null());
    let all = |field: &str| match at(field) {
        Some(Value::Array(all)) => all.iter().collect(),
        other => Vec::from_iter(other),
    };
    let is_ca = at("isCA").is_some_and(|is_ca| *is_ca != Value::Bool(false));
    let is_signing = |usage: &&Value| usage.as_str().is_none_or(|usage| SIGNING.contains(&usage));
    if is_ca || UNREADABLE.iter().any(|field| at(field).is_some()) || all("usages").iter().any(is_signing) {
        return None;
    }
    Some(Names { common: at("commonName"), uris: all("uris"), hosts: all("dnsNames") })
}

/// `None` for other kinds, which may ask for any name.
fn of_annotations(object: &Object) -> Option<Names<'_>> {
    let said = |name: &str| yaml::at(&object.value, "/metadata/annotations")?.get(format!("{ANNOTATION}{name}"));
    let within = |list: &str, path: &str| -> Vec<_> {
        let list = yaml::at(&object.value, list).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(|entry| yaml::at(entry, path)).collect()
    };
    let hosts = match object.kind() {
        "Ingress" => {
            let lists = within("/spec/tls", "/hosts").into_iter();
            lists.flat_map(|hosts| hosts.as_array().map_or_else(|| vec![hosts], |all| all.iter().collect())).collect()
        }
        "Gateway" | "ListenerSet" | "XListenerSet" => within("/spec/listeners", "/hostname"),
        _ => return None,
    };
    Some(Names { common: said("common-name"), uris: Vec::from_iter(said("uri-sans")), hosts })
}
