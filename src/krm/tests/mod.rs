//! Both readers against each other and against two readers that are not ours, on a table, on mutations of captured
//! lists and on arbitrary text.

mod corpus;
mod differential;
mod laws;
mod oracle;
mod reading;
mod table;

/// A list as kustomize sent it to a function.
const FROM_KUSTOMIZE: &str = include_str!("../../../tests/data/krm/from-kustomize.yaml");
/// A list as kpt sent it to a function.
const FROM_KPT: &str = include_str!("../../../tests/data/krm/from-kpt.yaml");

/// Manifests as people write them.
const MANIFESTS: &str = include_str!("../../../tests/data/krm/manifests.yaml");

/// Before the items of every list.
const HEAD: &str = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n";
