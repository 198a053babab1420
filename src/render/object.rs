//! What all objects that iamra emits have in common.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde_json::Value;

use super::names::{MANAGED_BY, MANAGER};
use crate::krm::ResourceRef;

/// An object that iamra emits.
#[derive(Clone)]
pub struct Manifest {
    /// The whole object, in reading order.
    pub value: Value,
}

impl Manifest {
    /// Which object it is.
    pub fn resource_ref(&self) -> ResourceRef {
        let text = |path: &str| self.value.pointer(path).and_then(Value::as_str).map(str::to_owned);
        ResourceRef {
            api_version: text("/apiVersion").unwrap_or_default(),
            kind: text("/kind").unwrap_or_default(),
            name: text("/metadata/name").unwrap_or_default(),
            namespace: text("/metadata/namespace"),
        }
    }
}

/// Metadata of an emitted object; `owner` is the annotation that names what it belongs to.
pub(super) fn metadata(name: &str, namespace: Option<&String>, owner: (&str, &str)) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: namespace.cloned(),
        labels: Some(BTreeMap::from([(MANAGED_BY.to_owned(), MANAGER.to_owned())])),
        annotations: Some(BTreeMap::from([(owner.0.to_owned(), owner.1.to_owned())])),
        ..ObjectMeta::default()
    }
}

/// The object as a value in reading order.
#[expect(clippy::expect_used, reason = "all its keys are text")]
pub(super) fn value(object: &impl Serialize) -> Value {
    serde_json::to_value(object).expect("Kubernetes objects have only text keys")
}
