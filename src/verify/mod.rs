//! Whether a rendered stream is what the declaration asks for, whoever rendered it: the gate behind kustomize, Helm or a
//! folder of committed manifests.
//!
//! kustomize may have given everything prefixes, namespaces and labels by now. An object of ours is therefore found by its
//! mark, and whoever refers to it must use the name that it has there.

mod declared;
mod generated;
mod keys;
mod names;
mod object;
mod patched;
mod stranger;
mod stream;
mod untouched;

pub use untouched::check_untouched;

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{self, OptIn, Which};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::{Changes, Item};
use crate::name::DnsLabel;
use crate::plan::Plan;
use crate::render::{self, Manifest};
use crate::resolve::Resolved;
use crate::workload::{self, Workload};
use keys::Keys;
use names::Names;
use object::Object;
use stream::Stream;

/// A rendered stream, and what may be called otherwise in it than iamra would call it.
#[derive(Clone, Copy)]
pub struct Rendered<'s, 't> {
    /// The objects.
    pub items: &'s [Item<'t>],
    /// Images that the sidecar may have beside the declared one.
    pub images: &'s [String],
}

/// The annotated workloads of the stream, under the names that they were patched by.
pub fn opted_in(items: &[Item<'_>], report: &mut Report) -> Vec<OptIn> {
    let stream = Stream::of(items);
    let mut opted_in = workload::opted_in(items, report);
    let mut patched = BTreeMap::new();
    for object in stream.patched() {
        patched.entry(object.resource_ref()).or_insert(object);
    }
    for it in &mut opted_in {
        let patched = patched.get(&it.object).copied();
        if let Some([mark]) = patched.map(Object::marks).as_deref() {
            it.names.insert(0, (*mark).to_owned());
        }
    }
    opted_in
}

/// The declaration with the names and namespaces that its workloads have in the stream.
pub fn adopt(resolved: &Resolved, items: &[Item<'_>]) -> Resolved {
    let stream = Stream::of(items);
    let idents = items.iter().filter_map(Item::ident);
    let there: BTreeSet<_> = idents
        .map(|it| (it.kind.to_string(), object::home_of(it.namespace.as_deref()).to_owned(), it.name.to_string()))
        .collect();
    let mut adopted = resolved.clone();
    for binding in &mut adopted.bindings {
        let binding = &mut binding.declared;
        let Which::Name(name) = &binding.target.which else { continue };
        let is_kind = |object: &&Object| binding.target.kind.as_ref().is_none_or(|kind| object.kind() == kind);
        let mut marked = stream.with_mark(&binding.workload).filter(|object| !object.is_ours());
        let Some(found) = marked.next().filter(|_| marked.next().is_none()).filter(is_kind) else { continue };
        // A prefix and a suffix leave the name recognisable; anything else is another object, and so is whatever stands
        // beside one that has the name.
        let place = |name: &str| (found.kind().to_owned(), found.home().to_owned(), name.to_owned());
        if found.name() == name || found.name().contains(name.as_str()) && !there.contains(&place(name)) {
            binding.target.which = Which::Name(found.name().to_owned());
            binding.namespace = found.namespace().and_then(|namespace| DnsLabel::parse(namespace).ok());
        }
    }
    adopted
}

/// Says where the stream is not what the declaration asks for: workloads that are not patched as they would be, identities
/// that nobody declares, objects that are missing, changed or there twice. `injected` is what an injection would change.
pub fn check(
    plan: &Plan<'_>,
    injected: &Changes,
    wanted: &[Manifest],
    rendered: Rendered<'_, '_>,
    inventory: &[Workload<'_>],
    report: &mut Report,
) {
    let stream = Stream::of(rendered.items);
    let wanted: Vec<_> = wanted.iter().map(|generated| Object::of(0, generated.value.clone())).collect();
    let names = Names::of(plan, &wanted, &stream, rendered.items, rendered.images);
    patched::check(plan, injected, &names, inventory, report);
    declared::check(plan, &wanted, &stream, inventory, report);
    generated::check(&wanted, &names, &stream, report);
    generated::check_once(&stream, rendered.items, report);
}

/// Says which objects reach for a declared identity without being declared: with a key, or by a certificate of their own.
pub fn check_strangers(
    resolved: &Resolved,
    plan: &Plan<'_>,
    items: &[Item<'_>],
    inventory: &[Workload<'_>],
    report: &mut Report,
) {
    let stream = Stream::of(items);
    let keys = Keys::of(resolved, &stream);
    // What is ours is looked at elsewhere, and more closely.
    let ours: BTreeSet<_> = stream.ours().map(|object| object.index).collect();
    let placements = plan.workloads.iter().flat_map(|planned| &planned.placements);
    let placements: BTreeMap<_, _> = placements
        .filter_map(|placement| inventory.get(placement.workload))
        .map(|found| (found.index, &found.template))
        .collect();
    for (index, item) in items.iter().enumerate() {
        if ours.contains(&index) || !(keys.may_be_in(item) || is_marked(item)) {
            continue;
        }
        let object = match item.parse() {
            Ok(object) => Object::of(index, object.to_value()),
            Err(error) => {
                let message = format!("item {index} cannot be read: {}", error.message);
                report.push(Diagnostic::error(Code::UnreadableItem, message).at(Place::Input(error.offset)));
                continue;
            }
        };
        let parts = placements.get(&index).map(|template| object.parts(template)).unwrap_or_default();
        if !NO_READERS.contains(&(object.text("/apiVersion"), object.kind())) {
            stranger::check(&object, &keys, |at| parts.contains(at), report);
        }
    }
}

/// Who names objects without reading them: rights, which are somebody else's to review, and the declaration.
const NO_READERS: &[(&str, &str)] = &[
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
    ("rbac.authorization.k8s.io/v1", "Role"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    (config::API_VERSION, config::KIND),
];

/// Whether anything in the stream is ours.
pub fn is_rendered(items: &[Item<'_>]) -> bool {
    let stream = Stream::of(items);
    stream.patched().next().is_some() || stream.ours().next().is_some()
}

/// The mark that everything of ours has.
fn is_marked(item: &Item<'_>) -> bool {
    let says = |mark: &str| memchr::memmem::find(item.text().as_bytes(), mark.as_bytes()).is_some();
    says(render::WORKLOAD) || says(render::SCOPE) || item.is_encoded()
}
