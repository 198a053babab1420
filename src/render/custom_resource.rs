//! A custom resource with the `spec` that its issuer kind defines.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde_json::Value;

use super::object::value;
use crate::krm::Gvk;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CustomResource<'s, S> {
    api_version: String,
    kind: &'static str,
    metadata: ObjectMeta,
    spec: &'s S,
}

pub(super) fn custom_resource(gvk: &Gvk, metadata: ObjectMeta, spec: &impl Serialize) -> Value {
    value(&CustomResource { api_version: gvk.api_version(), kind: gvk.kind, metadata, spec })
}
