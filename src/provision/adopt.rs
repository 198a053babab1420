//! Makes what somebody else has made for the declaration ours: it gets our tags, and nothing else changes.

use std::collections::BTreeMap;

use super::action::{Action, Failure, Outcome, Provisioner};
use super::desired::{Desired, Link, Resource, Wanted};
use super::difference::{Comparison, Difference, Step, Verb};
use super::key::{Key, Kind, Tags, is_free, maker, whose};
use super::observe::{Observed, Seen};
use super::state::State;

/// What can be adopted, and why other things cannot.
///
/// # Errors
/// A call failed: of parameters, the tags have to be asked for.
pub fn adoption(
    desired: &Desired,
    observed: &Observed,
    cluster: Option<&str>,
    aws: &dyn Provisioner,
) -> Result<Comparison, Failure> {
    let mut adopting = Adopting { observed, ours: BTreeMap::new(), found: Vec::new() };
    for (key, resource) in &desired.resources {
        if !Desired::is_of(resource, cluster) {
            continue;
        }
        match &resource.wanted {
            Wanted::Parameter(Link::Of(target)) => adopting.parameter(key, resource, target, aws)?,
            Wanted::Parameter(Link::Known(_)) | Wanted::Kept => {}
            _ => adopting.named(key, resource, recorded(desired, observed, key)),
        }
    }
    let Adopting { mut found, .. } = adopting;
    found.sort_by(|one, other| (one.verb, &one.key).cmp(&(other.verb, &other.key)));
    Ok(Comparison { differences: found, accounts: observed.accounts.clone(), ..Comparison::default() })
}

/// The ARN that the parameter of a resource says.
fn recorded<'o>(desired: &Desired, observed: &'o Observed, key: &Key) -> Option<&'o str> {
    let is_of = |it: &Resource| matches!(&it.wanted, Wanted::Parameter(Link::Of(target)) if target == key);
    let parameters = desired.resources.iter().filter(|(_, it)| is_of(it)).map(|(key, _)| key);
    let mut values = parameters.filter_map(|key| match &observed.resources.get(key)?.first()?.state {
        State::Parameter { value } => Some(value.trim_end_matches('\n')),
        _ => None,
    });
    values.next()
}

struct Adopting<'a> {
    observed: &'a Observed,
    /// The ARNs of what is ours, or will be.
    ours: BTreeMap<Key, String>,
    found: Vec<Difference>,
}

impl Adopting<'_> {
    fn seen(&self, key: &Key) -> &[Seen] {
        self.observed.resources.get(key).map_or(&[], Vec::as_slice)
    }

    fn push(&mut self, key: &Key, resource: &Resource, verb: Verb, words: Vec<String>, steps: Vec<Step>) {
        let arn = self.ours.get(key).filter(|arn| !arn.is_empty()).cloned();
        self.found.push(Difference {
            key: key.clone(),
            verb,
            arn,
            words,
            is_escalation: false,
            clusters: resource.clusters.clone(),
            place: resource.place.clone(),
            help: None,
            steps,
        });
    }

    /// A trust anchor, role or profile of our name.
    fn named(&mut self, key: &Key, resource: &Resource, recorded: Option<&str>) {
        if let Some(ours) = self.seen(key).iter().find(|seen| seen.not_ours.is_none()) {
            self.ours.insert(key.clone(), ours.arn.clone());
            return;
        }
        let others = self.seen(key).to_vec();
        // The parameter decides which one is used, also if there is only one of the name.
        let used: Vec<_> = others.iter().filter(|it| recorded.is_none_or(|arn| it.arn == arn)).collect();
        let why = match (used.as_slice(), recorded) {
            ([], None) => return,
            ([used], _) if used.is_free => {
                self.ours.insert(key.clone(), used.arn.clone());
                let tags = resource.owner.tags();
                let tag = match key.kind {
                    Kind::Role => Action::TagRole(key.name.clone(), tags),
                    _ => Action::Tag(used.arn.clone(), tags),
                };
                return self.push(key, resource, Verb::Adopt, origin(used.maker.as_deref()), vec![tag.into()]);
            }
            ([used], _) => used.not_ours.clone().unwrap_or_default(),
            ([], Some(arn)) => format!("it has another name than iamra gives it: {arn}"),
            (several, _) => format!("{} have this name, and no parameter says which one is meant", several.len()),
        };
        self.push(key, resource, Verb::Leave, vec![why], Vec::new());
    }

    /// A parameter that names what is ours, or will be.
    fn parameter(
        &mut self,
        key: &Key,
        resource: &Resource,
        target: &Key,
        aws: &dyn Provisioner,
    ) -> Result<(), Failure> {
        let Some(Seen { not_ours: Some(_), state: State::Parameter { value }, .. }) = self.seen(key).first() else {
            return Ok(());
        };
        // Of what it names otherwise, somebody has been told why it stays.
        if self.ours.get(target).map(String::as_str) != Some(value.trim_end_matches('\n')) {
            return Ok(());
        }
        let answer = aws.call(&key.site, &Action::ListParameterTags(key.name.clone()))?;
        let tags = if let Outcome::Tags(tags) = answer { tags } else { Tags::new() };
        if is_free(&tags) {
            let tag = Action::TagParameter(key.name.clone(), resource.owner.tags());
            self.push(key, resource, Verb::Adopt, origin(maker(&tags).as_deref()), vec![tag.into()]);
        } else {
            self.push(key, resource, Verb::Leave, vec![whose(&tags)], Vec::new());
        }
        Ok(())
    }
}

/// Who has made it. The tags of a stack stay when it is gone, so they do not say whether it is still there.
fn origin(maker: Option<&str>) -> Vec<String> {
    let Some(maker) = maker else { return Vec::new() };
    let mut words = vec![format!("it is made by {maker}")];
    if maker.contains("CloudFormation") {
        words.push(
            "if that stack is still there, delete it before, with `DeletionPolicy: Retain` for this resource"
                .to_owned(),
        );
    }
    words
}
