//! The objects that iamra emits: the CA Secret, the Issuer, the Certificate and the ConfigMap.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde_json::Value;

use super::delivery;
use super::order::ordered;
use super::sample::sample;
use crate::config::{ArgoCd, Delivery, KeyAlgorithm};
use crate::issuer::Companion;
use crate::krm::annotation::{LOCAL_CONFIG, NEEDS_HASH};
use crate::plan::{Member, Neighbour, Plan};

/// The label that says who manages an object, as Kubernetes recommends it.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Its value on our objects. With one of our annotations it makes an object ours.
pub const MANAGER: &str = "iamra";
/// The annotation that names the workload an object belongs to; on the workload itself it says that it is patched.
pub const WORKLOAD: &str = "iamra.dev/workload";
/// The annotation that names the scope an object belongs to.
pub const SCOPE: &str = "iamra.dev/scope";

/// An object that iamra emits.
#[derive(Clone)]
pub struct Generated {
    /// The whole object, in reading order.
    pub value: Value,
}

/// cert-manager's Issuer, as far as we write it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Issuer {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: IssuerSpec,
}

#[derive(Serialize)]
struct IssuerSpec {
    ca: CaIssuer,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CaIssuer {
    secret_name: String,
}

/// cert-manager's Certificate, as far as we write it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Certificate {
    api_version: &'static str,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: CertificateSpec,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CertificateSpec {
    common_name: String,
    secret_name: String,
    duration: String,
    renew_before: String,
    private_key: PrivateKey,
    usages: [&'static str; 2],
    issuer_ref: IssuerRef,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PrivateKey {
    algorithm: &'static str,
    size: u32,
    rotation_policy: &'static str,
}

#[derive(Serialize)]
struct IssuerRef {
    name: String,
    kind: String,
    group: String,
}

/// Without `digital signature` a CA issuer writes no KeyUsage at all, and AWS refuses the certificate.
pub(super) const USAGES: [&str; 2] = ["digital signature", "client auth"];

/// The annotation on a generator's configuration that asks for a stamp of this name.
pub const STAMP: &str = "iamra.dev/stamp";

/// A ConfigMap that never reaches the cluster. A kustomization that needs it fails when the generator that makes it
/// was silently skipped.
pub fn stamp(name: &str) -> Generated {
    let mut metadata = metadata(name, None, (LOCAL_CONFIG, "true"));
    metadata.labels = None;
    let data = Some(BTreeMap::from([("generated".to_owned(), "true".to_owned())]));
    Generated { value: ordered(value(&ConfigMap { metadata, data, ..ConfigMap::default() })) }
}

/// Every object of the plan, in the order in which a cluster needs them. With `hash_suffix`, ConfigMaps ask kustomize
/// for a hash in their names.
pub fn objects(plan: &Plan<'_>, argo_cd: ArgoCd, hash_suffix: bool) -> Vec<Generated> {
    let companions = plan.companions.iter().filter_map(companion);
    let certified = plan.members.iter().filter(|member| member.has_certificate());
    let certificates = certified.map(|member| (certificate(member), Wave::Certificate));
    let config_maps = plan.members.iter().map(|member| (config_map(member, hash_suffix), Wave::Certificate));
    let samples = plan.members.iter().filter(|member| member.bound.binding.sample);
    let samples = samples.map(|member| (sample(member).value, Wave::Workload));
    let values = companions.chain(certificates).chain(config_maps).chain(samples);
    values.map(|(value, wave)| Generated { value: ordered(tell(argo_cd, value, wave)) }).collect()
}

/// When Argo CD syncs an object of ours. Workloads are in wave 0 unless their author says otherwise.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wave {
    Ca = -3,
    Issuer = -2,
    Certificate = -1,
    Workload = 0,
}

/// Writes onto an object what Argo CD should know of it.
fn tell(argo_cd: ArgoCd, mut value: Value, wave: Wave) -> Value {
    let annotations = &mut value["metadata"]["annotations"];
    if argo_cd.sync_waves && wave != Wave::Workload {
        annotations["argocd.argoproj.io/sync-wave"] = (wave as i8).to_string().into();
    }
    if argo_cd.keep_ca && wave == Wave::Ca {
        annotations["argocd.argoproj.io/sync-options"] = "Prune=false,Delete=false".into();
    }
    value
}

fn companion(neighbour: &Neighbour<'_>) -> Option<(Value, Wave)> {
    let metadata = |name: &str| metadata(name, neighbour.namespace.as_ref(), (SCOPE, neighbour.scope));
    match &neighbour.companion {
        Companion::CaSecret { name } => {
            let authority = neighbour.authority?;
            let bytes = |text: &str| ByteString(text.as_bytes().to_vec());
            let secret = Secret {
                metadata: metadata(name),
                type_: Some("kubernetes.io/tls".to_owned()),
                data: Some(BTreeMap::from([
                    ("tls.crt".to_owned(), bytes(&authority.certificate)),
                    ("tls.key".to_owned(), bytes(authority.key.reveal())),
                ])),
                ..Secret::default()
            };
            Some((value(&secret), Wave::Ca))
        }
        Companion::CaIssuer { name, secret } => {
            let issuer = Issuer {
                api_version: "cert-manager.io/v1",
                kind: "Issuer",
                metadata: metadata(name),
                spec: IssuerSpec { ca: CaIssuer { secret_name: secret.clone() } },
            };
            Some((value(&issuer), Wave::Issuer))
        }
    }
}

fn certificate(member: &Member<'_>) -> Value {
    let binding = &member.bound.binding;
    let settings = &binding.certificate;
    let issuer = binding.issuer.issuer_ref(&binding.scope);
    let name = member.certificate_name();
    value(&Certificate {
        api_version: "cert-manager.io/v1",
        kind: "Certificate",
        metadata: metadata(&name, member.namespace.as_ref(), (WORKLOAD, &binding.workload)),
        spec: CertificateSpec {
            common_name: settings.common_name.clone(),
            secret_name: name,
            duration: settings.duration.to_string(),
            renew_before: settings.renew_before.to_string(),
            private_key: PrivateKey {
                algorithm: algorithm(settings.algorithm),
                size: settings.size,
                // Said outright: the default was `Never` before cert-manager 1.18.
                rotation_policy: "Always",
            },
            usages: USAGES,
            issuer_ref: IssuerRef { name: issuer.name, kind: issuer.kind, group: issuer.group },
        },
    })
}

fn config_map(member: &Member<'_>, hash_suffix: bool) -> Value {
    let identity = &member.bound.identity;
    let workload = &member.bound.binding.workload;
    let mut metadata = metadata(&config_map_name(workload), member.namespace.as_ref(), (WORKLOAD, workload));
    if hash_suffix {
        metadata.annotations.get_or_insert_default().insert(NEEDS_HASH.to_owned(), "true".to_owned());
    }
    let mut data = BTreeMap::from([
        ("TRUST_ANCHOR_ARN".to_owned(), identity.trust_anchor.to_string()),
        ("PROFILE_ARN".to_owned(), identity.profile.to_string()),
        ("ROLE_ARN".to_owned(), identity.role.to_string()),
    ]);
    if member.bound.binding.sidecar.delivery == Delivery::Process {
        data.insert(delivery::CONFIG_KEY.to_owned(), delivery::sdk_config(member));
    }
    value(&ConfigMap { metadata, data: Some(data), ..ConfigMap::default() })
}

/// Of an object of ours; `owner` is the annotation that says what it belongs to.
pub(super) fn metadata(name: &str, namespace: Option<&String>, owner: (&str, &str)) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: namespace.cloned(),
        labels: Some(BTreeMap::from([(MANAGED_BY.to_owned(), MANAGER.to_owned())])),
        annotations: Some(BTreeMap::from([(owner.0.to_owned(), owner.1.to_owned())])),
        ..ObjectMeta::default()
    }
}

/// The object as the values that are printed.
pub(super) fn value(object: &impl Serialize) -> Value {
    serde_json::to_value(object).expect("Kubernetes objects have only text keys")
}

/// `<workload>-iam-ra-config`
pub fn config_map_name(workload: &str) -> String {
    format!("{workload}-iam-ra-config")
}

/// The algorithm's name, as cert-manager spells it.
pub(super) fn algorithm(algorithm: KeyAlgorithm) -> &'static str {
    match algorithm {
        KeyAlgorithm::Rsa => "RSA",
        KeyAlgorithm::Ecdsa => "ECDSA",
    }
}
