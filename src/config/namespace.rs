//! Namespaces as tenants: what the workloads of each may have.

use std::collections::BTreeMap;

use super::layer::Layer;
use super::placed::invalid;
use super::reader::Reader;
use super::v1alpha1 as wire;
use crate::name::DnsLabel;
use crate::quote::quote;
use crate::yaml::FieldPath;

/// The entry for all namespaces that are not listed.
const UNLISTED: &str = "*";

/// The entries of `namespaces`, checked.
#[derive(Debug, Default)]
pub(super) struct Tenants(BTreeMap<String, Tenant>);

/// An entry of `namespaces`.
#[derive(Debug)]
pub(super) struct Tenant {
    pub(super) layer: Layer,
}

impl Tenants {
    /// The entry for the workloads of a namespace. One that is not known is as one that is not listed.
    pub(super) fn of(&self, namespace: Option<&DnsLabel>) -> Option<&Tenant> {
        let listed = namespace.and_then(|name| self.0.get(name.as_str()));
        listed.or_else(|| self.0.get(UNLISTED))
    }
}

impl Reader<'_> {
    pub(super) fn tenants(&mut self) -> Tenants {
        let spec = self.spec;
        let read = |(name, namespace): (&String, &wire::Namespace)| {
            let at = self.at.key("namespaces").key(name.as_str());
            if name != UNLISTED
                && let Err(why) = DnsLabel::parse(name)
            {
                invalid(self.report, &at, why);
            }
            for (index, path) in namespace.paths.iter().enumerate() {
                self.check_folder(path, &at.key("paths").index(index));
            }
            let layer = self.settings(&namespace.defaults, &at.key("defaults"));
            (name.clone(), Tenant { layer })
        };
        Tenants(spec.namespaces.iter().map(read).collect())
    }

    /// A folder of the repository that the declaration is in.
    fn check_folder(&mut self, path: &str, at: &FieldPath) {
        let is_name = |name: &str| !name.is_empty() && name != "." && name != "..";
        if path.trim_end_matches('/').split('/').all(is_name) && !path.contains(['\\', '*', '\0']) {
            return;
        }
        let message =
            format!("{} is not the path of a folder in the repository, such as `apps/payments`", quote(&path));
        invalid(self.report, at, message);
    }
}
