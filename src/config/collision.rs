//! Certificates that would be written over what an issuer signs with.

use std::collections::BTreeMap;

use super::Binding;
use super::reader::Reader;
use crate::diag::{Code, Diagnostic, Place};
use crate::issuer::IssuerObject;
use crate::name::{self, DnsLabel};
use crate::quote::{quote, quote_object};

impl Reader<'_> {
    /// Reports the workloads of a cluster whose certificates cert-manager would write into the Secret of an issuer.
    pub(super) fn check_secrets(&mut self, bindings: &[Binding]) {
        let mut secrets: BTreeMap<&str, Vec<(Option<&str>, &IssuerObject)>> = BTreeMap::new();
        for (binding, issuer) in bindings.iter().flat_map(|it| it.issuer.each().map(move |issuer| (it, issuer))) {
            let home = issuer.secret_namespace(binding.namespace.as_ref().map(DnsLabel::as_str));
            for (object, secret) in issuer.objects.iter().filter_map(|object| Some((object, object.reads()?))) {
                secrets.entry(secret).or_default().push((home, object));
            }
        }
        for binding in bindings.iter().filter(|binding| binding.certificate.has_secret()) {
            let name = name::of_certificate(&binding.workload);
            let namespace = binding.namespace.as_ref().map(DnsLabel::as_str);
            let is_here = |home: Option<&str>| home.zip(namespace).is_none_or(|(one, other)| one == other);
            let mut taken = secrets.get(name.as_str()).into_iter().flatten();
            let Some((_, issuer)) = taken.find(|(home, _)| is_here(*home)) else { continue };
            let message = format!(
                "the certificate of workload {} would be written into {}, which {} signs with",
                quote(&binding.workload),
                quote_object("Secret", &name),
                quote_object(issuer.kind.gvk.kind, &issuer.name)
            );
            self.report.push(
                Diagnostic::error(Code::NameCollision, message)
                    .at(Place::Config(binding.place.clone()))
                    .help("give the workload another key under `workloads`, or the issuer's Secret another name"),
            );
        }
    }
}
