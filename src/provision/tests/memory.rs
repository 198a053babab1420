//! AWS in memory: what exists, what goes wrong, and what was asked.

#![expect(
    clippy::unreachable,
    clippy::ref_option,
    reason = "one line for each call, and a call about another kind of thing is a fault of the test"
)]

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::diag::Code;
use crate::provision::action::{Action, Failure, Fault, Outcome, Provisioner};
use crate::provision::key::{Kind, Tags};
use crate::provision::state::{Listed, State};
use crate::reference::Origin;
use crate::resolve::NoAnswer;
use crate::secret::Secret;

/// When a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Before,
    After,
}

/// What exists in one account and region; for roles, in the account.
type Thing = (Option<String>, Kind, Listed);

#[derive(Default)]
pub(super) struct World {
    pub(super) things: Vec<Thing>,
    /// The number of the call that fails, and when.
    pub(super) fault: Option<(usize, When)>,
    pub(super) calls: usize,
    pub(super) asked: Vec<Action>,
    /// How many calls about a new role find none.
    pub(super) slowness: usize,
    slow: BTreeMap<String, usize>,
    pub(super) most_anchors: Option<usize>,
    made: usize,
    /// What encrypted parameters have, by profile and name; as a thing, each has only that it is encrypted.
    encrypted: BTreeMap<(Option<String>, String), Secret>,
}

#[derive(Default)]
pub(super) struct Memory(pub(super) RefCell<World>);

impl Memory {
    pub(super) fn failing(call: usize, when: When) -> Self {
        Self(RefCell::new(World { fault: Some((call, when)), ..World::default() }))
    }

    /// What is there, with names in place of ARNs, which are different each time.
    pub(super) fn contents(&self) -> Vec<String> {
        let world = self.0.borrow();
        let named = |text: String| {
            let arns = world.things.iter().filter(|(.., it)| !it.arn.is_empty());
            arns.fold(text, |text, (_, kind, it)| text.replace(&it.arn, &format!("<{} {}>", kind.words(), it.name)))
        };
        let mut all: Vec<_> = world.things.iter().map(|thing| named(format!("{thing:?}"))).collect();
        all.sort();
        all
    }

    pub(super) fn change(&self, kind: Kind, name: &str, change: impl Fn(&mut Listed)) {
        let mut world = self.0.borrow_mut();
        let found = world.things.iter_mut().filter(|(_, its, it)| *its == kind && it.name == name);
        let mut changed = 0;
        for (.., it) in found {
            change(it);
            changed += 1;
        }
        assert!(changed > 0, "there is no {name}");
    }
}

fn failure(fault: Fault) -> Failure {
    let answer = NoAnswer { code: Code::AwsFailed, why: format!("{fault:?}"), help: String::new() };
    Failure { fault, answer }
}

impl Provisioner for Memory {
    fn call(&self, site: &Origin, action: &Action) -> Result<Outcome, Failure> {
        let mut world = self.0.borrow_mut();
        world.calls += 1;
        world.asked.push(action.clone());
        let fault = world.fault.filter(|(call, _)| *call == world.calls).map(|(_, when)| when);
        if fault == Some(When::Before) {
            return Err(failure(Fault::Unclear));
        }
        let outcome = world.outcome(site.profile.clone(), action);
        if fault == Some(When::After) { Err(failure(Fault::Unclear)) } else { outcome }
    }

    fn pause(&self) {}
}

impl World {
    fn all(&self, at: &Option<String>, kind: Kind) -> Vec<Listed> {
        self.things.iter().filter(|(site, its, _)| site == at && *its == kind).map(|(.., it)| it.clone()).collect()
    }

    fn by_name(&mut self, at: &Option<String>, kind: Kind, name: &str) -> Result<&mut Listed, Failure> {
        let found = self.things.iter_mut().find(|(site, its, it)| site == at && *its == kind && it.name == name);
        found.map(|(.., it)| it).ok_or_else(|| failure(Fault::NotThere))
    }

    fn by_arn(&mut self, arn: &str) -> Result<&mut State, Failure> {
        let found = self.things.iter_mut().find(|(.., it)| it.arn == arn);
        found.map(|(.., it)| &mut it.state).ok_or_else(|| failure(Fault::NotThere))
    }

    /// A role that everybody sees.
    fn role(&mut self, at: &Option<String>, name: &str) -> Result<&mut State, Failure> {
        if let Some(left @ 1..) = self.slow.get_mut(name) {
            *left -= 1;
            return Err(failure(Fault::NotThere));
        }
        self.by_name(at, Kind::Role, name).map(|it| &mut it.state)
    }

    fn create(&mut self, at: Option<String>, kind: Kind, name: &str, state: State, tags: &Tags) -> Outcome {
        self.made += 1;
        let arn = match kind {
            Kind::Role => format!("arn:aws:iam::111122223333:role/{name}"),
            Kind::Parameter => String::new(),
            _ => format!(
                "arn:aws:rolesanywhere:eu-central-1:111122223333:{}/{:04}",
                kind.words().replace(' ', "-"),
                self.made
            ),
        };
        if kind == Kind::Role {
            self.slow.insert(name.to_owned(), self.slowness);
        }
        self.things.push((at, kind, Listed { name: name.to_owned(), arn: arn.clone(), tags: tags.clone(), state }));
        if arn.is_empty() { Outcome::Done } else { Outcome::Text(arn) }
    }

    fn delete(&mut self, is: impl Fn(&Thing) -> bool) -> Result<Outcome, Failure> {
        let before = self.things.len();
        self.things.retain(|thing| !is(thing));
        if self.things.len() < before { Ok(Outcome::Done) } else { Err(failure(Fault::NotThere)) }
    }

    fn outcome(&mut self, at: Option<String>, action: &Action) -> Result<Outcome, Failure> {
        Ok(match action {
            Action::GetCallerIdentity => Outcome::Text("111122223333".to_owned()),
            Action::ListTrustAnchors => Outcome::Resources(self.all(&at, Kind::TrustAnchor)),
            Action::ListProfiles => Outcome::Resources(self.all(&at, Kind::Profile)),
            Action::ListTags(arn) => {
                let found = self.things.iter().find(|(.., it)| it.arn == *arn);
                Outcome::Tags(found.map(|(.., it)| it.tags.clone()).ok_or_else(|| failure(Fault::NotThere))?)
            }
            Action::ListRoles => Outcome::Names(self.all(&at, Kind::Role).into_iter().map(|it| it.name).collect()),
            Action::GetRole(name) => {
                let mut role = self.by_name(&at, Kind::Role, name)?.clone();
                if let State::Role { policies, inline, .. } = &mut role.state {
                    (*policies, *inline) = Default::default();
                }
                Outcome::Resources(vec![role])
            }
            Action::ListAttachedPolicies(name) | Action::ListInlinePolicies(name) => {
                let State::Role { policies, inline, .. } = self.role(&at, name)?.clone() else { unreachable!() };
                let attached = matches!(action, Action::ListAttachedPolicies(_));
                Outcome::Names(if attached { policies.into_iter().collect() } else { inline.into_keys().collect() })
            }
            Action::GetInlinePolicy(name, policy) => {
                let State::Role { inline, .. } = self.role(&at, name)? else { unreachable!() };
                Outcome::Policy(inline.get(policy).cloned().ok_or_else(|| failure(Fault::NotThere))?)
            }
            Action::DescribeParameters(owner) => {
                let all = self.all(&at, Kind::Parameter).into_iter().filter(|it| owner.owns(&it.tags));
                Outcome::Names(all.map(|it| it.name).collect())
            }
            Action::GetParameters(names) => {
                assert!((1..=10).contains(&names.len()));
                let all = self.all(&at, Kind::Parameter).into_iter().filter(|it| names.contains(&it.name));
                Outcome::Resources(all.collect())
            }
            Action::DecryptParameter(name) => {
                self.by_name(&at, Kind::Parameter, name)?;
                let found = self.encrypted.get(&(at, name.clone()));
                Outcome::Secret(found.cloned().ok_or_else(|| failure(Fault::Refused))?)
            }
            Action::ListParameterTags(name) => Outcome::Tags(self.by_name(&at, Kind::Parameter, name)?.tags.clone()),
            Action::Tag(arn, tags) => {
                let found = self.things.iter_mut().find(|(.., it)| it.arn == *arn);
                found.map(|(.., it)| it.tags.extend(tags.clone())).ok_or_else(|| failure(Fault::NotThere))?;
                Outcome::Done
            }
            Action::TagRole(name, tags) => {
                self.by_name(&at, Kind::Role, name)?.tags.extend(tags.clone());
                Outcome::Done
            }
            Action::TagParameter(name, tags) => {
                self.by_name(&at, Kind::Parameter, name)?.tags.extend(tags.clone());
                Outcome::Done
            }
            _ if action.deletes() => return self.deleted(&at, action),
            Action::CreateTrustAnchor(..)
            | Action::CreateRole(..)
            | Action::CreateProfile(..)
            | Action::CreateParameter(..)
            | Action::CreateEncryptedParameter(..) => return self.created(at, action),
            _ => return self.written(&at, action),
        })
    }

    fn created(&mut self, at: Option<String>, action: &Action) -> Result<Outcome, Failure> {
        match action {
            Action::CreateTrustAnchor(name, source, tags) => {
                let count = self.all(&at, Kind::TrustAnchor).len();
                if self.most_anchors.is_some_and(|most| count >= most) {
                    return Err(failure(Fault::Refused));
                }
                let state = State::TrustAnchor { enabled: true, source: Some(source.clone()) };
                Ok(self.create(at, Kind::TrustAnchor, name, state, tags))
            }
            Action::CreateRole(name, policy, longest, tags) => {
                if self.by_name(&at, Kind::Role, name).is_ok() {
                    return Err(failure(Fault::Exists));
                }
                let (policies, inline) = Default::default();
                assert!((3600..=43200).contains(longest));
                let state = State::Role { trust_policy: policy.clone(), longest: *longest, policies, inline };
                Ok(self.create(at, Kind::Role, name, state, tags))
            }
            Action::CreateProfile(name, settings, tags) => {
                let role = settings.role.rsplit('/').next().unwrap();
                self.role(&at, role).map_err(|_| failure(Fault::Refused))?;
                assert!((900..=43200).contains(&settings.session));
                let state = State::Profile {
                    enabled: true,
                    roles: BTreeSet::from([settings.role.clone()]),
                    session: settings.session,
                    accepts_session_name: settings.accepts_session_name,
                };
                Ok(self.create(at, Kind::Profile, name, state, tags))
            }
            Action::CreateParameter(name, value, tags) => {
                if self.by_name(&at, Kind::Parameter, name).is_ok() {
                    return Err(failure(Fault::Exists));
                }
                Ok(self.create(at, Kind::Parameter, name, State::Parameter { value: value.clone() }, tags))
            }
            Action::CreateEncryptedParameter(name, it, tags) => {
                if self.by_name(&at, Kind::Parameter, name).is_ok() {
                    return Err(failure(Fault::Exists));
                }
                self.encrypted.insert((at.clone(), name.clone()), it.value.clone());
                let value = format!("encrypted with {:?}", it.kms_key);
                Ok(self.create(at, Kind::Parameter, name, State::Parameter { value }, tags))
            }
            other => unreachable!("{other:?}"),
        }
    }

    fn written(&mut self, at: &Option<String>, action: &Action) -> Result<Outcome, Failure> {
        match action {
            Action::UpdateTrustAnchor(arn, new) => match self.by_arn(arn)? {
                State::TrustAnchor { source, .. } => *source = Some(new.clone()),
                _ => unreachable!(),
            },
            Action::EnableTrustAnchor(arn) | Action::EnableProfile(arn) => match self.by_arn(arn)? {
                State::TrustAnchor { enabled, .. } | State::Profile { enabled, .. } => *enabled = true,
                _ => unreachable!(),
            },
            Action::UpdateTrustPolicy(name, new) => match self.role(at, name)? {
                State::Role { trust_policy, .. } => *trust_policy = new.clone(),
                _ => unreachable!(),
            },
            Action::UpdateLongestSession(name, new) => match self.role(at, name)? {
                State::Role { longest, .. } => *longest = *new,
                _ => unreachable!(),
            },
            Action::AttachPolicy(name, policy) => match self.role(at, name)? {
                State::Role { policies, .. } => drop(policies.insert(policy.clone())),
                _ => unreachable!(),
            },
            Action::PutInlinePolicy(name, policy, document) => match self.role(at, name)? {
                State::Role { inline, .. } => drop(inline.insert(policy.clone(), document.clone())),
                _ => unreachable!(),
            },
            Action::UpdateProfile(arn, new) => match self.by_arn(arn)? {
                State::Profile { roles, session, accepts_session_name, .. } => {
                    (*roles, *session) = (BTreeSet::from([new.role.clone()]), new.session);
                    *accepts_session_name = new.accepts_session_name;
                }
                _ => unreachable!(),
            },
            Action::UpdateParameter(name, value) => {
                self.by_name(at, Kind::Parameter, name)?.state = State::Parameter { value: value.clone() };
            }
            other => unreachable!("{other:?}"),
        }
        Ok(Outcome::Done)
    }

    fn deleted(&mut self, at: &Option<String>, action: &Action) -> Result<Outcome, Failure> {
        match action {
            Action::DeleteTrustAnchor(arn) | Action::DeleteProfile(arn) => self.delete(|(.., it)| it.arn == *arn),
            Action::DeleteParameter(name) => {
                self.delete(|(site, kind, it)| site == at && *kind == Kind::Parameter && it.name == *name)
            }
            Action::DetachPolicy(role, policy) | Action::DeleteInlinePolicy(role, policy) => {
                let State::Role { policies, inline, .. } = self.role(at, role)? else { unreachable!() };
                let is_attached = matches!(action, Action::DetachPolicy(..));
                let is_gone = if is_attached { policies.remove(policy) } else { inline.remove(policy).is_some() };
                if is_gone { Ok(Outcome::Done) } else { Err(failure(Fault::NotThere)) }
            }
            Action::DeleteRole(name) => {
                match self.role(at, name)? {
                    State::Role { policies, inline, .. } if policies.is_empty() && inline.is_empty() => {}
                    _ => return Err(failure(Fault::InUse)),
                }
                self.delete(|(site, kind, it)| site == at && *kind == Kind::Role && it.name == *name)
            }
            other => unreachable!("{other:?}"),
        }
    }
}
