//! Evaluates a role's trust policy for the workload's certificate.

use serde_json::Value;

use crate::certificate::Certificate;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::quote::typed;
use crate::resolve::ResolvedBinding;
use crate::trust::{self, Caller, CertificateNames, Decision, Mapping, TrustPolicy, Verdict};

/// The condition key of the subject's common name.
/// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>
const COMMON_NAME: &str = "aws:PrincipalTag/x509Subject/CN";

/// Evaluates the policy; a line shows the values it was compared with. `issuer` is the CA that signs, if known, and `mapping`
/// that of the workload's profile.
pub fn policy(
    binding: &ResolvedBinding,
    policy: &Value,
    (issuer, mapping): (Option<&Certificate>, &Mapping),
    report: &mut Report,
    lines: &mut Vec<String>,
) {
    let mut say = |diagnostic: Diagnostic| report.push(diagnostic.at(Place::Config(binding.declared.place.clone())));
    let role = &binding.identity.role;
    let (policy, caller) = (TrustPolicy::new(policy), caller(binding, issuer, mapping));
    let decision = trust::simulate(&policy, &caller);
    match decision.verdict {
        Verdict::Deny => return say(denied(role.as_str(), &decision)),
        Verdict::Unknown => say(Diagnostic::warning(
            Code::TrustPolicy,
            format!(
                "cannot tell whether the trust policy of {role} allows the workload's certificate: {}",
                clauses(&decision)
            ),
        )
        .help("request a session: `iamra doctor --certificate tls.crt --key tls.key`")),
        Verdict::Allow => lines.push(format!(
            "role {role} trusts the values that the certificate will have: aws:SourceArn = {}, aws:SourceAccount = {}, \
             {COMMON_NAME} = {}",
            binding.identity.trust_anchor,
            binding.identity.trust_anchor.account,
            binding.declared.certificate.common_name
        )),
    }
    let openings = trust::openings(&policy, &caller);
    let common_name = &binding.declared.certificate.common_name;
    let anchor = &binding.identity.trust_anchor;
    for (opening, who, is_open, condition) in [
        (
            &openings.subject,
            "every certificate of the CA",
            "has no condition on the subject: every certificate of the CA may assume the role",
            typed(&format_args!("StringEquals: {{{COMMON_NAME}: {common_name}}}")),
        ),
        (
            &openings.trust_anchor,
            "every trust anchor of the account",
            "has no condition on the trust anchor: the same name from any trust anchor of the account may assume \
             the role",
            typed(&format_args!("ArnEquals: {{aws:SourceArn: {anchor}}}")),
        ),
    ] {
        let message = match opening.verdict {
            Verdict::Deny => continue,
            Verdict::Allow => format!("the trust policy of {role} {is_open} ({})", clauses(opening)),
            // The clauses that are not understood are already reported.
            Verdict::Unknown if opening.clauses == decision.clauses => continue,
            Verdict::Unknown => {
                format!("cannot tell whether the trust policy of {role} allows {who}: {}", clauses(opening))
            }
        };
        say(Diagnostic::warning(Code::TrustPolicy, message).help(format!("add the condition {condition}")));
    }
}

fn denied(role: &str, decision: &Decision) -> Diagnostic {
    if decision.clauses.iter().all(|clause| clause.statement.is_none()) {
        let message =
            format!("the trust policy of {role} does not allow IAM Roles Anywhere to assume it: {}", clauses(decision));
        return Diagnostic::error(Code::TrustPolicy, message)
            .help("allow the service all three of `sts:AssumeRole`, `sts:TagSession` and `sts:SetSourceIdentity`");
    }
    let message =
        format!("the trust policy of {role} does not allow the workload's certificate: {}", clauses(decision));
    Diagnostic::error(Code::TrustPolicy, message)
        .help("make the condition match the certificate, or change `certificate.commonName`")
}

fn clauses(decision: &Decision) -> String {
    decision.clauses.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// The properties of the call, as far as the declaration and the CA determine them.
fn caller(binding: &ResolvedBinding, issuer: Option<&Certificate>, mapping: &Mapping) -> Caller {
    let anchor = &binding.identity.trust_anchor;
    let issuer = issuer.map(|authority| authority.attributes.clone());
    let names = CertificateNames { issuer, ..binding.declared.certificate.names() };
    Caller::new(&names, mapping, anchor.as_str(), &anchor.account)
}
