//! Workloads that AWS cannot tell apart.

use std::collections::BTreeMap;

use super::reader::Reader;
use super::v1alpha1::MintPolicy;
use super::{Binding, Certificate, Role};
use crate::diag::{Code, Diagnostic, Place};
use crate::quote::quote;
use crate::reference::{self, Origin};

/// The workloads of a trust anchor, by common name. Scopes and clusters with one trust anchor have one CA.
pub(super) type Pinned = BTreeMap<((reference::Target, Origin), String), Vec<Known>>;

/// A workload with its role and its certificate.
pub(super) struct Known {
    workload: String,
    role: Role,
    certificate: Certificate,
    is_loose: bool,
}

/// A workload's certificate, and whether a policy of approver-policy limits it, which admits any of several values.
#[derive(Clone, Copy)]
pub(super) struct Seen<'s> {
    certificate: &'s Certificate,
    is_loose: bool,
}

impl<'s> Seen<'s> {
    pub(super) fn of(binding: &'s Binding) -> Self {
        let is_loose = binding.mint_policy == Some(MintPolicy::ApproverPolicy);
        Self { certificate: &binding.certificate, is_loose }
    }

    /// Whether somebody who may ask for any of its values can have one that AWS takes for the other.
    fn can_pass_as(&self, other: &Certificate) -> bool {
        let own = self.certificate;
        self.is_loose
            && own.common_name == other.common_name
            && spells(&own.organizations, &Certificate::joined(&other.organizations))
            && spells(&own.organizational_units, &Certificate::joined(&other.organizational_units))
            && other.uris.first().is_none_or(|uri| own.uris.contains(uri))
    }
}

/// Whether AWS makes this tag of some of the values, in some order; a policy does not test a tag that is empty.
fn spells(values: &[String], tag: &str) -> bool {
    let continues = |rest: &str| rest.is_empty() || rest.strip_prefix('/').is_some_and(|rest| spells(values, rest));
    tag.is_empty() || values.iter().any(|value| tag.strip_prefix(value.as_str()).is_some_and(continues))
}

/// What AWS sees of two workloads of one CA, when a trust policy that is pinned to all names of one accepts the other.
pub(super) struct Alike {
    /// The names of the one that has fewer.
    subject: String,
    /// Why they are alike, where the names do not say it.
    why: Option<String>,
}

impl Alike {
    /// `None` if each has a name that the other has not.
    pub(super) fn of(one: Seen<'_>, other: Seen<'_>) -> Option<Self> {
        Self::by_names(one.certificate, other.certificate).or_else(|| {
            let pairs = [(one, other.certificate), (other, one.certificate)];
            let (_, taken) = pairs.into_iter().find(|(loose, taken)| loose.can_pass_as(taken))?;
            let why = "which approver-policy admits for both: it lets a request have fewer of several values";
            Some(Self { subject: in_words(&taken.names().pins()), why: Some(why.to_owned()) })
        })
    }

    fn by_names(one: &Certificate, other: &Certificate) -> Option<Self> {
        let (one, other) = (one.names().pins(), other.names().pins());
        let (fewer, more) = if one.len() <= other.len() { (one, other) } else { (other, one) };
        let is_within = fewer.iter().all(|pin| more.contains(pin));
        let besides: Vec<_> = more.iter().filter(|pin| !fewer.contains(pin)).collect();
        let in_besides = |besides| format!("where {} distinguishes only one of them", quote(&in_words(besides)));
        let why = (!besides.is_empty()).then(|| in_besides(besides));
        is_within.then(|| Self { subject: in_words(&fewer), why })
    }

    /// What they share, for a message.
    pub(super) fn in_scope(&self, scope: &str) -> String {
        let why = self.why.as_ref().map_or_else(String::new, |why| format!(", {why}"));
        format!("the subject {} in scope {}{why}", quote(&self.subject), quote(&scope))
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
        let seen = Seen::of(binding);
        // A name of a role may mean another one in each cluster.
        let is_same = |it: &Known| {
            let (one, other) = (&it.role, &binding.role);
            it.workload == binding.workload && one.name == other.name && one.role.source().0 == other.role.source().0
        };
        let mut others = known.iter().filter(|it| !is_same(it));
        let clash = others.find_map(|it| {
            let other = Seen { certificate: &it.certificate, is_loose: it.is_loose };
            Some((it, Alike::of(other, seen)?))
        });
        let Some((other, alike)) = clash else {
            if !known.iter().any(|it| is_same(it) && it.certificate == binding.certificate) {
                known.push(Known {
                    workload: binding.workload.clone(),
                    role: binding.role.clone(),
                    certificate: binding.certificate.clone(),
                    is_loose: seen.is_loose,
                });
            }
            return;
        };
        let subject = alike.in_scope(&binding.scope);
        let workload = quote(&other.workload);
        let (message, help) = if other.workload == binding.workload {
            let roles = [&other.role, &binding.role];
            let names = roles.map(|role| role.name.as_str());
            let [one, two] = if names[0] == names[1] { roles.map(|role| role.role.as_str()) } else { names };
            let roles = format!("{} and {}", quote(&one), quote(&two));
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
