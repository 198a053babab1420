//! What stays in a cluster when objects of ours are no longer applied.

use std::collections::{BTreeMap, BTreeSet};

use crate::issuer;
use crate::krm::{Changes, Ident, Item, Object, ResourceRef, annotation};
use crate::name::ObjectName;
use crate::render::{CERTIFICATE, GENERATED_FOR};
use crate::yaml::NodeRef;

/// The commands that delete what was removed from a cluster.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// What was there for the workloads at hand, and the Secrets that cert-manager made for them.
    pub own: Vec<String>,
    /// What others may need: issuers, with what belongs to them.
    pub shared: Vec<String>,
}

impl Leftovers {
    /// Of the removed items.
    pub fn of(items: &[Item<'_>], changes: &Changes) -> Self {
        let (mut own, mut shared) = (ByNamespace::new(), ByNamespace::new());
        for item in changes.removed.iter().filter_map(|index| items.get(*index)) {
            let Some(ResourceRef { api_version, kind, name, namespace }) = item.ident().map(Ident::resource_ref) else {
                continue;
            };
            let namespace = namespace.filter(|_| !issuer::is_cluster_wide(&api_version, &kind));
            let is_of_workload = |object: &Object<'_>| annotation::get(object.root(), GENERATED_FOR).is_some();
            let object = item.parse().ok().filter(is_of_workload);
            let to = if object.is_some() { &mut own } else { &mut shared };
            // The Secret of a CA outlives its Certificate: other workloads may have certificates by it.
            let secret = object.filter(|_| kind == CERTIFICATE.kind).and_then(|object| secret(object.root()));
            let resources = secret.map(|secret| ("secret".to_owned(), secret)).into_iter().chain([(kind, name)]);
            let resources = resources.filter(|(_, name)| may_exist(name));
            let arguments = resources.map(|(kind, name)| format!("{}/{name}", kind.to_lowercase()));
            to.entry(namespace.filter(|it| may_exist(it))).or_default().extend(arguments);
        }
        Self { own: commands(own), shared: commands(shared) }
    }
}

/// Arguments of `kubectl delete`.
type ByNamespace = BTreeMap<Option<String>, BTreeSet<String>>;

fn commands(by_namespace: ByNamespace) -> Vec<String> {
    let command = |(namespace, arguments): (Option<String>, BTreeSet<String>)| {
        let arguments = arguments.into_iter().collect::<Vec<_>>().join(" ");
        delete(namespace.as_deref(), &arguments)
    };
    by_namespace.into_iter().filter(|(_, arguments)| !arguments.is_empty()).map(command).collect()
}

/// The command that deletes resources from a cluster, in the current namespace if none is given.
pub fn delete(namespace: Option<&str>, arguments: &str) -> String {
    let namespace = namespace.map_or_else(String::new, |namespace| format!("--namespace {namespace} "));
    format!("kubectl {namespace}delete --ignore-not-found {arguments}")
}

/// Nothing with another name is in a cluster, and a shell would read some of them as more than a name.
fn may_exist(name: &str) -> bool {
    ObjectName::parse(name).is_ok()
}

/// The name of the Secret that a Certificate fills.
pub(super) fn secret(certificate: NodeRef<'_>) -> Option<String> {
    Some(certificate.get("spec")?.get("secretName")?.text()?.to_owned())
}
