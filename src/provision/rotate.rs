//! What a rotation changes in AWS: the parameters of the next CA, and what the trust anchor trusts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::action::{Action, Failure, Outcome, Provisioner};
use super::authority::Kept;
use super::declared::{parameter, site};
use super::key::{Key, Kind, Owner, Site, Tags, is_free, maker, whose};
use super::observe::{Observed, Seen};
use super::state::{Source, State};
use crate::issuer::Issuer;
use crate::reference::{Reference, Wanted};
use crate::yaml::FieldPath;

/// A trust anchor as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    site: Site,
    /// Its ARN.
    pub arn: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// The certificates that it trusts, in PEM; `None` when it trusts AWS Private CA.
    pub certificates: Option<String>,
    /// Why it is not ours, if it is not.
    pub not_ours: Option<String>,
}

impl Anchor {
    /// The trust anchor with this ARN, where the reference is looked up; `None` when there is none.
    ///
    /// # Errors
    /// A call failed.
    pub fn read(
        reference: &Reference,
        arn: &str,
        owner: &Owner,
        aws: &dyn Provisioner,
    ) -> Result<Option<Self>, Failure> {
        let site = site(reference);
        let Outcome::Resources(all) = aws.call(&site, &Action::ListTrustAnchors)? else { return Ok(None) };
        let Some(found) = all.into_iter().find(|it| it.arn == arn) else { return Ok(None) };
        let State::TrustAnchor { enabled, source } = found.state else { return Ok(None) };
        let tags = aws.call(&site, &Action::ListTags(found.arn.clone()))?;
        let tags = if let Outcome::Tags(tags) = tags { tags } else { Tags::new() };
        let certificates = match source {
            Some(Source::Certificates(pem)) => Some(pem),
            Some(Source::PrivateCa(_)) | None => None,
        };
        let not_ours = (!owner.owns(&tags)).then(|| whose(&tags));
        Ok(Some(Self { site, arn: found.arn, enabled, certificates, not_ours }))
    }

    /// Lets it trust these certificates, in PEM, and no others.
    ///
    /// # Errors
    /// The call failed; whether it was done may not be known.
    pub fn trust(&self, certificates: &str, aws: &dyn Provisioner) -> Result<(), Failure> {
        let source = Source::Certificates(certificates.to_owned());
        aws.call(&self.site, &Action::UpdateTrustAnchor(self.arn.clone(), source)).map(drop)
    }
}

impl Kept {
    /// The parameters of an issuer's CA; `None` when it is not kept in any, or in some that iamra may not write.
    pub fn of(issuer: &Issuer, owner: Owner, place: FieldPath, cluster: Option<&str>) -> Option<Self> {
        let of = |wanted| parameter(issuer.reference(wanted)?);
        let (certificate, key) = (of(Wanted::Certificate)?, of(Wanted::Key)?);
        let clusters = cluster.map(str::to_owned).into_iter().collect();
        Some(Self { certificate, key, owner, place, clusters })
    }

    /// Looks whether the parameters are there; nothing is decrypted.
    ///
    /// # Errors
    /// A call failed.
    pub fn look(&self, aws: &dyn Provisioner) -> Result<Observed, Failure> {
        let mut resources: BTreeMap<Key, Vec<Seen>> = BTreeMap::new();
        for key in [&self.certificate, &self.key] {
            let action = Action::GetParameters(BTreeSet::from([key.name.clone()]));
            let Outcome::Resources(all) = aws.call(&key.site, &action)? else { continue };
            for it in all {
                let at = Key { kind: Kind::Parameter, site: Arc::clone(&key.site), name: it.name };
                let seen = Seen {
                    arn: it.arn,
                    not_ours: None,
                    maker: maker(&it.tags),
                    is_free: is_free(&it.tags),
                    state: it.state,
                };
                resources.entry(at).or_default().push(seen);
            }
        }
        Ok(Observed { resources, ..Observed::default() })
    }
}
