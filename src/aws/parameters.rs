//! Parameters of SSM Parameter Store: looked at and changed. One call decrypts one parameter.

use aws_sdk_ssm::Client;
use aws_sdk_ssm::config::Builder;
use aws_sdk_ssm::operation::put_parameter::builders::PutParameterFluentBuilder;
use aws_sdk_ssm::types::{Parameter, ParameterStringFilter, ParameterTier, ParameterType, ResourceTypeForTagging, Tag};

use super::busy::Busy;
use super::failure;
use super::login::Connection;
use super::rejected::{Answered, Rejected};
use super::ssm;
use crate::diag::Code;
use crate::provision::{Action, Failure, Fault, Listed, Outcome, Owner, State, Tags};
use crate::quote::quote;
use crate::resolve::NoAnswer;
use crate::secret::Secret;

const SERVICE: &str = "SSM";

/// Makes a call of this service.
pub(super) async fn call(connection: &Connection, action: &Action) -> Answered {
    let client = Client::from_conf(Builder::from(&connection.sdk).retry_classifier(Busy::of(connection)).build());
    let region = failure::region(connection);
    // The errors of the calls have different types.
    macro_rules! sent {
        ($call:expr) => {
            $call.send().await.map_err(|error| Rejected::of(&error, SERVICE, region, connection, action))?
        };
    }
    match action {
        Action::DescribeParameters(owner) => {
            let (mut names, mut token) = (Vec::new(), None);
            loop {
                let filters = Some(of_owner(owner));
                let page = sent!(client.describe_parameters().set_parameter_filters(filters).set_next_token(token));
                names.extend(page.parameters.unwrap_or_default().into_iter().filter_map(|it| it.name));
                token = page.next_token;
                if token.is_none() {
                    return Ok(Outcome::Names(names));
                }
            }
        }
        Action::GetParameters(names) => {
            let found = sent!(client.get_parameters().set_names(Some(names.iter().cloned().collect())));
            let all = found.parameters.unwrap_or_default().into_iter();
            return Ok(Outcome::Resources(all.filter_map(listed).collect()));
        }
        Action::DecryptParameter(name) => {
            let found = sent!(client.get_parameters().names(name).with_decryption(true));
            return decrypted(found.parameters.unwrap_or_default(), name, region);
        }
        Action::CreateParameter(name, value, tags) => {
            let call = put(&client, name, value).r#type(ParameterType::String);
            sent!(call.overwrite(false).set_tags(Some(all(tags))));
        }
        Action::CreateEncryptedParameter(name, it, tags) => {
            let call = put(&client, name, it.value.reveal()).r#type(ParameterType::SecureString);
            sent!(call.set_key_id(it.kms_key.clone()).overwrite(false).set_tags(Some(all(tags))));
        }
        Action::ListParameterTags(name) => {
            let of_parameter = ResourceTypeForTagging::Parameter;
            let found = sent!(client.list_tags_for_resource().resource_type(of_parameter).resource_id(name));
            let tags = found.tag_list.unwrap_or_default().into_iter();
            return Ok(Outcome::Tags(tags.map(|tag| (tag.key, tag.value)).collect()));
        }
        Action::TagParameter(name, tags) => {
            let call = client.add_tags_to_resource().resource_type(ResourceTypeForTagging::Parameter);
            sent!(call.resource_id(name).set_tags(Some(all(tags))));
        }
        Action::UpdateParameter(name, value) => {
            sent!(put(&client, name, value).r#type(ParameterType::String).overwrite(true));
        }
        Action::DeleteParameter(name) => {
            sent!(client.delete_parameter().name(name));
        }
        _ => return Err(Rejected::unreadable(SERVICE, region, connection, action)),
    }
    Ok(Outcome::Done)
}

/// The most characters of a parameter that costs nothing.
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html>
const STANDARD: usize = 4096;

/// A call that writes a value, which may have up to 8192 characters. Without a tier, it would be the default of the account.
fn put(client: &Client, name: &str, value: &str) -> PutParameterFluentBuilder {
    let tier = if value.len() > STANDARD { ParameterTier::Advanced } else { ParameterTier::Standard };
    client.put_parameter().name(name).value(value).tier(tier)
}

fn listed(one: Parameter) -> Option<Listed> {
    let state = State::Parameter { value: one.value.unwrap_or_default() };
    Some(Listed { name: one.name?, arn: String::new(), tags: Tags::new(), state })
}

fn all(tags: &Tags) -> Vec<Tag> {
    tags.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}

/// The value of an encrypted parameter.
fn decrypted(found: Vec<Parameter>, name: &str, region: &str) -> Answered {
    let Some(one) = found.into_iter().next() else {
        let failure = Failure { fault: Fault::NotThere, answer: ssm::missing(name, region) };
        return Err(Rejected { failure, is_throttled: false });
    };
    if one.r#type() != Some(&ParameterType::SecureString) {
        return Err(Rejected::refused(NoAnswer {
            code: Code::AwsSetup,
            why: format!("parameter {} is not encrypted", quote(&name)),
            help: "a private key must be a SecureString: whoever can read this one may have a copy, so make a new CA"
                .to_owned(),
        }));
    }
    Ok(Outcome::Secret(Secret::new(one.value.unwrap_or_default())))
}

/// The filters that choose an owner's parameters.
fn of_owner(owner: &Owner) -> Vec<ParameterStringFilter> {
    let filter = |(key, value): (&String, &String)| {
        ParameterStringFilter::builder().key(format!("tag:{key}")).values(value).build().ok()
    };
    owner.tags().iter().filter_map(filter).collect()
}
