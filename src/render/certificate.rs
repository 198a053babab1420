//! cert-manager's Certificate of a workload.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde_json::Value;

use super::names::WORKLOAD;
use super::object::{metadata, value};
use super::spelling::{USAGES, algorithm};
use crate::plan::PlannedWorkload;

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

pub(super) fn certificate(planned: &PlannedWorkload<'_>) -> Value {
    let binding = &planned.binding();
    let settings = &binding.certificate;
    let issuer = binding.issuer.issuer_ref(&binding.scope);
    let name = planned.certificate_name();
    value(&Certificate {
        api_version: "cert-manager.io/v1",
        kind: "Certificate",
        metadata: metadata(&name, planned.namespace.as_ref(), (WORKLOAD, &binding.workload)),
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
