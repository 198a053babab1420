//! A pod template in an object's text.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use crate::config::{Containers, SidecarStyle};
use crate::diag::{Code, Diagnostic, Known, Place, Report};
use crate::krm::{self, ResourceRef};
use crate::quote::{quote, quote_object};
use crate::render::is_sidecar;
use crate::yaml::{Document, FieldPath, NodeRef};

/// An object and where its pod template is.
#[derive(Clone, Copy)]
pub(super) struct Pod<'d> {
    pub(super) document: &'d Document<'d>,
    /// Where the object is in the document.
    pub(super) prefix: &'d FieldPath,
    /// Where the pod template is in the object.
    pub(super) template: &'d FieldPath,
}

/// One container: its list, name and path.
#[derive(Clone)]
pub(super) struct Container<'d> {
    pub(super) list: &'static str,
    pub(super) name: &'d str,
    pub(super) path: FieldPath,
    pub(super) node: NodeRef<'d>,
}

impl<'d> Pod<'d> {
    /// A node of the object; `at` is relative to the object.
    pub(super) fn node(self, at: &FieldPath) -> Option<NodeRef<'d>> {
        self.document.at(&self.prefix.join(at))
    }

    /// The namespace that the object sets.
    pub(super) fn namespace(self) -> Option<&'d str> {
        krm::namespace(self.node(&FieldPath::root())?)
    }

    /// Whether the object is a pod itself.
    pub(super) fn is_whole_object(self) -> bool {
        *self.template == FieldPath::root()
    }

    /// A path in the pod template, relative to the object.
    pub(super) fn at(self, dotted: &str) -> FieldPath {
        self.template.join(&FieldPath::keys(dotted))
    }

    /// Init containers, then containers.
    pub(super) fn containers(self) -> Vec<Container<'d>> {
        let of_list = |list: &'static str| {
            let path = self.at("spec").key(list);
            let items = self.node(&path).into_iter().flat_map(NodeRef::items);
            items
                .filter_map(|node| {
                    let name = node.get("name").and_then(NodeRef::text)?;
                    // By name: an index would change when the sidecar comes first.
                    Some(Container { list, name, path: path.named(name), node })
                })
                .collect::<Vec<_>>()
        };
        [of_list("initContainers"), of_list("containers")].concat()
    }

    /// The containers that get credentials. A listed name that the pod does not have is an error.
    pub(super) fn select(
        self,
        containers: &Containers,
        style: SidecarStyle,
        place: &FieldPath,
        target: &ResourceRef,
        report: &mut Report,
    ) -> Vec<Container<'d>> {
        // What runs before a plain sidecar starts cannot have credentials from it.
        let served = |container: &Container<'_>| style == SidecarStyle::Native || container.list == "containers";
        let all: Vec<_> = self.containers().into_iter().filter(|it| !is_sidecar(it.name) && served(it)).collect();
        let (field, listed) = match containers {
            Containers::All => return all,
            Containers::Only(listed) => ("containers", listed),
            Containers::Except(listed) => ("except", listed),
        };
        let there: BTreeSet<_> = all.iter().map(|container| container.name).collect();
        let known = OnceCell::new();
        for (index, name) in listed.iter().enumerate().filter(|(_, name)| !there.contains(name.as_str())) {
            let message = format!(
                "{} has no container {} that can get credentials",
                quote_object(&target.kind, &target.name),
                quote(&name)
            );
            let known = known.get_or_init(|| Known::of(all.iter().map(|container| container.name)));
            report.push(
                Diagnostic::error(Code::ContainerNotFound, message)
                    .at(Place::Config(place.key(field).index(index)))
                    .help(known.help(name)),
            );
        }
        let listed: BTreeSet<_> = listed.iter().map(String::as_str).collect();
        let wanted =
            |container: &Container<'_>| listed.contains(container.name) == matches!(containers, Containers::Only(_));
        all.into_iter().filter(wanted).collect()
    }
}

impl<'d> Container<'d> {
    /// The entries of `env`: name and node.
    pub(super) fn env(&self) -> impl Iterator<Item = (&'d str, NodeRef<'d>)> {
        let entries = self.node.get("env").into_iter().flat_map(NodeRef::items);
        entries.filter_map(|entry| Some((entry.get("name").and_then(NodeRef::text)?, entry)))
    }
}
