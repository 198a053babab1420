//! The declaration while it is read: what of it every rule may look up, and how problems are told.

use std::cell::OnceCell;
use std::sync::Arc;

use super::placed::invalid;
use super::v1alpha1 as wire;
use crate::diag::{Code, Diagnostic, Known, Place, Report};
use crate::name::DnsLabel;
use crate::reference::{Origin, Reference};
use crate::yaml::FieldPath;

pub(super) struct Reader<'r> {
    pub(super) spec: &'r wire::Spec,
    pub(super) prefix: &'r str,
    pub(super) at: FieldPath,
    roles: OnceCell<Known<'r>>,
    clusters: OnceCell<Known<'r>>,
    pub(super) report: &'r mut Report,
}

impl<'r> Reader<'r> {
    pub(super) fn new(spec: &'r wire::Spec, prefix: &'r str, at: FieldPath, report: &'r mut Report) -> Self {
        Self { spec, prefix, at, roles: OnceCell::new(), clusters: OnceCell::new(), report }
    }

    /// The names of the declared roles, for who names another one.
    pub(super) fn known_roles(&self) -> &Known<'r> {
        self.roles.get_or_init(|| Known::of(self.spec.roles.keys().map(String::as_str)))
    }

    /// The names of the declared clusters.
    pub(super) fn known_clusters(&self) -> &Known<'r> {
        self.clusters.get_or_init(|| Known::of(self.spec.clusters.keys().map(String::as_str)))
    }
}

impl Reader<'_> {
    pub(super) fn namespace(&mut self, name: Option<&str>, at: &FieldPath) -> Option<DnsLabel> {
        let at = at.key("namespace");
        DnsLabel::parse(name?).map_err(|why| invalid(self.report, &at, why)).ok()
    }

    pub(super) fn reference(
        &mut self,
        text: Option<&str>,
        default: &str,
        at: &FieldPath,
        origin: &Arc<Origin>,
    ) -> Option<Reference> {
        let reference = Reference::parse(text.unwrap_or(default), at);
        reference.map(|it| it.looked_up_in(origin)).map_err(|why| invalid(self.report, at, why)).ok()
    }

    pub(super) fn conflict(&mut self, message: &str, at: &FieldPath) {
        self.report.push(
            Diagnostic::error(Code::ConflictingFields, message).at(Place::Config(at.clone())).help("keep one of them"),
        );
    }
}
