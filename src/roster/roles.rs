//! The roles of a declaration in every cluster, and the workloads that have each.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::json::{SCHEMA_VERSION, shown};
use super::table::Table;
use crate::arn::ArnKind;
use crate::config::{self, Config, Role, Whole};
use crate::diag::{Code, Report};
use crate::quote::line;
use crate::reference::{Reference, Wanted};
use crate::resolve::{self, Lookup};

/// The roles for all clusters, or for one.
#[derive(Debug, Default)]
pub struct Roles {
    rows: Vec<Row>,
    /// What is wrong with the declaration.
    pub report: Report,
}

/// A role in one cluster.
#[derive(Debug)]
struct Row {
    cluster: Option<String>,
    role: Role,
    workloads: BTreeSet<String>,
    /// Those of the role, its profile and its trust anchor, as far as they are known.
    arns: [Option<String>; 3],
}

const ARNS: [ArnKind; 3] = [ArnKind::Role, ArnKind::Profile, ArnKind::TrustAnchor];

fn references(role: &Role) -> [&Reference; 3] {
    [&role.role, &role.profile, &role.trust_anchor]
}

impl Roles {
    /// Reads a declaration. The valid parts of an invalid one are still shown.
    pub fn read<'d>(declaration: impl Into<Whole<'d>>, only: Option<&str>, lookup: &dyn Lookup) -> Self {
        let declaration = declaration.into();
        let wanted = only.map_or_else(|| config::clusters(declaration), |name| vec![Some(name)]);
        let mut found = Report::default();
        let configs = config::load_lenient(declaration, &wanted, &mut found);
        let rows = configs.iter().flat_map(|config| rows(config, lookup)).collect();
        Self { rows, report: found.without(Code::NothingToDo) }
    }
}

fn rows(config: &Config, lookup: &dyn Lookup) -> Vec<Row> {
    let row = |role: &Role| {
        let queries = references(role).into_iter().zip(ARNS);
        let queries = queries.filter_map(|(reference, kind)| reference.query(Wanted::Arn(kind))).collect();
        let answers = lookup.answer(&queries);
        let arn = |reference, kind| resolve::known_arn(kind, reference, &answers).map(|arn| arn.to_string());
        let [of_role, of_profile, of_anchor] = references(role);
        let has = |name: &str, scope: &str| name == role.name && scope == role.scope;
        let users = config.bindings.iter().filter(|it| has(&it.role.name, &it.role.scope));
        Row {
            cluster: config.cluster.clone(),
            role: role.clone(),
            workloads: users.map(|it| it.workload.clone()).collect(),
            arns: [
                arn(of_role, ArnKind::Role),
                arn(of_profile, ArnKind::Profile),
                arn(of_anchor, ArnKind::TrustAnchor),
            ],
        }
    };
    config.roles.iter().map(|(role, _)| row(role)).collect()
}

const HEAD: [&str; 7] = ["ROLE", "CLUSTER", "SCOPE", "SESSION", "POLICIES", "WORKLOADS", "ROLE ARN"];

/// The roles as a table for people; `-` where nothing is known, and nothing is declared.
pub fn roles_table(roles: &Roles) -> Table {
    let or_none = |text: String| if text.is_empty() { "-".to_owned() } else { line(&text) };
    let cells = |row: &Row| {
        let role = &row.role;
        // AWS's own and the account's policies are known by their names.
        let attached =
            role.policies.iter().map(|arn| arn.split_once(":policy/").map_or(arn.as_str(), |(_, name)| name));
        let inline = role.inline_policies.keys().map(|name| format!("{name} (inline)"));
        let policies: Vec<_> = attached.map(str::to_owned).chain(inline).collect();
        let workloads: Vec<_> = row.workloads.iter().map(String::as_str).collect();
        let [arn, ..] = &row.arns;
        [
            role.name.clone(),
            row.cluster.clone().unwrap_or_default(),
            role.scope.clone(),
            role.session.to_string(),
            policies.join(", "),
            workloads.join(", "),
            arn.clone().unwrap_or_default(),
        ]
        .map(or_none)
    };
    Table::of(HEAD, roles.rows.iter().map(cells))
}

/// The roles as one JSON document; `null` where nothing is known.
pub fn roles_json(roles: &Roles) -> String {
    let value = json!({"schemaVersion": SCHEMA_VERSION, "roles": roles.rows.iter().map(role_json).collect::<Vec<_>>()});
    format!("{:#}\n", shown(value))
}

fn role_json(row: &Row) -> Value {
    let role = &row.role;
    let [of_role, of_profile, of_anchor] = references(role);
    let [role_arn, profile_arn, anchor_arn] = &row.arns;
    let with = |reference: &Reference, arn: &Option<String>| json!({"reference": reference.as_str(), "arn": arn});
    json!({
        "name": role.name,
        "cluster": row.cluster,
        "scope": role.scope,
        "sessionDuration": role.session.as_str(),
        "acceptRoleSessionName": role.accepts_session_name,
        "policies": role.policies,
        "inlinePolicies": role.inline_policies.keys().collect::<Vec<_>>(),
        "workloads": row.workloads,
        "role": with(of_role, role_arn),
        "profile": with(of_profile, profile_arn),
        "trustAnchor": with(of_anchor, anchor_arn),
    })
}
