//! An issuer, whatever its kind.

use super::issuer_ref::IssuerRef;
use super::object::{Contents, IssuerObject, Part};
use crate::reference::{Query, Reference, Wanted};

/// Who signs: everything that anybody may want to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// How a Certificate of the scope names it.
    pub issuer_ref: IssuerRef,
    /// The usages that a Certificate must ask it for, as cert-manager spells them, or AWS refuses what it signs.
    pub usages: &'static [&'static str],
    /// What must stand beside the Certificates of the scope, in every namespace that has one.
    pub objects: Vec<IssuerObject>,
    /// What must be looked up before those can be rendered, and what it is.
    pub(super) references: Vec<(Reference, Wanted)>,
}

impl Issuer {
    /// What must be looked up before its objects can be rendered.
    pub fn queries(&self) -> impl Iterator<Item = Query> {
        self.references.iter().filter_map(|(reference, wanted)| reference.query(*wanted))
    }

    /// Where this of it is looked up.
    pub fn reference(&self, wanted: Wanted) -> Option<&Reference> {
        self.references.iter().find(|(_, it)| *it == wanted).map(|(reference, _)| reference)
    }

    /// Whether the private key of a CA stands in the manifests.
    pub fn shows_key(&self) -> bool {
        self.objects.iter().any(|object| object.contents == Contents::KeyPair)
    }

    /// Whether it is one of its objects, as opposed to somebody else's.
    pub fn is_own(&self) -> bool {
        self.objects.iter().any(|object| object.kind.part == Part::Signer)
    }

    /// The objects that sign with a Secret that somebody else must put into the namespace, and its name.
    pub fn wants(&self) -> impl Iterator<Item = (&IssuerObject, &str)> {
        let is_made = |secret: &str| self.objects.iter().any(|it| it.kind.part == Part::Secret && it.name == secret);
        let reads = self.objects.iter().filter_map(|object| Some((object, object.reads()?)));
        reads.filter(move |(_, secret)| !is_made(secret))
    }
}
