//! Trust anchors, profiles and roles as they are.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_rolesanywhere::Client;
use aws_sdk_rolesanywhere::types::{SourceData, TrustAnchorDetail};
use tokio::time::{Instant, sleep};

use super::calls::Account;
use super::session::{Session, WORD};
use super::{Progress, anywhere, failure, iam};
use crate::arn::{Arn, ArnKind};
use crate::diag::Code;
use crate::doctor::{Found, Profile, Seen, TrustAnchor};
use crate::reference::Origin;
use crate::resolve::{Identity, NoAnswer};

/// IAM Roles Anywhere allows one such call a second.
const PACE: Duration = Duration::from_millis(1100);

/// One thing of AWS to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inspection<'i> {
    kind: ArnKind,
    arn: &'i Arn,
    origin: &'i Origin,
    /// Where it is asked for: the trust anchor's, for roles as well, though IAM has none.
    region: &'i str,
}

impl fmt::Display for Inspection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}\n  {}", permission(self.kind), self.account(), self.arn)
    }
}

/// Everything that has to be read for the identities, each thing once.
pub fn inspections<'i>(identities: &[(&'i Identity, &'i Origin)]) -> Vec<Inspection<'i>> {
    let mut found: Vec<Inspection<'i>> = Vec::new();
    for (Identity { trust_anchor, profile, role }, origin) in identities {
        let region = trust_anchor.region.as_str();
        for (kind, arn) in [(ArnKind::TrustAnchor, trust_anchor), (ArnKind::Profile, profile), (ArnKind::Role, role)] {
            if !found.iter().any(|it| it.arn == arn) {
                found.push(Inspection { kind, arn, origin, region });
            }
        }
    }
    found
}

impl Inspection<'_> {
    fn account(&self) -> Account {
        let Origin { profile, assume_role, .. } = self.origin;
        Account { profile: profile.clone(), assume_role: assume_role.clone(), region: Some(self.region.to_owned()) }
    }
}

/// What the call is, and the permission that it needs.
fn permission(kind: ArnKind) -> &'static str {
    match kind {
        ArnKind::TrustAnchor => "rolesanywhere:GetTrustAnchor",
        ArnKind::Profile => "rolesanywhere:GetProfile",
        ArnKind::Role => "iam:GetRole",
    }
}

impl Session {
    /// What AWS has for each identity.
    pub fn inspect(&self, identities: &[(&Identity, &Origin)], progress: &Progress<'_>) -> Vec<Seen> {
        self.block_on(async {
            let (mut anchors, mut profiles, mut roles) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
            let mut configs: BTreeMap<Account, SdkConfig> = BTreeMap::new();
            let plan = inspections(identities);
            let start = Instant::now();
            for (done, it) in plan.iter().enumerate() {
                let word = || progress(done, plan.len());
                if start.elapsed() >= WORD {
                    word();
                }
                let account = it.account();
                if !configs.contains_key(&account) {
                    configs.insert(account.clone(), self.config(&account).await);
                }
                let config = &configs[&account];
                if it.kind != ArnKind::Role && anchors.len() + profiles.len() > 0 {
                    sleep(PACE).await;
                }
                match it.kind {
                    ArnKind::TrustAnchor => {
                        let found = self.told(word, Box::pin(self.in_time(trust_anchor(config, it.arn)))).await;
                        anchors.insert(it.arn, found);
                    }
                    ArnKind::Profile => {
                        let found = self.told(word, Box::pin(self.in_time(profile(config, it.arn)))).await;
                        profiles.insert(it.arn, found);
                    }
                    ArnKind::Role => {
                        let found = self.told(word, Box::pin(self.in_time(iam::role(config, it.arn)))).await;
                        roles.insert(it.arn, found);
                    }
                }
            }
            if start.elapsed() >= WORD {
                progress(plan.len(), plan.len());
            }
            let seen = |(identity, _): &(&Identity, &Origin)| Seen {
                trust_anchor: anchors[&identity.trust_anchor].clone(),
                profile: profiles[&identity.profile].clone(),
                role: roles[&identity.role].clone(),
            };
            identities.iter().map(seen).collect()
        })
    }
}

/// The part of an ARN that the service takes for an id.
fn id(arn: &Arn) -> &str {
    arn.as_str().rsplit('/').next().unwrap_or_default()
}

fn nothing(what: &str, arn: &Arn) -> NoAnswer {
    let help =
        "create it, or correct the ARN: it is looked for in the ARN's region and the account of these credentials";
    NoAnswer { code: Code::AwsSetup, why: format!("there is no {what} {arn}"), help: help.to_owned() }
}

async fn trust_anchor(config: &SdkConfig, arn: &Arn) -> Found<TrustAnchor> {
    let asked = anywhere::asked(config, "`rolesanywhere:GetTrustAnchor`");
    let answer = Client::new(config).get_trust_anchor().trust_anchor_id(id(arn)).send().await;
    let output = answer.map_err(|error| match error.as_service_error() {
        Some(refused) if refused.is_resource_not_found_exception() => nothing("trust anchor", arn),
        _ => failure::of(&error, &asked),
    })?;
    Ok(output.trust_anchor.map_or(TrustAnchor { enabled: false, certificates: None }, read))
}

fn read(detail: TrustAnchorDetail) -> TrustAnchor {
    let data = detail.source.and_then(|source| source.source_data);
    let certificates = data.and_then(|data| match data {
        SourceData::X509CertificateData(pem) => Some(pem),
        _ => None,
    });
    TrustAnchor { enabled: detail.enabled.unwrap_or(false), certificates }
}

async fn profile(config: &SdkConfig, arn: &Arn) -> Found<Profile> {
    let asked = anywhere::asked(config, "`rolesanywhere:GetProfile`");
    let answer = Client::new(config).get_profile().profile_id(id(arn)).send().await;
    let output = answer.map_err(|error| match error.as_service_error() {
        Some(refused) if refused.is_resource_not_found_exception() => nothing("profile", arn),
        _ => failure::of(&error, &asked),
    })?;
    let detail = output.profile;
    Ok(Profile {
        enabled: detail.as_ref().and_then(|it| it.enabled).unwrap_or(false),
        duration: detail.as_ref().and_then(|it| it.duration_seconds).and_then(|it| u64::try_from(it).ok()),
        accepts_session_name: detail.as_ref().and_then(|it| it.accept_role_session_name).unwrap_or(false),
        roles: detail.and_then(|it| it.role_arns).unwrap_or_default(),
    })
}
