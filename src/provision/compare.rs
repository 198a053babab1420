//! Compares what is there with what should be.

use std::collections::{BTreeMap, BTreeSet};

use super::action::Action;
use super::changes::{Found, changes, put, settings, too_long, trusts};
use super::desired::{Desired, Link, Resource, Wanted};
use super::difference::{Comparison, Difference, Open, Step, Verb, arn_of};
use super::key::{Key, Kind};
use super::observe::{Observed, Seen};
use super::state::State;
use crate::arn::Arn;
use crate::duration::Duration;
use crate::issuer::DEFAULT_SCOPE;
use crate::quote::quote;
use crate::yaml::FieldPath;

/// All differences; only those of a cluster if one is given. What is not declared is deleted, if it is ours.
pub fn compare(desired: &Desired, observed: &Observed, cluster: Option<&str>) -> Comparison {
    let mut comparing = Comparing {
        desired,
        observed,
        arns: BTreeMap::new(),
        elsewhere: BTreeSet::new(),
        refused: BTreeSet::new(),
        found: Vec::new(),
    };
    comparing.parameters_of_others();
    for (key, resource) in &desired.resources {
        comparing.resource(key, resource);
    }
    if cluster.is_none() && desired.part.is_none() {
        comparing.undeclared();
    }
    let mut differences = comparing.found;
    if let Some(part) = &desired.part {
        differences.retain_mut(|it| part.contains(&it.key) || is_missing_anchor(it));
    }
    differences.retain(|it| desired.resources.get(&it.key).is_none_or(|resource| Desired::is_of(resource, cluster)));
    // What is deleted needs what is made before it to be gone.
    differences.sort_by(|one, other| {
        let rank = |it: &Difference| (it.verb == Verb::Refuse, !it.is_escalation, it.verb);
        let deletes = one.verb == Verb::Delete && other.verb == Verb::Delete;
        let keys = if deletes { other.key.cmp(&one.key) } else { one.key.cmp(&other.key) };
        rank(one).cmp(&rank(other)).then(keys)
    });
    Comparison { differences, accounts: observed.accounts.clone(), arns: comparing.arns }
}

/// Whether a trust anchor is needed that is not there. Making it is up to others, so this is said.
fn is_missing_anchor(it: &mut Difference) -> bool {
    let is_missing = it.key.kind == Kind::TrustAnchor && matches!(it.verb, Verb::Create | Verb::Refuse);
    if is_missing {
        (it.verb, it.is_escalation) = (Verb::Refuse, false);
        it.words = vec!["it is not there yet".to_owned()];
        it.help = Some("run `iamra init` or `iamra aws apply`, which make it".to_owned());
        it.steps.clear();
    }
    is_missing
}

/// What helps against a trust policy that is too long.
const SEVERAL_ROLES: &str = "distribute its workloads over several roles";

struct Comparing<'c> {
    desired: &'c Desired,
    observed: &'c Observed,
    arns: BTreeMap<Key, String>,
    /// What a parameter that is not ours says to be elsewhere.
    elsewhere: BTreeSet<Key>,
    refused: BTreeSet<Key>,
    found: Vec<Difference>,
}

impl Comparing<'_> {
    fn seen(&self, key: &Key) -> &[Seen] {
        self.observed.resources.get(key).map_or(&[], Vec::as_slice)
    }

    fn ours(&self, key: &Key) -> Vec<&Seen> {
        self.seen(key).iter().filter(|seen| seen.not_ours.is_none()).collect()
    }

    fn push(&mut self, key: &Key, verb: Verb, arn: Option<&str>, found: Found) -> &mut Difference {
        let resource = self.desired.resources.get(key);
        self.found.push(Difference {
            key: key.clone(),
            verb,
            arn: arn.filter(|arn| !arn.is_empty()).map(str::to_owned),
            words: found.words,
            is_escalation: found.is_escalation,
            clusters: resource.map(|it| it.clusters.clone()).unwrap_or_default(),
            place: resource.map_or(FieldPath::root(), |it| it.place.clone()),
            help: None,
            steps: found.steps,
        });
        let last = self.found.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "it was just pushed")]
        &mut self.found[last]
    }

    fn refuse(&mut self, key: &Key, why: String, help: &str) {
        let found = Found { words: vec![why], ..Found::default() };
        self.refused.insert(key.clone());
        self.push(key, Verb::Refuse, None, found).help = Some(help.to_owned());
    }

    /// A parameter that somebody else has written says where a resource is. Then it is used as it is, unless ours is there
    /// already.
    fn parameters_of_others(&mut self) {
        for (key, resource) in &self.desired.resources {
            let Wanted::Parameter(Link::Of(target)) = &resource.wanted else { continue };
            let Some(Seen { not_ours: Some(why), state: State::Parameter { value }, .. }) = self.seen(key).first()
            else {
                continue;
            };
            let (why, value) = (why.clone(), value.trim_end_matches('\n').to_owned());
            if let Err(wrong) = Arn::parse(target.kind.of_arn(), &value) {
                let why = format!("{why}; {wrong}");
                self.refused.insert(target.clone());
                self.refuse(key, why, "write the ARN into the parameter, or delete the parameter");
                continue;
            }
            let ours = self.ours(target);
            if ours.iter().any(|seen| seen.arn == value) {
                let words = vec![format!("{why}; its value is right")];
                self.push(key, Verb::Leave, None, Found { words, ..Found::default() });
            } else if let Some(other) = ours.first() {
                let why = format!("{why}; it says {}, and ours is {}", quote(&value), other.arn);
                self.refuse(key, why, "delete the parameter, or write the ARN into the declaration");
            } else {
                let words = vec![format!("{why}; the {} is used that it names: {value}", target.kind.words())];
                self.push(key, Verb::Leave, None, Found { words, ..Found::default() });
                self.arns.insert(target.clone(), value);
                self.elsewhere.insert(target.clone());
            }
        }
    }

    fn resource(&mut self, key: &Key, resource: &Resource) {
        // Before a refusal is decided, nothing is known of what needs it.
        if resource.wanted.needs().any(|needed| self.refused.contains(needed)) {
            self.refused.insert(key.clone());
            return;
        }
        match &resource.wanted {
            Wanted::Kept => {}
            _ if self.refused.contains(key) => {}
            Wanted::Parameter(link) => self.parameter(key, resource, link),
            _ if self.elsewhere.contains(key) => {}
            wanted => self.made(key, resource, wanted),
        }
    }

    fn parameter(&mut self, key: &Key, resource: &Resource, link: &Link) {
        let step = |action| Step { action, open: Some(Open::Arn(link.clone())) };
        let value = arn_of(link, &self.arns);
        let words = match (&value, link) {
            (Some(arn), _) => format!("its value is {arn}"),
            (None, Link::Of(target)) => format!("its value is the ARN of the {target}"),
            (None, Link::Known(_)) => String::new(),
        };
        match self.seen(key).first() {
            None => {
                let create = Action::CreateParameter(key.name.clone(), String::new(), resource.owner.tags());
                let found = Found { words: vec![words], steps: vec![step(create)], ..Found::default() };
                self.push(key, Verb::Create, None, found);
            }
            Some(Seen { not_ours: None, state: State::Parameter { value: old }, .. })
                if Some(old) != value.as_ref() =>
            {
                let update = Action::UpdateParameter(key.name.clone(), String::new());
                let words = vec![format!("{words}, not {}", quote(old))];
                self.push(key, Verb::Change, None, Found { words, steps: vec![step(update)], ..Found::default() });
            }
            // What others have written has been reported.
            Some(_) => {}
        }
    }

    /// The ARN that our parameter says, by which one of several is chosen.
    fn recorded(&self, key: &Key) -> Option<&str> {
        let is_of =
            |resource: &Resource| matches!(&resource.wanted, Wanted::Parameter(Link::Of(target)) if target == key);
        let parameters = self.desired.resources.iter().filter(|(_, resource)| is_of(resource));
        let mut values = parameters.flat_map(|(parameter, _)| self.seen(parameter));
        values.find_map(|seen| match &seen.state {
            State::Parameter { value } => Some(value.as_str()),
            _ => None,
        })
    }

    /// A trust anchor, role or profile.
    fn made(&mut self, key: &Key, resource: &Resource, wanted: &Wanted) {
        let mut ours: Vec<_> = self.ours(key).into_iter().cloned().collect();
        let recorded = self.recorded(key).map(str::to_owned);
        ours.sort_by_key(|seen| (Some(&seen.arn) != recorded.as_ref(), seen.arn.clone()));
        let others: Vec<_> = self.seen(key).iter().filter(|seen| seen.not_ours.is_some()).cloned().collect();
        let mut ours = ours.into_iter();
        match (ours.next(), others.as_slice()) {
            (Some(kept), _) => {
                self.arns.insert(key.clone(), kept.arn.clone());
                if let Wanted::Role { trusted, .. } = wanted
                    && let Some(why) = too_long(trusted, &self.arns)
                {
                    return self.refuse(key, why, SEVERAL_ROLES);
                }
                let found = changes(key, wanted, &kept, &self.arns);
                if !found.words.is_empty() {
                    self.push(key, Verb::Change, Some(&kept.arn), found);
                }
                for twin in ours {
                    self.delete(key, &twin, format!("there are two: {} is kept", kept.arn));
                }
            }
            (None, [other]) => {
                self.arns.insert(key.clone(), other.arn.clone());
                let why = other.not_ours.clone().unwrap_or_default();
                let differs = changes(key, wanted, other, &self.arns).words;
                let mut words = vec![format!("{why}; it is used as it is")];
                words.extend(differs.into_iter().map(|it| format!("differs: {it}")));
                self.push(key, Verb::Leave, Some(&other.arn), Found { words, ..Found::default() });
            }
            (None, []) => self.create(key, resource, wanted),
            (None, others) => {
                let arns: Vec<_> = others.iter().map(|it| it.arn.as_str()).collect();
                let why = format!("{} have this name, and none is ours: {}", arns.len(), arns.join(", "));
                self.refuse(key, why, "write the ARN of the intended one into the declaration, or rename them");
            }
        }
    }

    /// The trust anchor of iam-ra 1.x, which had one scope without a name.
    fn first(&self, key: &Key, resource: &Resource) -> Option<String> {
        let old = Key { name: resource.owner.stem(), ..key.clone() };
        (key.name == resource.owner.name(DEFAULT_SCOPE)).then(|| self.observed.first.get(&old).cloned()).flatten()
    }

    fn create(&mut self, key: &Key, resource: &Resource, wanted: &Wanted) {
        let (name, tags) = (key.name.clone(), resource.owner.tags());
        let mut found = Found::default();
        match wanted {
            Wanted::TrustAnchor(_) if self.first(key, resource).is_some() => {
                let arn = self.first(key, resource).unwrap_or_default();
                let why = format!("iam-ra 1.x has made a trust anchor for all of the installation: {arn}");
                let help =
                    "write its ARN into the declaration, as `trustAnchor` of the scope; `iamra import` prints it so";
                return self.refuse(key, why, help);
            }
            Wanted::TrustAnchor(None) if self.desired.unread.contains_key(key) => {
                let none = self.desired.unread.get(key).cloned();
                let (why, help) = none.map(|it| (it.why, it.help)).unwrap_or_default();
                return self.refuse(key, format!("the CA that it trusts is not known: {why}"), &help);
            }
            Wanted::TrustAnchor(None) => {
                let why = "no CA certificate is known for it".to_owned();
                let help =
                    "pass the CA's certificate: `--ca-certificate SCOPE=FILE`; `iamra ca show` prints that of a Secret";
                return self.refuse(key, why, help);
            }
            Wanted::TrustAnchor(Some(source)) => {
                found.words = source.words().into_iter().map(|it| format!("trusts {it}")).collect();
                found.steps.push(Action::CreateTrustAnchor(name, source.clone(), tags).into());
            }
            Wanted::Role { trusted, policies, inline, longest } => {
                if let Some(why) = too_long(trusted, &self.arns) {
                    return self.refuse(key, why, SEVERAL_ROLES);
                }
                found.words = vec![trusts(trusted)];
                found.words.extend(policies.iter().map(|it| format!("has policy {it}")));
                let create = Action::CreateRole(name.clone(), serde_json::Value::Null, *longest, tags);
                found.steps.push(Step { action: create, open: Some(Open::Policy(trusted.clone())) });
                let attach = |policy: &String| Action::AttachPolicy(name.clone(), policy.clone()).into();
                found.steps.extend(policies.iter().map(attach));
                found.words.extend(inline.keys().map(|it| format!("has inline policy {}", quote(it))));
                found.steps.extend(inline.iter().map(|(policy, document)| put(&name, policy, document)));
            }
            Wanted::Profile { role, session, accepts_session_name } => {
                found.words.push(format!("sessions of up to {}", Duration::of(*session)));
                let settings = settings(*session, *accepts_session_name);
                let create = Action::CreateProfile(name, settings, tags);
                found.steps.push(Step { action: create, open: Some(Open::Arn(role.clone())) });
            }
            Wanted::Parameter(_) | Wanted::Kept => {}
        }
        self.push(key, Verb::Create, None, found);
    }

    /// What is ours and not declared.
    fn undeclared(&mut self) {
        let observed = self.observed;
        let undeclared = observed.resources.iter().filter(|(key, _)| !self.desired.resources.contains_key(key));
        for (key, it) in undeclared.flat_map(|(key, seen)| seen.iter().map(move |it| (key, it))).collect::<Vec<_>>() {
            match &it.not_ours {
                None => self.delete(key, it, "it is ours, and not declared".to_owned()),
                Some(why) => {
                    let found = Found { words: vec![why.clone()], ..Found::default() };
                    self.push(key, Verb::Leave, Some(&it.arn), found);
                }
            }
        }
    }

    fn delete(&mut self, key: &Key, seen: &Seen, why: String) {
        let name = &key.name;
        let mut steps: Vec<Step> = Vec::new();
        if let State::Role { policies, inline, .. } = &seen.state {
            steps.extend(policies.iter().map(|policy| Action::DetachPolicy(name.clone(), policy.clone()).into()));
            steps.extend(inline.keys().map(|policy| Action::DeleteInlinePolicy(name.clone(), policy.clone()).into()));
        }
        let delete = match key.kind {
            Kind::TrustAnchor => Action::DeleteTrustAnchor(seen.arn.clone()),
            Kind::Role => Action::DeleteRole(name.clone()),
            Kind::Profile => Action::DeleteProfile(seen.arn.clone()),
            Kind::Parameter => Action::DeleteParameter(name.clone()),
        };
        steps.push(delete.into());
        self.push(key, Verb::Delete, Some(&seen.arn), Found { words: vec![why], steps, ..Found::default() });
    }
}
