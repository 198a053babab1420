//! How AWS differs from the declaration, and the calls that end that.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::action::Action;
use super::desired::{Link, Trusted};
use super::key::{Key, Site};
use crate::trust::{self, Subject};
use crate::yaml::FieldPath;

/// What has to happen to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// It is missing.
    Create,
    /// It is ours, and different.
    Change,
    /// It is ours, and not declared.
    Delete,
    /// It is not ours, and gets our tags.
    Adopt,
    /// It is not ours: it is used as it is.
    Leave,
    /// Nothing can be done; somebody has to decide.
    Refuse,
}

impl Verb {
    /// In the infinitive.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Change => "change",
            Self::Delete => "delete",
            Self::Adopt => "adopt",
            Self::Leave => "leave",
            Self::Refuse => "refuse",
        }
    }

    /// That it has been done.
    pub fn past(self) -> &'static str {
        match self {
            Self::Create => "created",
            Self::Change => "changed",
            Self::Delete => "deleted",
            Self::Adopt => "adopted",
            Self::Leave | Self::Refuse => "left",
        }
    }
}

/// A difference of one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What.
    pub key: Key,
    /// What has to happen to it.
    pub verb: Verb,
    /// Its ARN, where it has one.
    pub arn: Option<String>,
    /// Why, and what will be different.
    pub words: Vec<String>,
    /// Whether somebody may do more than before.
    pub is_escalation: bool,
    /// The clusters that use it.
    pub clusters: BTreeSet<String>,
    /// Where it is declared.
    pub place: FieldPath,
    /// What to do about a refusal.
    pub help: Option<String>,
    /// The calls, in order.
    pub(super) steps: Vec<Step>,
}

impl Difference {
    /// How many calls it takes.
    pub fn calls(&self) -> usize {
        self.steps.len()
    }
}

/// All differences, and what is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Escalations first, then what is created, changed and deleted.
    pub differences: Vec<Difference>,
    /// The number of each account.
    pub accounts: BTreeMap<Site, String>,
    /// The ARNs of what exists.
    pub(super) arns: BTreeMap<Key, String>,
}

impl Comparison {
    /// What has to be decided first.
    pub fn refusals(&self) -> impl Iterator<Item = &Difference> {
        self.differences.iter().filter(|it| it.verb == Verb::Refuse)
    }

    /// What would be deleted, and what would be left because it is not ours.
    #[must_use]
    pub fn deletions(mut self) -> Self {
        self.differences.retain(|it| matches!(it.verb, Verb::Delete | Verb::Leave));
        // Why, everybody knows who asks for it.
        self.differences.iter_mut().filter(|it| it.verb == Verb::Delete).for_each(|it| it.words.clear());
        self
    }

    /// Whether there is something to do, or to decide.
    pub fn differs(&self) -> bool {
        self.differences.iter().any(|it| it.verb != Verb::Leave)
    }

    /// The number of resources for which there is something to do.
    pub fn to_do(&self) -> usize {
        self.differences.iter().filter(|it| !it.steps.is_empty()).count()
    }

    /// Whether something is to be done.
    pub fn has_calls(&self) -> bool {
        self.to_do() > 0
    }
}

/// A call, of which one part may not be known before others are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) action: Action,
    pub(super) open: Option<Open>,
}

/// What is put into a call when it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Open {
    /// The trust policy.
    Policy(BTreeSet<Trusted>),
    /// The ARN of a profile's role, or the value of a parameter.
    Arn(Link),
}

impl From<Action> for Step {
    fn from(action: Action) -> Self {
        Self { action, open: None }
    }
}

impl Step {
    /// The resources that it needs.
    pub(super) fn needs(&self) -> Vec<&Key> {
        let links: Vec<&Link> = match &self.open {
            None => Vec::new(),
            Some(Open::Arn(link)) => vec![link],
            Some(Open::Policy(trusted)) => trusted.iter().map(|it| &it.trust_anchor).collect(),
        };
        let keys = links.into_iter().filter_map(|link| match link {
            Link::Of(key) => Some(key),
            Link::Known(_) => None,
        });
        keys.collect()
    }

    /// The call with everything in it; `None` when something is not known.
    pub(super) fn action(&self, arns: &BTreeMap<Key, String>) -> Option<Action> {
        let mut action = self.action.clone();
        match (&mut action, &self.open) {
            (Action::CreateRole(_, policy, ..) | Action::UpdateTrustPolicy(_, policy), Some(Open::Policy(trusted))) => {
                *policy = trust_policy(trusted, arns)?;
            }
            (Action::CreateProfile(_, settings, _) | Action::UpdateProfile(_, settings), Some(Open::Arn(link))) => {
                settings.role = arn_of(link, arns)?;
            }
            (Action::CreateParameter(_, value, _) | Action::UpdateParameter(_, value), Some(Open::Arn(link))) => {
                *value = arn_of(link, arns)?;
            }
            _ => {}
        }
        Some(action)
    }
}

pub(super) fn arn_of(link: &Link, arns: &BTreeMap<Key, String>) -> Option<String> {
    match link {
        Link::Known(arn) => Some(arn.to_string()),
        Link::Of(key) => arns.get(key).cloned(),
    }
}

/// The policy that allows these workloads and nobody else; `None` when a trust anchor's ARN is not known.
pub(super) fn trust_policy(trusted: &BTreeSet<Trusted>, arns: &BTreeMap<Key, String>) -> Option<Value> {
    if trusted.is_empty() {
        return Some(trust::nobody());
    }
    let anchors: Option<Vec<_>> = trusted.iter().map(|it| arn_of(&it.trust_anchor, arns)).collect();
    let anchors = anchors?;
    let subjects = trusted.iter().zip(&anchors).map(|(it, anchor)| Subject {
        trust_anchor: anchor,
        account: anchor.split(':').nth(4).unwrap_or_default(),
        names: &it.names,
    });
    // Names that no policy can require were reported with the declaration.
    trust::pinned(&subjects.collect::<Vec<_>>()).ok()
}
