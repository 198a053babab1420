//! The entries that workloads refer to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::layer::Layer;
use super::namespace::Tenants;
use super::scope::Scope;
use super::v1alpha1 as wire;
use super::{Binding, Role};
use crate::issuer::{DEFAULT_SCOPE, Issuer};
use crate::name::DnsLabel;

/// All of them, checked.
pub(super) struct Declared<'d> {
    pub(super) metadata: &'d wire::Metadata,
    pub(super) defaults: Layer,
    pub(super) scopes: BTreeMap<String, Scope>,
    pub(super) clusters: BTreeMap<String, (Option<DnsLabel>, Layer)>,
    pub(super) tenants: Arc<Tenants>,
    /// By name, and by the scope that its workloads are in.
    pub(super) roles: BTreeMap<String, BTreeMap<String, Arc<Role>>>,
}

impl Declared<'_> {
    pub(super) fn all_roles(&self) -> Arc<[(Role, Issuer)]> {
        let with_issuer = |(scope, role): (&String, &Arc<Role>)| {
            Some((Role::clone(role), Issuer::clone(&self.scopes.get(scope)?.issuer)))
        };
        self.roles.values().flatten().filter_map(with_issuer).collect()
    }

    /// The scopes that have roles.
    pub(super) fn role_scopes(&self) -> BTreeSet<&str> {
        self.roles.values().flat_map(BTreeMap::keys).map(String::as_str).collect()
    }

    /// The namespace of a cluster's workloads that do not set one.
    pub(super) fn namespace(&self, cluster: Option<&str>) -> Option<DnsLabel> {
        let of_cluster = cluster.and_then(|name| self.clusters.get(name)?.0.clone());
        of_cluster.or_else(|| DnsLabel::parse(self.metadata.namespace.as_deref()?).ok())
    }

    /// The issuers of these workloads or, when there are none, of the scopes of the declared roles.
    pub(super) fn issuers(&self, bindings: &[Binding], role_scopes: &BTreeSet<&str>) -> BTreeMap<String, Issuer> {
        let mut used: BTreeSet<_> = bindings.iter().map(|binding| binding.scope.as_str()).collect();
        if used.is_empty() {
            used.clone_from(role_scopes);
        }
        if used.is_empty() {
            used.insert(DEFAULT_SCOPE);
        }
        used.into_iter()
            .filter_map(|name| Some((name.to_owned(), Issuer::clone(&self.scopes.get(name)?.issuer))))
            .collect()
    }
}
