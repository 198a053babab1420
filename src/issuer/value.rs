//! An issuer, whatever its kind.

use super::issuer_ref::{GROUP, IssuerRef};
use super::object::{Contents, IssuerObject, Part};
use super::scope::CaId;
use crate::arn::{Arn, ArnKind};
use crate::reference::{Query, Reference, Wanted};

/// An issuer with all of its properties. During a rotation it is the one that signs, and `other` is beside it.
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
    /// Which CA of its scope it signs with.
    pub generation: u32,
    /// The issuer with the other CA of the scope, while certificates move from one to the other: the next one, before it
    /// signs, or the previous one, as long as it is needed.
    pub other: Option<Box<Self>>,
    /// What must be looked up before those can be rendered, and the kind of each value.
    pub(super) references: Vec<(Reference, Wanted)>,
}

impl Issuer {
    /// It, while the other CA of its scope is needed, too.
    #[must_use]
    pub fn beside(mut self, other: Self) -> Self {
        self.other = Some(Box::new(other));
        self
    }

    /// The issuers of all CAs that the scope has now, older ones first.
    pub fn each(&self) -> impl Iterator<Item = &Self> {
        let (first, second) = match self.other.as_deref() {
            Some(other) if other.generation < self.generation => (other, Some(self)),
            other => (self, other),
        };
        std::iter::once(first).chain(second)
    }

    /// A name, and the number of its CA after the first generation. Names of workloads have no dot.
    pub fn numbered(&self, name: &str) -> String {
        CaId { scope: "", generation: self.generation }.numbered(name)
    }

    /// Whether it signs with the newer one of two CAs.
    pub fn is_next(&self) -> bool {
        self.other.as_ref().is_some_and(|other| other.generation < self.generation)
    }

    /// Whether the other one, of the same scope, has certainly another CA: in another Secret, or from another place of the same
    /// kind. A Secret that is filled by other means may have the same one.
    pub fn is_of_other_ca(&self, other: &Self) -> bool {
        let is_read = |it: &Self| !it.references.is_empty() || it.objects.iter().any(|it| it.stored().is_some());
        self.secret() != other.secret() || (is_read(self) && is_read(other) && !self.has_source_of(other))
    }

    /// Whether the CAs of both are read from one place outside the cluster.
    pub fn has_source_of(&self, other: &Self) -> bool {
        let read = |it: &Self| it.references.iter().map(|(at, _)| at.as_str().to_owned()).collect::<Vec<_>>();
        let stored = |it: &Self| it.objects.iter().find_map(IssuerObject::stored);
        (!self.references.is_empty() && read(self) == read(other))
            || stored(self).is_some_and(|it| stored(other) == Some(it))
    }

    /// Whether both sign with the CA of one source. The number alone says nothing: whoever writes declarations chooses it.
    pub fn has_ca_of(&self, other: &Self) -> bool {
        let references = |it: &Self| it.references.iter().map(|(at, _)| at.as_str().to_owned()).collect::<Vec<_>>();
        (&self.issuer_ref, &self.objects, &self.secret_home) == (&other.issuer_ref, &other.objects, &other.secret_home)
            && references(self) == references(other)
    }

    /// Everything that it refers to.
    pub fn references_mut(&mut self) -> impl Iterator<Item = &mut Reference> {
        let other = self.other.iter_mut().flat_map(|other| &mut other.references);
        self.references.iter_mut().chain(other).map(|(reference, _)| reference)
    }

    /// What must be looked up before its objects can be rendered.
    pub fn queries(&self) -> impl Iterator<Item = Query> {
        let references = self.each().flat_map(|it| &it.references);
        references.filter_map(|(reference, wanted)| reference.query(*wanted))
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
        self.each().any(|it| it.key_pair().is_some())
    }

    /// The Secret with its CA, if the manifests contain it.
    pub fn key_pair(&self) -> Option<&str> {
        let found = self.objects.iter().find(|object| object.contents == Contents::KeyPair);
        found.map(|object| object.name.as_str())
    }

    /// The Secret that it signs with.
    pub fn secret(&self) -> Option<&str> {
        self.objects.iter().find_map(IssuerObject::reads)
    }

    /// Whether cert-manager makes the CA, with a key that is nowhere else.
    pub fn makes_ca(&self) -> bool {
        self.objects.iter().any(IssuerObject::makes_ca)
    }

    /// What it signs with, as far as it is said: two issuers that share one of these are one CA. A `cluster` has Secrets and
    /// issuers of its own, and so has a namespace.
    pub fn signs_with(&self, cluster: Option<&str>, namespace: Option<&str>) -> Vec<String> {
        let wanted = [Wanted::Certificate, Wanted::Arn(ArnKind::PrivateCa)];
        let looked_up = wanted.into_iter().filter_map(|it| Some(format!("{:?}", self.reference(it)?.source())));
        let IssuerRef { group, kind, name } = &self.issuer_ref;
        let of_issuer = if self.issuer_ref.is_namespaced() { namespace } else { None };
        let issuer = format!("{cluster:?} {of_issuer:?} {group} {kind} {name}");
        let home = self.secret_namespace(namespace);
        let signs_with_ca = |it: &&IssuerObject| it.kind.gvk.group == GROUP;
        let secrets = self.objects.iter().filter(signs_with_ca).filter_map(IssuerObject::reads);
        let secrets = secrets.map(|secret| format!("{cluster:?} {home:?} Secret {secret}"));
        let stores = self.objects.iter().filter_map(|it| Some(format!("{cluster:?} {}", it.remote(home)?)));
        looked_up.chain([issuer]).chain(secrets).chain(stores).collect()
    }

    /// The namespace of the Secret that it signs with, for Certificates of a namespace.
    pub fn secret_namespace<'n>(&'n self, of_certificates: Option<&'n str>) -> Option<&'n str> {
        self.secret_home.as_deref().or(of_certificates)
    }

    /// Whether iamra emits the issuer itself.
    pub fn is_own(&self) -> bool {
        self.objects.iter().any(|object| object.part == Part::Signer)
    }

    /// The objects that sign with a Secret that must be created by other means, and its name.
    pub fn wants(&self) -> impl Iterator<Item = (&IssuerObject, &str)> {
        let objects = || self.each().flat_map(|it| &it.objects);
        let is_made = move |secret: &str| objects().any(|it| it.part == Part::Secret && it.name == secret);
        let reads = objects().filter_map(|object| Some((object, object.reads()?)));
        reads.filter(move |(_, secret)| !is_made(secret))
    }
}
