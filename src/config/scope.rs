//! Converts declared scopes and their issuers.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::layer::Layer;
use super::placed::invalid;
use super::reader::Reader;
use super::v1alpha1 as wire;
use crate::arn::{self, Arn, ArnKind};
use crate::issuer::{DEFAULT_SCOPE, Issuer};
use crate::name::DnsLabel;
use crate::quote::quote;
use crate::reference::{Origin, Reference};
use crate::yaml::FieldPath;

/// A scope: one CA and the one trust anchor that trusts it, checked.
pub(super) struct Scope {
    pub(super) trust_anchor: Reference,
    /// Where its values, and those of its roles, are looked up.
    pub(super) origin: Arc<Origin>,
    pub(super) issuer: Arc<Issuer>,
    /// Who limits its certificates, if the declaration says it.
    pub(super) mint_policy: Option<wire::MintPolicy>,
    pub(super) layer: Layer,
}

impl Reader<'_> {
    pub(super) fn scopes(&mut self) -> BTreeMap<String, Scope> {
        self.check_aws(&self.spec.aws, &self.at.key("aws"));
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
            let issuer = Arc::new(self.issuer(name, scope.issuer.as_ref(), &at.key("issuer"), &origin)?);
            let mint_policy = scope.issuer.as_ref().and_then(|issuer| issuer.mint_policy);
            let layer = Layer::read(&scope.certificate, &scope.sidecar, &scope.environment, &at, self.report);
            Some((name.to_owned(), Scope { trust_anchor, origin, issuer, mint_policy, layer }))
        };
        scopes.into_iter().filter_map(read).collect()
    }

    fn check_aws(&mut self, aws: &wire::Aws, at: &FieldPath) {
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
            invalid(self.report, &at.key("profile"), "the profile name is empty");
        }
    }

    fn origin(&mut self, scope: &str, aws: &wire::Aws, at: &FieldPath) -> Origin {
        self.check_aws(aws, at);
        // A scope's account is one thing: the role to assume is assumed with its profile.
        let all = &self.spec.aws;
        let account = if aws.profile.is_some() || aws.assume_role.is_some() { aws } else { all };
        Origin {
            cluster: self.overlay.and_then(|overlay| overlay.moves(scope)).map(str::to_owned),
            scope: (*aws != wire::Aws::default()).then(|| scope.to_owned()),
            region: [&aws.region, &all.region, &self.spec.region].into_iter().find_map(Clone::clone),
            profile: account.profile.clone(),
            assume_role: account.assume_role.clone(),
        }
    }
}
