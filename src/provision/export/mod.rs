//! What [`apply`](super::apply()) would make, written down for CloudFormation or Terraform. Objects are values; ARNs that are not known
//! before something is made are references.

mod cloudformation;
mod hcl;
mod part;
mod terraform;

use super::desired::{Desired, Wanted};
use super::key::{Key, Kind, Site};
use crate::resolve::NoAnswer;
use part::Parts;

/// For which program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// A template in YAML.
    CloudFormation,
    /// A file in HCL, for OpenTofu, too.
    Terraform,
}

/// Why something cannot be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unexportable {
    /// It is in several accounts and regions, which these clusters use.
    Several(Vec<String>),
    /// Nobody says which CA this trust anchor trusts.
    NoAuthority(Box<Key>),
    /// What this trust anchor trusts could not be looked up.
    Unread(Box<Key>, NoAnswer),
    /// Nothing would be made.
    Nothing,
}

/// Everything that would be made in one account and region.
///
/// # Errors
/// Why it cannot be written down.
pub fn export(desired: &Desired, program: Program) -> Result<String, Unexportable> {
    check_place(desired)?;
    for (key, resource) in &desired.resources {
        if resource.wanted == Wanted::TrustAnchor(None) {
            if let Some(none) = desired.unread.get(key) {
                return Err(Unexportable::Unread(Box::new(key.clone()), none.clone()));
            }
            return Err(Unexportable::NoAuthority(Box::new(key.clone())));
        }
    }
    let parts = Parts::of(desired);
    if parts.all.is_empty() {
        return Err(Unexportable::Nothing);
    }
    Ok(match program {
        Program::CloudFormation => cloudformation::template(&parts),
        Program::Terraform => terraform::file(&parts),
    })
}

/// Both programs make what is in one account and region. Roles have none.
fn check_place(desired: &Desired) -> Result<(), Unexportable> {
    let account = |site: &Site| (site.profile.clone(), site.assume_role.clone());
    let mut made = desired.resources.iter().filter(|(_, it)| it.wanted != Wanted::Kept);
    let regional: Vec<_> = made.clone().filter(|(key, _)| key.kind != Kind::Role).map(|(key, _)| &key.site).collect();
    let is_elsewhere = |key: &Key| match regional.first() {
        Some(first) if key.kind == Kind::Role => account(&key.site) != account(first),
        Some(first) => key.site != **first,
        None => false,
    };
    if made.any(|(key, _)| is_elsewhere(key)) {
        let clusters = desired.resources.values().flat_map(|it| it.clusters.iter().cloned());
        let clusters: std::collections::BTreeSet<_> = clusters.collect();
        return Err(Unexportable::Several(clusters.into_iter().collect()));
    }
    Ok(())
}
