//! Scopes and their issuers, from what is written to what is meant.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::layer::Layer;
use super::placed::invalid;
use super::reader::Reader;
use super::v1alpha1 as wire;
use crate::arn::{self, Arn, ArnKind};
use crate::diag::{Code, Diagnostic, Place};
use crate::issuer::{CaSecret, DEFAULT_SCOPE, Issuer, IssuerRef, ca_secret_name};
use crate::name::{DnsLabel, ObjectName};
use crate::quote::quote;
use crate::reference::{Origin, Reference};
use crate::yaml::FieldPath;

/// A scope: one CA and the one trust anchor that trusts it, checked.
pub(super) struct Scope {
    pub(super) trust_anchor: Reference,
    /// Where its values, and those of its roles, are looked up.
    pub(super) origin: Arc<Origin>,
    pub(super) issuer: Issuer,
    pub(super) layer: Layer,
}

impl Reader<'_> {
    pub(super) fn scopes(&mut self) -> BTreeMap<String, Scope> {
        let implied = wire::Scope::default();
        let mut scopes: BTreeMap<_, _> = self.spec.scopes.iter().map(|(name, scope)| (name.as_str(), scope)).collect();
        scopes.entry(DEFAULT_SCOPE).or_insert(&implied);
        let read = |(name, scope): (&str, &wire::Scope)| {
            let at = self.at.key("scopes").key(name);
            if let Err(why) = DnsLabel::parse(name) {
                invalid(self.report, &at, why);
            }
            let default = format!("ssm:{}/scopes/{name}/trust-anchor-arn", self.prefix);
            let origin = Arc::new(self.origin(name, &scope.aws, &at.key("aws")));
            let trust_anchor =
                self.reference(scope.trust_anchor.as_deref(), &default, &at.key("trustAnchor"), &origin)?;
            let issuer = self.issuer(name, scope.issuer.as_ref(), &at.key("issuer"), &origin)?;
            let layer = Layer::read(&scope.certificate, &scope.sidecar, &scope.environment, &at, self.report);
            Some((name.to_owned(), Scope { trust_anchor, origin, issuer, layer }))
        };
        scopes.into_iter().filter_map(read).collect()
    }

    fn origin(&mut self, scope: &str, aws: &wire::Aws, at: &FieldPath) -> Origin {
        if let Some(region) = aws.region.as_deref().filter(|region| !arn::is_region(region)) {
            invalid(
                self.report,
                &at.key("region"),
                format!("{} is not a region such as `eu-central-1`", quote(&region)),
            );
        }
        if let Some(Err(why)) = aws.assume_role.as_deref().map(|role| Arn::parse(ArnKind::Role, role)) {
            invalid(self.report, &at.key("assumeRole"), why);
        }
        if aws.profile.as_deref() == Some("") {
            invalid(self.report, &at.key("profile"), "the name of a profile is empty");
        }
        Origin {
            scope: (*aws != wire::Aws::default()).then(|| scope.to_owned()),
            region: aws.region.clone().or_else(|| self.spec.region.clone()),
            profile: aws.profile.clone(),
            assume_role: aws.assume_role.clone(),
        }
    }

    fn issuer(
        &mut self,
        scope: &str,
        issuer: Option<&wire::Issuer>,
        at: &FieldPath,
        origin: &Arc<Origin>,
    ) -> Option<Issuer> {
        let Some(issuer) = issuer else { return Some(Issuer::of_scope(scope)) };
        match (&issuer.ca, &issuer.existing) {
            (Some(ca), None) => self.ca_secret(scope, &ca.secret, &at.key("ca").key("secret"), origin).map(Issuer::Ca),
            (None, Some(existing)) => {
                let at = at.key("existing").key("name");
                ObjectName::parse(&existing.name).map_err(|why| invalid(self.report, &at, why)).ok()?;
                Some(Issuer::Existing(IssuerRef {
                    group: existing.group.clone().unwrap_or_else(|| "cert-manager.io".to_owned()),
                    kind: existing.kind.clone().unwrap_or_else(|| "Issuer".to_owned()),
                    name: existing.name.clone(),
                }))
            }
            (Some(_), Some(_)) => {
                self.conflict("`ca` and `existing` exclude each other: a scope has one issuer", at);
                None
            }
            (None, None) => Some(Issuer::of_scope(scope)),
        }
    }

    fn ca_secret(
        &mut self,
        scope: &str,
        secret: &wire::CaSecret,
        at: &FieldPath,
        origin: &Arc<Origin>,
    ) -> Option<CaSecret> {
        match (&secret.existing, &secret.ssm) {
            (Some(_), Some(_)) => {
                self.conflict("`existing` and `ssm` exclude each other: the CA has one source", at);
                None
            }
            (None, Some(ssm)) => {
                let at = at.key("ssm");
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
                        "the CA's private key will stand in the rendered manifests, in clear for whoever reads or caches them",
                    )
                    .at(Place::Config(at))
                    .help("let somebody else put the Secret into the cluster and use `existing`"),
                );
                Some(CaSecret::Ssm { certificate: certificate?, key: key? })
            }
            (existing, None) => {
                let name = existing.as_ref().and_then(|existing| existing.name.clone());
                let name = name.unwrap_or_else(|| ca_secret_name(scope));
                let at = at.key("existing").key("name");
                ObjectName::parse(&name).map_err(|why| invalid(self.report, &at, why)).ok()?;
                Some(CaSecret::Existing(name))
            }
        }
    }
}
