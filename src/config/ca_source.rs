//! Converts the declared source of the CA of a CA issuer.

use std::sync::Arc;

use super::overlay::Overlay;
use super::placed::invalid;
use super::reader::Reader;
use super::v1alpha1 as wire;
use crate::diag::{Code, Diagnostic, Place};
use crate::duration::Duration;
use crate::issuer::{Issuer, Reach, ca_external, ca_in_cluster, ca_parameters, ca_secret};
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

impl Reader<'_> {
    pub(super) fn ca(
        &mut self,
        scope: &str,
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
            None => Some(ca_secret::issuer(scope, reach, None)),
            Some(Source::Existing(secret)) => {
                if let Some(name) = &secret.name {
                    self.check_name(name, &at.key("existing"))?;
                }
                Some(ca_secret::issuer(scope, reach, secret.name.as_deref()))
            }
            Some(Source::External(secret)) => self.ca_external(scope, reach, secret, &at.key("externalSecret")),
            Some(Source::InCluster) => self.ca_in_cluster(scope, reach, at.key("inCluster")),
            Some(Source::Ssm(ssm)) => self.ca_parameters(scope, reach, ssm, at.key("ssm"), origin),
        }
    }

    fn ca_external(
        &mut self,
        scope: &str,
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
        Some(ca_external::issuer(scope, reach, source))
    }

    fn ca_in_cluster(&mut self, scope: &str, reach: &Reach, at: FieldPath) -> Option<Issuer> {
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
        Some(ca_in_cluster::issuer(scope, reach, self.overlay.map(Overlay::cluster)))
    }

    fn ca_parameters(
        &mut self,
        scope: &str,
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
        Some(ca_parameters::issuer(scope, reach, certificate?, key?))
    }
}
