//! Looks up trust anchors and profiles of IAM Roles Anywhere by name.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_sdk_rolesanywhere::Client;
use aws_sdk_rolesanywhere::config::Builder;
use aws_sdk_rolesanywhere::error::SdkError;
use tokio::time::sleep;

use super::Answered;
use super::busy::Busy;
use super::failure::{self, Asked};
use super::login::Connection;
use crate::diag::Code;
use crate::quote::quote;
use crate::reference::{Query, Target};
use crate::resolve::{Answer, NoAnswer};
use crate::secret::Secret;

/// The service allows one list call per second; each page counts as a call.
/// <https://docs.aws.amazon.com/general/latest/gr/rolesanywhere.html>
pub(super) const PACE: Duration = Duration::from_millis(1100);

/// The pause before the first retry; later pauses are longer. A throttled call collided with another client's call in
/// the same second, and may collide again in the next.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// A client whose retries fit the quotas of this service.
pub(super) fn client(config: &Connection) -> Client {
    let retries = config.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
    let patient = Builder::from(&config.sdk).retry_config(retries.with_initial_backoff(FIRST_PAUSE));
    Client::from_conf(patient.retry_classifier(Busy::of(config)).build())
}

/// Name and ARN of each.
type Named = Vec<(String, String)>;

/// All pages of ListTrustAnchors.
pub(super) async fn trust_anchors(config: &Connection, queries: Vec<Query>) -> Answered {
    let client = client(config);
    let page = async |token| {
        let page = client.list_trust_anchors().set_next_token(token).send().await?;
        let all = page.trust_anchors.unwrap_or_default();
        Ok((all.into_iter().filter_map(|it| it.name.zip(it.trust_anchor_arn)).collect(), page.next_token))
    };
    let found =
        pages(page).await.map_err(|error| failure::of(&error, &asked(config, "`rolesanywhere:ListTrustAnchors`")));
    answer(&queries, &found, "trust anchor", config)
}

/// All pages of ListProfiles.
pub(super) async fn profiles(config: &Connection, queries: Vec<Query>) -> Answered {
    let client = client(config);
    let page = async |token| {
        let page = client.list_profiles().set_next_token(token).send().await?;
        let all = page.profiles.unwrap_or_default();
        Ok((all.into_iter().filter_map(|it| it.name.zip(it.profile_arn)).collect(), page.next_token))
    };
    let found = pages(page).await.map_err(|error| failure::of(&error, &asked(config, "`rolesanywhere:ListProfiles`")));
    answer(&queries, &found, "profile", config)
}

/// What all pages of a list have, by a call for each: what is on it, and where the next one begins.
pub(super) async fn pages<T, E>(
    page: impl AsyncFn(Option<String>) -> Result<(Vec<T>, Option<String>), SdkError<E>>,
) -> Result<Vec<T>, SdkError<E>> {
    let (mut all, mut token) = page(None).await?;
    while token.is_some() {
        sleep(PACE).await;
        let (more, next) = page(token).await?;
        all.extend(more);
        token = next;
    }
    Ok(all)
}

pub(super) fn asked<'a>(config: &'a Connection, permission: &'a str) -> Asked<'a> {
    Asked { service: "IAM Roles Anywhere", permission, region: failure::region(config), login: &config.login }
}

fn answer(queries: &[Query], found: &Result<Named, NoAnswer>, what: &str, config: &Connection) -> Answered {
    let region = failure::region(config);
    let one = |name: &str| {
        let mut found = found
            .as_ref()
            .map_err(Clone::clone)?
            .iter()
            .filter(|(other, _)| other == name)
            .map(|(_, arn)| arn.as_str());
        let (why, help) = match (found.next(), found.next()) {
            (Some(arn), None) => return Ok(Answer::from(Secret::new(arn))),
            (None, _) => (
                format!("there is no {what} named {} in {region}", quote(&name)),
                format!("correct the name, or create the {what}"),
            ),
            (Some(one), Some(other)) => (
                format!("several {what}s are named {} in {region}: {one}, {other}", quote(&name)),
                "write the ARN of the intended one".to_owned(),
            ),
        };
        Err(NoAnswer { code: Code::UnresolvedReference, why, help })
    };
    let named = queries.iter().filter_map(|query| match &query.target {
        Target::RolesAnywhere(name) => Some((query, name)),
        _ => None,
    });
    named.map(|(query, name)| (query.clone(), one(name))).collect()
}
