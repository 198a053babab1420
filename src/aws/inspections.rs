//! Plans what has to be read for a set of identities. It makes no call, so that the plan can be shown.

use std::collections::BTreeSet;
use std::fmt;

use super::calls::Account;
use crate::arn::Arn;
use crate::reference::Origin;
use crate::resolve::Identity;

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    TrustAnchor,
    Profile,
    Role,
}

/// One thing of AWS to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inspection<'i> {
    pub(super) kind: Part,
    pub(super) arn: &'i Arn,
    origin: &'i Origin,
    /// The region of the connection, if it is known; IAM has none.
    region: Option<&'i str>,
}

impl fmt::Display for Inspection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}\n  {}", permission(self.kind), self.account(), self.arn)
    }
}

/// Everything that has to be read for the identities, each thing once.
pub fn inspections<'i>(identities: &[(&'i Identity, &'i Origin)]) -> Vec<Inspection<'i>> {
    let mut found: Vec<Inspection<'i>> = Vec::new();
    let mut known = BTreeSet::new();
    for (Identity { trust_anchor, profile, role }, origin) in identities {
        let region = Some(trust_anchor.region.as_str());
        for (kind, arn) in [(Part::TrustAnchor, trust_anchor), (Part::Profile, profile), (Part::Role, role)] {
            if known.insert(arn.as_str()) {
                found.push(Inspection { kind, arn, origin, region });
            }
        }
    }
    found
}

/// The roles, each once.
pub fn role_inspections<'i>(roles: &[(&'i Arn, &'i Origin)]) -> Vec<Inspection<'i>> {
    let mut known = BTreeSet::new();
    let new = roles.iter().filter(|(arn, _)| known.insert(arn.as_str()));
    new.map(|(arn, origin)| Inspection { kind: Part::Role, arn, origin, region: origin.region.as_deref() }).collect()
}

/// The trust anchors, each once.
pub fn anchor_inspections<'i>(anchors: &[(&'i Arn, &'i Origin)]) -> Vec<Inspection<'i>> {
    let mut known = BTreeSet::new();
    let new = anchors.iter().filter(|(arn, _)| known.insert(arn.as_str()));
    new.map(|(arn, origin)| Inspection { kind: Part::TrustAnchor, arn, origin, region: Some(arn.region.as_str()) })
        .collect()
}

/// The profiles, each once.
pub fn profile_inspections<'i>(profiles: &[(&'i Arn, &'i Origin)]) -> Vec<Inspection<'i>> {
    let mut known = BTreeSet::new();
    let new = profiles.iter().filter(|(arn, _)| known.insert(arn.as_str()));
    new.map(|(arn, origin)| Inspection { kind: Part::Profile, arn, origin, region: Some(&arn.region) }).collect()
}

impl Inspection<'_> {
    pub(super) fn account(&self) -> Account {
        let Origin { profile, assume_role, .. } = self.origin;
        Account { profile: profile.clone(), assume_role: assume_role.clone(), region: self.region.map(str::to_owned) }
    }
}

/// What the call is, and the permission that it needs.
fn permission(kind: Part) -> &'static str {
    match kind {
        Part::TrustAnchor => "rolesanywhere:GetTrustAnchor",
        Part::Profile => "rolesanywhere:GetProfile",
        Part::Role => "iam:GetRole",
    }
}
