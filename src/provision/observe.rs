//! What is in AWS: everything that the declaration means, and everything else that is ours.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::action::{Action, Failure, Fault, Outcome, Provisioner};
use super::desired::Desired;
use super::key::{Key, Kind, Owner, Site, Tags, is_free, maker, whose};
use super::state::{Listed, State};

/// The most names that GetParameters takes.
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html>
const NAMES: usize = 10;

/// A resource that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) arn: String,
    /// `None` when it is ours, else why it is not.
    pub(super) not_ours: Option<String>,
    /// If it is not ours: who has made it, as far as that is known, and whether it has no tags of another installation.
    pub(super) maker: Option<String>,
    pub(super) is_free: bool,
    pub(super) state: State,
}

impl Seen {
    fn of(arn: String, not_ours: Option<String>, tags: &Tags, state: State) -> Self {
        Self { arn, not_ours, maker: maker(tags), is_free: is_free(tags), state }
    }
}

/// What is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// Names of trust anchors and profiles may be used more than once.
    pub(super) resources: BTreeMap<Key, Vec<Seen>>,
    /// The number of each account.
    pub accounts: BTreeMap<Site, String>,
    /// The ARNs of trust anchors that are called as those of iam-ra 1.x, which had one for an installation.
    pub(super) first: BTreeMap<Key, String>,
}

/// Looks at every account and region that the declaration uses.
///
/// # Errors
/// A call failed.
pub fn observe(desired: &Desired, aws: &dyn Provisioner) -> Result<Observed, Failure> {
    let mut observed = Observed::default();
    for (site, owners) in &desired.owners {
        Look { desired, aws, site, owners, observed: &mut observed }.site()?;
    }
    Ok(observed)
}

/// The same, where it is possible, and why it is not elsewhere.
pub fn observe_each(desired: &Desired, aws: &dyn Provisioner) -> (Observed, BTreeMap<Site, Failure>) {
    let (mut observed, mut failures) = (Observed::default(), BTreeMap::new());
    for (site, owners) in &desired.owners {
        let seen = Look { desired, aws, site, owners, observed: &mut observed }.site();
        failures.extend(seen.err().map(|failure| (Arc::clone(site), failure)));
    }
    (observed, failures)
}

struct Look<'l> {
    desired: &'l Desired,
    aws: &'l dyn Provisioner,
    site: &'l Site,
    owners: &'l BTreeSet<Owner>,
    observed: &'l mut Observed,
}

impl Look<'_> {
    fn site(&mut self) -> Result<(), Failure> {
        self.account()?;
        for (kind, action) in [(Kind::TrustAnchor, Action::ListTrustAnchors), (Kind::Profile, Action::ListProfiles)] {
            if self.desired.concerns(kind) {
                self.listed(kind, &action)?;
            }
        }
        if self.desired.homes.values().any(|home| home == self.site) {
            self.roles()?;
        }
        self.parameters()
    }

    fn call(&self, action: &Action) -> Result<Outcome, Failure> {
        self.aws.call(self.site, action)
    }

    fn names(&self, action: &Action) -> Result<Vec<String>, Failure> {
        Ok(if let Outcome::Names(names) = self.call(action)? { names } else { Vec::new() })
    }

    fn resources(&self, action: &Action) -> Result<Vec<Listed>, Failure> {
        Ok(if let Outcome::Resources(all) = self.call(action)? { all } else { Vec::new() })
    }

    fn key(&self, kind: Kind, name: &str) -> Key {
        Key { kind, site: Arc::clone(self.site), name: name.to_owned() }
    }

    /// Whether somebody has to look closer at what has this name: the declaration means it, or it may be ours.
    fn matters(&self, kind: Kind, name: &str) -> bool {
        let may_be_ours = |owner: &Owner| name.starts_with(&owner.name(""));
        let is_everything = self.desired.part.is_none();
        self.desired.resources.contains_key(&self.key(kind, name))
            || is_everything && self.owners.iter().any(may_be_ours)
    }

    fn whose(&self, tags: &Tags) -> Option<String> {
        // In one region of an account are the roles of all of them.
        let mut owners = self.desired.owners.values().flatten();
        (!owners.any(|owner| owner.owns(tags))).then(|| whose(tags))
    }

    fn add(&mut self, key: Key, seen: Seen) {
        // What has neither our name nor our tags does not concern us.
        let is_everything = self.desired.part.is_none();
        if seen.not_ours.is_none() && is_everything || self.desired.resources.contains_key(&key) {
            self.observed.resources.entry(key).or_default().push(seen);
        }
    }

    fn account(&mut self) -> Result<(), Failure> {
        if let Outcome::Text(account) = self.call(&Action::GetCallerIdentity)? {
            self.observed.accounts.insert(Arc::clone(self.site), account);
        }
        Ok(())
    }

    /// Trust anchors or profiles.
    fn listed(&mut self, kind: Kind, action: &Action) -> Result<(), Failure> {
        for it in self.resources(action)? {
            if kind == Kind::TrustAnchor && self.owners.iter().any(|owner| owner.stem() == it.name) {
                self.observed.first.insert(self.key(kind, &it.name), it.arn.clone());
            }
            if self.matters(kind, &it.name) {
                let tags = self.call(&Action::ListTags(it.arn.clone()))?;
                let tags = if let Outcome::Tags(tags) = tags { tags } else { Tags::new() };
                let seen = Seen::of(it.arn, self.whose(&tags), &tags, it.state);
                self.add(self.key(kind, &it.name), seen);
            }
        }
        Ok(())
    }

    fn roles(&mut self) -> Result<(), Failure> {
        let all = self.names(&Action::ListRoles)?;
        let all: Vec<_> = all.into_iter().filter(|name| self.role_matters(name)).collect();
        for name in all {
            for mut role in self.resources(&Action::GetRole(name.clone()))? {
                if let State::Role { policies, inline, .. } = &mut role.state {
                    policies.extend(self.names(&Action::ListAttachedPolicies(name.clone()))?);
                    *inline = self.inline_policies(&name)?;
                }
                let seen = Seen::of(role.arn, self.whose(&role.tags), &role.tags, role.state);
                self.add(self.key(Kind::Role, &name), seen);
            }
        }
        Ok(())
    }

    fn inline_policies(&self, role: &str) -> Result<BTreeMap<String, Value>, Failure> {
        let mut found = BTreeMap::new();
        for name in self.names(&Action::ListInlinePolicies(role.to_owned()))? {
            // One that is gone in between is not there.
            match self.call(&Action::GetInlinePolicy(role.to_owned(), name.clone())) {
                Ok(Outcome::Policy(policy)) => drop(found.insert(name, policy)),
                Err(failure) if failure.fault != Fault::NotThere => return Err(failure),
                _ => {}
            }
        }
        Ok(found)
    }

    fn role_matters(&self, name: &str) -> bool {
        let mut owners = self.desired.owners.values().flatten().filter(|_| self.desired.part.is_none());
        self.matters(Kind::Role, name) || owners.any(|owner| name.starts_with(&owner.name("")))
    }

    fn parameters(&mut self) -> Result<(), Failure> {
        let mut ours = BTreeSet::new();
        for owner in self.owners {
            ours.extend(self.names(&Action::DescribeParameters(owner.clone()))?);
        }
        let wanted = self.desired.resources.keys();
        let wanted = wanted.filter(|key| key.kind == Kind::Parameter && key.site == *self.site);
        let left = ours.iter().filter(|_| self.desired.part.is_none());
        let all: BTreeSet<_> = left.cloned().chain(wanted.map(|key| key.name.clone())).collect();
        let all: Vec<_> = all.into_iter().collect();
        for names in all.chunks(NAMES) {
            for it in self.resources(&Action::GetParameters(names.iter().cloned().collect()))? {
                let not_ours = (!ours.contains(&it.name)).then(|| whose(&Tags::new()));
                // Whether it is another installation's is asked when it matters.
                let seen = Seen::of(String::new(), not_ours, &Tags::new(), it.state);
                self.add(self.key(Kind::Parameter, &it.name), seen);
            }
        }
        Ok(())
    }
}
