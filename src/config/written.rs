//! A workload before it is checked, whoever declares it.

use super::v1alpha1 as wire;
use crate::diag::Place;
use crate::quote::quote;
use crate::yaml::FieldPath;

/// A workload as it is declared: by an entry of `workloads`, or by an annotation.
pub(super) struct Written<'w> {
    pub(super) name: &'w str,
    pub(super) workload: &'w wire::Workload,
    /// The entry, or that of its role.
    pub(super) at: FieldPath,
    /// Where its role is named.
    pub(super) role_at: Place,
    /// The annotated object, in words, if it is not listed.
    pub(super) annotated: Option<String>,
}

impl<'w> Written<'w> {
    /// The entry of that name.
    pub(super) fn listed(name: &'w str, workload: &'w wire::Workload, at: FieldPath) -> Self {
        let role_at = Place::Config(workload.role.as_ref().map_or_else(|| at.clone(), |_| at.key("role")));
        Self { name, workload, at, role_at, annotated: None }
    }

    /// The name of its role.
    pub(super) fn role(&self) -> &'w str {
        self.workload.role.as_deref().unwrap_or(self.name)
    }

    /// That it has its role, in words.
    pub(super) fn words(&self) -> String {
        let role = self.role();
        match &self.annotated {
            None => format!("workload {} has role {}", quote(&self.name), quote(&role)),
            Some(object) => format!("{object} is annotated with role {}", quote(&role)),
        }
    }
}
