//! Workloads that AWS cannot tell apart.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::reader::Reader;
use super::v1alpha1::MintPolicy;
use super::{Binding, Certificate, Role};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::issuer::MOST_TRUSTED;
use crate::name::DnsLabel;
use crate::quote::{quote, quote_all};
use crate::reference::{self, Origin, Reference};

/// Where a reference leads.
type Source = (reference::Target, Origin);

/// Whose certificates AWS takes for one another's.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Trusted {
    /// Those of a trust anchor: scopes and clusters with one trust anchor have one CA.
    Anchor(Source),
    /// Those of a CA, which every trust anchor accepts that trusts it.
    Ca(String),
}

/// The names in the certificates of workloads, by who accepts them and by common name.
#[derive(Default)]
pub struct Subjects {
    known: BTreeMap<(Trusted, String), Vec<Arc<Known>>>,
    /// CAs that clusters make, as the cluster and the scope, by trust anchor.
    born: BTreeMap<Source, Born>,
}

/// CAs of one trust anchor.
struct Born {
    anchor: Reference,
    makers: BTreeSet<(Option<String>, String)>,
}

/// A workload with its role and its certificate.
struct Known {
    workload: String,
    role: Arc<Role>,
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

impl Subjects {
    /// The workload among those before this one that a trust policy could take for it.
    fn clash(&mut self, trusted: Trusted, new: &Arc<Known>) -> Option<(&Known, Alike)> {
        let known = self.known.entry((trusted, new.certificate.common_name.clone())).or_default();
        // A name of a role may mean another one in each cluster.
        let is_same = |it: &Known| {
            let (one, other) = (&it.role, &new.role);
            it.workload == new.workload && one.name == other.name && one.role.source().0 == other.role.source().0
        };
        let alike = |it: &Known| Alike::of(it.seen(), new.seen());
        if let Some(at) = known.iter().position(|it| !is_same(it) && alike(it).is_some()) {
            return known.get(at).and_then(|it| Some((&**it, alike(it)?)));
        }
        if !known.iter().any(|it| is_same(it) && it.certificate == new.certificate) {
            known.push(Arc::clone(new));
        }
        None
    }

    /// Adds a workload whose trust anchor, or whose CA with `is_ca`, is known by what was looked up. What is wrong with it, if
    /// anything.
    pub fn add(&mut self, trusted: &str, is_ca: bool, binding: &Binding) -> Option<Diagnostic> {
        let (other, alike) = self.clash(Trusted::Ca(trusted.to_owned()), &Arc::new(Known::of(binding)))?;
        Some(other.diagnostic(&alike, binding, "", is_ca))
    }

    /// Reports trust anchors for whose CAs there is no room: each cluster makes one with a key of its own.
    pub(super) fn check_born(&self, report: &mut Report) {
        for Born { anchor, makers } in self.born.values().filter(|it| it.makers.len() > 1) {
            let words = |(cluster, scope): &(Option<String>, String)| match cluster {
                Some(cluster) => format!("{scope} in {cluster}"),
                None => scope.clone(),
            };
            let all = quote_all(makers.iter().map(words).collect::<Vec<_>>());
            let (make, why): (fn(Code, String) -> Diagnostic, _) = if makers.len() > MOST_TRUSTED {
                (Diagnostic::error, "a trust anchor holds at most two certificates")
            } else {
                (Diagnostic::warning, "it must hold both certificates, and has no room for the next one of either")
            };
            let message = format!(
                "{} CAs that are made in clusters share the trust anchor {}: {why} ({all})",
                makers.len(),
                quote(anchor)
            );
            report.push(make(Code::AwsSetup, message).at(Place::Config(anchor.place.clone())).help(
                "give each cluster a trust anchor of its own, for example `ssm:/acme/{{ cluster }}/trust-anchor-arn`, or let \
                 one CA sign in all of them",
            ));
        }
    }
}

impl Known {
    fn of(binding: &Binding) -> Self {
        Self {
            workload: binding.workload.clone(),
            role: binding.role.clone(),
            certificate: binding.certificate.clone(),
            is_loose: Seen::of(binding).is_loose,
        }
    }

    fn seen(&self) -> Seen<'_> {
        Seen { certificate: &self.certificate, is_loose: self.is_loose }
    }

    /// `whose` says in which declaration it is, `across` that there are two trust anchors.
    fn diagnostic(&self, alike: &Alike, binding: &Binding, whose: &str, across: bool) -> Diagnostic {
        let across = if across { ", and both trust anchors accept what one CA signs" } else { "" };
        let subject = format!("{}{across}", alike.in_scope(&binding.scope));
        let workload = quote(&self.workload);
        let (message, help) = if self.workload == binding.workload {
            let roles = [&self.role, &binding.role];
            let names = roles.map(|role| role.name.as_str());
            let [one, two] = if names[0] == names[1] { roles.map(|role| role.role.as_str()) } else { names };
            let roles = format!("{} and {}", quote(&one), quote(&two));
            let help = "distinguish them in `certificate.organizationalUnits` or `certificate.commonName`, for example with \
                        `{{ cluster }}` or `{{ namespace }}`, or in `certificate.uris`, or give each cluster a trust \
                        anchor of its own";
            let own_ca = "distinguish them in `certificate.organizationalUnits` or `certificate.commonName`, for example with \
                          `{{ cluster }}` or `{{ namespace }}`, or in `certificate.uris`, or give each a CA of its own";
            let help = if across.is_empty() { help } else { own_ca };
            (format!("workload {workload} would have the roles {roles} with {subject}"), help)
        } else {
            let both = format!("workloads {workload}{whose} and {}", quote(&binding.workload));
            let help = "set a different `certificate.commonName` for one of them";
            (format!("{both} would both have {subject}"), help)
        };
        let place = Place::Config(binding.place.clone());
        Diagnostic::error(Code::CommonNameClash, message).at(place).help(help)
    }
}

impl Reader<'_> {
    /// IAM policies distinguish workloads by the names in their certificates, so a CA must not sign the same names for two
    /// of them.
    pub(super) fn check_unique(&mut self, binding: &Binding, cluster: Option<&str>, subjects: &mut Subjects) {
        let source = binding.role.trust_anchor.source();
        if binding.issuer.makes_ca() {
            let anchor = || Born { anchor: binding.role.trust_anchor.clone(), makers: BTreeSet::new() };
            let makers = &mut subjects.born.entry(source.clone()).or_insert_with(anchor).makers;
            makers.insert((cluster.map(str::to_owned), binding.scope.clone()));
        }
        let namespace = binding.namespace.as_ref().map(DnsLabel::as_str);
        let issuers = binding.issuer.each();
        let cas = issuers.flat_map(|issuer| issuer.signs_with(cluster, namespace)).map(Trusted::Ca);
        let (mut clash, new) = (None, Arc::new(Known::of(binding)));
        for trusted in std::iter::once(Trusted::Anchor(source)).chain(cas) {
            let across = matches!(trusted, Trusted::Ca(_));
            let Some((other, alike)) = subjects.clash(trusted, &new).filter(|_| clash.is_none()) else { continue };
            let whose = self.extension.map_or_else(String::new, |it| it.whose(&other.workload, &binding.workload));
            clash = Some(other.diagnostic(&alike, binding, &whose, across));
        }
        if let Some(clash) = clash {
            self.report.push(clash);
        }
    }
}
