//! The pods that objects describe, and what annotations say of them.

use super::draft::{DraftRole, DraftWorkload};
use crate::arn::{Arn, ArnKind};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::{Ident, Object};
use crate::workload::{PodPlace, WorkloadKind};
use crate::yaml::{FieldPath, NodeRef};

/// An object and a pod template of it.
pub(super) struct Pods<'d> {
    pub(super) ident: Ident<'static>,
    pub(super) place: PodPlace,
    pub(super) object: NodeRef<'d>,
    /// The number of pods that the object describes.
    pub(super) of: usize,
}

impl<'d> Pods<'d> {
    pub(super) fn of(object: &'d Object<'_>) -> Vec<Self> {
        let root = object.root();
        let Some(ident) = object.ident() else { return Vec::new() };
        let kind = kind_of(&ident);
        let places = kind.map(|kind| kind.places(root)).unwrap_or_default();
        let places: Vec<_> = places.into_iter().filter(|place| root.at(&place.at).is_some()).collect();
        let of = places.len();
        places.into_iter().map(|place| Self { ident: ident.clone(), place, object: root, of }).collect()
    }

    pub(super) fn annotation(&self, name: &str) -> Option<&'d str> {
        let text = self.object.at(&self.place.annotations().key(name)).and_then(NodeRef::text);
        text.map(str::trim).filter(|value| !value.is_empty())
    }

    pub(super) fn workload(&self, role: DraftRole, except: Vec<String>, trailing_slash: bool) -> DraftWorkload {
        let pod_template = (self.of > 1).then(|| self.place.at.notation());
        DraftWorkload { ident: self.ident.clone(), pod_template, role, except, trailing_slash }
    }

    /// Reports an annotation that is not imported.
    pub(super) fn leave_out(&self, name: &str, message: String, help: &str, report: &mut Report) {
        let at = self.place.annotations().key(name);
        leave_out(&self.ident, at, message, help, report);
    }

    /// The ARN in an annotation; an invalid one is reported.
    pub(super) fn arn(&self, name: &str, kind: ArnKind, text: &str, report: &mut Report) -> Option<Arn> {
        Arn::parse(kind, text)
            .map_err(|why| self.leave_out(name, why, "correct the annotation, then import again", report))
            .ok()
    }
}

/// Reports what is not imported.
pub(super) fn leave_out(ident: &Ident<'_>, at: FieldPath, message: String, help: &str, report: &mut Report) {
    let object = ident.resource_ref();
    report.push(Diagnostic::warning(Code::NotImported, message).at(Place::Item(object, at)).help(help));
}

/// Kinds and names of the objects from which a controller created this one.
pub(super) fn owners<'d>(object: &'d Object<'_>) -> Vec<(&'d str, &'d str)> {
    let owners = object.root().at(&FieldPath::keys("metadata.ownerReferences"));
    let text = |owner: NodeRef<'d>, field| owner.get(field).and_then(NodeRef::text).unwrap_or_default();
    owners.into_iter().flat_map(NodeRef::items).map(|owner| (text(owner, "kind"), text(owner, "name"))).collect()
}

/// The kind, if its objects can have sidecars.
pub(super) fn kind_of(ident: &Ident<'_>) -> Option<&'static WorkloadKind> {
    WorkloadKind::find(&ident.api_version, &ident.kind).filter(|kind| kind.is_possible())
}
