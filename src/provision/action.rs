//! The port to AWS: one call in, one answer out.

use std::collections::BTreeSet;

use serde_json::Value;

use super::key::{Key, Owner, Tags};
use super::state::{Listed, Source};
use crate::diag::Code;
use crate::reference::Origin;
use crate::resolve::NoAnswer;
use crate::secret::Secret;

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    // What is there.
    /// The account.
    GetCallerIdentity,
    /// All of them, with their states.
    ListTrustAnchors,
    /// All of them, with their states.
    ListProfiles,
    /// Of a trust anchor or profile, by its ARN.
    ListTags(String),
    /// The names of all roles.
    ListRoles,
    /// A role with its tags, by its name.
    GetRole(String),
    /// The ARNs of a role's attached policies.
    ListAttachedPolicies(String),
    /// The names of a role's inline policies.
    ListInlinePolicies(String),
    /// Role and name of the inline policy.
    GetInlinePolicy(String, String),
    /// The names of the parameters with an owner's tags.
    DescribeParameters(Owner),
    /// Up to ten parameters, by their names.
    GetParameters(BTreeSet<String>),
    /// The value of one encrypted parameter, decrypted. What is not encrypted is refused.
    DecryptParameter(String),
    /// Of a parameter, by its name.
    ListParameterTags(String),
    // What changes it. Creation enables.
    /// A new trust anchor.
    CreateTrustAnchor(String, Source, Tags),
    /// What the trust anchor with this ARN trusts.
    UpdateTrustAnchor(String, Source),
    /// The trust anchor with this ARN.
    EnableTrustAnchor(String),
    /// The trust anchor with this ARN.
    DeleteTrustAnchor(String),
    /// A new role, its trust policy and longest session in seconds.
    CreateRole(String, Value, u64, Tags),
    /// A role's trust policy.
    UpdateTrustPolicy(String, Value),
    /// A role's longest session in seconds.
    UpdateLongestSession(String, u64),
    /// Role and ARN of the policy.
    AttachPolicy(String, String),
    /// Role and ARN of the policy.
    DetachPolicy(String, String),
    /// Role, name of the policy, and the policy, in place of one of that name.
    PutInlinePolicy(String, String, Value),
    /// Role and name of the policy.
    DeleteInlinePolicy(String, String),
    /// A role without policies.
    DeleteRole(String),
    /// A new profile, by its name.
    CreateProfile(String, ProfileSettings, Tags),
    /// The settings of the profile with this ARN.
    UpdateProfile(String, ProfileSettings),
    /// The profile with this ARN.
    EnableProfile(String),
    /// The profile with this ARN.
    DeleteProfile(String),
    /// A new parameter and its value.
    CreateParameter(String, String, Tags),
    /// A new parameter that is encrypted.
    CreateEncryptedParameter(String, Encrypted, Tags),
    /// The value of a parameter.
    UpdateParameter(String, String),
    /// A parameter.
    DeleteParameter(String),
    /// More tags of the trust anchor or profile with this ARN.
    Tag(String, Tags),
    /// More tags of a role.
    TagRole(String, Tags),
    /// More tags of a parameter.
    TagParameter(String, Tags),
}

/// The settings of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileSettings {
    /// The ARN of its role.
    pub role: String,
    /// The longest session, in seconds.
    pub session: u64,
    /// Whether it accepts session names.
    pub accepts_session_name: bool,
}

/// A value that is kept encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encrypted {
    /// The value.
    pub value: Secret,
    /// The KMS key, by its ID, alias or ARN; the one of the account for parameters when `None`.
    pub kms_key: Option<String>,
}

/// The answer of a call that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Done,
    /// An account's number, or the ARN of what was created.
    Text(String),
    /// The value of an encrypted parameter.
    Secret(Secret),
    /// Tags.
    Tags(Tags),
    /// Names or ARNs.
    Names(Vec<String>),
    /// A policy.
    Policy(Value),
    /// Resources. What does not exist is not among them.
    Resources(Vec<Listed>),
}

/// What kind of failure it was, as far as it matters for what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It does not exist, or is not visible yet.
    NotThere,
    /// Something of that name exists.
    Exists,
    /// It cannot be deleted while something belongs to it.
    InUse,
    /// Rejected otherwise; nothing has changed.
    Refused,
    /// There was no answer: it may have happened.
    Unclear,
}

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What kind of failure it was.
    pub fault: Fault,
    /// Why, and what to do.
    pub answer: NoAnswer,
}

/// Makes calls: AWS, or a stand-in for it.
pub trait Provisioner {
    /// Makes one call, once: what may have happened is not repeated.
    ///
    /// # Errors
    /// It failed.
    fn call(&self, site: &Origin, action: &Action) -> Result<Outcome, Failure>;

    /// Waits a moment, until what was just made may be visible.
    fn pause(&self);
}

impl Action {
    /// Whether it changes something.
    pub fn changes(&self) -> bool {
        !matches!(
            self,
            Self::GetCallerIdentity
                | Self::ListTrustAnchors
                | Self::ListProfiles
                | Self::ListTags(_)
                | Self::ListRoles
                | Self::GetRole(_)
                | Self::ListAttachedPolicies(_)
                | Self::ListInlinePolicies(_)
                | Self::GetInlinePolicy(..)
                | Self::DescribeParameters(_)
                | Self::GetParameters(_)
                | Self::DecryptParameter(_)
                | Self::ListParameterTags(_)
        )
    }

    /// Whether it deletes something, so that it is done if that does not exist.
    pub(super) fn deletes(&self) -> bool {
        matches!(
            self,
            Self::DeleteTrustAnchor(_)
                | Self::DetachPolicy(..)
                | Self::DeleteInlinePolicy(..)
                | Self::DeleteRole(_)
                | Self::DeleteProfile(_)
                | Self::DeleteParameter(_)
        )
    }

    /// The permission that it needs.
    pub fn permission(&self) -> &'static str {
        match self {
            Self::GetCallerIdentity => "sts:GetCallerIdentity",
            Self::ListTrustAnchors => "rolesanywhere:ListTrustAnchors",
            Self::ListProfiles => "rolesanywhere:ListProfiles",
            Self::ListTags(_) => "rolesanywhere:ListTagsForResource",
            Self::ListRoles => "iam:ListRoles",
            Self::GetRole(_) => "iam:GetRole",
            Self::ListAttachedPolicies(_) => "iam:ListAttachedRolePolicies",
            Self::ListInlinePolicies(_) => "iam:ListRolePolicies",
            Self::GetInlinePolicy(..) => "iam:GetRolePolicy",
            Self::DescribeParameters(_) => "ssm:DescribeParameters",
            Self::GetParameters(_) | Self::DecryptParameter(_) => "ssm:GetParameters",
            Self::ListParameterTags(_) => "ssm:ListTagsForResource",
            Self::CreateTrustAnchor(..) => "rolesanywhere:CreateTrustAnchor",
            Self::UpdateTrustAnchor(..) => "rolesanywhere:UpdateTrustAnchor",
            Self::EnableTrustAnchor(_) => "rolesanywhere:EnableTrustAnchor",
            Self::DeleteTrustAnchor(_) => "rolesanywhere:DeleteTrustAnchor",
            Self::CreateRole(..) => "iam:CreateRole",
            Self::UpdateTrustPolicy(..) => "iam:UpdateAssumeRolePolicy",
            Self::UpdateLongestSession(..) => "iam:UpdateRole",
            Self::AttachPolicy(..) => "iam:AttachRolePolicy",
            Self::DetachPolicy(..) => "iam:DetachRolePolicy",
            Self::PutInlinePolicy(..) => "iam:PutRolePolicy",
            Self::DeleteInlinePolicy(..) => "iam:DeleteRolePolicy",
            Self::DeleteRole(_) => "iam:DeleteRole",
            Self::CreateProfile(..) => "rolesanywhere:CreateProfile",
            Self::UpdateProfile(..) => "rolesanywhere:UpdateProfile",
            Self::EnableProfile(_) => "rolesanywhere:EnableProfile",
            Self::DeleteProfile(_) => "rolesanywhere:DeleteProfile",
            Self::CreateParameter(..) | Self::CreateEncryptedParameter(..) | Self::UpdateParameter(..) => {
                "ssm:PutParameter"
            }
            Self::DeleteParameter(_) => "ssm:DeleteParameter",
            Self::Tag(..) => "rolesanywhere:TagResource",
            Self::TagRole(..) => "iam:TagRole",
            Self::TagParameter(..) => "ssm:AddTagsToResource",
        }
    }
}

/// That something is missing which another command would make.
pub(super) fn missing(what: &Key) -> Failure {
    Failure {
        fault: Fault::Refused,
        answer: NoAnswer {
            code: Code::AwsSetup,
            why: format!("the {what} is not there yet"),
            help: "run it for all clusters, without `--cluster`".to_owned(),
        },
    }
}
