//! The permissions that commands need: one table, and the smallest policy for a declaration.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::desired::{Desired, Link, Resource, Wanted};
use super::key::{INSTALLATION, Key, Kind, Site};
use crate::arn;
use crate::reference::Origin;
use crate::trust;

/// A command that calls AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// `iamra lock`
    Lock,
    /// `iamra aws plan`
    Plan,
    /// `iamra aws apply`
    Apply,
    /// `iamra destroy`
    Destroy,
    /// `iamra init`
    Init,
    /// `iamra ca put-key`
    PutKey,
    /// `iamra lock --trust-policies`
    LockTrustPolicies,
    /// `iamra role create`
    RoleCreate,
    /// `iamra role delete`
    RoleDelete,
    /// `iamra aws adopt`
    Adopt,
    /// `iamra ca rotate`
    Rotate,
}

/// What a permission is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum On {
    /// AWS accepts no resource.
    Everything,
    /// Everything, and only if the declaration names a trust anchor or profile.
    Named,
    /// Trust anchors and profiles, whoever's they are.
    TrustAnchorsAndProfiles,
    /// Those that get the tag of the installation.
    NewTrustAnchorsAndProfiles,
    /// Those with the tag of the installation.
    OurTrustAnchorsAndProfiles,
    /// All profiles.
    Profiles,
    /// Roles, by the beginning of their names.
    Roles,
    /// Those that get the tag of the installation.
    NewRoles,
    /// Those that a profile gives away.
    PassedRoles,
    /// The same, and those whose ARNs the declaration has.
    RolesAndArns,
    /// The same, and only for the policies that the declaration lists.
    Policies,
    /// The same, and only if the declaration has inline policies.
    InlinePolicies,
    /// Parameters below the prefix, and those that the declaration names; of a part, the latter alone.
    Parameters,
    /// A KMS key that encrypts parameters, if one is named.
    KmsKey,
}

const LOCKING: &[Purpose] = &[Purpose::Lock, Purpose::LockTrustPolicies];
/// The commands that look at trust anchors, and so on.
const READING_ANCHORS: &[Purpose] = &[
    Purpose::Plan,
    Purpose::Apply,
    Purpose::Destroy,
    Purpose::Init,
    Purpose::RoleCreate,
    Purpose::Adopt,
    Purpose::Rotate,
];
const READING_TAGS: &[Purpose] = &[
    Purpose::Plan,
    Purpose::Apply,
    Purpose::Destroy,
    Purpose::Init,
    Purpose::RoleCreate,
    Purpose::RoleDelete,
    Purpose::Adopt,
    Purpose::Rotate,
];
const MAKING_ANCHORS: &[Purpose] = &[Purpose::Apply, Purpose::Init];
const CHANGING_ANCHORS: &[Purpose] = &[Purpose::Apply, Purpose::Init, Purpose::Rotate];
const DELETING_ANCHORS: &[Purpose] = &[Purpose::Apply, Purpose::Destroy, Purpose::Init];
const TAGGING: &[Purpose] = &[Purpose::Apply, Purpose::Init, Purpose::RoleCreate, Purpose::Adopt];
const READING_ROLES: &[Purpose] =
    &[Purpose::Plan, Purpose::Apply, Purpose::Destroy, Purpose::RoleCreate, Purpose::RoleDelete, Purpose::Adopt];
const MAKING_ROLES: &[Purpose] = &[Purpose::Apply, Purpose::RoleCreate];
const TAGGING_ROLES: &[Purpose] = &[Purpose::Apply, Purpose::RoleCreate, Purpose::Adopt];
/// What a role loses when it is changed or deleted.
const DETACHING: &[Purpose] = &[Purpose::Apply, Purpose::Destroy, Purpose::RoleCreate, Purpose::RoleDelete];
const DELETING_ROLES: &[Purpose] = &[Purpose::Apply, Purpose::Destroy, Purpose::RoleDelete];
const LOOKING_FOR_PARAMETERS: &[Purpose] = &[
    Purpose::Plan,
    Purpose::Apply,
    Purpose::Destroy,
    Purpose::Init,
    Purpose::PutKey,
    Purpose::RoleCreate,
    Purpose::RoleDelete,
    Purpose::Adopt,
];
const READING_PARAMETERS: &[Purpose] = &[
    Purpose::Lock,
    Purpose::LockTrustPolicies,
    Purpose::Plan,
    Purpose::Apply,
    Purpose::Destroy,
    Purpose::Init,
    Purpose::PutKey,
    Purpose::RoleCreate,
    Purpose::RoleDelete,
    Purpose::Adopt,
    Purpose::Rotate,
];
const WRITING_PARAMETERS: &[Purpose] =
    &[Purpose::Apply, Purpose::Init, Purpose::PutKey, Purpose::RoleCreate, Purpose::Rotate];
const TAGGING_PARAMETERS: &[Purpose] =
    &[Purpose::Apply, Purpose::Init, Purpose::PutKey, Purpose::RoleCreate, Purpose::Adopt, Purpose::Rotate];
const ENCRYPTING: &[Purpose] = &[Purpose::Init, Purpose::PutKey, Purpose::Rotate];

/// Every permission: what it is for, and the commands that need it.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementrolesanywhere.html>
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html>
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html>
/// <https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html>
const TABLE: &[(&str, On, &[Purpose])] = &[
    ("rolesanywhere:ListTrustAnchors", On::Everything, READING_ANCHORS),
    ("rolesanywhere:ListProfiles", On::Everything, READING_ROLES),
    ("rolesanywhere:ListTrustAnchors", On::Named, LOCKING),
    ("rolesanywhere:ListProfiles", On::Named, LOCKING),
    ("rolesanywhere:ListTagsForResource", On::TrustAnchorsAndProfiles, READING_TAGS),
    ("rolesanywhere:CreateTrustAnchor", On::NewTrustAnchorsAndProfiles, MAKING_ANCHORS),
    ("rolesanywhere:CreateProfile", On::NewTrustAnchorsAndProfiles, MAKING_ROLES),
    ("rolesanywhere:TagResource", On::NewTrustAnchorsAndProfiles, TAGGING),
    ("rolesanywhere:UpdateTrustAnchor", On::OurTrustAnchorsAndProfiles, CHANGING_ANCHORS),
    ("rolesanywhere:EnableTrustAnchor", On::OurTrustAnchorsAndProfiles, MAKING_ANCHORS),
    ("rolesanywhere:UpdateProfile", On::OurTrustAnchorsAndProfiles, MAKING_ROLES),
    ("rolesanywhere:EnableProfile", On::OurTrustAnchorsAndProfiles, MAKING_ROLES),
    ("rolesanywhere:DeleteTrustAnchor", On::OurTrustAnchorsAndProfiles, DELETING_ANCHORS),
    ("rolesanywhere:DeleteProfile", On::OurTrustAnchorsAndProfiles, DELETING_ROLES),
    ("rolesanywhere:GetProfile", On::Profiles, &[Purpose::LockTrustPolicies]),
    ("iam:GetRole", On::RolesAndArns, &[Purpose::LockTrustPolicies]),
    ("iam:ListRoles", On::Everything, READING_ROLES),
    ("iam:GetRole", On::Roles, READING_ROLES),
    ("iam:ListAttachedRolePolicies", On::Roles, READING_ROLES),
    ("iam:ListRolePolicies", On::Roles, READING_ROLES),
    ("iam:GetRolePolicy", On::Roles, READING_ROLES),
    ("iam:CreateRole", On::NewRoles, MAKING_ROLES),
    ("iam:TagRole", On::NewRoles, TAGGING_ROLES),
    ("iam:PassRole", On::PassedRoles, MAKING_ROLES),
    ("iam:UpdateAssumeRolePolicy", On::Roles, MAKING_ROLES),
    ("iam:UpdateRole", On::Roles, MAKING_ROLES),
    ("iam:AttachRolePolicy", On::Policies, MAKING_ROLES),
    ("iam:PutRolePolicy", On::InlinePolicies, MAKING_ROLES),
    ("iam:DetachRolePolicy", On::Roles, DETACHING),
    ("iam:DeleteRolePolicy", On::Roles, DETACHING),
    ("iam:DeleteRole", On::Roles, DELETING_ROLES),
    ("ssm:DescribeParameters", On::Everything, LOOKING_FOR_PARAMETERS),
    ("ssm:GetParameters", On::Parameters, READING_PARAMETERS),
    ("ssm:ListTagsForResource", On::Parameters, &[Purpose::Adopt]),
    ("ssm:PutParameter", On::Parameters, WRITING_PARAMETERS),
    ("ssm:AddTagsToResource", On::Parameters, TAGGING_PARAMETERS),
    ("ssm:DeleteParameter", On::Parameters, DELETING_ROLES),
    ("kms:Decrypt", On::KmsKey, ENCRYPTING),
    ("kms:Encrypt", On::KmsKey, ENCRYPTING),
    // For a value of more than 4096 characters.
    ("kms:GenerateDataKey", On::KmsKey, &[Purpose::PutKey]),
];

/// The smallest policy that lets somebody run a command for a declaration, and use a KMS key, by its ARN. Accounts are not
/// named: whoever has the policy is in one.
pub fn policy(purpose: Purpose, desired: &Desired, kms_key: Option<&str>) -> Value {
    let mut actions: BTreeMap<On, BTreeSet<&str>> = BTreeMap::new();
    for (permission, on, purposes) in TABLE {
        if purposes.contains(&purpose) {
            actions.entry(*on).or_default().insert(permission);
        }
    }
    let statements = actions.into_iter().filter_map(|(on, actions)| {
        let resources =
            if on == On::KmsKey { kms_key.map(str::to_owned).into_iter().collect() } else { resources(on, desired) };
        if resources.is_empty() {
            return None;
        }
        let mut statement = Map::from_iter([
            ("Effect".to_owned(), "Allow".into()),
            ("Action".to_owned(), one_or_all(actions.into_iter().map(str::to_owned).collect())),
            ("Resource".to_owned(), one_or_all(resources)),
        ]);
        statement.extend(condition(on, desired).map(|it| ("Condition".to_owned(), it)));
        Some(Value::Object(statement))
    });
    json!({"Version": "2012-10-17", "Statement": statements.collect::<Vec<_>>()})
}

fn one_or_all(values: BTreeSet<String>) -> Value {
    let mut values: Vec<Value> = values.into_iter().map(Value::from).collect();
    if values.len() == 1 { values.remove(0) } else { values.into() }
}

/// The condition of a statement, if it has one.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_rolesanywhere.html> has the service that roles are passed to.
fn condition(on: On, desired: &Desired) -> Option<Value> {
    let tagged = |with: &str| {
        let owners = desired.owners.values().flatten();
        let installations = owners.map(|owner| owner.installation.clone()).collect();
        Some(json!({"StringEquals": {format!("aws:{with}/{INSTALLATION}"): one_or_all(installations)}}))
    };
    match on {
        On::OurTrustAnchorsAndProfiles => tagged("ResourceTag"),
        On::NewTrustAnchorsAndProfiles | On::NewRoles => tagged("RequestTag"),
        On::PassedRoles => Some(json!({"StringEquals": {"iam:PassedToService": trust::SERVICE}})),
        On::Policies => Some(json!({"ArnEquals": {"iam:PolicyARN": one_or_all(policies(desired))}})),
        _ => None,
    }
}

/// The policies that roles have.
fn policies(desired: &Desired) -> BTreeSet<String> {
    desired.resources.values().flat_map(Resource::policies).cloned().collect()
}

impl Resource {
    fn has_inline_policies(&self) -> bool {
        matches!(&self.wanted, Wanted::Role { inline, .. } if !inline.is_empty())
    }

    fn policies(&self) -> impl Iterator<Item = &String> {
        let of_role = match &self.wanted {
            Wanted::Role { policies, .. } => Some(policies),
            _ => None,
        };
        of_role.into_iter().flatten()
    }
}

fn resources(on: On, desired: &Desired) -> BTreeSet<String> {
    let sites = desired.owners.iter();
    match on {
        On::Policies if policies(desired).is_empty() => BTreeSet::new(),
        On::KmsKey => BTreeSet::new(),
        On::InlinePolicies if !desired.resources.values().any(Resource::has_inline_policies) => BTreeSet::new(),
        On::Everything => ["*".to_owned()].into(),
        On::Named => {
            let is_named =
                |key: &Key| matches!(key.kind, Kind::TrustAnchor | Kind::Profile) && !desired.is_by_parameter(key);
            desired.resources.keys().any(is_named).then(|| "*".to_owned()).into_iter().collect()
        }
        On::TrustAnchorsAndProfiles | On::NewTrustAnchorsAndProfiles | On::OurTrustAnchorsAndProfiles => {
            let both = |site: &Origin| {
                let (partition, region) = place(site);
                let all = [(Kind::TrustAnchor, "trust-anchor"), (Kind::Profile, "profile")];
                let all = all.into_iter().filter(|(kind, _)| desired.concerns(*kind));
                all.map(|(_, it)| format!("arn:{partition}:rolesanywhere:{region}:*:{it}/*")).collect::<Vec<_>>()
            };
            sites.flat_map(|(site, _)| both(site)).collect()
        }
        On::Profiles => {
            let both = resources(On::TrustAnchorsAndProfiles, desired);
            both.into_iter().filter(|arn| arn.contains(":profile/")).collect()
        }
        On::RolesAndArns => {
            let known = desired.links.iter().filter_map(|((kind, ..), link)| match link {
                Link::Known(arn) if *kind == Kind::Role => Some(arn.to_string()),
                _ => None,
            });
            resources(On::Roles, desired).into_iter().chain(known).collect()
        }
        On::Roles | On::NewRoles | On::PassedRoles | On::Policies | On::InlinePolicies => {
            let by_name =
                desired.resources.keys().filter(|key| key.kind == Kind::Role).map(|key| (&key.site, key.name.clone()));
            let by_stem = sites.flat_map(|(site, owners)| owners.iter().map(move |owner| (site, owner.name("*"))));
            let by_stem: Vec<_> = by_stem.collect();
            let is_covered = |name: &str| by_stem.iter().any(|(_, stem)| name.starts_with(stem.trim_end_matches('*')));
            let others: Vec<_> = by_name.filter(|(_, name)| !is_covered(name)).collect();
            let all = by_stem.iter().chain(&others);
            all.map(|(site, name)| format!("arn:{}:iam::*:role/{name}", place(site).0)).collect()
        }
        On::Parameters => {
            let sites = sites.filter(|_| desired.part.is_none());
            let below = sites.flat_map(|(site, owners)| owners.iter().map(move |it| (site, it.installation.clone())));
            let below: BTreeSet<_> = below.collect();
            let named = desired.resources.keys().filter(|key| key.kind == Kind::Parameter);
            let is_elsewhere = |key: &&Key| {
                !below.iter().any(|(site, prefix)| **site == key.site && key.name.starts_with(&format!("{prefix}/")))
            };
            let named = named.filter(is_elsewhere).map(|key| (&key.site, key.name.clone()));
            let all = below.iter().map(|(site, prefix)| (*site, format!("{prefix}/*"))).chain(named);
            let arn = |(site, name): (&Site, String)| {
                let (partition, region) = place(site);
                format!("arn:{partition}:ssm:{region}:*:parameter{name}")
            };
            all.map(arn).collect()
        }
    }
}

/// Partition and region, as far as they are known.
fn place(site: &Origin) -> (&'static str, &str) {
    let region = site.region.as_deref().unwrap_or("*");
    (arn::partition(region), region)
}
