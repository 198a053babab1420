//! The certificates that an admission policy lists, and what it cannot list.

use std::sync::Arc;

use super::reader::Reader;
use super::v1alpha1::{Level, MintPolicy};
use super::{Binding, Certificate};
use crate::diag::{Code, Diagnostic, Place};
use crate::issuer::{Issuer, IssuerRef};
use crate::name::DnsLabel;
use crate::quote::{quote, quote_object};

/// A certificate that the declaration asks for.
#[derive(Debug, Clone)]
pub struct Minted {
    /// The workload that has it.
    pub workload: String,
    /// The workload's namespace, if declared.
    pub namespace: Option<DnsLabel>,
    /// Who signs it.
    pub issuer: IssuerRef,
    /// What is in it.
    pub certificate: Certificate,
}

impl Reader<'_> {
    /// Reports the issuers that iamra emits and nobody limits: a cluster-wide one, which every namespace can ask, and, if
    /// the declaration wants to know it, the others.
    pub(super) fn check_guarded(&mut self, scope: &str, issuer: &Issuer, mint_policy: Option<MintPolicy>) {
        let is_asked = self.spec.checks.get(Code::UnguardedIssuer.name()).is_some_and(|level| *level != Level::Allow);
        let is_wide = !issuer.issuer_ref.is_namespaced();
        if mint_policy.is_some() || !issuer.is_own() || !(is_wide || is_asked) {
            return;
        }
        let (make, whose): (fn(Code, String) -> Diagnostic, _) =
            if is_wide { (Diagnostic::error, "any namespace") } else { (Diagnostic::warning, "its namespace") };
        let message = format!(
            "nothing limits the certificates of {}: whoever may create a Certificate in {whose} can ask for the names of \
             every workload of scope {}",
            quote_object(&issuer.issuer_ref.kind, &issuer.issuer_ref.name),
            quote(&scope)
        );
        let at = self.at.key("scopes").key(scope).key("issuer").key("mintPolicy");
        self.report.push(make(Code::UnguardedIssuer, message).at(Place::Config(at)).help(
            "set `mintPolicy` to `approverPolicy` or `admissionPolicy`, or to `none` if something else limits them",
        ));
    }

    /// The certificates of issuers with an admission policy. The policy refuses all others, so it must know each of them.
    pub(super) fn minted(&mut self, bindings: &[Binding]) -> Arc<[Minted]> {
        let by_admission = bindings.iter().filter(|it| it.mint_policy == Some(MintPolicy::AdmissionPolicy));
        let guarded: Vec<_> = by_admission.map(|it| &it.issuer.issuer_ref).collect();
        // Another scope may ask the same issuer and say nothing of a policy.
        let is_guarded = |it: &&Binding| guarded.iter().any(|issuer| issuer.is_meant_by(&it.issuer.issuer_ref));
        let listed = bindings.iter().filter(is_guarded);
        listed.clone().for_each(|binding| self.check_listed(binding));
        let minted = listed.map(|binding| Minted {
            workload: binding.workload.clone(),
            namespace: binding.namespace.clone(),
            issuer: binding.issuer.issuer_ref.clone(),
            certificate: binding.certificate.clone(),
        });
        minted.collect()
    }

    fn check_listed(&mut self, binding: &Binding) {
        let Some((why, help)) = self.unlistable(binding) else { return };
        let message =
            format!("workload {} cannot be in the admission policy of its issuer: {why}", quote(&binding.workload));
        let place = Place::Config(binding.place.clone());
        self.report.push(Diagnostic::error(Code::UnguardedIssuer, message).at(place).help(help));
    }

    /// Why an admission policy cannot list it.
    fn unlistable(&self, binding: &Binding) -> Option<(&'static str, &'static str)> {
        const OTHER: &str = "use `mintPolicy: approverPolicy`, which each declaration can add to";
        let delegates = || self.spec.namespaces.values().any(|namespace| !namespace.paths.is_empty());
        let is_extending = || self.extension.is_some_and(|extension| extension.owner(&binding.workload).is_some());
        if !binding.is_listed {
            let help = "list it under `workloads`, or use `mintPolicy: approverPolicy`";
            Some(("it is annotated, and other builds would not know of it", help))
        } else if !binding.certificate.has_secret() {
            let help = "use `mintPolicy: approverPolicy`, or `volume: secret`";
            Some(("its certificate is from the CSI driver, whose requests only approver-policy can read", help))
        } else if binding.namespace.is_none() {
            Some(("its namespace is not declared", "set `namespace:` for the workload or its cluster"))
        } else if delegates() || is_extending() {
            Some(("the policy must list all workloads, and other declarations have some", OTHER))
        } else {
            None
        }
    }
}
