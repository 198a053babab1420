//! Trust anchors, profiles and roles as they are.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_rolesanywhere::Client;
use aws_sdk_rolesanywhere::types::{SourceData, TrustAnchorDetail};
use tokio::time::sleep;

use super::calls::Account;
use super::failure::{self, Asked};
use super::iam;
use super::session::Session;
use crate::arn::Arn;
use crate::diag::Code;
use crate::doctor::{Found, Profile, Seen, TrustAnchor};
use crate::reference::Origin;
use crate::resolve::{Identity, NoAnswer};

/// The service allows one such call a second.
const PACE: Duration = Duration::from_millis(1100);

impl Session {
    /// What AWS has for each identity.
    pub fn inspect(&self, identities: &[(&Identity, &Origin)]) -> Vec<Seen> {
        self.block_on(async {
            let (mut anchors, mut profiles, mut roles) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
            let mut seen = Vec::new();
            for (identity, origin) in identities {
                let region = Some(identity.trust_anchor.region.clone());
                let account =
                    Account { profile: origin.profile.clone(), assume_role: origin.assume_role.clone(), region };
                let config = self.config(&account).await;
                let client = Client::new(&config);
                let Identity { trust_anchor, profile, role } = identity;
                if !anchors.contains_key(trust_anchor) {
                    pause(&anchors, &profiles).await;
                    anchors
                        .insert(trust_anchor, self.in_time(self::trust_anchor(&client, &config, trust_anchor)).await);
                }
                if !profiles.contains_key(profile) {
                    pause(&anchors, &profiles).await;
                    profiles.insert(profile, self.in_time(self::profile(&client, &config, profile)).await);
                }
                if !roles.contains_key(role) {
                    roles.insert(role, self.in_time(iam::role(&config, role)).await);
                }
                seen.push(Seen {
                    trust_anchor: anchors[trust_anchor].clone(),
                    profile: profiles[profile].clone(),
                    role: roles[role].clone(),
                });
            }
            seen
        })
    }
}

/// Before every call but the first.
async fn pause<A, P>(anchors: &BTreeMap<&Arn, A>, profiles: &BTreeMap<&Arn, P>) {
    if !anchors.is_empty() || !profiles.is_empty() {
        sleep(PACE).await;
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

async fn trust_anchor(client: &Client, config: &SdkConfig, arn: &Arn) -> Found<TrustAnchor> {
    let asked = Asked {
        service: "IAM Roles Anywhere",
        permission: "`rolesanywhere:GetTrustAnchor`",
        region: failure::region(config),
    };
    let answer = client.get_trust_anchor().trust_anchor_id(id(arn)).send().await;
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

async fn profile(client: &Client, config: &SdkConfig, arn: &Arn) -> Found<Profile> {
    let asked = Asked {
        service: "IAM Roles Anywhere",
        permission: "`rolesanywhere:GetProfile`",
        region: failure::region(config),
    };
    let answer = client.get_profile().profile_id(id(arn)).send().await;
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
