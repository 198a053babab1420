//! Workloads that are not listed in the declaration: an annotation on their pod template names their role.

use std::collections::BTreeMap;

use super::declared::Declared;
use super::reader::Reader;
use super::written::Written;
use super::{Binding, Naming, Which, v1alpha1 as wire};
use crate::diag::{Code, Diagnostic, Place};
use crate::krm::ResourceRef;
use crate::name::ObjectName;
use crate::quote::{quote, quote_object};
use crate::yaml::FieldPath;

/// The annotation on a pod template that names its role.
pub const ROLE: &str = "iamra.dev/role";

/// A workload whose pod template is annotated with a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptIn {
    /// The object.
    pub object: ResourceRef,
    /// Every name that kustomize has given it; the first one is the workload's.
    pub names: Vec<String>,
    /// Whether it has only a `generateName`, and another workload has that name in full.
    pub is_shadowed: bool,
    /// The annotated pod template, if it has several.
    pub pod_template: Option<FieldPath>,
    /// The role that the annotation names.
    pub role: String,
    /// Where the annotation is in the object.
    pub at: FieldPath,
}

impl OptIn {
    /// The same, where the name that kustomize prints is known to have this around it.
    #[must_use]
    pub fn under(&self, naming: &Naming) -> Self {
        let mut names = self.names.clone();
        if let Some(original) = names.first().and_then(|name| naming.original(name)).map(str::to_owned) {
            names.insert(0, original);
        }
        Self { names, ..self.clone() }
    }

    fn place(&self) -> Place {
        Place::Item(self.object.clone(), self.at.clone())
    }

    fn words(&self) -> String {
        quote_object(&self.object.kind, &self.object.name)
    }

    fn is_meant_by(&self, binding: &Binding) -> bool {
        let target = &binding.target;
        let is_named = matches!(&target.which, Which::Name(name) if self.names.contains(name));
        let namespaces = binding.namespace.as_ref().zip(self.object.namespace.as_deref());
        let is_of_place = |at| target.pod_templates.is_empty() || target.pod_templates.contains(at);
        is_named
            && !self.is_shadowed
            && self.pod_template.as_ref().is_none_or(is_of_place)
            && target.kind.as_ref().is_none_or(|kind| *kind == self.object.kind)
            && namespaces.is_none_or(|(declared, found)| declared.as_str() == found)
    }
}

/// Listed workloads, indexed by what an annotated workload may share with them.
pub(super) struct Listed<'b> {
    /// By the name of their target, in the order in which they are listed.
    targets: BTreeMap<&'b str, Vec<(usize, &'b Binding)>>,
    workloads: BTreeMap<&'b str, &'b Binding>,
}

impl<'b> Listed<'b> {
    pub(super) fn of(bindings: &'b [Binding]) -> Self {
        let mut targets: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (position, binding) in bindings.iter().enumerate() {
            if let Which::Name(name) = &binding.target.which {
                targets.entry(name.as_str()).or_default().push((position, binding));
            }
        }
        Self { targets, workloads: bindings.iter().map(|binding| (binding.workload.as_str(), binding)).collect() }
    }

    /// The first one that targets the annotated object.
    fn meaning(&self, opt_in: &OptIn) -> Option<&'b Binding> {
        let named = opt_in.names.iter().filter_map(|name| self.targets.get(name.as_str())).flatten();
        named.filter(|(_, it)| opt_in.is_meant_by(it)).min_by_key(|(position, _)| *position).map(|(_, it)| *it)
    }
}

impl Reader<'_> {
    /// The binding of an annotated workload; `None` when a listed workload targets it, or when there is an error.
    pub(super) fn opted_in(
        &mut self,
        opt_in: &OptIn,
        listed: &Listed<'_>,
        cluster: Option<&str>,
        declared: &Declared<'_>,
    ) -> Option<Binding> {
        let (name, role) = (opt_in.names.first()?, &opt_in.role);
        if let Some(binding) = listed.meaning(opt_in) {
            if binding.role.name != *role {
                let message = format!(
                    "{} is annotated with role {}, but workload {} gives it role {}",
                    opt_in.words(),
                    quote(&role),
                    quote(&binding.workload),
                    quote(&binding.role.name)
                );
                let help = "remove the annotation or the workload";
                self.report.push(Diagnostic::error(Code::ConflictingFields, message).at(opt_in.place()).help(help));
            }
            return None;
        }
        if let Some(binding) = listed.workloads.get(name.as_str()) {
            let message = format!(
                "{} would get the certificate of workload {}, which targets a different object {}",
                opt_in.words(),
                quote(&name),
                binding.target.which
            );
            let help = "list it under `workloads` with a different name and a `target:`, instead of annotating it";
            self.report.push(Diagnostic::error(Code::NameCollision, message).at(opt_in.place()).help(help));
            return None;
        }
        if !self.spec.roles.contains_key(role) {
            let message = format!("{} is annotated with role {}, which is not declared", opt_in.words(), quote(&role));
            let help = self.known_roles().help(role);
            self.report.push(Diagnostic::error(Code::UnknownRole, message).at(opt_in.place()).help(help));
            return None;
        }
        ObjectName::parse(name).ok()?;
        let workload = wire::Workload {
            role: Some(role.clone()),
            namespace: opt_in.object.namespace.clone(),
            target: wire::Target {
                kind: Some(opt_in.object.kind.clone()),
                pod_template_path: opt_in.pod_template.as_ref().map(FieldPath::notation),
                ..wire::Target::default()
            },
            ..wire::Workload::default()
        };
        let at = self.at.key("roles").key(role.as_str());
        let annotated = Some(opt_in.words());
        let written = Written { name, workload: &workload, at, role_at: opt_in.place(), annotated };
        let binding = self.binding(&written, cluster, declared)?;
        Some(Binding { is_listed: false, ..binding })
    }
}
