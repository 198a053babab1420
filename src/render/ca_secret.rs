//! The Secret with a CA's certificate and key.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use super::object::value;
use crate::certificate::Authority;

pub(super) fn ca_secret(metadata: ObjectMeta, authority: &Authority) -> Value {
    let bytes = |text: &str| ByteString(text.as_bytes().to_vec());
    value(&Secret {
        metadata,
        type_: Some("kubernetes.io/tls".to_owned()),
        data: Some(BTreeMap::from([
            ("tls.crt".to_owned(), bytes(&authority.certificate)),
            ("tls.key".to_owned(), bytes(authority.key.reveal())),
        ])),
        ..Secret::default()
    })
}
