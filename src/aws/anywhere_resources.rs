//! Trust anchors and profiles of IAM Roles Anywhere: looked at and changed.

use aws_sdk_rolesanywhere::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_rolesanywhere::types::{
    NotificationChannel, NotificationEvent, NotificationSetting, ProfileDetail, Source as WireSource, SourceData, Tag,
    TrustAnchorDetail, TrustAnchorType,
};

use super::anywhere::{client, pages};
use super::failure;
use super::login::Connection;
use super::rejected::{Answered, Rejected};
use crate::provision::{Action, Listed, Outcome, Source, State, Tags};

const SERVICE: &str = "IAM Roles Anywhere";

/// Makes a call of this service.
pub(super) async fn call(connection: &Connection, action: &Action) -> Answered {
    match action {
        Action::ListTrustAnchors => trust_anchors(connection, action).await,
        Action::ListProfiles => profiles(connection, action).await,
        Action::CreateProfile(..) | Action::UpdateProfile(..) | Action::EnableProfile(_) | Action::DeleteProfile(_) => {
            profile(connection, action).await
        }
        _ => trust_anchor(connection, action).await,
    }
}

/// The answer of a call that succeeded, or what the error means.
fn ended<T, E>(
    answer: Result<T, SdkError<E>>,
    connection: &Connection,
    action: &Action,
    outcome: impl FnOnce(T) -> Option<Outcome>,
) -> Answered
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let region = failure::region(connection);
    let answer = answer.map_err(|error| Rejected::of(&error, SERVICE, region, connection, action))?;
    outcome(answer).ok_or_else(|| Rejected::unreadable(SERVICE, region, connection, action))
}

#[expect(clippy::unnecessary_wraps, reason = "other calls may lack what they must return")]
fn done<T>(_: T) -> Option<Outcome> {
    Some(Outcome::Done)
}

async fn trust_anchors(connection: &Connection, action: &Action) -> Answered {
    let client = client(connection);
    let page = async |token| {
        let page = client.list_trust_anchors().set_next_token(token).send().await?;
        let all = page.trust_anchors.unwrap_or_default();
        Ok((all.into_iter().filter_map(listed_anchor).collect(), page.next_token))
    };
    ended(pages(page).await, connection, action, |all| Some(Outcome::Resources(all)))
}

async fn profiles(connection: &Connection, action: &Action) -> Answered {
    let client = client(connection);
    let page = async |token| {
        let page = client.list_profiles().set_next_token(token).send().await?;
        let all = page.profiles.unwrap_or_default();
        Ok((all.into_iter().filter_map(listed_profile).collect(), page.next_token))
    };
    ended(pages(page).await, connection, action, |all| Some(Outcome::Resources(all)))
}

fn listed_anchor(detail: TrustAnchorDetail) -> Option<Listed> {
    let source = match detail.source.and_then(|source| source.source_data) {
        Some(SourceData::X509CertificateData(pem)) => Some(Source::Certificates(pem)),
        Some(SourceData::AcmPcaArn(arn)) => Some(Source::PrivateCa(arn)),
        _ => None,
    };
    let state = State::TrustAnchor { enabled: detail.enabled.unwrap_or(false), source };
    Some(Listed { name: detail.name?, arn: detail.trust_anchor_arn?, tags: Tags::new(), state })
}

fn listed_profile(detail: ProfileDetail) -> Option<Listed> {
    let state = State::Profile {
        enabled: detail.enabled.unwrap_or(false),
        roles: detail.role_arns.unwrap_or_default().into_iter().collect(),
        session: detail.duration_seconds.and_then(|it| u64::try_from(it).ok()).unwrap_or_default(),
        accepts_session_name: detail.accept_role_session_name.unwrap_or(false),
    };
    Some(Listed { name: detail.name?, arn: detail.profile_arn?, tags: Tags::new(), state })
}

async fn trust_anchor(connection: &Connection, action: &Action) -> Answered {
    let client = client(connection);
    match action {
        Action::ListTags(arn) => {
            let answer = client.list_tags_for_resource().resource_arn(arn).send().await;
            ended(answer, connection, action, |page| {
                let tags = page.tags.unwrap_or_default().into_iter();
                Some(Outcome::Tags(tags.map(|tag| (tag.key, tag.value)).collect()))
            })
        }
        Action::Tag(arn, tags) => {
            let call = client.tag_resource().resource_arn(arn).set_tags(Some(wire_tags(tags)));
            ended(call.send().await, connection, action, done)
        }
        Action::CreateTrustAnchor(name, source, tags) => {
            let call = client.create_trust_anchor().name(name).source(wire_source(source)).enabled(true);
            let call = call.set_tags(Some(wire_tags(tags))).set_notification_settings(quiet());
            let arn = |anchor: Option<TrustAnchorDetail>| Some(Outcome::Text(anchor?.trust_anchor_arn?));
            ended(call.send().await, connection, action, |made| arn(made.trust_anchor))
        }
        Action::UpdateTrustAnchor(arn, source) => {
            let call = client.update_trust_anchor().trust_anchor_id(id(arn)).source(wire_source(source));
            ended(call.send().await, connection, action, done)
        }
        Action::EnableTrustAnchor(arn) => {
            ended(client.enable_trust_anchor().trust_anchor_id(id(arn)).send().await, connection, action, done)
        }
        Action::DeleteTrustAnchor(arn) => {
            ended(client.delete_trust_anchor().trust_anchor_id(id(arn)).send().await, connection, action, done)
        }
        _ => Err(Rejected::unreadable(SERVICE, failure::region(connection), connection, action)),
    }
}

async fn profile(connection: &Connection, action: &Action) -> Answered {
    let client = client(connection);
    let seconds = |seconds: u64| i32::try_from(seconds).ok();
    match action {
        Action::CreateProfile(name, settings, tags) => {
            let call = client.create_profile().name(name).role_arns(&settings.role).enabled(true);
            let call = call.set_duration_seconds(seconds(settings.session)).set_tags(Some(wire_tags(tags)));
            let call = call.accept_role_session_name(settings.accepts_session_name);
            let arn = |profile: Option<ProfileDetail>| Some(Outcome::Text(profile?.profile_arn?));
            ended(call.send().await, connection, action, |made| arn(made.profile))
        }
        Action::UpdateProfile(arn, settings) => {
            let call = client.update_profile().profile_id(id(arn)).role_arns(&settings.role);
            let call = call.set_duration_seconds(seconds(settings.session));
            let call = call.accept_role_session_name(settings.accepts_session_name);
            ended(call.send().await, connection, action, done)
        }
        Action::EnableProfile(arn) => {
            ended(client.enable_profile().profile_id(id(arn)).send().await, connection, action, done)
        }
        Action::DeleteProfile(arn) => {
            ended(client.delete_profile().profile_id(id(arn)).send().await, connection, action, done)
        }
        _ => Err(Rejected::unreadable(SERVICE, failure::region(connection), connection, action)),
    }
}

/// The part of an ARN that the service uses as an id.
fn id(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or_default()
}

fn wire_tags(tags: &Tags) -> Vec<Tag> {
    tags.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}

fn wire_source(source: &Source) -> WireSource {
    let (kind, data) = match source {
        Source::Certificates(pem) => (TrustAnchorType::CertificateBundle, SourceData::X509CertificateData(pem.clone())),
        Source::PrivateCa(arn) => (TrustAnchorType::AwsAcmPca, SourceData::AcmPcaArn(arn.clone())),
    };
    WireSource::builder().source_type(kind).source_data(data).build()
}

/// Workloads' certificates live a day and are renewed; by default, AWS would announce the end of each one, daily.
/// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/customize-notification-settings.html>
fn quiet() -> Option<Vec<NotificationSetting>> {
    let setting = NotificationSetting::builder().event(NotificationEvent::EndEntityCertificateExpiry).enabled(false);
    setting.channel(NotificationChannel::All).build().ok().map(|setting| vec![setting])
}
