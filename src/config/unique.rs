//! Workloads that AWS cannot tell apart.

use std::collections::{BTreeMap, BTreeSet};

use super::reader::Reader;
use super::v1alpha1::MintPolicy;
use super::{Binding, Certificate, Role};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::issuer::IssuerObject;
use crate::quote::quote;
use crate::reference::{self, Origin};
use crate::yaml::FieldPath;

/// What is looked up to know a trust anchor, and where.
type TrustAnchor = (reference::Target, Origin);

/// What trust anchors trust, as far as it has been read.
#[derive(Default)]
pub(super) struct Pinned {
    /// The workloads of each, by common name. Scopes and clusters with one trust anchor have one CA.
    workloads: BTreeMap<(TrustAnchor, String), Vec<Known>>,
    /// The clusters that make a CA of their own for each.
    makers: BTreeMap<TrustAnchor, (String, BTreeSet<String>)>,
}

impl Pinned {
    /// A CA that cert-manager makes has another key in each cluster.
    fn add_maker(&mut self, cluster: Option<&str>, binding: &Binding) {
        if let Some(cluster) = cluster.filter(|_| binding.issuer.objects.iter().any(IssuerObject::makes_ca)) {
            let anchor = binding.role.trust_anchor.source();
            let (_, clusters) = self.makers.entry(anchor).or_insert_with(|| (binding.scope.clone(), BTreeSet::new()));
            clusters.insert(cluster.to_owned());
        }
    }

    /// Reports clusters that trust each other's CAs.
    pub(super) fn check_apart(&self, report: &mut Report) {
        for (scope, clusters) in self.makers.values().filter(|(_, clusters)| clusters.len() > 1) {
            // A trust anchor holds two certificates.
            // <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/load-balancing-quotas.html>
            let (make, why): (fn(Code, String) -> Diagnostic, _) = if clusters.len() == 2 {
                (Diagnostic::warning, "whoever has the CA of one can be every workload of the other")
            } else {
                (Diagnostic::error, "it holds two certificates at most")
            };
            let clusters: Vec<_> = clusters.iter().map(|cluster| quote(cluster).to_string()).collect();
            let clusters = clusters.join(", ");
            let message = format!(
                "clusters {clusters} make a CA each, and scope {} has one trust anchor for all: {why}",
                quote(scope)
            );
            let at = FieldPath::keys("spec.scopes").key(scope).key("trustAnchor");
            report.push(make(Code::AwsSetup, message).at(Place::Config(at)).help(
                "give each cluster its own, by a template such as `trustAnchor: ssm:/acme/{{ cluster }}/trust-anchor-arn`, \
                 or in the cluster's entry",
            ));
        }
    }
}

/// A workload with its role and its certificate.
struct Known {
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
    pub(super) fn check_unique(&mut self, cluster: Option<&str>, binding: &Binding, pinned: &mut Pinned) {
        pinned.add_maker(cluster, binding);
        let key = (binding.role.trust_anchor.source(), binding.certificate.common_name.clone());
        let known = pinned.workloads.entry(key).or_default();
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
