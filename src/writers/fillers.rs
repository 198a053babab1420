//! Certificates that fill one Secret, which cert-manager then issues in turn. A name prefix of kustomize's gives a copy of
//! a Certificate another name, and leaves the name of its Secret.

use std::collections::BTreeMap;

use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::ResourceRef;
use crate::name::DEFAULT_NAMESPACE;
use crate::quote::quote;
use crate::yaml::FieldPath;

/// Reports each Certificate whose Secret another one before it fills. Each comes with the name of its Secret.
pub fn check(certificates: impl Iterator<Item = (ResourceRef, String)>, report: &mut Report) {
    let mut filled: BTreeMap<(String, String), ResourceRef> = BTreeMap::new();
    for (certificate, secret) in certificates {
        let namespace = certificate.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE).to_owned();
        let first = filled.entry((namespace, secret.clone())).or_insert_with(|| certificate.clone());
        if first.name != certificate.name {
            report.push(clash(first, certificate, &secret));
        }
    }
}

fn clash(first: &ResourceRef, second: ResourceRef, secret: &str) -> Diagnostic {
    let message = format!(
        "the Certificates {} and {} fill one Secret, {}, in turn and without end",
        quote(&first.name),
        quote(&second.name),
        quote(&secret)
    );
    let help = "put the two into different namespaces, or declare them as two workloads with different keys under \
                `workloads`: a name prefix does not reach the Secret, which cert-manager creates";
    Diagnostic::error(Code::AlreadyTaken, message)
        .at(Place::Item(second, FieldPath::keys("spec.secretName")))
        .help(help)
}
