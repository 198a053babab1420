//! Plans the calls that answer a set of queries. It makes none, so that the plan can be shown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::arn::ArnKind;
use crate::reference::{Origin, Query, Target, Wanted};

/// The most names that GetParameters takes.
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html>
const NAMES: usize = 10;

/// The account that is asked: what determines the credentials and the endpoint.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    /// A profile of the AWS configuration files.
    pub profile: Option<String>,
    /// The ARN of a role to assume first.
    pub assume_role: Option<String>,
    /// The region; the environment's when `None`.
    pub region: Option<String>,
}

/// Names of parameters with version or label, as the service accepts them, and the queries that each answers.
pub type Names = BTreeMap<String, Vec<Query>>;

/// One call, and the queries that it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Whose data is asked for.
    pub account: Account,
    /// What is asked.
    pub ask: Ask,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// `ssm:GetParameters`.
    Parameters {
        /// One to ten.
        names: Names,
        /// Whether encrypted values are decrypted.
        decrypt: bool,
    },
    /// `rolesanywhere:ListTrustAnchors`, all pages.
    TrustAnchors(Vec<Query>),
    /// `rolesanywhere:ListProfiles`, all pages.
    Profiles(Vec<Query>),
}

/// The fewest calls that answer all queries.
///
/// Encrypted values are decrypted only in calls that ask for a key. What the service does when one call names a
/// parameter twice is not documented, so versions and labels of one parameter are asked for in different calls.
pub fn calls(queries: &BTreeSet<Query>) -> Vec<Call> {
    let mut parameters: BTreeMap<(Account, bool), Names> = BTreeMap::new();
    let mut lists: BTreeMap<(Account, bool), Vec<Query>> = BTreeMap::new();
    for query in queries {
        match &query.target {
            Target::Ssm { name, selector } => {
                let text = selector.as_ref().map_or_else(|| name.clone(), |selector| format!("{name}:{selector}"));
                let account = Account::of(&query.origin, region_of(name));
                let names = parameters.entry((account, query.is_secret())).or_default();
                names.entry(text).or_default().push(query.clone());
            }
            Target::RolesAnywhere(_) => {
                let anchors = query.wanted == Wanted::Arn(ArnKind::TrustAnchor);
                lists.entry((Account::of(&query.origin, None), anchors)).or_default().push(query.clone());
            }
            Target::Literal(_) => {}
        }
    }
    let mut calls = Vec::new();
    for ((account, decrypt), names) in parameters {
        let batches = batches(names).into_iter();
        calls.extend(batches.map(|names| Call { account: account.clone(), ask: Ask::Parameters { names, decrypt } }));
    }
    for ((account, anchors), queries) in lists {
        let ask = if anchors { Ask::TrustAnchors(queries) } else { Ask::Profiles(queries) };
        calls.push(Call { account, ask });
    }
    calls
}

/// The fewest batches in which no parameter occurs twice.
fn batches(names: Names) -> Vec<Names> {
    let (mut full, mut open): (Vec<Names>, Vec<Names>) = (Vec::new(), Vec::new());
    for (name, queries) in names {
        let takes = |batch: &Names| batch.keys().all(|other| parameter(other) != parameter(&name));
        let index = open.iter().position(takes).unwrap_or_else(|| {
            open.push(Names::new());
            open.len() - 1
        });
        if let Some(batch) = open.get_mut(index) {
            batch.insert(name, queries);
            if batch.len() == NAMES {
                full.push(open.remove(index));
            }
        }
    }
    full.extend(open);
    full
}

/// The parameter's name without its ARN, version and label.
pub(super) fn parameter(text: &str) -> &str {
    let name = text.split_once(":parameter").map_or(text, |(_, name)| name);
    name.split(':').next().unwrap_or(name)
}

/// The region of a parameter that is named by its ARN.
fn region_of(name: &str) -> Option<&str> {
    name.strip_prefix("arn:")?.split(':').nth(2)
}

impl Account {
    fn of(origin: &Origin, region: Option<&str>) -> Self {
        Self {
            profile: origin.profile.clone(),
            assume_role: origin.assume_role.clone(),
            region: region.map(str::to_owned).or_else(|| origin.region.clone()),
        }
    }
}

impl Ask {
    /// The permission that the call needs.
    pub fn permission(&self) -> &'static str {
        match self {
            Self::Parameters { .. } => "ssm:GetParameters",
            Self::TrustAnchors(_) => "rolesanywhere:ListTrustAnchors",
            Self::Profiles(_) => "rolesanywhere:ListProfiles",
        }
    }

    /// Everything that the call answers.
    pub fn queries(&self) -> Vec<Query> {
        match self {
            Self::Parameters { names, .. } => names.values().flatten().cloned().collect(),
            Self::TrustAnchors(queries) | Self::Profiles(queries) => queries.clone(),
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.region.as_deref().unwrap_or("the environment's region"))?;
        if let Some(profile) = &self.profile {
            write!(f, ", profile {profile}")?;
        }
        if let Some(role) = &self.assume_role {
            write!(f, ", as {role}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.ask.permission(), self.account)?;
        match &self.ask {
            Ask::Parameters { names, decrypt } => {
                if *decrypt {
                    f.write_str(", decrypting")?;
                }
                names.keys().try_for_each(|name| write!(f, "\n  {name}"))
            }
            Ask::TrustAnchors(queries) | Ask::Profiles(queries) => {
                queries.iter().try_for_each(|query| write!(f, "\n  {}", query.reference))
            }
        }
    }
}
