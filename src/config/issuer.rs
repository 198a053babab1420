//! Converts the declared issuer of a scope into an [`Issuer`]: the only place that knows both forms.

use std::sync::Arc;

use super::overlay::Overlay;
use super::placed::invalid;
use super::reader::Reader;
use super::v1alpha1 as wire;
use crate::diag::{Code, Diagnostic, Place};
use crate::issuer::{Issuer, IssuerRef, Reach, ca_in_cluster, ca_parameters, ca_secret, existing};
use crate::name::ObjectName;
use crate::quote::quote;
use crate::reference::Origin;
use crate::yaml::FieldPath;

/// The namespace that cert-manager's own chart installs it in.
/// <https://cert-manager.io/docs/installation/helm/>
const CERT_MANAGER: &str = "cert-manager";

/// The kinds of issuer, as they are written.
enum Written<'w> {
    Ca(&'w wire::CaIssuer),
    ClusterCa(&'w wire::ClusterCaIssuer),
    Existing(&'w wire::ExistingIssuer),
}

/// Where the CA of a CA issuer comes from, as it is written.
enum Source<'w> {
    Existing(&'w wire::ExistingSecret),
    InCluster,
    Ssm(&'w wire::SsmSecret),
}

impl Reader<'_> {
    /// The issuer of a scope; the default is a CA whose Secret exists.
    pub(super) fn issuer(
        &mut self,
        scope: &str,
        issuer: Option<&wire::Issuer>,
        at: &FieldPath,
        origin: &Arc<Origin>,
    ) -> Option<Issuer> {
        let kinds = [
            ("ca", issuer.and_then(|it| it.ca.as_ref()).map(Written::Ca)),
            ("clusterCa", issuer.and_then(|it| it.cluster_ca.as_ref()).map(Written::ClusterCa)),
            ("existing", issuer.and_then(|it| it.existing.as_ref()).map(Written::Existing)),
        ];
        match self.one_of(kinds, ": a scope has one issuer", at).ok()? {
            None => Some(ca_secret::issuer(scope, &Reach::Namespace, None)),
            Some(Written::Ca(ca)) => self.ca(scope, &Reach::Namespace, &ca.secret, &at.key("ca").key("secret"), origin),
            Some(Written::ClusterCa(ca)) => {
                let at = at.key("clusterCa");
                let namespace = ca.namespace.as_deref().unwrap_or(CERT_MANAGER);
                let namespace = self.namespace(Some(namespace), &at)?.to_string();
                self.ca(scope, &Reach::Cluster { namespace }, &ca.secret, &at.key("secret"), origin)
            }
            Some(Written::Existing(it)) => {
                self.check_name(&it.name, &at.key("existing"))?;
                Some(existing::issuer(IssuerRef::new(it.group.as_deref(), it.kind.as_deref(), &it.name)))
            }
        }
    }

    fn ca(
        &mut self,
        scope: &str,
        reach: &Reach,
        secret: &wire::CaSecret,
        at: &FieldPath,
        origin: &Arc<Origin>,
    ) -> Option<Issuer> {
        let sources = [
            ("existing", secret.existing.as_ref().map(Source::Existing)),
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
            Some(Source::InCluster) => self.ca_in_cluster(scope, reach, at.key("inCluster")),
            Some(Source::Ssm(ssm)) => self.ca_parameters(scope, reach, ssm, at.key("ssm"), origin),
        }
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

    /// `None` when no object can have the name, which is reported.
    fn check_name(&mut self, name: &str, at: &FieldPath) -> Option<()> {
        ObjectName::parse(name).map_err(|why| invalid(self.report, &at.key("name"), why)).ok().map(drop)
    }
}
