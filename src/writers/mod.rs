//! What an object has written, by itself or by a controller that reads it.

pub mod copiers;
pub mod fillers;

use serde_json::Value;

use crate::issuer;
use crate::krm::group_of;
use crate::yaml;

/// An object that another one has written.
pub struct Whole<'o> {
    /// Its kind.
    pub kind: &'o str,
    /// Its name.
    pub name: &'o str,
    /// The namespaces that it may be in.
    pub namespaces: Vec<Option<&'o str>>,
}

impl<'o> Whole<'o> {
    fn secret(name: &'o str, namespace: Option<&'o str>) -> Self {
        Self { kind: "Secret", name, namespaces: vec![namespace] }
    }
}

/// Annotations by which cert-manager makes Certificates for an Ingress or a Gateway, each with the name of its Secret.
/// <https://cert-manager.io/docs/usage/ingress/>
/// <https://cert-manager.io/docs/usage/gateway/>
const SHIM: &[&str] = &["cert-manager.io/issuer", "cert-manager.io/cluster-issuer", "kubernetes.io/tls-acme"];

/// Kinds that have Secrets or ConfigMaps written; all kinds of a group where it is empty.
const KINDS: &[(&str, &str)] = &[
    ("", "ConfigMap"),
    ("", "Secret"),
    ("bitnami.com", "SealedSecret"),
    (issuer::GROUP, "Certificate"),
    ("external-secrets.io", "ClusterExternalSecret"),
    ("external-secrets.io", "ExternalSecret"),
    ("extensions", "Ingress"),
    ("gateway.networking.k8s.io", ""),
    ("networking.k8s.io", "Ingress"),
    ("onepassword.com", "OnePasswordItem"),
    ("secrets-store.csi.x-k8s.io", "SecretProviderClass"),
    ("secrets.hashicorp.com", ""),
    ("trust.cert-manager.io", ""),
];

/// Whether objects of this kind may have others written.
pub fn is_writer(api_version: &str, kind: &str) -> bool {
    let group = group_of(api_version);
    KINDS.iter().any(|(of, it)| *of == group && (it.is_empty() || *it == kind))
}

/// What an object has written under a name that stands nowhere else, or is its own.
pub fn of(object: &Value) -> Vec<Whole<'_>> {
    let (name, home) = (text(object, "/metadata/name"), namespace(object, "/metadata/namespace"));
    let first = |pointers: &[&str]| {
        let texts = pointers.iter().map(|pointer| text(object, pointer)).find(|text| !text.is_empty());
        texts.unwrap_or(name)
    };
    let kind_at = |pointer: &str| Some(text(object, pointer)).filter(|kind| !kind.is_empty()).unwrap_or("Secret");
    match (group_of(text(object, "/apiVersion")), text(object, "/kind")) {
        // <https://external-secrets.io/latest/api/externalsecret/>
        ("external-secrets.io", "ExternalSecret") => vec![Whole {
            kind: kind_at("/spec/target/manifest/kind"),
            name: first(&["/spec/target/name"]),
            namespaces: vec![home],
        }],
        ("external-secrets.io", "ClusterExternalSecret") => vec![Whole {
            kind: kind_at("/spec/externalSecretSpec/target/manifest/kind"),
            name: first(&["/spec/externalSecretSpec/target/name", "/spec/externalSecretName"]),
            namespaces: vec![None],
        }],
        ("bitnami.com", "SealedSecret") | ("onepassword.com", "OnePasswordItem") => vec![Whole::secret(name, home)],
        // <https://cert-manager.io/docs/reference/api-docs/>
        (issuer::GROUP, "Certificate") => vec![Whole::secret(text(object, "/spec/secretName"), home)],
        ("networking.k8s.io" | "extensions", "Ingress") if has_shim(object) => {
            let entries = entries(object, "/spec/tls").map(|entry| text(entry, "/secretName"));
            entries.map(|name| Whole::secret(name, home)).collect()
        }
        ("gateway.networking.k8s.io", _) if has_shim(object) => {
            let references = entries(object, "/spec/listeners").flat_map(|it| entries(it, "/tls/certificateRefs"));
            references.map(|it| Whole::secret(text(it, "/name"), namespace(it, "/namespace").or(home))).collect()
        }
        // <https://developer.hashicorp.com/vault/docs/platform/k8s/vso/api-reference>
        ("secrets.hashicorp.com", _) => vec![Whole::secret(text(object, "/spec/destination/name"), home)],
        // <https://secrets-store-csi-driver.sigs.k8s.io/topics/sync-as-kubernetes-secret>
        ("secrets-store.csi.x-k8s.io", "SecretProviderClass") => {
            let entries = entries(object, "/spec/secretObjects").map(|entry| text(entry, "/secretName"));
            entries.map(|name| Whole::secret(name, home)).collect()
        }
        // <https://cert-manager.io/docs/trust/trust-manager/api-reference/>
        ("trust.cert-manager.io", "Bundle" | "ClusterBundle") => {
            let is_there = |(field, _): &(&str, &str)| yaml::at(object, &format!("/spec/target/{field}")).is_some();
            let targets = [("configMap", "ConfigMap"), ("secret", "Secret")].into_iter().filter(is_there);
            targets.map(|(_, kind)| Whole { kind, name, namespaces: vec![None] }).collect()
        }
        ("", kind @ ("ConfigMap" | "Secret")) => {
            // A ConfigMap with the same name as ours is a duplicate of it; our Secrets are not in the stream.
            let own = (kind == "Secret").then_some(home);
            vec![Whole { kind, name, namespaces: own.into_iter().chain(copiers::namespaces(object)).collect() }]
        }
        _ => Vec::new(),
    }
}

fn text<'o>(object: &'o Value, pointer: &str) -> &'o str {
    yaml::at(object, pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A namespace that is said; an empty one says nothing.
fn namespace<'o>(object: &'o Value, pointer: &str) -> Option<&'o str> {
    Some(text(object, pointer)).filter(|namespace| !namespace.is_empty())
}

fn entries<'o>(object: &'o Value, pointer: &str) -> impl Iterator<Item = &'o Value> + Clone + use<'o> {
    yaml::at(object, pointer).and_then(Value::as_array).into_iter().flatten()
}

/// Whether cert-manager makes Certificates for it.
fn has_shim(object: &Value) -> bool {
    let annotations = yaml::at(object, "/metadata/annotations").and_then(Value::as_object);
    annotations.into_iter().flatten().any(|(key, value)| SHIM.contains(&key.as_str()) && value != "false")
}
