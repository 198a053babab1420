//! What is known about the CAs of a scope, its trust anchor and its certificates.

use serde_json::Value;

use super::leaves::{Leaf, decoded, leaves};
use super::{Evidence, Scope};
use crate::certificate::{Authority, Certificate};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::doctor::cluster::{condition, one_line};
use crate::doctor::index::{Cluster, name, namespace};
use crate::issuer::Issuer;
use crate::quote::quote;
use crate::yaml::FieldPath;

/// A CA, with its chain as far as it is known: its own certificate first.
pub(super) struct KnownCa<'s> {
    pub(super) issuer: &'s Issuer,
    pub(super) chain: Vec<Certificate>,
}

impl KnownCa<'_> {
    /// Whether a trust anchor with these certificates trusts it; `None` when it is not known.
    pub(super) fn is_trusted(&self, trusted: &[Certificate]) -> Option<bool> {
        let trusts = |it: &Certificate| trusted.iter().any(|other| is_same(it, other));
        (!self.chain.is_empty()).then(|| self.chain.iter().any(trusts))
    }

    /// How messages name it.
    pub(super) fn words(&self) -> String {
        match self.chain.first() {
            Some(it) => format!("{} (SHA-256 {:.16}…)", quote(&it.subject), it.fingerprint()),
            None => format!("in Secret {}", quote(&self.issuer.secret().unwrap_or_default())),
        }
    }
}

/// Whether both are of one CA: a renewed certificate has the same name and key.
pub(super) fn is_same(one: &Certificate, other: &Certificate) -> bool {
    one.has_name_of(other) && one.public_key == other.public_key
}

/// All that is known.
pub(super) struct Facts<'s> {
    pub(super) current: KnownCa<'s>,
    pub(super) next: Option<KnownCa<'s>>,
    pub(super) is_switched: bool,
    /// Why the next issuer is not ready, if it was seen and is not.
    pub(super) unready: Option<String>,
    /// Whether the trust anchor is known to be disabled.
    pub(super) is_disabled: bool,
    /// What the trust anchor trusts, or why that is not known.
    pub(super) trusted: Result<Vec<Certificate>, String>,
    /// The certificates of workloads, or why they are not known.
    pub(super) leaves: Result<Vec<Leaf>, String>,
}

impl<'s> Facts<'s> {
    pub(super) fn of(
        scope: &Scope<'s>,
        looked_up: impl Fn(&Issuer) -> Option<String>,
        evidence: Evidence<'_>,
        place: &FieldPath,
        report: &mut Report,
    ) -> Self {
        let cluster = Cluster::of(evidence.objects.unwrap_or_default());
        let mut known = |issuer: &'s Issuer| {
            let given = looked_up(issuer).into_iter().collect();
            let found = made(issuer, &cluster, evidence.objects.unwrap_or_default());
            KnownCa { issuer, chain: chain(issuer, [given, found].concat(), place, report) }
        };
        let mut all = scope.issuer.each();
        let current = known(all.next().unwrap_or(scope.issuer));
        let next = all.next().map(&mut known);
        let unready = next.as_ref().and_then(|next| unready(next.issuer, &cluster));
        let leaves = match evidence.objects {
            None => Err("the cluster was not looked at".to_owned()),
            Some(objects) => Ok(leaves(scope, objects, &cluster)),
        };
        let is_disabled = evidence.anchor.and_then(|it| it.as_ref().ok()).is_some_and(|anchor| !anchor.enabled);
        let (is_switched, trusted) = (scope.issuer.is_next(), trusted(evidence));
        Self { current, next, is_switched, unready, is_disabled, trusted, leaves }
    }

    /// The CA that an issuer's name means.
    pub(super) fn ca(&self, is_next: bool) -> &KnownCa<'s> {
        self.next.as_ref().filter(|_| is_next).unwrap_or(&self.current)
    }

    /// How many certificates are of the next CA, of all; `None` when that of one of them is not known.
    pub(super) fn moved(&self) -> Option<(usize, usize)> {
        let leaves = self.leaves.as_ref().ok()?;
        if leaves.iter().any(|leaf| leaf.is_next.is_none()) {
            return None;
        }
        Some((leaves.iter().filter(|leaf| leaf.is_next == Some(true)).count(), leaves.len()))
    }

    /// Whether certificates of the previous CA are in use; `None` when that is not known.
    pub(super) fn uses_current(&self) -> Option<bool> {
        let leaves = self.leaves.as_ref().ok()?;
        let is_used = leaves.iter().any(|leaf| leaf.is_next == Some(false));
        if is_used { Some(true) } else { self.moved().map(|_| false) }
    }
}

fn trusted(evidence: Evidence<'_>) -> Result<Vec<Certificate>, String> {
    match evidence.anchor {
        None => Err("AWS was not asked".to_owned()),
        Some(Err(none)) => Err(none.why.clone()),
        Some(Ok(anchor)) => match &anchor.certificates {
            None => Err("the trust anchor trusts AWS Private CA, and no certificate".to_owned()),
            Some(pem) => {
                Certificate::all(pem).map_err(|why| format!("what the trust anchor trusts cannot be read: {why}"))
            }
        },
    }
}

/// Why one of the issuers of this name is not ready, if there is one.
fn unready(issuer: &Issuer, cluster: &Cluster<'_>) -> Option<String> {
    let known = cluster.others.get(&(issuer.issuer_ref.kind.as_str(), issuer.issuer_ref.name.as_str()))?;
    known.iter().find_map(|it| {
        let (status, _, message) = condition(it, "Ready").unwrap_or(("", "", "cert-manager has not processed it"));
        (status != "True").then(|| one_line(message))
    })
}

/// The CA's certificates in PEM, wherever the cluster shows them: in its Secret or, when cert-manager makes it, in the request.
fn made(issuer: &Issuer, cluster: &Cluster<'_>, objects: &[Value]) -> Vec<String> {
    let Some(secret) = issuer.secret() else { return Vec::new() };
    let is_here = |object: &Value| issuer.secret_home.as_deref().is_none_or(|home| namespace(object) == home);
    let is_secret = |object: &&Value| object["kind"] == "Secret" && name(object) == secret && is_here(object);
    let secrets = objects.iter().filter(is_secret).filter_map(|it| decoded(it, &["data", "tls.crt"]));
    let makes = issuer.objects.iter().filter(|object| object.makes_ca());
    let certificates = makes.flat_map(|object| cluster.certificates_named(&object.name)).filter(|it| is_here(it));
    let requests = certificates.filter_map(|it| decoded(cluster.newest_request(it)?, &["status", "certificate"]));
    secrets.chain(requests).collect()
}

/// The chain of a CA. That it can be none, or is not the same everywhere, is reported.
fn chain(issuer: &Issuer, found: Vec<String>, place: &FieldPath, report: &mut Report) -> Vec<Certificate> {
    let secret = quote(&issuer.secret().unwrap_or_default()).to_string();
    let mut say = |message: String, help: &str| {
        report.push(Diagnostic::error(Code::InvalidCa, message).at(Place::Config(place.clone())).help(help));
    };
    let mut chains: Vec<Vec<Certificate>> = Vec::new();
    for pem in found {
        if let Err(why) = Authority::check_chain(&pem) {
            say(
                format!("the CA in Secret {secret} cannot be a trust anchor: {why}"),
                "IAM Roles Anywhere needs one X.509v3 chain with CA:TRUE and keyCertSign, and an RSA or EC key",
            );
            continue;
        }
        let chain = Certificate::all(&pem).unwrap_or_default();
        let is_known =
            |it: &Vec<Certificate>| it.first().zip(chain.first()).is_some_and(|(one, other)| is_same(one, other));
        if !chains.iter().any(is_known) {
            chains.push(chain);
        }
    }
    if chains.len() > 1 {
        say(
            format!("Secret {secret} has several CAs: they are not the same everywhere"),
            "give every namespace, and the declaration's source, the same CA",
        );
        return Vec::new();
    }
    chains.pop().unwrap_or_default()
}
