//! Workloads and roles as the declaration has them, in all clusters, and the policies that it means.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::arn::{Arn, ArnKind};
use crate::config::Config;
use crate::diag::{Place, Report};
use crate::diff::Snapshot;
use crate::resolve::{self, Lookup};
use crate::trust::{self, CertificateNames, Subject};
use crate::yaml::FieldPath;

/// A workload in one cluster.
#[derive(Debug, Clone)]
pub struct Workload {
    /// Its name.
    pub name: String,
    /// The cluster, when the declaration has any.
    pub cluster: Option<String>,
    /// Its namespace, if declared.
    pub namespace: Option<String>,
    /// Its role.
    pub role: Arn,
    /// The trust anchor that its certificate is presented to.
    pub trust_anchor: Arn,
    /// The profile that it is presented to.
    pub profile: Arn,
    /// The names in its certificate.
    pub names: CertificateNames,
    /// Where it is declared.
    pub place: FieldPath,
}

/// An IAM role.
#[derive(Debug, Clone)]
pub struct Role {
    /// Its ARN.
    pub arn: Arn,
    /// What the declaration calls it, by cluster.
    pub called: BTreeSet<(Option<String>, String)>,
    /// Where it is declared.
    pub place: FieldPath,
}

/// All workloads and roles of a declaration.
#[derive(Debug, Default)]
pub struct Declared {
    /// Every workload in every cluster.
    pub workloads: Vec<Workload>,
    /// Every role, by its ARN, whether or not a workload has it.
    pub roles: BTreeMap<String, Role>,
}

impl Declared {
    /// Those of a declaration whose references are answered.
    pub fn of(snapshot: &Snapshot, lookup: &dyn Lookup) -> Self {
        let mut declared = Self::default();
        for (cluster, view) in snapshot {
            declared.add_roles(cluster.as_deref(), &view.config, lookup);
            for binding in view.resolved.iter().flat_map(|resolved| &resolved.bindings) {
                let identity = &binding.identity;
                declared.add_role(cluster.as_deref(), &binding.declared.role, &identity.role);
                declared.workloads.push(Workload {
                    name: binding.declared.workload.clone(),
                    cluster: cluster.clone(),
                    namespace: binding.declared.namespace.as_ref().map(ToString::to_string),
                    role: identity.role.clone(),
                    trust_anchor: identity.trust_anchor.clone(),
                    profile: identity.profile.clone(),
                    names: binding.declared.certificate.names(),
                    place: binding.declared.place.clone(),
                });
            }
        }
        declared
    }

    /// Adds the workloads of a declaration that extends the same base. Their places, which are in another file, become those
    /// of their roles.
    pub fn absorb(&mut self, other: Self) {
        for (arn, role) in other.roles {
            self.roles.entry(arn).or_insert(role);
        }
        // What it has of its base is known.
        let own = other.workloads.into_iter().filter(|workload| workload.place.document() == 0);
        let placed = own.map(|workload| {
            let role = self.roles.get(workload.role.as_str());
            Workload { place: role.map_or(FieldPath::root(), |role| role.place.clone()), ..workload }
        });
        self.workloads.extend(placed.collect::<Vec<_>>());
    }

    fn add_roles(&mut self, cluster: Option<&str>, config: &Config, lookup: &dyn Lookup) {
        let answers = lookup.answer(&resolve::role_queries(config));
        for (role, _) in &*config.roles {
            if let Some(arn) = resolve::known_arn(ArnKind::Role, &role.role, &answers) {
                self.add_role(cluster, role, &arn);
            }
        }
    }

    fn add_role(&mut self, cluster: Option<&str>, role: &crate::config::Role, arn: &Arn) {
        let new = || Role {
            arn: arn.clone(),
            called: BTreeSet::new(),
            place: FieldPath::keys("spec.roles").key(role.name.as_str()),
        };
        let known = self.roles.entry(arn.to_string()).or_insert_with(new);
        known.called.insert((cluster.map(str::to_owned), role.name.clone()));
    }

    /// The roles that a name or an ARN means, in one cluster or in all.
    pub fn roles_called(&self, name: &str, cluster: Option<&str>) -> Vec<&Role> {
        let is_here = |it: &Option<String>| cluster.is_none() || it.as_deref() == cluster;
        let is_called = |role: &&Role| {
            let is_meant =
                |(at, called): &(Option<String>, String)| is_here(at) && (called == name || role.arn.as_str() == name);
            role.called.iter().any(is_meant)
        };
        self.roles.values().filter(is_called).collect()
    }

    /// The policy of each role that allows its workloads in all clusters and nobody else. A name that no policy can
    /// require is reported.
    pub fn policies(&self, report: &mut Report) -> BTreeMap<String, Value> {
        let mut subjects: BTreeMap<&Arn, Vec<Subject<'_>>> = BTreeMap::new();
        for it in &self.workloads {
            let (trust_anchor, account) = (it.trust_anchor.as_str(), it.trust_anchor.account.as_str());
            subjects.entry(&it.role).or_default().push(Subject { trust_anchor, account, names: &it.names });
        }
        let mut policies = BTreeMap::new();
        for (role, subjects) in subjects {
            match trust::pinned(&subjects) {
                Ok(policy) => drop(policies.insert(role.to_string(), policy)),
                Err(name) => {
                    let declared = self.roles.get(role.as_str());
                    let place = declared.map_or(Place::Nowhere, |role| Place::Config(role.place.clone()));
                    report.push(trust::unpinnable(role, &name).at(place));
                }
            }
        }
        policies
    }
}
