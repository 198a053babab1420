//! Objects in a cluster that are no longer needed after a change of the declaration.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Binding, Config};
use crate::issuer::{Issuer, IssuerObject};
use crate::name::{self, DnsLabel};
use crate::render;
use crate::splice;

/// By namespace, if the declaration sets one.
type Objects = BTreeSet<(Option<String>, Resource)>;

/// What is in a cluster.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Resource {
    /// An object, by its kind and name.
    Object(&'static str, String),
    /// The sample Pods of a workload, which end in a hash.
    Samples(String),
}

impl Resource {
    fn is_object(&self) -> bool {
        matches!(self, Self::Object(..))
    }

    /// For people.
    pub(super) fn words(&self, namespace: Option<&str>) -> String {
        let namespace = namespace.map_or_else(String::new, |namespace| format!("{namespace}/"));
        match self {
            Self::Object(kind, name) => format!("{kind} {namespace}{name}"),
            Self::Samples(workload) => format!("Pod {namespace}{}-…", name::of_sample(workload)),
        }
    }

    /// For kubectl.
    fn argument(&self) -> String {
        match self {
            Self::Object(kind, name) => format!("{}/{name}", kind.to_lowercase()),
            Self::Samples(workload) => format!("pods --selector {}={workload}", render::SAMPLE),
        }
    }
}

/// The objects that are rendered for a cluster's workloads and, with `prerequisites`, what `setup` prints.
pub(super) fn objects(config: &Config, prerequisites: bool) -> Objects {
    let namespace = |declared: &Option<DnsLabel>| declared.as_ref().map(ToString::to_string);
    let of_binding = |binding: &Binding| {
        let namespace = namespace(&binding.namespace);
        let own = render::idents(binding).into_iter().map(|(kind, name)| Resource::Object(kind, name));
        let samples = binding.sample.then(|| Resource::Samples(binding.workload.clone()));
        let own: Vec<_> = own.chain(samples).map(|resource| (namespace.clone(), resource)).collect();
        own.into_iter().chain(issuer_objects(namespace.as_ref(), &binding.issuer))
    };
    let own = config.issuers.values().filter(|_| prerequisites);
    let own = own.flat_map(|issuer| issuer_objects(namespace(&config.namespace).as_ref(), issuer));
    config.bindings.iter().flat_map(of_binding).chain(own).collect()
}

fn issuer_objects(namespace: Option<&String>, issuer: &Issuer) -> Vec<(Option<String>, Resource)> {
    let resource = |object: &IssuerObject| Resource::Object(object.kind.gvk.kind, object.name.clone());
    let place = |object: &IssuerObject| object.namespace(namespace.map(String::as_str));
    issuer.each().flat_map(|it| &it.objects).map(|object| (place(object), resource(object))).collect()
}

/// What is no longer rendered, one line each, and the commands that delete it without pruning.
///
/// `by_hand` has further objects to delete, which no tool prunes.
pub(super) fn words(leftovers: &Objects, by_hand: &Objects) -> String {
    let mut said = String::new();
    if !leftovers.is_empty() {
        said.push_str("no longer rendered; deleted by Argo CD, Flux and `kubectl apply --prune`:\n");
        said.extend(
            leftovers.iter().map(|(namespace, resource)| format!("  {}\n", resource.words(namespace.as_deref()))),
        );
    }
    let mut commands: BTreeMap<(Option<&str>, bool), Vec<String>> = BTreeMap::new();
    for (namespace, resource) in leftovers.iter().chain(by_hand) {
        // kubectl takes names or a selector, not both.
        commands.entry((namespace.as_deref(), resource.is_object())).or_default().push(resource.argument());
    }
    if !commands.is_empty() {
        said.push_str("to delete the objects from the cluster by hand:\n");
    }
    said.extend(commands.iter().flat_map(|((namespace, are_objects), arguments)| {
        let arguments = if *are_objects { vec![arguments.join(" ")] } else { arguments.clone() };
        arguments.into_iter().map(move |it| format!("  {}\n", splice::delete(*namespace, &it)))
    }));
    said
}
