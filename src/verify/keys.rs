//! What makes an identity: the Secrets with keys, and those who sign.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::object::Object;
use super::stream::Stream;
use crate::issuer::{self, IssuerObject, IssuerRef, ObjectKind};
use crate::krm::{Item, group_of};
use crate::name::{self, DnsLabel};
use crate::plan::Plan;
use crate::render::{self, CERTIFICATE};
use crate::resolve::Resolved;
use crate::writers::Whole;
use crate::yaml;

/// A text of the declaration or of the stream, where it stands there: a declaration may have many workloads, and a build few.
type Text<'k> = Cow<'k, str>;

/// A namespace, where somebody says it.
type Namespace<'k> = Option<Text<'k>>;

/// What only declared workloads may reach for, under the names that it has in the stream.
#[derive(Default)]
pub(super) struct Keys<'k> {
    signers: BTreeMap<Text<'k>, BTreeSet<Signer<'k>>>,
    secrets: BTreeMap<Text<'k>, BTreeSet<Secret<'k>>>,
    /// What holds a key or credentials in the pods of declared workloads.
    volumes: BTreeSet<String>,
    /// The containers that mount it.
    sidecars: BTreeSet<String>,
    /// What iamra makes, and the Secrets that are filled for it, by name.
    made: BTreeMap<Text<'k>, BTreeSet<Made<'k>>>,
    /// The common names and URIs of declared workloads, in lower case: a policy may compare without case.
    names: BTreeSet<Text<'k>>,
}

/// An issuer of declared workloads.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Signer<'k> {
    pub(super) kind: Text<'k>,
    namespace: Namespace<'k>,
    /// Whether other namespaces can ask it, too.
    is_wide: bool,
    /// Whether another controller than cert-manager signs.
    is_external: bool,
    /// Whether iamra has made it for these workloads, as opposed to found it.
    pub(super) is_own: bool,
}

/// A Secret with a key.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Secret<'k> {
    namespace: Namespace<'k>,
    of_ca: bool,
}

/// An object that nobody else may write.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Made<'k> {
    kind: Text<'k>,
    namespace: Namespace<'k>,
}

impl<'k> Keys<'k> {
    pub(super) fn of(resolved: &'k Resolved, plan: &Plan<'_>, stream: &'k Stream, items: &[Item<'_>]) -> Self {
        let mut keys = Self::default();
        for planned in &plan.workloads {
            let keepers = planned.placements.iter().map(|placement| render::keepers(planned, *placement));
            for keepers in keepers {
                keys.volumes.extend(keepers.volumes);
                keys.sidecars.insert(keepers.sidecar);
            }
        }
        for binding in &resolved.bindings {
            let binding = &binding.declared;
            let namespace = binding.namespace.as_ref().map(DnsLabel::as_str);
            for issuer in binding.issuer.each() {
                for name in issuer.objects.iter().filter_map(IssuerObject::reads) {
                    keys.add_secret(name, issuer.secret_namespace(namespace).map(Cow::from), true);
                }
                keys.add_signer(Cow::Borrowed(&issuer.issuer_ref), namespace.map(Cow::from), issuer.is_own());
            }
            if binding.certificate.has_secret() {
                keys.add_secret(name::of_certificate(&binding.workload), namespace.map(Cow::from), false);
            }
            let certificate = &binding.certificate;
            keys.names
                .extend(certificate.uris.iter().chain([&certificate.common_name]).map(|name| in_lower_case(name)));
        }
        // Issuers first: whether an issuer is ours depends on the issuer, not on the Certificates that refer to it.
        let (issuers, others): (Vec<_>, Vec<_>) = stream.ours().partition(|object| signer(object).is_some());
        issuers.into_iter().chain(others).for_each(|object| keys.add(object));
        keys.follow_issuers(items);
        keys
    }

    /// An issuer that somebody else has made signs with a Secret, too.
    fn follow_issuers(&mut self, items: &[Item<'_>]) {
        let is_asked = |item: &&Item<'_>| {
            item.ident().is_some_and(|it| {
                let namespace = it.namespace.as_deref().filter(|namespace| !namespace.is_empty());
                let is_known = || self.signers(&it.name, &it.kind, &[namespace]).any(|signer| !signer.is_own);
                group_of(&it.api_version) == issuer::GROUP && is_known()
            })
        };
        let issuers: Vec<_> = items.iter().filter(is_asked).filter_map(|item| item.parse().ok()).collect();
        for issuer in issuers {
            let issuer = Object::of(0, issuer.to_value());
            let name = issuer.text(issuer::CA_SECRET_AT);
            if !name.is_empty() {
                // Only cert-manager's flags name the namespace of a ClusterIssuer's Secrets.
                let namespace = issuer.namespace().map(|namespace| Cow::from(namespace.to_owned()));
                self.add_secret(name.to_owned(), namespace, true);
            }
        }
    }

    /// kustomize may have given new names to what is there.
    fn add(&mut self, object: &'k Object) {
        let namespace = object.namespace().map(Cow::from);
        let text = |pointer: &str| yaml::at(&object.value, pointer).and_then(|it| it.as_str());
        self.add_made(object.kind(), object.name(), namespace.clone());
        if let Some(kind) = signer(object) {
            // An issuer that is in no namespace does not say where its Secret is; the declaration does.
            let is_known = |name: &&str| kind.is_cluster_wide && self.secrets.contains_key(*name);
            if let Some(name) = kind.secret_at.and_then(text).filter(|name| !is_known(name)) {
                self.add_secret(name, namespace.clone(), true);
            }
            let issuer = IssuerRef::new(Some(kind.gvk.group), Some(kind.gvk.kind), object.name());
            self.add_signer(Cow::Owned(issuer), namespace, true);
        } else if object.kind() == CERTIFICATE.kind {
            if let Some(name) = text("/spec/secretName") {
                self.add_secret(name, namespace.clone(), false);
                self.add_made("Secret", name, namespace.clone());
            }
            if let Some(name) = text("/spec/issuerRef/name").filter(|name| !self.signers.contains_key(*name)) {
                let issuer = IssuerRef::new(text("/spec/issuerRef/group"), text("/spec/issuerRef/kind"), name);
                self.add_signer(Cow::Owned(issuer), namespace, false);
            }
        }
    }

    fn add_secret(&mut self, name: impl Into<Text<'k>>, namespace: Namespace<'k>, of_ca: bool) {
        self.secrets.entry(name.into()).or_default().insert(Secret { namespace, of_ca });
    }

    fn add_made(&mut self, kind: &'k str, name: &'k str, namespace: Namespace<'k>) {
        self.made.entry(name.into()).or_default().insert(Made { kind: kind.into(), namespace });
    }

    /// The kinds of what is made under this name, where a reference may mean it.
    pub(super) fn made(&self, name: &str, namespaces: &[Option<&str>]) -> impl Iterator<Item = &str> {
        let named = self.made.get(name).into_iter().flatten();
        named.filter(|it| meets(it.namespace.as_deref(), namespaces)).map(|it| it.kind.as_ref())
    }

    /// Whether a declared workload has this name in its certificate.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.names.contains(&in_lower_case(name))
    }

    /// Whether anything is made under this name.
    pub(super) fn has_made(&self, name: &str) -> bool {
        self.made.contains_key(name)
    }

    /// Whether anything that matters has this name.
    pub(super) fn knows(&self, name: &str) -> bool {
        let is_key = self.secrets.contains_key(name) || self.signers.contains_key(name);
        is_key || self.has_made(name) || self.is_volume(name) || self.is_sidecar(name)
    }

    /// Whether a container of this name mounts it.
    pub(super) fn is_sidecar(&self, name: &str) -> bool {
        self.sidecars.contains(name)
    }

    /// Whether a volume of this name has a key or credentials in it.
    pub(super) fn is_volume(&self, name: &str) -> bool {
        self.volumes.contains(name)
    }

    fn add_signer(&mut self, issuer: Cow<'k, IssuerRef>, namespace: Namespace<'k>, is_own: bool) {
        let is_wide = !issuer.is_namespaced();
        let is_external = issuer.is_external();
        let (kind, name): (Text<'k>, Text<'k>) = match issuer {
            Cow::Borrowed(issuer) => (issuer.kind.as_str().into(), issuer.name.as_str().into()),
            Cow::Owned(issuer) => (issuer.kind.into(), issuer.name.into()),
        };
        let signer = Signer { kind, namespace, is_wide, is_external, is_own };
        self.signers.entry(name).or_default().insert(signer);
    }

    /// Whether a Secret of this name that a reference may mean is there, and if it is a CA's. A reference may mean any of
    /// `namespaces`.
    pub(super) fn secret(&self, name: &str, namespaces: &[Option<&str>]) -> Option<bool> {
        let meant = self.secrets.get(name)?.iter().filter(|secret| meets(secret.namespace.as_deref(), namespaces));
        meant.map(|secret| secret.of_ca).max()
    }

    /// All Secrets with keys: name, namespace where it is known, and whether it is a CA's.
    pub(super) fn all_secrets(&self) -> impl Iterator<Item = (&str, Option<&str>, bool)> {
        self.secrets.iter().flat_map(|(name, secrets)| {
            secrets.iter().map(move |it| (name.as_ref(), it.namespace.as_deref(), it.of_ca))
        })
    }

    /// Whether what is written is the Secret of a declared workload's certificate.
    pub(super) fn is_of_certificate(&self, written: &Whole<'_>) -> bool {
        written.kind == "Secret" && self.secret(written.name, &written.namespaces) == Some(false)
    }

    /// The signers that a request may reach. A controller may take any kind for its own
    /// ([`IssuerRef::is_meant_by`]).
    pub(super) fn asked(
        &self,
        name: &str,
        kind: &str,
        namespaces: &[Option<&str>],
    ) -> impl Iterator<Item = &Signer<'k>> {
        self.signers(name, "", namespaces).filter(move |it| kind.is_empty() || it.kind == kind || it.is_external)
    }

    /// The signers that a reference may mean. Who names no kind may mean any.
    pub(super) fn signers(
        &self,
        name: &str,
        kind: &str,
        namespaces: &[Option<&str>],
    ) -> impl Iterator<Item = &Signer<'k>> {
        let named = self.signers.get(name).into_iter().flatten();
        named
            .filter(move |it| kind.is_empty() || it.kind == kind)
            .filter(move |it| it.is_wide || meets(it.namespace.as_deref(), namespaces))
    }
}

/// Most names are.
fn in_lower_case(name: &str) -> Text<'_> {
    if name.bytes().any(|it| it.is_ascii_uppercase()) { name.to_ascii_lowercase().into() } else { name.into() }
}

/// Which kind of issuer that iamra makes it is one of.
fn signer(object: &Object) -> Option<&'static ObjectKind> {
    issuer::object_kind(object.kind()).filter(|kind| kind.signs && kind.gvk.group == object.group())
}

/// Whether something in one namespace may be meant by one of the others. What says none is applied wherever somebody likes.
pub(super) fn meets(one: Option<&str>, others: &[Option<&str>]) -> bool {
    others.iter().any(|other| one.zip(*other).is_none_or(|(one, other)| one == other))
}
