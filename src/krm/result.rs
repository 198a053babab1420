//! One entry of `results`, as the specification of KRM functions writes it.
//! <https://github.com/kubernetes-sigs/kustomize/blob/master/cmd/config/docs/api-conventions/functions-spec.md>

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How bad it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The function failed because of it; also the default.
    #[default]
    Error,
    /// Worth a look.
    Warning,
    /// Good to know.
    Info,
}

/// The object that a result is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceRef {
    /// `apiVersion`
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub api_version: String,
    /// `kind`
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// `metadata.name`
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// `metadata.namespace`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// The field of the object that a result is about.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    /// The path to the field: `spec.template.spec.containers[name=app]`
    pub path: String,
    /// What is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_value: Option<Value>,
    /// What should be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed_value: Option<Value>,
}

/// The file that a result is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// The path, with slashes, from the root of the package.
    pub path: String,
    /// Which document of the file, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u32>,
}

/// One result of a function.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Result {
    /// The words.
    pub message: String,
    /// How bad it is.
    #[serde(default)]
    pub severity: Severity,
    /// The object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_ref: Option<ResourceRef>,
    /// The field; only together with the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<Field>,
    /// The file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<File>,
    /// Whatever else machines want to know.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_written_as_the_specification_says() {
        let result = Result {
            message: "no such role".into(),
            severity: Severity::Warning,
            resource_ref: Some(ResourceRef {
                api_version: "apps/v1".into(),
                kind: "Deployment".into(),
                name: "web".into(),
                namespace: Some("prod".into()),
            }),
            field: Some(Field {
                path: "spec.replicas".into(),
                current_value: Some(1.into()),
                proposed_value: Some("2".into()),
            }),
            file: Some(File { path: "web.yaml".into(), index: Some(2) }),
            tags: [("code".into(), "unknown-role".into())].into(),
        };
        let expected = serde_json::json!({
            "message": "no such role",
            "severity": "warning",
            "resourceRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "namespace": "prod"},
            "field": {"path": "spec.replicas", "currentValue": 1, "proposedValue": "2"},
            "file": {"path": "web.yaml", "index": 2},
            "tags": {"code": "unknown-role"},
        });
        assert_eq!(serde_json::to_value(&result).unwrap(), expected);
        assert_eq!(serde_json::from_value::<Result>(expected).unwrap(), result);
    }

    #[test]
    fn only_the_message_must_be_there() {
        let result: Result = serde_json::from_str(r#"{"message": "x"}"#).unwrap();
        assert_eq!(result, Result { message: "x".into(), ..Result::default() });
        assert_eq!(serde_json::to_string(&result).unwrap(), r#"{"message":"x","severity":"error"}"#);
    }
}
