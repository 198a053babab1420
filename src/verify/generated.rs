//! Whether the objects that iamra makes are there, once, and nothing but what it makes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::names::Names;
use super::object::Object;
use super::stream::Stream;
use super::untouched;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::{Item, ResourceRef, group_of};
use crate::plan::{Plan, Prerequisite};
use crate::quote::quote_object;
use crate::render::CERTIFICATE;
use crate::writers::copiers;
use crate::yaml::FieldPath;

/// Fields of our objects that somebody may add without a change of what they are.
/// <https://github.com/cert-manager/cert-manager/blob/master/pkg/apis/certmanager/v1/types_certificate.go>
const HARMLESS: &[(&str, &str)] = &[(CERTIFICATE.kind, "/spec/revisionHistoryLimit")];

/// Groups of the objects that limit certificates: the policies, and who may use them.
const POLICY_GROUPS: &[&str] = &["admissionregistration.k8s.io", "policy.cert-manager.io", "rbac.authorization.k8s.io"];

/// Every object of ours must be there and hold what we would write, and nothing that makes it another one.
pub(super) fn check(plan: &Plan<'_>, wanted: &[Object], names: &Names<'_>, stream: &Stream, report: &mut Report) {
    for wanted in wanted {
        if stream.counterparts(wanted).next().is_none() {
            report.push(missing(plan, wanted));
        }
        check_one(wanted, names, stream, report);
    }
    for object in stream.ours() {
        for at in copiers::places(&object.value, "metadata") {
            say_changed(object, at, report);
        }
    }
}

fn check_one(wanted: &Object, names: &Names<'_>, stream: &Stream, report: &mut Report) {
    let mut found = stream.counterparts(wanted);
    let Some(object) = found.next() else { return };
    if !object.name().contains(wanted.name()) {
        say_changed(object, FieldPath::keys("metadata.name"), report);
    }
    let [mut expected, mut there] = [wanted, object].map(|object| without_metadata(&object.value));
    for (_, field) in HARMLESS.iter().filter(|(kind, _)| object.kind() == *kind) {
        remove(&mut there, field);
    }
    for astray in names.adopt(object.home(), &mut expected, &there, true) {
        say_changed(object, astray.at, report);
    }
    if let Some(at) = untouched::difference(&expected, &there, &FieldPath::root()) {
        say_changed(object, at, report);
    }
    // Objects with the same name are counted in `check_once`.
    for other in found.filter(|other| other.name() != object.name()) {
        report.push(twice(other.resource_ref()));
    }
}

fn missing(plan: &Plan<'_>, wanted: &Object) -> Diagnostic {
    let is_it = |it: &&Prerequisite<'_>| {
        (it.object.kind.gvk.kind, it.object.name.as_str()) == (wanted.kind(), wanted.name())
            && it.namespace.as_deref() == wanted.namespace()
    };
    let message = format!("{} is not among the objects", wanted.words());
    // Of many builds, one has what is there once for all.
    let (make, help): (fn(_, _) -> _, _) = if plan
        .prerequisites
        .iter()
        .find(is_it)
        .is_some_and(|it| it.object.stands_once())
    {
        (Diagnostic::note, "it must be part of another build, or be applied once: `iamra k8s setup CLUSTER` prints it")
    } else if POLICY_GROUPS.contains(&wanted.group()) {
        // Whether it was left out or removed cannot be told from what is there.
        let help = "builds by the kustomize component and functions leave policies out: give `iamra verify` both, the build and what \
                    `iamra render --cluster CLUSTER` prints of them; otherwise render the whole declaration";
        (Diagnostic::error, help)
    } else {
        (Diagnostic::error, "render the whole declaration: `iamra inject` without `--workloads-only`, or mode `all`")
    };
    make(Code::DanglingReference, message).at(Place::Item(wanted.resource_ref(), FieldPath::root())).help(help)
}

/// An object apart from its names, labels and annotations, which kustomize may have changed.
fn without_metadata(object: &Value) -> Value {
    let fields = object.as_object().into_iter().flatten().filter(|(field, _)| *field != "metadata");
    fields.map(|(field, value)| (field.clone(), value.clone())).collect()
}

fn remove(object: &mut Value, pointer: &str) {
    let Some((parent, field)) = pointer.rsplit_once('/') else { return };
    if let Some(Value::Object(fields)) = object.pointer_mut(parent) {
        fields.shift_remove(field);
    }
}

/// Of two objects with one name the one that is applied last counts, and two Certificates that fill one Secret take turns.
pub(super) fn check_once(stream: &Stream, items: &[Item<'_>], report: &mut Report) {
    let mut ours = BTreeMap::<_, BTreeSet<Option<&str>>>::new();
    let indexes: BTreeSet<_> = stream.ours().map(|object| object.index).collect();
    for object in stream.ours() {
        let there = ours.entry((object.group(), object.kind(), object.name())).or_default();
        if !there.insert(object.namespace()) {
            report.push(twice(object.resource_ref()));
        }
    }
    for ident in items.iter().enumerate().filter_map(|(index, item)| item.ident().filter(|_| !indexes.contains(&index)))
    {
        let Some(there) = ours.get(&(group_of(&ident.api_version), &*ident.kind, &*ident.name)) else { continue };
        // An object without a namespace can be applied to any.
        let said = ident.namespace.as_deref().filter(|namespace| !namespace.is_empty());
        if said.is_none() || there.contains(&None) || there.contains(&said) {
            report.push(twice(ident.resource_ref()));
        }
    }
    let mut filled = BTreeSet::new();
    for certificate in stream.ours().filter(|object| object.is_certificate()) {
        if !filled.insert((certificate.home(), certificate.text("/spec/secretName"))) {
            say_changed(certificate, FieldPath::keys("spec.secretName"), report);
        }
    }
}

fn twice(object: ResourceRef) -> Diagnostic {
    let message = format!("{} appears a second time", quote_object(&object.kind, &object.name));
    Diagnostic::error(Code::ChangedObject, message)
        .at(Place::Item(object, FieldPath::root()))
        .help("keep one of them: of two objects with one name, the one that is applied last wins")
}

fn say_changed(object: &Object, at: FieldPath, report: &mut Report) {
    let message = format!("{} differs from what the declaration renders", object.words());
    report.push(
        Diagnostic::error(Code::ChangedObject, message)
            .at(Place::Item(object.resource_ref(), at))
            .help("change the declaration, and render again"),
    );
}
