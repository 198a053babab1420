//! What makes an identity: the Secrets with keys, and those who sign.

use std::collections::{BTreeMap, BTreeSet};

use super::object::Object;
use super::stream::Stream;
use crate::config::CertificateVolume;
use crate::issuer::{self, IssuerObject, IssuerRef, ObjectKind, Part};
use crate::plan;
use crate::render::CERTIFICATE;
use crate::resolve::Resolved;

/// A namespace, where somebody says it.
type Namespace = Option<String>;

/// What only declared workloads may reach for, under the names that it has in the stream.
#[derive(Default)]
pub(super) struct Keys {
    signers: BTreeMap<String, BTreeSet<Signer>>,
    secrets: BTreeMap<String, BTreeSet<Secret>>,
    /// Common names of declared workloads.
    pub(super) common_names: BTreeSet<String>,
}

/// An issuer of declared workloads.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Signer {
    pub(super) kind: String,
    namespace: Namespace,
    /// Whether other namespaces can ask it, too.
    is_wide: bool,
    /// Whether iamra has made it for these workloads, as opposed to found it.
    pub(super) is_own: bool,
}

/// A Secret with a key.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Secret {
    namespace: Namespace,
    of_ca: bool,
}

impl Keys {
    pub(super) fn of(resolved: &Resolved, stream: &Stream) -> Self {
        let mut keys = Self::default();
        for binding in &resolved.bindings {
            let binding = &binding.declared;
            let namespace = binding.namespace.as_ref().map(ToString::to_string);
            let issuer = &binding.issuer;
            for name in issuer.objects.iter().filter_map(IssuerObject::reads) {
                keys.add_secret(name, namespace.clone(), true);
            }
            if binding.certificate.volume == CertificateVolume::Secret {
                keys.add_secret(&plan::certificate_name(&binding.workload), namespace.clone(), false);
            }
            keys.add_signer(issuer.issuer_ref.clone(), namespace, issuer.is_own());
            keys.common_names.insert(binding.certificate.common_name.clone());
        }
        // Issuers first: whose they are is told by them, and not by who asks them.
        let (issuers, others): (Vec<_>, Vec<_>) = stream.ours().partition(|object| signer(object).is_some());
        issuers.into_iter().chain(others).for_each(|object| keys.add(object));
        keys
    }

    /// kustomize may have given new names to what is there.
    fn add(&mut self, object: &Object) {
        let namespace = object.namespace().map(str::to_owned);
        let text = |pointer: &str| object.value.pointer(pointer).and_then(|it| it.as_str());
        if let Some(kind) = signer(object) {
            if let Some(name) = kind.secret_at.and_then(text) {
                self.add_secret(name, namespace.clone(), true);
            }
            self.add_signer(IssuerRef::new(Some(kind.gvk.group), Some(kind.gvk.kind), object.name()), namespace, true);
        } else if object.kind() == CERTIFICATE.kind {
            if let Some(name) = text("/spec/secretName") {
                self.add_secret(name, namespace.clone(), false);
            }
            if let Some(name) = text("/spec/issuerRef/name").filter(|name| !self.signers.contains_key(*name)) {
                let issuer = IssuerRef::new(text("/spec/issuerRef/group"), text("/spec/issuerRef/kind"), name);
                self.add_signer(issuer, namespace, false);
            }
        }
    }

    fn add_secret(&mut self, name: &str, namespace: Namespace, of_ca: bool) {
        self.secrets.entry(name.to_owned()).or_default().insert(Secret { namespace, of_ca });
    }

    fn add_signer(&mut self, issuer: IssuerRef, namespace: Namespace, is_own: bool) {
        let is_wide = !issuer.is_namespaced();
        let signer = Signer { kind: issuer.kind, namespace, is_wide, is_own };
        self.signers.entry(issuer.name).or_default().insert(signer);
    }

    /// Whether a Secret of this name that a reference may mean is there, and if it is a CA's. A reference may mean any of
    /// `namespaces`.
    pub(super) fn secret(&self, name: &str, namespaces: &[Option<&str>]) -> Option<bool> {
        let meant = self.secrets.get(name)?.iter().filter(|secret| meets(secret.namespace.as_deref(), namespaces));
        meant.map(|secret| secret.of_ca).max()
    }

    /// The signers that a reference may mean. Who names no kind may mean any.
    pub(super) fn signers(&self, name: &str, kind: &str, namespaces: &[Option<&str>]) -> impl Iterator<Item = &Signer> {
        let named = self.signers.get(name).into_iter().flatten();
        named
            .filter(move |it| kind.is_empty() || it.kind == kind)
            .filter(move |it| it.is_wide || meets(it.namespace.as_deref(), namespaces))
    }
}

/// Which kind of issuer that iamra makes it is one of.
fn signer(object: &Object) -> Option<&'static ObjectKind> {
    issuer::object_kind(object.kind()).filter(|kind| kind.part == Part::Signer)
}

/// Whether something in one namespace may be meant by one of the others. What says none is applied wherever somebody likes.
fn meets(one: Option<&str>, others: &[Option<&str>]) -> bool {
    others.iter().any(|other| one.zip(*other).is_none_or(|(one, other)| one == other))
}
