//! What one scope needs: its trust anchor, and the parameters that have or name its CA.

use std::collections::BTreeSet;

use super::action::{Failure, Fault, Provisioner};
use super::authority::{Kept, Present};
use super::declared::parameter;
use super::desired::{Desired, Link, Wanted};
use super::key::{Key, Kind};
use super::observe::Observed;
use super::state::Source;
use crate::config::{Config, DeclaredScope};
use crate::diag::Code;
use crate::reference::Wanted as Value;
use crate::resolve::NoAnswer;

/// A scope in one account and region.
#[derive(Debug, Clone)]
pub struct Part {
    /// What should be there for it, and nothing else.
    pub desired: Desired,
    /// Its trust anchor, if iamra makes it.
    anchor: Option<Key>,
    /// Its CA, if that is in parameters which iamra may write.
    pub kept: Option<Kept>,
}

/// Why a scope cannot be told from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoPart {
    /// No cluster has the scope.
    Unknown,
    /// Each of several clusters has one of its own.
    Several,
}

/// The part of a scope; of one cluster, if it is given.
///
/// # Errors
/// It is in no cluster, or means different things in several.
pub fn part(desired: &Desired, configs: &[Config], scope: &str, cluster: Option<&str>) -> Result<Part, NoPart> {
    let configs = configs.iter().filter(|config| cluster.is_none() || config.cluster.as_deref() == cluster);
    let scopes = configs.flat_map(|config| &config.installation.scopes).filter(|it| it.name == scope);
    let mut found: BTreeSet<(Option<Key>, Option<[Key; 2]>)> = BTreeSet::new();
    found.extend(scopes.map(|scope| (anchor(desired, scope), parameters(desired, scope))));
    let mut found = found.into_iter();
    let (anchor, kept) = found.next().ok_or(NoPart::Unknown)?;
    if found.next().is_some() {
        return Err(NoPart::Several);
    }
    let kept = kept.and_then(|[certificate, key]| {
        let resource = desired.resources.get(&key)?;
        let (owner, place) = (resource.owner.clone(), resource.place.clone());
        Some(Kept { certificate, key, owner, place, clusters: resource.clusters.clone() })
    });
    Ok(Part { desired: narrowed(desired, anchor.as_ref(), kept.as_ref()), anchor, kept })
}

fn anchor(desired: &Desired, scope: &DeclaredScope) -> Option<Key> {
    let (target, origin) = scope.trust_anchor.source();
    match desired.links.get(&(Kind::TrustAnchor, target, origin))? {
        Link::Of(key) => Some(key.clone()),
        Link::Known(_) => None,
    }
}

fn parameters(desired: &Desired, scope: &DeclaredScope) -> Option<[Key; 2]> {
    let of = |wanted| parameter(scope.issuer.reference(wanted)?).filter(|key| desired.resources.contains_key(key));
    Some([of(Value::Certificate)?, of(Value::Key)?])
}

fn narrowed(desired: &Desired, anchor: Option<&Key>, kept: Option<&Kept>) -> Desired {
    let mut part = desired.clone();
    part.resources.retain(|key, resource| {
        let is_parameter = matches!(&resource.wanted, Wanted::Parameter(Link::Of(target)) if Some(target) == anchor);
        is_parameter || Some(key) == anchor || kept.is_some_and(|kept| [&kept.certificate, &kept.key].contains(&key))
    });
    part.owners.retain(|site, _| part.resources.keys().any(|key| key.site == *site));
    part.homes.clear();
    part.part = Some(part.resources.keys().cloned().collect());
    part
}

impl Part {
    /// What is there of its CA, as far as a new one can be made or the one that is there can be used.
    ///
    /// # Errors
    /// A call failed, or somebody has to decide first.
    pub fn present(&self, kept: &Kept, observed: &Observed, aws: &dyn Provisioner) -> Result<Present, Failure> {
        let present = kept.present(observed, aws)?;
        let decide = |why: String| Failure {
            fault: Fault::Refused,
            answer: NoAnswer {
                code: Code::AwsSetup,
                why,
                help: "put the key and the certificate of that CA into the parameters: `iamra ca put-key`".to_owned(),
            },
        };
        let anchor = self.anchor.as_ref().filter(|anchor| observed.has(anchor));
        match (&present, anchor) {
            (Present::Certificate(_), _) => {
                Err(decide(format!("the {} is there, and the {} with its key is not", kept.certificate, kept.key)))
            }
            (Present::Nothing | Present::Key(_), Some(anchor)) => Err(decide(format!(
                "the {anchor} is there and trusts a CA, whose certificate is not in the {}",
                kept.certificate
            ))),
            (Present::Nothing | Present::Key(_), None) if self.anchor.is_none() => Err(decide(format!(
                "the trust anchor of the scope is declared by its ARN, and trusts a CA whose certificate is not in the {}",
                kept.certificate
            ))),
            _ => Ok(present),
        }
    }

    /// Its CA alone.
    #[must_use]
    pub fn without_anchor(mut self) -> Self {
        self.desired.resources.retain(|_, resource| resource.wanted == Wanted::Kept);
        self.anchor = None;
        self
    }

    /// The trust anchor, if iamra makes it.
    pub fn anchor(&self) -> Option<&Key> {
        self.anchor.as_ref()
    }

    /// The same with a trust anchor that trusts this CA; during a rotation, its steps decide what it trusts.
    #[must_use]
    pub fn trusting(&self, certificate: &str) -> Desired {
        let mut desired = self.desired.clone();
        let anchor = self.anchor.as_ref().filter(|key| !desired.rotating.contains(key));
        let anchor = anchor.and_then(|key| desired.resources.get_mut(key));
        if let Some(anchor) = anchor {
            anchor.wanted = Wanted::TrustAnchor(Some(Source::Certificates(certificate.to_owned())));
        }
        desired
    }
}
