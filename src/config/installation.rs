//! The installation in AWS that a declaration describes.

use super::declared::Declared;
use super::v1alpha1 as wire;
use crate::issuer::{DEFAULT_SCOPE, Issuer};
use crate::reference::Reference;

/// What is in AWS for a declaration, as one of its clusters sees it: besides its roles, its scopes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// What the names of its parameters begin with.
    pub prefix: String,
    /// The name of the declaration.
    pub declaration: String,
    /// Its scopes, by name: those that are listed, and those of its roles.
    pub scopes: Vec<DeclaredScope>,
}

/// A scope: one CA and the one trust anchor that trusts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredScope {
    /// Its name.
    pub name: String,
    /// Where the trust anchor's ARN is.
    pub trust_anchor: Reference,
    /// Who signs with the CA.
    pub issuer: Issuer,
}

impl Installation {
    /// Everything that its scopes refer to.
    pub(super) fn references_mut(&mut self) -> impl Iterator<Item = &mut Reference> {
        self.scopes
            .iter_mut()
            .flat_map(|scope| std::iter::once(&mut scope.trust_anchor).chain(scope.issuer.references_mut()))
    }
}

impl Declared<'_> {
    /// The installation; a declaration without scopes and roles is about to have the default scope.
    pub(super) fn installation(&self, prefix: &str, spec: &wire::Spec) -> Installation {
        let used = self.role_scopes();
        let is_empty = used.is_empty() && spec.scopes.is_empty();
        let is_meant =
            |name: &str| spec.scopes.contains_key(name) || used.contains(name) || is_empty && name == DEFAULT_SCOPE;
        let scopes = self.scopes.iter().filter(|(name, _)| is_meant(name)).map(|(name, scope)| DeclaredScope {
            name: name.clone(),
            trust_anchor: scope.trust_anchor.clone(),
            issuer: Issuer::clone(&scope.issuer),
        });
        Installation { prefix: prefix.to_owned(), declaration: self.metadata.name.clone(), scopes: scopes.collect() }
    }
}
