//! Whether a rendered stream is what the declaration asks for, whoever rendered it: the gate behind kustomize, Helm or a
//! folder of committed manifests.
//!
//! kustomize may have given everything prefixes, namespaces and labels by now. An object of ours is therefore found by its
//! mark, and a name that it refers to is followed and not compared.

mod keys;
mod object;
mod stranger;
mod stream;
mod untouched;

pub use untouched::check_untouched;

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{OptIn, Which};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::issuer::Companion;
use crate::krm::{Changes, Item};
use crate::plan::Plan;
use crate::quote::{quote, quote_object};
use crate::render::{self, Generated, WORKLOAD};
use crate::resolve::Resolved;
use crate::workload::{self, Workload};
use crate::yaml::{Document, FieldPath, Step};
use keys::Keys;
use object::{Object, Renamed};
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
    let mut adopted = resolved.clone();
    for bound in &mut adopted.bindings {
        let binding = &mut bound.binding;
        let Which::Name(name) = &binding.target.which else { continue };
        let is_kind = |object: &&Object| binding.target.kind.as_ref().is_none_or(|kind| object.kind() == kind);
        let mut marked = stream.with_mark(&binding.workload).filter(|object| !object.is_ours());
        let Some(found) = marked.next().filter(|_| marked.next().is_none()).filter(is_kind) else { continue };
        // A prefix and a suffix leave the name recognisable; anything else is another object.
        if found.name().contains(name.as_str()) {
            binding.target.which = Which::Name(found.name().to_owned());
            binding.namespace = found.namespace().and_then(|namespace| crate::name::DnsLabel::parse(namespace).ok());
        }
    }
    adopted
}

/// Says which declared workloads are not patched as they would be. `changes` is what an injection would change.
pub fn check_patches(rendered: Rendered<'_, '_>, changes: &Changes, inventory: &[Workload<'_>], report: &mut Report) {
    let names = stream::names(rendered.items);
    let renamed = Renamed { images: rendered.images, names: &names };
    for workload in inventory {
        let Some(text) = changes.replaced.get(&workload.index) else { continue };
        #[expect(clippy::expect_used, reason = "an edit reads its result again before it gives it")]
        let wanted = Document::parse(text).expect("the edit was proven");
        let (mut wanted, found) = (wanted.root().to_value(), workload.object.document.root().to_value());
        renamed.adopt(&mut wanted, &found, "");
        if wanted == found {
            continue;
        }
        let target = workload.resource_ref();
        let at = untouched::difference(&wanted, &found, &FieldPath::root()).unwrap_or_default();
        let message =
            format!("{} does not have the identity that is declared for it", quote_object(&target.kind, &target.name));
        let help = if matches!(at.split_last(), Some((_, Step::Key(key))) if key == "image") {
            "say this image in `sidecar.image` of the declaration, or vouch for it with `--sidecar-image IMAGE`"
        } else {
            "render it again with iamra; do not edit what it has put in"
        };
        report.push(Diagnostic::error(Code::NotInjected, message).at(Place::Item(target, at)).help(help));
    }
}

/// Says what else is wrong with the stream: identities that nobody declares, objects that are missing or changed, and
/// references that lead nowhere.
pub fn check_objects(
    plan: &Plan<'_>,
    wanted: &[Generated],
    rendered: Rendered<'_, '_>,
    inventory: &[Workload<'_>],
    report: &mut Report,
) {
    let stream = Stream::of(rendered.items);
    let names = stream::names(rendered.items);
    let renamed = Renamed { images: rendered.images, names: &names };
    let wanted: Vec<_> = wanted.iter().map(|generated| Object::of(0, generated.value.clone())).collect();
    check_declared(plan, &wanted, &stream, inventory, report);
    for wanted in &wanted {
        check_generated(wanted, renamed, &stream, report);
    }
    let identities: BTreeMap<_, _> =
        plan.members.iter().map(|member| (member.bound.binding.workload.as_str(), &member.bound.identity)).collect();
    for object in stream.patched() {
        for (at, reference) in object.references() {
            if !stream.resolves(object, &reference) {
                let message = format!("{} refers to {reference}, which is not among the objects", object.words());
                let help = "render the whole declaration, and let kustomize rename references with the names (`name-reference.yaml`)";
                report.push(
                    Diagnostic::error(Code::DanglingReference, message)
                        .at(Place::Item(object.resource_ref(), at))
                        .help(help),
                );
            }
        }
    }
    for object in stream.ours().filter(|object| object.kind() == "ConfigMap") {
        let identity = object.marks().first().and_then(|workload| identities.get(workload));
        let Some(identity) = identity else { continue };
        let arns = [
            ("TRUST_ANCHOR_ARN", &identity.trust_anchor),
            ("PROFILE_ARN", &identity.profile),
            ("ROLE_ARN", &identity.role),
        ];
        for (key, arn) in arns {
            if object.text(&format!("/data/{key}")) != arn.as_str() {
                say_changed(object, FieldPath::keys("data").key(key), report);
            }
        }
    }
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
    let seats = plan.members.iter().flat_map(|member| &member.seats);
    let seats: BTreeMap<_, _> =
        seats.filter_map(|seat| inventory.get(seat.workload)).map(|found| (found.index, &found.template)).collect();
    for (index, item) in items.iter().enumerate() {
        if ours.contains(&index) || !(keys.may_be_in(item.text()) || is_marked(item.text())) {
            continue;
        }
        let object = match item.parse() {
            Ok(object) => Object::of(index, object.root().to_value()),
            Err(error) => {
                let message = format!("item {index} cannot be read: {}", error.message);
                report.push(Diagnostic::error(Code::UnreadableItem, message).at(Place::Input(error.offset)));
                continue;
            }
        };
        let parts = seats.get(&index).map(|template| object.parts(template)).unwrap_or_default();
        if !NO_READERS.contains(&object.group()) {
            stranger::check(&object, &keys, |at| parts.contains(at), report);
        }
    }
}

/// Who names objects without reading them: rights, which are somebody else's to review, and declarations.
const NO_READERS: &[&str] = &["rbac.authorization.k8s.io", "iamra.dev"];

/// An identity that is not declared, or sits in an object that is not meant.
fn check_declared(
    plan: &Plan<'_>,
    wanted: &[Object],
    stream: &Stream,
    inventory: &[Workload<'_>],
    report: &mut Report,
) {
    let seats = plan.members.iter().flat_map(|member| {
        let workload = member.bound.binding.workload.as_str();
        member.seats.iter().filter_map(move |seat| Some((workload, inventory.get(seat.workload)?.index)))
    });
    let seats: BTreeSet<_> = seats.collect();
    let declared: BTreeSet<_> = plan.members.iter().map(|member| member.bound.binding.workload.as_str()).collect();
    let mut say = |object: &Object, workload: &str| {
        let message = format!("{} has the identity of {}, and nobody declares that", object.words(), quote(&workload));
        report.push(
            Diagnostic::error(Code::UndeclaredIdentity, message)
                .at(Place::Item(object.resource_ref(), FieldPath::keys("metadata.annotations").key(WORKLOAD)))
                .help("declare it under `workloads`, or render again without it"),
        );
    };
    for object in stream.patched() {
        for workload in object.marks().iter().filter(|workload| !seats.contains(&(**workload, object.index))) {
            say(object, workload);
        }
    }
    for object in stream.ours() {
        for workload in object.marks().iter().filter(|workload| !declared.contains(*workload)) {
            say(object, workload);
        }
    }
    let wanted: BTreeSet<_> = wanted.iter().map(Object::part).collect();
    let is_known = |object: &&Object| {
        let is_declared = object.marks().iter().all(|workload| declared.contains(workload));
        !is_declared || wanted.contains(&object.part()) || is_ca(plan, object)
    };
    for object in stream.ours().filter(|object| !is_known(object)) {
        report.push(
            Diagnostic::error(
                Code::UndeclaredIdentity,
                format!("{} carries the mark of iamra, and the declaration makes no such object", object.words()),
            )
            .at(Place::Item(object.resource_ref(), FieldPath::keys("metadata.annotations")))
            .help("take it out: whatever has the mark passes for iamra's own"),
        );
    }
}

/// Whether it is the Secret of a CA, whose key is not at hand here.
fn is_ca(plan: &Plan<'_>, object: &Object) -> bool {
    let makes = |companion: &Companion| matches!(companion, Companion::CaSecret { .. });
    let mut scopes =
        plan.companions.iter().filter(|neighbour| makes(&neighbour.companion)).map(|neighbour| neighbour.scope);
    object.kind() == "Secret" && object.group().is_empty() && scopes.any(|scope| object.scope() == Some(scope))
}

/// Fields of our objects that somebody may add without a change of what they are.
const HARMLESS: &[(&str, &str)] = &[("Certificate", "revisionHistoryLimit")];

/// One object of ours must be there, once, and hold what we would write, and nothing that makes it another one.
fn check_generated(wanted: &Object, renamed: Renamed<'_>, stream: &Stream, report: &mut Report) {
    let mut found = stream.counterparts(wanted);
    let Some(object) = found.next() else {
        let message = format!("{} is not among the objects", wanted.words());
        report.push(
            Diagnostic::error(Code::DanglingReference, message)
                .at(Place::Item(wanted.resource_ref(), FieldPath::root()))
                .help("render the whole declaration: `iamra inject` without `--workloads-only`, or mode `all`"),
        );
        return;
    };
    for section in ["spec", "data"] {
        let part = |object: &Object| object.value.get(section).cloned().unwrap_or_default();
        let (mut wanted, there) = (part(wanted), &part(object));
        renamed.adopt(&mut wanted, there, section);
        let at = FieldPath::root().key(section);
        if let Some(at) = untouched::missing(&wanted, there, &at) {
            say_changed(object, at, report);
        }
        let is_harmless = |key: &str| HARMLESS.contains(&(object.kind(), key));
        let is_more = |key: &&String| wanted.get(key.as_str()).is_none() && !is_harmless(key);
        for key in there.as_object().into_iter().flat_map(|there| there.keys()).filter(is_more) {
            say_changed(object, at.key(key.as_str()), report);
        }
    }
    if let Some(other) = found.next() {
        let message = format!("{} is there a second time", other.words());
        report.push(
            Diagnostic::error(Code::ChangedObject, message)
                .at(Place::Item(other.resource_ref(), FieldPath::root()))
                .help("keep one of them"),
        );
    }
}

fn say_changed(object: &Object, at: FieldPath, report: &mut Report) {
    let message = format!("{} is not what the declaration makes of it", object.words());
    report.push(
        Diagnostic::error(Code::ChangedObject, message)
            .at(Place::Item(object.resource_ref(), at))
            .help("change the declaration, and render again"),
    );
}

/// Whether anything in the stream is ours.
pub fn is_rendered(items: &[Item<'_>]) -> bool {
    let stream = Stream::of(items);
    stream.patched().next().is_some() || stream.ours().next().is_some()
}

/// The mark that everything of ours has.
fn is_marked(text: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), render::WORKLOAD.as_bytes()).is_some()
        || memchr::memmem::find(text.as_bytes(), render::SCOPE.as_bytes()).is_some()
}
