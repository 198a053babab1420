//! An index of cert-manager's objects.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::issuer::GROUP;
use crate::render::{CERTIFICATE, GENERATED_FOR};

/// cert-manager's objects, indexed for lookups.
#[derive(Default)]
pub(super) struct Cluster<'c> {
    certificates: BTreeMap<Owner<'c>, Vec<(usize, &'c Value)>>,
    /// All of them, in the order of the objects.
    all: Vec<&'c Value>,
    /// The newest one of each Certificate, by its namespace and name.
    requests: BTreeMap<(&'c str, &'c str), &'c Value>,
    /// All others, by kind and name.
    pub(super) others: BTreeMap<(&'c str, &'c str), Vec<&'c Value>>,
}

/// The owner of a Certificate. Those of iamra have the workload's name in an annotation, even if kustomize renamed
/// them.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Owner<'c> {
    Marked(&'c str),
    Named(&'c str),
}

impl<'c> Cluster<'c> {
    pub(super) fn of(objects: &'c [Value]) -> Self {
        let mut cluster = Self::default();
        for (position, object) in objects.iter().enumerate().filter(|(_, object)| group(object) == GROUP) {
            let annotation = |name: &str| text(object, &["metadata", "annotations", name]);
            match object["kind"].as_str().unwrap_or_default() {
                kind if kind == CERTIFICATE.kind => {
                    let owner = annotation(GENERATED_FOR).map_or_else(|| Owner::Named(name(object)), Owner::Marked);
                    cluster.all.push(object);
                    cluster.certificates.entry(owner).or_default().push((position, object));
                }
                "CertificateRequest" => {
                    let Some(certificate) = annotation("cert-manager.io/certificate-name") else { continue };
                    let newest = cluster.requests.entry((namespace(object), certificate)).or_insert(object);
                    if revision(newest) <= revision(object) {
                        *newest = object;
                    }
                }
                kind => cluster.others.entry((kind, name(object))).or_default().push(object),
            }
        }
        cluster
    }

    /// The Certificates of a workload or, without that annotation, of this name, in the order of the objects.
    pub(super) fn certificates_of(&self, workload: &str, certificate: &str) -> impl Iterator<Item = &'c Value> {
        let owners = [Owner::Marked(workload), Owner::Named(certificate)];
        let mut found: Vec<_> =
            owners.iter().filter_map(|owner| self.certificates.get(owner)).flatten().copied().collect();
        found.sort_by_key(|(position, _)| *position);
        found.into_iter().map(|(_, object)| object)
    }

    /// Those that fill the same Secret as one of these, which is not alone with it.
    pub(super) fn sharing(&self, certificates: &[&'c Value]) -> Vec<&'c Value> {
        let mut fillers: BTreeMap<(&str, &str), Vec<&'c Value>> = BTreeMap::new();
        for certificate in &self.all {
            if let Some(key) = filled(certificate) {
                fillers.entry(key).or_default().push(certificate);
            }
        }
        let keys: BTreeSet<_> = certificates.iter().filter_map(|certificate| filled(certificate)).collect();
        let shared = fillers.into_iter().filter(|(key, all)| keys.contains(key) && all.len() > 1);
        shared.flat_map(|(_, all)| all).collect()
    }

    /// All Certificates.
    pub(super) fn certificates(&self) -> impl Iterator<Item = &'c Value> {
        self.all.iter().copied()
    }

    /// The Certificates of this name, in any namespace.
    pub(super) fn certificates_named(&self, wanted: &str) -> impl Iterator<Item = &'c Value> {
        self.certificates().filter(move |certificate| name(certificate) == wanted)
    }

    pub(super) fn newest_request(&self, certificate: &Value) -> Option<&'c Value> {
        self.requests.get(&(namespace(certificate), name(certificate))).copied()
    }
}

/// The Secret that a Certificate fills, and its namespace.
fn filled(certificate: &Value) -> Option<(&str, &str)> {
    Some((namespace(certificate), text(certificate, &["spec", "secretName"])?))
}

fn revision(request: &Value) -> Option<u64> {
    text(request, &["metadata", "annotations", "cert-manager.io/certificate-revision"])?.parse().ok()
}

/// The text of a field, when there is one.
pub(super) fn text<'o>(object: &'o Value, path: &[&str]) -> Option<&'o str> {
    path.iter().try_fold(object, |value, key| value.get(key))?.as_str()
}

pub(super) fn name(object: &Value) -> &str {
    text(object, &["metadata", "name"]).unwrap_or_default()
}

pub(super) fn namespace(object: &Value) -> &str {
    text(object, &["metadata", "namespace"]).unwrap_or_default()
}

fn group(object: &Value) -> &str {
    object["apiVersion"].as_str().unwrap_or_default().split('/').next().unwrap_or_default()
}
