//! The profiles that a certificate can be presented to, and which tags each makes of it.

use super::{Role, Workload};
use crate::arn::{Arn, ArnKind};
use crate::trust::{Mapping, Profiles};

/// The mappings of known profiles.
pub(super) struct Mappings<'p> {
    profiles: &'p Profiles,
    /// The default one first.
    distinct: Vec<Mapping>,
}

impl<'p> Mappings<'p> {
    pub(super) fn of(profiles: &'p Profiles) -> Self {
        let mut distinct = vec![Mapping::default()];
        for profile in profiles.values() {
            if !distinct.contains(&profile.mapping) {
                distinct.push(profile.mapping.clone());
            }
        }
        Self { profiles, distinct }
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &Mapping> {
        self.distinct.iter()
    }

    /// Those, by position, with which a workload can ask for a role; `None` if it cannot. For its own role, it presents its
    /// certificate to its own profile; for others, to any of its account that lists the role, of which not all are known.
    pub(super) fn between(&self, workload: &Workload, role: &Role) -> Option<Vec<usize>> {
        let position = |mapping: &Mapping| self.distinct.iter().position(|it| it == mapping);
        let is_own = workload.role == role.arn;
        match self.profiles.get(workload.profile.as_str()) {
            Some(own) if is_own => {
                own.roles.contains(role.arn.as_str()).then(|| Vec::from_iter(position(&own.mapping)))
            }
            None if is_own => Some(vec![0]),
            _ => {
                let is_near = |profile: &str| {
                    let near = |it: Arn| {
                        it.account == workload.trust_anchor.account && it.region == workload.trust_anchor.region
                    };
                    Arn::parse(ArnKind::Profile, profile).is_ok_and(near)
                };
                let listing =
                    self.profiles.iter().filter(|(arn, it)| it.roles.contains(role.arn.as_str()) && is_near(arn));
                let mut found: Vec<_> = listing.filter_map(|(_, profile)| position(&profile.mapping)).collect();
                found.push(0);
                found.sort_unstable();
                found.dedup();
                Some(found)
            }
        }
    }
}
