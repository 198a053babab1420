//! Converts the declared sources of the CAs of a CA issuer: of the current one, and of the one that follows.

use std::sync::Arc;

use super::overlay::Overlay;
use super::placed::invalid;
use super::reader::Reader;
use super::v1alpha1 as wire;
use crate::diag::{Code, Diagnostic, Place};
use crate::duration::Duration;
use crate::issuer::{CaId, Issuer, Reach, ca_external, ca_in_cluster, ca_parameters, ca_secret};
use crate::quote::quote;
use crate::reference::Origin;
use crate::yaml::FieldPath;

/// Where the CA of a CA issuer comes from, as it is written.
enum Source<'w> {
    Existing(&'w wire::ExistingSecret),
    External(&'w wire::ExternalSecretCa),
    InCluster,
    Ssm(&'w wire::SsmSecret),
}

/// The CAs of a CA issuer, as they are written.
#[derive(Clone, Copy)]
pub(super) struct Cas<'w> {
    pub(super) generation: Option<u16>,
    pub(super) secret: &'w wire::CaSecret,
    pub(super) next: Option<&'w wire::NextCa>,
}

impl Reader<'_> {
    /// The issuer that signs, with the one beside it during a rotation.
    pub(super) fn cas(
        &mut self,
        scope: &str,
        reach: &Reach,
        cas: Cas<'_>,
        at: &FieldPath,
        origin: &Arc<Origin>,
    ) -> Option<Issuer> {
        let generation = u32::from(cas.generation.unwrap_or(1));
        if generation == 0 {
            invalid(self.report, &at.key("generation"), "the first CA of a scope has the number 1");
        }
        let current = self.ca(CaId { scope, generation }, reach, cas.secret, &at.key("secret"), origin);
        let Some(written) = cas.next else { return current };
        let id = CaId { scope, generation: generation + 1 };
        let next = self.ca(id, reach, &written.secret, &at.key("next").key("secret"), origin);
        let (current, next) = (current?, next?);
        self.check_apart(&current, &next, &at.key("next").key("secret"));
        let (signing, other) = if written.signs { (next, current) } else { (current, next) };
        Some(signing.beside(other))
    }

    /// Reports two CAs that are one.
    fn check_apart(&mut self, current: &Issuer, next: &Issuer, at: &FieldPath) {
        let what = if current.secret() == next.secret() {
            format!("Secret {}", quote(&next.secret().unwrap_or_default()))
        } else if current.has_source_of(next) {
            "source".to_owned()
        } else {
            return;
        };
        let message = format!("the next CA is the current one: both are from the same {what}");
        let help = "name where the new CA is; the old one stays where it is until no certificate of it is in use";
        self.report.push(Diagnostic::error(Code::SameCa, message).at(Place::Config(at.clone())).help(help));
    }

    fn ca(
        &mut self,
        id: CaId<'_>,
        reach: &Reach,
        secret: &wire::CaSecret,
        at: &FieldPath,
        origin: &Arc<Origin>,
    ) -> Option<Issuer> {
        let sources = [
            ("existing", secret.existing.as_ref().map(Source::Existing)),
            ("externalSecret", secret.external_secret.as_ref().map(Source::External)),
            ("inCluster", secret.in_cluster.as_ref().map(|_| Source::InCluster)),
            ("ssm", secret.ssm.as_ref().map(Source::Ssm)),
        ];
        match self.one_of(sources, ": the CA has one source", at).ok()? {
            None => Some(ca_secret::issuer(id, reach, None)),
            Some(Source::Existing(secret)) => {
                if let Some(name) = &secret.name {
                    self.check_name(name, &at.key("existing"))?;
                }
                Some(ca_secret::issuer(id, reach, secret.name.as_deref()))
            }
            Some(Source::External(secret)) => self.ca_external(id, reach, secret, &at.key("externalSecret")),
            Some(Source::InCluster) => self.ca_in_cluster(id, reach, at.key("inCluster")),
            Some(Source::Ssm(ssm)) => self.ca_parameters(id, reach, ssm, at.key("ssm"), origin),
        }
    }

    fn ca_external(
        &mut self,
        id: CaId<'_>,
        reach: &Reach,
        secret: &wire::ExternalSecretCa,
        at: &FieldPath,
    ) -> Option<Issuer> {
        let named = self.check_name(&secret.store.name, &at.key("store"));
        let refresh = secret.refresh_interval.as_deref().unwrap_or("1h");
        let refresh =
            Duration::parse(refresh).map_err(|why| invalid(self.report, &at.key("refreshInterval"), why)).ok();
        let keys = [("certificate", &secret.certificate), ("key", &secret.key)];
        for (field, _) in keys.into_iter().filter(|(_, key)| key.trim().is_empty()) {
            invalid(self.report, &at.key(field), "the name in the store is empty");
        }
        let ((), refresh) = (named?, refresh?);
        let kind = match secret.store.kind {
            wire::SecretStoreKind::SecretStore => "SecretStore",
            wire::SecretStoreKind::ClusterSecretStore => "ClusterSecretStore",
        };
        let source = ca_external::Source {
            store: (kind, &secret.store.name),
            certificate: &secret.certificate,
            key: &secret.key,
            refresh: refresh.as_str(),
        };
        Some(ca_external::issuer(id, reach, source))
    }

    fn ca_in_cluster(&mut self, id: CaId<'_>, reach: &Reach, at: FieldPath) -> Option<Issuer> {
        if *reach == Reach::Namespace {
            self.report.push(
                Diagnostic::error(
                    Code::ConflictingFields,
                    "`ca` and `inCluster` cannot be used together: every namespace would have a CA with a key of its own, \
                     and the scope has one trust anchor",
                )
                .at(Place::Config(at))
                .help("write `clusterCa` in place of `ca`: the CA is made once"),
            );
            return None;
        }
        Some(ca_in_cluster::issuer(id, reach, self.overlay.map(Overlay::cluster)))
    }

    fn ca_parameters(
        &mut self,
        id: CaId<'_>,
        reach: &Reach,
        ssm: &wire::SsmSecret,
        at: FieldPath,
        origin: &Arc<Origin>,
    ) -> Option<Issuer> {
        let mut parameter = |text: &str, key: &str| {
            let at = at.key(key);
            let reference = self.reference(Some(text), "", &at, origin)?;
            if reference.as_str().starts_with("ssm:") {
                return Some(reference);
            }
            invalid(self.report, &at, format!("{} is not a parameter: write `ssm:/name`", quote(&text)));
            None
        };
        let (certificate, key) = (parameter(&ssm.certificate, "certificate"), parameter(&ssm.key, "key"));
        self.report.push(
            Diagnostic::warning(
                Code::InlineCaKey,
                "the CA's private key will be in the rendered manifests, in plain text for everyone who reads or \
                 caches them",
            )
            .at(Place::Config(at))
            .help("create the Secret in the cluster by other means, and use `existing`"),
        );
        Some(ca_parameters::issuer(id, reach, certificate?, key?))
    }
}
