//! What a cluster has no more use for once the declaration has changed.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Binding, Config};
use crate::issuer::{Issuer, IssuerObject};
use crate::name::{DEFAULT_NAMESPACE, DnsLabel};
use crate::render;

/// Namespace, kind and name.
type Objects = BTreeSet<(String, &'static str, String)>;

/// The objects that are rendered for a cluster's workloads and, with `prerequisites`, what `setup` prints.
pub(super) fn objects(config: &Config, prerequisites: bool) -> Objects {
    let namespace =
        |declared: &Option<DnsLabel>| declared.as_ref().map_or(DEFAULT_NAMESPACE, DnsLabel::as_str).to_owned();
    let of_binding = |binding: &Binding| {
        let namespace = namespace(&binding.namespace);
        let own = render::idents(binding).into_iter();
        let own: Vec<_> = own.map(|(kind, name)| (namespace.clone(), kind, name)).collect();
        own.into_iter().chain(issuer_objects(&namespace, &binding.issuer))
    };
    let own = config.issuers.values().filter(|_| prerequisites);
    let own = own.flat_map(|issuer| issuer_objects(&namespace(&config.namespace), issuer));
    config.bindings.iter().flat_map(of_binding).chain(own).collect()
}

fn issuer_objects(namespace: &str, issuer: &Issuer) -> Vec<(String, &'static str, String)> {
    let ident = |object: &IssuerObject| (namespace.to_owned(), object.kind.gvk.kind, object.name.clone());
    issuer.objects.iter().map(ident).collect()
}

/// What is no longer rendered, a line each, and the command that deletes it where nobody prunes.
///
/// `by_hand` are objects beside those: a resource of kubectl by namespace.
pub(super) fn words(leftovers: &Objects, by_hand: &[(String, String)]) -> String {
    let mut of_namespace: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (namespace, kind, name) in leftovers {
        of_namespace.entry(namespace).or_default().push(format!("{}/{name}", kind.to_lowercase()));
    }
    for (namespace, resource) in by_hand {
        of_namespace.entry(namespace).or_default().push(resource.clone());
    }
    let mut said = String::new();
    if !leftovers.is_empty() {
        said.push_str("no longer rendered; Argo CD, Flux and `kubectl apply --prune` delete it:\n");
        said.extend(leftovers.iter().map(|(namespace, kind, name)| format!("  {kind} {namespace}/{name}\n")));
    }
    if !of_namespace.is_empty() {
        said.push_str("to delete by hand what is in the cluster:\n");
    }
    said.extend(of_namespace.iter().map(|(namespace, resources)| {
        format!("  kubectl --namespace {namespace} delete --ignore-not-found {}\n", resources.join(" "))
    }));
    said
}
