//! What policies admit of the certificates of an issuer.

use std::collections::BTreeSet;

use super::PlannedWorkload;
use crate::config::{Binding, Certificate, MintPolicy};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::issuer::Issuer;
use crate::name::DnsLabel;
use crate::quote::quote;
use crate::resolve::{Resolved, ResolvedBinding};

/// An issuer whose certificates the API server limits.
#[derive(Debug)]
pub struct Guard<'r> {
    /// The namespace of the issuer; `None` when other namespaces can ask it, too.
    pub namespace: Option<String>,
    /// The scope that it belongs to.
    pub scope: &'r str,
    /// It.
    pub issuer: &'r Issuer,
    /// All certificates that it may sign.
    pub admitted: Vec<Admitted<'r>>,
    /// The first wave of those who need it, when it is before the usual one.
    pub wave: i32,
}

/// A certificate that an issuer may sign.
#[derive(Debug, Clone, Copy)]
pub struct Admitted<'r> {
    /// Where its Certificate is.
    pub namespace: &'r str,
    /// The workload that has it.
    pub workload: &'r str,
    /// What is in it.
    pub certificate: &'r Certificate,
}

/// A workload whose certificate approver-policy must approve.
#[derive(Debug)]
pub struct Approval<'r> {
    /// Its namespace.
    pub namespace: String,
    pub(super) resolved: &'r ResolvedBinding,
    /// Who signs the certificate.
    pub issuer: &'r Issuer,
    /// The first wave of those who need it, when it is before the usual one.
    pub wave: i32,
}

impl<'r> Approval<'r> {
    /// Its declaration.
    pub fn binding(&self) -> &'r Binding {
        &self.resolved.declared
    }
}

fn is_approved(planned: &PlannedWorkload<'_>) -> bool {
    planned.binding().mint_policy == Some(MintPolicy::ApproverPolicy)
}

/// The workloads with policies of approver-policy whose namespaces are known. During a rotation, each has one for each CA: a pod
/// with a volume of the CSI driver asks the same one as long as it runs.
pub(super) fn approvals<'r>(workloads: &[PlannedWorkload<'r>]) -> Vec<Approval<'r>> {
    let approved = workloads.iter().filter(|planned| is_approved(planned));
    let approvals = approved.filter_map(|it| {
        let namespace = it.namespace.clone()?;
        let of = move |issuer| Approval { namespace: namespace.clone(), resolved: it.resolved, issuer, wave: it.wave };
        Some(it.resolved.declared.issuer.each().map(of))
    });
    approvals.flatten().collect()
}

/// The guards of the issuers that these workloads ask.
pub(super) fn of<'r>(resolved: &'r Resolved, workloads: &[PlannedWorkload<'r>]) -> Vec<Guard<'r>> {
    let mut seen = BTreeSet::new();
    let mut guards: Vec<Guard<'r>> = Vec::new();
    let asking = workloads.iter().filter(|it| it.binding().mint_policy == Some(MintPolicy::AdmissionPolicy));
    for planned in asking {
        let binding = planned.binding();
        let issuer_ref = &binding.issuer.issuer_ref;
        let namespace = planned.namespace.clone().filter(|_| issuer_ref.is_namespaced());
        if !seen.insert((namespace.clone(), binding.scope.as_str())) {
            continue;
        }
        // Scopes may share an issuer that exists already.
        let minted = resolved.minted.iter().filter(|it| issuer_ref.is_meant_by(&it.issuer));
        let admitted = minted.filter_map(|it| {
            let home = it.namespace.as_ref().map(DnsLabel::as_str)?;
            let is_here = namespace.as_deref().is_none_or(|namespace| namespace == home);
            is_here.then_some(Admitted { namespace: home, workload: &it.workload, certificate: &it.certificate })
        });
        let admitted: Vec<_> = admitted.collect();
        let wave = workloads.iter().filter(|it| it.binding().scope == binding.scope).map(|it| it.wave).min();
        // During a rotation, both CAs sign the same certificates: some are still to move, or may have to move back.
        guards.extend(binding.issuer.each().map(|issuer| Guard {
            admitted: admitted.clone(),
            scope: &binding.scope,
            issuer,
            wave: wave.unwrap_or(planned.wave),
            namespace: namespace.clone(),
        }));
    }
    guards
}

/// Reports a workload whose policy cannot name its namespace.
pub(super) fn check(workloads: &[PlannedWorkload<'_>], report: &mut Report) {
    let is_unknown = |it: &&PlannedWorkload<'_>| is_approved(it) && it.namespace.is_none();
    for planned in workloads.iter().filter(is_unknown) {
        let workload = quote(&planned.binding().workload);
        report.push(
            Diagnostic::error(
                Code::UnguardedIssuer,
                format!(
                    "the namespace of workload {workload} is not known, and the policy on its certificates must name it"
                ),
            )
            .at(Place::Config(planned.binding().place.clone()))
            .help("set `namespace:` for the workload or its cluster"),
        );
    }
}
