//! An issuer, whatever its kind.

use super::issuer_ref::IssuerRef;
use super::object::{Contents, IssuerObject, Part};
use crate::arn::Arn;
use crate::reference::{Query, Reference, Wanted};

/// An issuer with all of its properties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// How a Certificate of the scope refers to it.
    pub issuer_ref: IssuerRef,
    /// The usages that a Certificate must request, as cert-manager spells them; without them, AWS rejects the
    /// certificate.
    pub usages: &'static [&'static str],
    /// The objects that the Certificates of the scope need.
    pub objects: Vec<IssuerObject>,
    /// The namespace of the Secret that it signs with; that of the Certificates when `None`.
    pub secret_home: Option<String>,
    /// What must be looked up before those can be rendered, and the kind of each value.
    pub(super) references: Vec<(Reference, Wanted)>,
}

impl Issuer {
    /// Everything that it refers to.
    pub fn references_mut(&mut self) -> impl Iterator<Item = &mut Reference> {
        self.references.iter_mut().map(|(reference, _)| reference)
    }

    /// What must be looked up before its objects can be rendered.
    pub fn queries(&self) -> impl Iterator<Item = Query> {
        self.references.iter().filter_map(|(reference, wanted)| reference.query(*wanted))
    }

    /// The reference for this value.
    pub fn reference(&self, wanted: Wanted) -> Option<&Reference> {
        self.references.iter().find(|(_, it)| *it == wanted).map(|(reference, _)| reference)
    }

    /// Puts the ARN of the private CA that signs into its objects, where they do not have it.
    pub fn fill(&mut self, arn: &Arn) {
        self.objects.iter_mut().for_each(|object| object.fill(arn));
    }

    /// Whether the manifests contain the private key of a CA.
    pub fn shows_key(&self) -> bool {
        self.objects.iter().any(|object| object.contents == Contents::KeyPair)
    }

    /// The namespace of the Secret that it signs with, for Certificates of a namespace.
    pub fn secret_namespace(&self, of_certificates: Option<&str>) -> Option<String> {
        self.secret_home.as_deref().or(of_certificates).map(str::to_owned)
    }

    /// Whether iamra emits the issuer itself.
    pub fn is_own(&self) -> bool {
        self.objects.iter().any(|object| object.part == Part::Signer)
    }

    /// The objects that sign with a Secret that must be created by other means, and its name.
    pub fn wants(&self) -> impl Iterator<Item = (&IssuerObject, &str)> {
        let is_made = |secret: &str| self.objects.iter().any(|it| it.part == Part::Secret && it.name == secret);
        let reads = self.objects.iter().filter_map(|object| Some((object, object.reads()?)));
        reads.filter(move |(_, secret)| !is_made(secret))
    }
}
