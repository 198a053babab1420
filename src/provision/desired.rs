//! What should be in AWS.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::key::{Key, Kind, Owner, Site};
use super::state::Source;
use crate::arn::Arn;
use crate::reference::{Origin, Target};
use crate::resolve::NoAnswer;
use crate::trust::CertificateNames;
use crate::yaml::FieldPath;

/// An ARN that is known, or that of a resource which may have to be made first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Link {
    Known(Arn),
    Of(Key),
}

/// Who may assume a role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Trusted {
    pub(super) trust_anchor: Link,
    pub(super) names: CertificateNames,
    /// For people.
    pub(super) workload: String,
}

/// What a resource should be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// What it trusts; `None` when nobody says it.
    TrustAnchor(Option<Source>),
    Role {
        trusted: BTreeSet<Trusted>,
        policies: BTreeSet<String>,
        inline: BTreeMap<String, Value>,
        longest: u64,
    },
    Profile {
        role: Link,
        session: u64,
        accepts_session_name: bool,
    },
    Parameter(Link),
    /// The declaration refers to it, and something else writes it.
    Kept,
}

/// A resource that the declaration means.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    pub(super) wanted: Wanted,
    pub(super) owner: Owner,
    pub(super) clusters: BTreeSet<String>,
    pub(super) place: FieldPath,
}

/// Everything that should be there, and where to look for what should not.
#[derive(Debug, Clone, Default)]
pub struct Desired {
    pub(super) resources: BTreeMap<Key, Resource>,
    /// The owners with resources in each account and region.
    pub(super) owners: BTreeMap<Site, BTreeSet<Owner>>,
    /// The account and region whose calls to IAM concern the roles of an account.
    pub(super) homes: BTreeMap<(Option<String>, Option<String>), Site>,
    /// What each role of the declaration is in AWS.
    pub(super) roles: BTreeMap<String, BTreeSet<Key>>,
    /// The trust anchors whose CAs are being rotated.
    pub(super) rotating: BTreeSet<Key>,
    /// Why it is not known what a trust anchor trusts, where a parameter should say it.
    pub(super) unread: BTreeMap<Key, NoAnswer>,
    /// What it is about, if not about everything. The rest is what that needs, and nothing else that is there matters.
    pub(super) part: Option<BTreeSet<Key>>,
    /// What each reference leads to.
    pub(super) links: BTreeMap<(Kind, Target, Origin), Link>,
}

impl Wanted {
    /// The resources whose ARNs it has.
    pub(super) fn needs(&self) -> impl Iterator<Item = &Key> {
        let (many, one) = match self {
            Self::Role { trusted, .. } => (Some(trusted), None),
            Self::Profile { role: link, .. } | Self::Parameter(link) => (None, Some(link)),
            Self::TrustAnchor(_) | Self::Kept => (None, None),
        };
        let links = many.into_iter().flatten().map(|it| &it.trust_anchor).chain(one);
        links.filter_map(|link| match link {
            Link::Of(key) => Some(key),
            Link::Known(_) => None,
        })
    }
}

impl Resource {
    /// Whether two clusters mean the same by it. Who is trusted is what all of them say.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        let settings = |wanted: &Wanted| match wanted {
            Wanted::Role { policies, inline, longest, .. } => {
                let (policies, inline) = (policies.clone(), inline.clone());
                Wanted::Role { trusted: BTreeSet::new(), policies, inline, longest: *longest }
            }
            other => other.clone(),
        };
        let both_known = !matches!(
            (&self.wanted, &other.wanted),
            (Wanted::TrustAnchor(None), Wanted::TrustAnchor(_)) | (Wanted::TrustAnchor(_), Wanted::TrustAnchor(None))
        );
        self.owner == other.owner && (!both_known || settings(&self.wanted) == settings(&other.wanted))
    }
}

impl Desired {
    /// The same installations with nothing in them.
    #[must_use]
    pub fn nothing(&self) -> Self {
        Self { owners: self.owners.clone(), homes: self.homes.clone(), ..Self::default() }
    }

    /// What one cluster uses, and what that needs; all of it when `None`.
    #[must_use]
    pub fn narrowed(mut self, cluster: Option<&str>) -> Self {
        let Some(cluster) = cluster else { return self };
        let is_meant = |resource: &Resource| resource.clusters.contains(cluster);
        let mut kept: BTreeSet<Key> =
            self.resources.iter().filter(|(_, it)| is_meant(it)).map(|(key, _)| key.clone()).collect();
        // Each kind needs only those before it.
        for (key, resource) in self.resources.iter().rev() {
            if kept.contains(key) {
                kept.extend(resource.wanted.needs().cloned());
            }
        }
        self.keep(&kept);
        self
    }

    /// What goes with a cluster: what no other one uses. Everything else that is there stays, declared or not.
    #[must_use]
    pub fn of_cluster_alone(self, cluster: &str) -> Self {
        let is_own = |it: &Resource| it.clusters.len() == 1 && it.clusters.contains(cluster);
        let own = self.resources.iter().filter(|(_, it)| is_own(it)).map(|(key, _)| key.clone());
        let own = own.collect();
        self.alone(own)
    }

    /// One role with its profile and their parameters, and what they need.
    #[must_use]
    pub fn of_role(mut self, role: &str) -> Self {
        let part = self.roles.get(role).cloned().unwrap_or_default();
        let mut kept = part.clone();
        kept.retain(|key| self.resources.contains_key(key));
        for (key, resource) in self.resources.iter().rev() {
            if kept.contains(key) {
                kept.extend(resource.wanted.needs().cloned());
            }
        }
        // A parameter may say that a trust anchor is elsewhere.
        let says_where = |resource: &Resource| matches!(&resource.wanted, Wanted::Parameter(Link::Of(target)) if kept.contains(target));
        let said: BTreeSet<_> =
            self.resources.iter().filter(|(_, it)| says_where(it)).map(|(key, _)| key.clone()).collect();
        kept.extend(said);
        self.keep(&kept);
        self.part = Some(part);
        self
    }

    /// What goes with a role: what no other one has.
    #[must_use]
    pub fn of_role_alone(self, role: &str) -> Self {
        let others = self.roles.iter().filter(|(name, _)| name.as_str() != role).flat_map(|(_, keys)| keys);
        let others: BTreeSet<_> = others.cloned().collect();
        let own = self.roles.get(role).cloned().unwrap_or_default();
        self.alone(own.into_iter().filter(|key| !others.contains(key)).collect())
    }

    /// These, and nothing else that is there.
    fn alone(mut self, own: BTreeSet<Key>) -> Self {
        self.keep(&own);
        self.part = Some(own);
        self
    }

    fn keep(&mut self, kept: &BTreeSet<Key>) {
        self.resources.retain(|key, _| kept.contains(key));
        self.owners.retain(|site, _| kept.iter().any(|key| key.site == *site));
    }

    /// Whether it refers to parameters that something else writes, such as that of a CA's key.
    pub fn has_kept(&self) -> bool {
        self.resources.values().any(|it| it.wanted == Wanted::Kept)
    }

    /// Whether a parameter says where it is.
    pub(super) fn is_by_parameter(&self, key: &Key) -> bool {
        self.resources.values().any(|it| matches!(&it.wanted, Wanted::Parameter(Link::Of(target)) if target == key))
    }

    /// Whether it is a trust anchor that should be there.
    pub(super) fn is_anchor(&self, key: &Key) -> bool {
        key.kind == Kind::TrustAnchor && self.resources.contains_key(key)
    }

    /// Whether resources of a kind have to be looked at: all are, unless this is only a part.
    pub(super) fn concerns(&self, kind: Kind) -> bool {
        self.part.is_none() || self.resources.keys().any(|key| key.kind == kind)
    }

    /// Whether this is about the cluster, or all are asked for.
    pub(super) fn is_of(resource: &Resource, cluster: Option<&str>) -> bool {
        cluster.is_none_or(|cluster| resource.clusters.contains(cluster))
    }
}
