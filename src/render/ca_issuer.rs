//! cert-manager's Issuer that signs with a CA's Secret.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde_json::Value;

use super::object::value;

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

pub(super) fn ca_issuer(metadata: ObjectMeta, secret: &str) -> Value {
    value(&Issuer {
        api_version: "cert-manager.io/v1",
        kind: "Issuer",
        metadata,
        spec: IssuerSpec { ca: CaIssuer { secret_name: secret.to_owned() } },
    })
}
