//! What makes an identity: the Secrets with keys, and those who sign.

use std::collections::BTreeSet;

use super::object::Object;
use super::stream::Stream;
use crate::config::CertificateVolume;
use crate::plan;
use crate::resolve::Resolved;

/// A namespace, where somebody says it.
type Namespace = Option<String>;

/// What only declared workloads may reach for, under the names that it has in the stream.
#[derive(Default)]
pub(super) struct Keys {
    pub(super) signers: BTreeSet<Signer>,
    /// Names of Secrets, their namespaces, and whether it is a CA's.
    secrets: BTreeSet<(String, Namespace, bool)>,
    /// Common names of declared workloads.
    pub(super) common_names: BTreeSet<String>,
}

/// An issuer of declared workloads.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Signer {
    pub(super) kind: String,
    pub(super) name: String,
    namespace: Namespace,
    /// Whether iamra has made it for these workloads, as opposed to found it.
    pub(super) is_own: bool,
}

impl Signer {
    /// Whether a reference means it. Who names no kind may mean any.
    pub(super) fn is_meant(&self, name: &str, kind: &str, namespace: Option<&str>) -> bool {
        let is_wide = self.kind == "ClusterIssuer";
        self.name == name
            && (kind.is_empty() || self.kind == kind)
            && (is_wide || meet(self.namespace.as_deref(), namespace))
    }
}

impl Keys {
    pub(super) fn of(resolved: &Resolved, stream: &Stream) -> Self {
        let mut keys = Self::default();
        for bound in &resolved.bindings {
            let binding = &bound.binding;
            let namespace = binding.namespace.as_ref().map(ToString::to_string);
            let issuer = binding.issuer.issuer_ref(&binding.scope);
            let companions = binding.issuer.companions(&binding.scope);
            let is_own = companions.iter().any(|companion| companion.ident() == (&*issuer.kind, &*issuer.name));
            let cas = companions.iter().filter_map(|companion| companion.reads());
            keys.secrets.extend(cas.map(|name| (name.to_owned(), namespace.clone(), true)));
            if binding.certificate.volume == CertificateVolume::Secret {
                keys.secrets.insert((plan::certificate_name(&binding.workload), namespace.clone(), false));
            }
            keys.signers.insert(Signer { kind: issuer.kind, name: issuer.name, namespace, is_own });
            keys.common_names.insert(binding.certificate.common_name.clone());
        }
        // Issuers first: whose they are is told by them, and not by who asks them.
        let (issuers, others): (Vec<_>, Vec<_>) = stream.ours().partition(|object| object.kind() == "Issuer");
        issuers.into_iter().chain(others).for_each(|object| keys.add(object));
        keys
    }

    /// kustomize may have given new names to what is there.
    fn add(&mut self, object: &Object) {
        let namespace = object.namespace().map(str::to_owned);
        let text = |pointer: &str| object.value.pointer(pointer).and_then(|it| it.as_str()).map(str::to_owned);
        match object.kind() {
            "Certificate" => {
                self.secrets.extend(text("/spec/secretName").map(|name| (name, namespace.clone(), false)));
                let kind = text("/spec/issuerRef/kind").unwrap_or_else(|| "Issuer".to_owned());
                let known = |name: &String| self.signers.iter().any(|signer| signer.name == *name);
                let name = text("/spec/issuerRef/name").filter(|name| !known(name));
                self.signers.extend(name.map(|name| Signer { kind, name, namespace, is_own: false }));
            }
            "Issuer" => {
                self.secrets.extend(text("/spec/ca/secretName").map(|name| (name, namespace.clone(), true)));
                let name = object.name().to_owned();
                self.signers.insert(Signer { kind: "Issuer".to_owned(), name, namespace, is_own: true });
            }
            _ => {}
        }
    }

    /// The Secrets that a reference from a namespace may mean, and whether each is a CA's.
    pub(super) fn secrets_of(&self, name: &str, namespace: Option<&str>) -> impl Iterator<Item = (&str, bool)> {
        let meant = self.secrets.iter().filter(move |(it, there, _)| it == name && meet(there.as_deref(), namespace));
        meant.map(|(name, _, of_ca)| (name.as_str(), *of_ca))
    }

    /// Whether a text may name any of it. What is written with escapes may name anything.
    pub(super) fn may_be_in(&self, text: &str) -> bool {
        let names = self.secrets.iter().map(|(name, ..)| name).chain(self.signers.iter().map(|signer| &signer.name));
        text.contains('\\')
            || names.into_iter().any(|name| memchr::memmem::find(text.as_bytes(), name.as_bytes()).is_some())
    }
}

/// Whether both may be in one namespace. What says none is applied wherever somebody likes.
fn meet(one: Option<&str>, other: Option<&str>) -> bool {
    one.zip(other).is_none_or(|(one, other)| one == other)
}
