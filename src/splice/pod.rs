//! A pod template in an object's text.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use crate::config::Containers;
use crate::diag::{Code, Diagnostic, Known, Place, Report};
use crate::krm::{self, ResourceRef};
use crate::quote::{quote, quote_object};
use crate::render::is_sidecar;
use crate::workload::{ALONE, PodPlace};
use crate::yaml::{Document, FieldPath, NodeRef};

/// An object and the place in it that describes a pod.
#[derive(Clone, Copy)]
pub(super) struct Pod<'d> {
    pub(super) document: &'d Document<'d>,
    /// Where the object is in the document.
    pub(super) prefix: &'d FieldPath,
    /// Where the pod is described in the object.
    pub(super) place: &'d PodPlace,
    /// Whether the object describes other pods too.
    pub(super) is_one_of_several: bool,
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
        self.document.at(self.prefix)?.at(at)
    }

    /// The namespace that the object sets.
    pub(super) fn namespace(self) -> Option<&'d str> {
        krm::namespace(self.node(&FieldPath::root())?)
    }

    /// A path in the pod's `spec`, relative to the object.
    pub(super) fn spec(self, dotted: &str) -> FieldPath {
        self.place.spec.join(&FieldPath::keys(dotted))
    }

    /// The key of a container in the notes, unique among all pods of the object.
    pub(super) fn key(self, container: &Container<'_>) -> String {
        if self.is_one_of_several { container.path.to_string() } else { container.name.to_owned() }
    }

    /// Init containers, then containers.
    pub(super) fn containers(self) -> Vec<Container<'d>> {
        let of_field = |list: &'static str| {
            let path = self.spec(list);
            let field = self.node(&path);
            let items = field.into_iter().flat_map(NodeRef::items).filter_map(|node| {
                let name = node.get("name").and_then(NodeRef::text)?;
                // By name: an index would change when the sidecar comes first.
                Some(Container { list, name, path: path.named(name), node })
            });
            let alone = field.filter(|node| node.is_map()).map(|node| {
                let name = node.get("name").and_then(NodeRef::text).unwrap_or(ALONE);
                Container { list, name, path: path.clone(), node }
            });
            items.chain(alone).collect::<Vec<_>>()
        };
        self.place.containers.iter().flat_map(|list| of_field(list)).collect()
    }

    /// Whether a field is switched on, in whichever words the readers of YAML 1.1 and 1.2 take for it.
    pub(super) fn is_true(self, at: &FieldPath) -> bool {
        const WORDS: &[&str] = &["true", "y", "yes", "on"];
        let text = self.node(at).and_then(NodeRef::text).unwrap_or_default();
        WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
    }

    /// The containers that get credentials. With `is_early` these are there for init containers too. A listed name that
    /// the pod does not have is an error.
    pub(super) fn select(
        self,
        containers: &Containers,
        is_early: bool,
        place: &FieldPath,
        target: &ResourceRef,
        report: &mut Report,
    ) -> Vec<Container<'d>> {
        let all: Vec<_> = self.containers().into_iter().filter(|it| !is_sidecar(it.name)).collect();
        check_listed(containers, &all, place, target, report);
        let (is_only, listed) = match containers {
            Containers::All => (false, BTreeSet::new()),
            Containers::Only(listed) => (true, listed.iter().map(String::as_str).collect()),
            Containers::Except(listed) => (false, listed.iter().map(String::as_str).collect()),
        };
        let wanted = all.into_iter().filter(|container| listed.contains(container.name) == is_only);
        let (served, late): (Vec<_>, Vec<_>) =
            wanted.partition(|container| is_early || container.list != "initContainers");
        for container in late {
            let message = format!(
                "init container {} ends before the sidecar starts, and gets no credentials",
                quote(&container.name)
            );
            let diagnostic = if is_only { Diagnostic::error } else { Diagnostic::warning };
            report.push(
                diagnostic(Code::UnservedContainer, message)
                    .at(Place::Item(target.clone(), container.path))
                    .help("use `sidecar.style: native`, or leave the container out: list it under `except`"),
            );
        }
        served
    }
}

impl<'d> Container<'d> {
    /// The entries of `env`: name and node.
    pub(super) fn env(&self) -> impl Iterator<Item = (&'d str, NodeRef<'d>)> {
        let entries = self.node.get("env").into_iter().flat_map(NodeRef::items);
        entries.filter_map(|entry| Some((entry.get("name").and_then(NodeRef::text)?, entry)))
    }
}

/// Says which listed containers the pod does not have.
fn check_listed(
    containers: &Containers,
    all: &[Container<'_>],
    place: &FieldPath,
    target: &ResourceRef,
    report: &mut Report,
) {
    let (field, listed) = match containers {
        Containers::All => return,
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
}
