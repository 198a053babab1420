//! cert-manager's Certificate of a workload.

use serde::Serialize;
use serde_json::Value;

use super::custom_resource::custom_resource;
use super::names::GENERATED_FOR;
use super::object::metadata;
use super::spelling::algorithm;
use crate::config;
use crate::issuer::{GROUP, IssuerRef};
use crate::krm::Gvk;
use crate::plan::PlannedWorkload;

/// cert-manager's Certificate.
/// <https://cert-manager.io/docs/reference/api-docs/>
pub const CERTIFICATE: Gvk = Gvk { group: GROUP, version: "v1", kind: "Certificate" };

/// The fields that iamra sets.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CertificateSpec {
    common_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<Subject>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    uris: Vec<String>,
    secret_name: String,
    duration: String,
    renew_before: String,
    private_key: PrivateKey,
    usages: &'static [&'static str],
    issuer_ref: IssuerName,
}

/// The subject beside the common name.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Subject {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    organizations: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    organizational_units: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PrivateKey {
    algorithm: &'static str,
    size: u32,
    rotation_policy: &'static str,
}

#[derive(Serialize)]
struct IssuerName {
    name: String,
    kind: String,
    group: String,
}

pub(super) fn certificate(planned: &PlannedWorkload<'_>) -> Value {
    let binding = &planned.binding();
    let settings = &binding.certificate;
    let IssuerRef { group, kind, name: issuer } = binding.issuer.issuer_ref.clone();
    let name = planned.certificate_name();
    let metadata = metadata(&name, planned.namespace.as_ref(), (GENERATED_FOR, &binding.workload));
    let spec = CertificateSpec {
        common_name: settings.common_name.clone(),
        subject: subject(settings),
        uris: settings.uris.clone(),
        secret_name: name,
        duration: settings.duration.to_string(),
        renew_before: settings.renew_before.to_string(),
        private_key: PrivateKey {
            algorithm: algorithm(settings.algorithm),
            size: settings.size,
            // Explicit, because the default was `Never` before cert-manager 1.18.
            // <https://github.com/cert-manager/cert-manager/blob/master/pkg/apis/certmanager/v1/types_certificate.go>
            rotation_policy: "Always",
        },
        usages: binding.issuer.usages,
        issuer_ref: IssuerName { name: issuer, kind, group },
    };
    custom_resource(&CERTIFICATE, metadata, &spec)
}

fn subject(settings: &config::Certificate) -> Option<Subject> {
    let organizations = settings.organizations.clone();
    let organizational_units = settings.organizational_units.clone();
    let is_empty = organizations.is_empty() && organizational_units.is_empty();
    (!is_empty).then_some(Subject { organizations, organizational_units })
}
