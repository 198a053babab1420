//! Where a scope is in the rotation of its CA: what is done, what is next, and what has been done too early. Whatever nobody has
//! looked at is unknown, and nothing is concluded from it.

mod facts;
mod judge;
mod leaves;
mod plan;

use serde_json::Value;

use super::cluster::Wanted;
use crate::arn::Arn;
use crate::certificate::Certificate;
use crate::diag::Report;
use crate::issuer::Issuer;
use crate::resource::{Found, TrustAnchor};
use crate::yaml::FieldPath;
use facts::Facts;

/// A scope in one cluster, as it is declared.
#[derive(Debug)]
pub struct Scope<'s> {
    /// The cluster, when the declaration has any.
    pub cluster: Option<&'s str>,
    /// Its name.
    pub name: &'s str,
    /// The issuer that signs, with the other one beside it.
    pub issuer: &'s Issuer,
    /// The trust anchor, if its ARN is known.
    pub trust_anchor: Option<&'s Arn>,
    /// The workloads with Certificates.
    pub certified: Vec<Wanted>,
    /// The workloads with volumes of the CSI driver, and their common names.
    pub mounted: Vec<(String, String)>,
    /// Other clusters with the same trust anchor.
    pub shared_with: Vec<&'s str>,
}

/// What somebody has looked at.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'e> {
    /// The trust anchor; `None` when nobody has asked AWS.
    pub anchor: Option<&'e Found<TrustAnchor>>,
    /// The objects of this cluster; `None` when they are not at hand.
    pub objects: Option<&'e [Value]>,
    /// Seconds since 1970.
    pub now: i64,
}

/// What a step of a rotation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The declaration has the next CA.
    Declare,
    /// The next CA is there.
    Make,
    /// The trust anchor trusts both.
    Trust,
    /// The next CA signs.
    Switch,
    /// Every certificate is of the next CA.
    Renew,
    /// The trust anchor trusts the next CA alone.
    Distrust,
    /// The declaration has the next CA alone.
    Remove,
}

impl Step {
    /// Its name in the output for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Declare => "declare",
            Self::Make => "make",
            Self::Trust => "trust",
            Self::Switch => "switch",
            Self::Renew => "renew",
            Self::Distrust => "distrust",
            Self::Remove => "remove",
        }
    }
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is done, as far as what is at hand says.
    Done,
    /// It is done, and one before it is not.
    Early,
    /// It is the next one.
    Next,
    /// Others come first.
    Later,
    /// Whether it is done cannot be told from what is at hand.
    Unknown,
}

/// A step as it is.
#[derive(Debug)]
pub struct Progress {
    /// The step.
    pub step: Step,
    /// How far it is.
    pub state: State,
    /// What it is, and what is the case.
    pub says: String,
    /// What to do; empty when nothing is to be done now.
    pub advice: Vec<String>,
}

/// A CA as it is known.
#[derive(Debug)]
pub struct Ca<'s> {
    /// Its issuer.
    pub issuer: &'s Issuer,
    /// Its certificate, if it is known.
    pub certificate: Option<Certificate>,
}

/// A scope's rotation.
#[derive(Debug)]
pub struct Rotation<'s> {
    /// The CA that is to go; the only one when no rotation is under way.
    pub current: Ca<'s>,
    /// The CA that follows.
    pub next: Option<Ca<'s>>,
    /// Whether the next one signs.
    pub is_switched: bool,
    /// What the trust anchor trusts, and whether each is of the next CA; `None` when it is not known.
    pub trusted: Option<Vec<(Certificate, bool)>>,
    /// All steps in order; none when no rotation is under way.
    pub steps: Vec<Progress>,
}

/// The rotation of a scope. What was done in the wrong order is reported. `looked_up` has the certificates of CAs that the
/// declaration reads, in PEM.
pub fn of<'s>(
    scope: &Scope<'s>,
    looked_up: impl Fn(&Issuer) -> Option<String>,
    evidence: Evidence<'_>,
    report: &mut Report,
) -> Rotation<'s> {
    let place = FieldPath::keys("spec.scopes").key(scope.name).key("issuer");
    let facts = Facts::of(scope, looked_up, evidence, &place, report);
    judge::judge(scope, &facts, evidence.now, &place, report);
    let steps = if facts.next.is_some() { plan::steps(scope, &facts) } else { Vec::new() };
    let Facts { current, next, is_switched, trusted, .. } = facts;
    let of_next = |it: &Certificate| next.iter().flat_map(|next| &next.chain).any(|known| facts::is_same(known, it));
    let trusted = trusted.ok().map(|all| all.into_iter().map(|it| (it.clone(), of_next(&it))).collect());
    let ca = |it: facts::KnownCa<'s>| Ca { issuer: it.issuer, certificate: it.chain.into_iter().next() };
    Rotation { current: ca(current), next: next.map(ca), is_switched, trusted, steps }
}
