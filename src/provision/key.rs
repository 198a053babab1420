//! What a resource is called, where it is, and whose it is.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::arn::ArnKind;
use crate::quote::quote;
use crate::reference::Origin;

/// The tag with the prefix of the installation's parameters.
pub const INSTALLATION: &str = "iamra:installation";
/// The tag with the name of the declaration.
pub const DECLARATION: &str = "iamra:declaration";

/// Tags of a resource.
pub type Tags = BTreeMap<String, String>;

/// An account and a region, by the settings that reach it.
pub type Site = Arc<Origin>;

/// The kinds of resources, in the order in which they are made: each needs only those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Trusts a CA.
    TrustAnchor,
    /// The IAM role.
    Role,
    /// Lists the role.
    Profile,
    /// Says where one of the others is.
    Parameter,
}

impl Kind {
    /// What its ARN is like. A parameter says that of something else.
    pub(super) fn of_arn(self) -> ArnKind {
        match self {
            Self::TrustAnchor => ArnKind::TrustAnchor,
            Self::Profile => ArnKind::Profile,
            Self::Role | Self::Parameter => ArnKind::Role,
        }
    }

    /// What people call it.
    pub fn words(self) -> &'static str {
        match self {
            Self::TrustAnchor => "trust anchor",
            Self::Role => "role",
            Self::Profile => "profile",
            Self::Parameter => "parameter",
        }
    }
}

/// One resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// What it is.
    pub kind: Kind,
    /// Where it is. Roles have no region; theirs is one of those that the account is used in.
    pub site: Site,
    /// Its name in AWS.
    pub name: String,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.words(), quote(&self.name))
    }
}

/// Who owns a resource. One with both tags is ours.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// The prefix of the installation's parameters.
    pub installation: String,
    /// The name of the declaration.
    pub declaration: String,
}

impl Owner {
    /// The tags of what it owns.
    pub fn tags(&self) -> Tags {
        let tags = [(INSTALLATION, &self.installation), (DECLARATION, &self.declaration)];
        tags.into_iter().map(|(key, value)| (key.to_owned(), value.clone())).collect()
    }

    /// Whether it owns what has these tags.
    pub fn owns(&self, tags: &Tags) -> bool {
        self.tags().iter().all(|(key, value)| tags.get(key) == Some(value))
    }

    /// What the names of its trust anchors, roles and profiles begin with: `iam-ra-default` for `/iam-ra/default`, as in
    /// iam-ra.
    /// <https://github.com/igorlg/iam-roles-anywhere/blob/HEAD/src/iam_ra_cli/data/cloudformation/role.yaml>
    pub fn stem(&self) -> String {
        self.installation.trim_matches('/').replace('/', "-")
    }

    /// The name of one of them.
    pub fn name(&self, of: &str) -> String {
        format!("{}-{of}", self.stem())
    }
}

/// The tags by which what CloudFormation and iam-ra make is known.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html>
/// <https://github.com/igorlg/iam-roles-anywhere/blob/HEAD/src/iam_ra_cli/data/cloudformation/role.yaml>
const STACK: &str = "aws:cloudformation:stack-name";
const OF_IAM_RA: &str = "iam-ra:namespace";

/// Who has made a resource, as far as its tags say it.
pub(super) fn maker(tags: &Tags) -> Option<String> {
    match (tags.get(STACK), tags.get(OF_IAM_RA)) {
        (Some(stack), Some(_)) => Some(format!("iam-ra's CloudFormation stack {}", quote(stack))),
        (Some(stack), None) => Some(format!("CloudFormation stack {}", quote(stack))),
        (None, Some(namespace)) => Some(format!("iam-ra for its namespace {}", quote(namespace))),
        (None, None) => None,
    }
}

/// Whether nobody's tags of iamra are on a resource.
pub(super) fn is_free(tags: &Tags) -> bool {
    !tags.contains_key(INSTALLATION) && !tags.contains_key(DECLARATION)
}

/// Why a resource is not ours, by its tags.
pub(super) fn whose(tags: &Tags) -> String {
    match (tags.get(INSTALLATION), tags.get(DECLARATION)) {
        (None, None) => match maker(tags) {
            Some(maker) => format!("it is made by {maker}"),
            None => format!("it does not have the tags {INSTALLATION} and {DECLARATION}"),
        },
        (installation, declaration) => format!(
            "it belongs to installation {} of declaration {}",
            quote(installation.map_or("", String::as_str)),
            quote(declaration.map_or("", String::as_str))
        ),
    }
}
