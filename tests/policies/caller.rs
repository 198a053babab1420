//! A call of the other evaluator, as ours takes it.

use iamra::trust::{Caller, CertificateNames, Mapping, SubjectAlternativeNames};

use super::Call;

/// Who calls, with the same names.
pub(crate) fn caller(call: &Call) -> Caller {
    let [subject, issuer, san] = call.mapped.clone();
    let names = CertificateNames {
        subject: call.subject.clone(),
        issuer: call.issuer.clone(),
        san: SubjectAlternativeNames {
            dns: call.dns.clone(),
            uri: call.uri.clone(),
            directory: call.directory.clone(),
        },
    };
    Caller::new(&names, &Mapping { subject, issuer, san }, &call.anchor, &call.account)
}
