//! The permissions that commands need: one table, and the smallest policy for a declaration.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::desired::{Desired, Resource, Wanted};
use super::key::{INSTALLATION, Key, Kind, Site};
use crate::arn;
use crate::reference::Origin;

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
    /// New trust anchors and profiles, and their tags.
    TrustAnchorsAndProfiles,
    /// Those with the tag of the installation.
    OurTrustAnchorsAndProfiles,
    /// Roles, by the beginning of their names.
    Roles,
    /// The same, and only for the policies that the declaration lists.
    Policies,
    /// Parameters below the prefix, and those that the declaration names.
    Parameters,
}

const ANCHORS: &[Purpose] = &[Purpose::Plan, Purpose::Apply, Purpose::Destroy, Purpose::Adopt, Purpose::Rotate];
const CHANGING: &[Purpose] = &[Purpose::Apply, Purpose::Rotate];
const READING: &[Purpose] = &[Purpose::Plan, Purpose::Apply, Purpose::Destroy, Purpose::Adopt];
const APPLYING: &[Purpose] = &[Purpose::Apply];
const ADOPTING: &[Purpose] = &[Purpose::Adopt];
const TAGGING: &[Purpose] = &[Purpose::Apply, Purpose::Adopt];
const TAGGING_PARAMETERS: &[Purpose] = &[Purpose::Apply, Purpose::Adopt, Purpose::Rotate];
const EVERYBODY: &[Purpose] =
    &[Purpose::Lock, Purpose::Plan, Purpose::Apply, Purpose::Destroy, Purpose::Adopt, Purpose::Rotate];
const DELETING: &[Purpose] = &[Purpose::Apply, Purpose::Destroy];

/// Every permission: what it is for, and the commands that need it.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementrolesanywhere.html>
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html>
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html>
const TABLE: &[(&str, On, &[Purpose])] = &[
    ("rolesanywhere:ListTrustAnchors", On::Everything, ANCHORS),
    ("rolesanywhere:ListProfiles", On::Everything, READING),
    ("rolesanywhere:ListTrustAnchors", On::Named, &[Purpose::Lock]),
    ("rolesanywhere:ListProfiles", On::Named, &[Purpose::Lock]),
    ("rolesanywhere:ListTagsForResource", On::TrustAnchorsAndProfiles, ANCHORS),
    ("rolesanywhere:CreateTrustAnchor", On::TrustAnchorsAndProfiles, APPLYING),
    ("rolesanywhere:CreateProfile", On::TrustAnchorsAndProfiles, APPLYING),
    ("rolesanywhere:TagResource", On::TrustAnchorsAndProfiles, TAGGING),
    ("rolesanywhere:UpdateTrustAnchor", On::OurTrustAnchorsAndProfiles, CHANGING),
    ("rolesanywhere:EnableTrustAnchor", On::OurTrustAnchorsAndProfiles, APPLYING),
    ("rolesanywhere:UpdateProfile", On::OurTrustAnchorsAndProfiles, APPLYING),
    ("rolesanywhere:EnableProfile", On::OurTrustAnchorsAndProfiles, APPLYING),
    ("rolesanywhere:DeleteTrustAnchor", On::OurTrustAnchorsAndProfiles, DELETING),
    ("rolesanywhere:DeleteProfile", On::OurTrustAnchorsAndProfiles, DELETING),
    ("iam:ListRoles", On::Everything, READING),
    ("iam:GetRole", On::Roles, READING),
    ("iam:ListAttachedRolePolicies", On::Roles, READING),
    ("iam:ListRolePolicies", On::Roles, READING),
    ("iam:CreateRole", On::Roles, APPLYING),
    ("iam:TagRole", On::Roles, TAGGING),
    ("iam:PassRole", On::Roles, APPLYING),
    ("iam:UpdateAssumeRolePolicy", On::Roles, APPLYING),
    ("iam:UpdateRole", On::Roles, APPLYING),
    ("iam:AttachRolePolicy", On::Policies, APPLYING),
    ("iam:DetachRolePolicy", On::Roles, DELETING),
    ("iam:DeleteRolePolicy", On::Roles, DELETING),
    ("iam:DeleteRole", On::Roles, DELETING),
    ("ssm:DescribeParameters", On::Everything, READING),
    ("ssm:GetParameters", On::Parameters, EVERYBODY),
    ("ssm:ListTagsForResource", On::Parameters, ADOPTING),
    ("ssm:PutParameter", On::Parameters, CHANGING),
    ("ssm:AddTagsToResource", On::Parameters, TAGGING_PARAMETERS),
    ("ssm:DeleteParameter", On::Parameters, DELETING),
];

/// The smallest policy that lets somebody run a command for a declaration. Accounts are not named: whoever has the policy is
/// in one.
pub fn policy(purpose: Purpose, desired: &Desired) -> Value {
    let mut actions: BTreeMap<On, BTreeSet<&str>> = BTreeMap::new();
    for (permission, on, purposes) in TABLE {
        if purposes.contains(&purpose) {
            actions.entry(*on).or_default().insert(permission);
        }
    }
    let statements = actions.into_iter().filter_map(|(on, actions)| {
        let resources = resources(on, desired);
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
fn condition(on: On, desired: &Desired) -> Option<Value> {
    match on {
        On::OurTrustAnchorsAndProfiles => {
            let owners = desired.owners.values().flatten();
            let installations = owners.map(|owner| owner.installation.clone()).collect();
            let key = format!("aws:ResourceTag/{INSTALLATION}");
            Some(json!({"StringEquals": {key: one_or_all(installations)}}))
        }
        On::Policies => Some(json!({"ArnEquals": {"iam:PolicyARN": one_or_all(policies(desired))}})),
        _ => None,
    }
}

/// The policies that roles have.
fn policies(desired: &Desired) -> BTreeSet<String> {
    desired.resources.values().flat_map(Resource::policies).cloned().collect()
}

impl Resource {
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
        On::Everything => ["*".to_owned()].into(),
        On::Named => {
            let is_named =
                |key: &Key| matches!(key.kind, Kind::TrustAnchor | Kind::Profile) && !desired.is_by_parameter(key);
            desired.resources.keys().any(is_named).then(|| "*".to_owned()).into_iter().collect()
        }
        On::TrustAnchorsAndProfiles | On::OurTrustAnchorsAndProfiles => {
            let both = |site: &Origin| {
                let (partition, region) = place(site);
                ["trust-anchor", "profile"].map(|it| format!("arn:{partition}:rolesanywhere:{region}:*:{it}/*"))
            };
            sites.flat_map(|(site, _)| both(site)).collect()
        }
        On::Roles | On::Policies => {
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
