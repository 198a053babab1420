//! The pods that objects describe, and what annotations say of them.

use super::draft::{DraftRole, DraftWorkload};
use crate::arn::{Arn, ArnKind};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::{Ident, Object, ResourceRef};
use crate::workload::{PodPlace, WorkloadKind};
use crate::yaml::{FieldPath, NodeRef};

/// A workload without an owner, and its pod template.
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
        // The ReplicaSets of a Deployment say what the Deployment says.
        let owners = root.at(&FieldPath::keys("metadata.ownerReferences"));
        let is_owned = owners.is_some_and(|owners| owners.items().len() > 0);
        let Some(ident) = object.ident().filter(|_| !is_owned) else { return Vec::new() };
        let kind = WorkloadKind::find(&ident.api_version, &ident.kind).filter(|kind| kind.is_possible());
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
    let object = ResourceRef {
        api_version: ident.api_version.to_string(),
        kind: ident.kind.to_string(),
        name: ident.name.to_string(),
        namespace: ident.namespace.as_ref().map(ToString::to_string),
    };
    report.push(Diagnostic::warning(Code::NotImported, message).at(Place::Item(object, at)).help(help));
}
