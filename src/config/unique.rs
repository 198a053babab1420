//! Workloads that AWS cannot tell apart.

use std::collections::BTreeMap;

use super::reader::Reader;
use super::{Binding, Certificate};
use crate::diag::{Code, Diagnostic, Place};
use crate::quote::quote;
use crate::reference::{self, Origin};

/// The workloads of a trust anchor, by common name. Scopes and clusters with one trust anchor have one CA.
pub(super) type Pinned = BTreeMap<((reference::Target, Origin), String), Vec<Known>>;

/// A workload with its role and its certificate.
pub(super) struct Known {
    workload: String,
    role: String,
    certificate: Certificate,
}

/// What AWS sees of two workloads of one CA, when a trust policy that is pinned to all names of one accepts the other.
pub(super) struct Alike {
    /// The names of the one that has fewer.
    subject: String,
    /// What the other has beside them.
    besides: Option<String>,
}

impl Alike {
    /// `None` if each has a name that the other has not.
    pub(super) fn of(one: &Certificate, other: &Certificate) -> Option<Self> {
        let (one, other) = (one.names().pins(), other.names().pins());
        let (fewer, more) = if one.len() <= other.len() { (one, other) } else { (other, one) };
        let is_within = fewer.iter().all(|pin| more.contains(pin));
        let besides: Vec<_> = more.iter().filter(|pin| !fewer.contains(pin)).collect();
        let besides = (!besides.is_empty()).then(|| in_words(besides));
        is_within.then(|| Self { subject: in_words(&fewer), besides })
    }

    /// What they share, for a message.
    pub(super) fn in_scope(&self, scope: &str) -> String {
        let besides = self
            .besides
            .as_ref()
            .map_or_else(String::new, |besides| format!(", where {} distinguishes only one of them", quote(besides)));
        format!("the subject {} in scope {}{besides}", quote(&self.subject), quote(&scope))
    }
}

/// `OU=prod, CN=api`.
fn in_words<'p>(pins: impl IntoIterator<Item = &'p (String, String)>) -> String {
    let kind = |key: &'p str| key.rsplit('/').next().unwrap_or(key);
    pins.into_iter().map(|(key, value)| format!("{}={value}", kind(key))).collect::<Vec<_>>().join(", ")
}

impl Reader<'_> {
    /// IAM policies distinguish workloads by the names in their certificates, so a CA must not sign the same names for two
    /// of them.
    pub(super) fn check_unique(&mut self, binding: &Binding, pinned: &mut Pinned) {
        let key = (binding.role.trust_anchor.source(), binding.certificate.common_name.clone());
        let known = pinned.entry(key).or_default();
        let is_same = |it: &Known| it.workload == binding.workload && it.role == binding.role.name;
        let mut others = known.iter().filter(|it| !is_same(it));
        let clash = others.find_map(|it| Some((it, Alike::of(&it.certificate, &binding.certificate)?)));
        let Some((other, alike)) = clash else {
            if !known.iter().any(|it| is_same(it) && it.certificate == binding.certificate) {
                known.push(Known {
                    workload: binding.workload.clone(),
                    role: binding.role.name.clone(),
                    certificate: binding.certificate.clone(),
                });
            }
            return;
        };
        let subject = alike.in_scope(&binding.scope);
        let (workload, role) = (quote(&other.workload), quote(&other.role));
        let (message, help) = if other.workload == binding.workload {
            let roles = format!("{role} and {}", quote(&binding.role.name));
            let help = "distinguish them in `certificate.organizationalUnits` or `certificate.commonName`, for example with \
                        `{{ cluster }}` or `{{ namespace }}`, or in `certificate.uris`, or give each cluster a trust \
                        anchor of its own";
            (format!("workload {workload} would have the roles {roles} with {subject}"), help)
        } else {
            let whose = self.extension.map_or_else(String::new, |it| it.whose(&other.workload, &binding.workload));
            let both = format!("workloads {workload}{whose} and {}", quote(&binding.workload));
            let help = "set a different `certificate.commonName` for one of them";
            (format!("{both} would both have {subject}"), help)
        };
        let place = Place::Config(binding.place.clone());
        self.report.push(Diagnostic::error(Code::CommonNameClash, message).at(place).help(help));
    }
}
