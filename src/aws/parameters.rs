//! Parameters of SSM Parameter Store: looked at and changed. Nothing here decrypts.

use aws_sdk_ssm::Client;
use aws_sdk_ssm::config::Builder;
use aws_sdk_ssm::types::{ParameterStringFilter, ParameterType, Tag};

use super::busy::Busy;
use super::failure;
use super::login::Connection;
use super::rejected::{Answered, Rejected};
use crate::provision::{Action, Listed, Outcome, Owner, State, Tags};

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
            let listed = found.parameters.unwrap_or_default().into_iter().filter_map(|it| {
                let state = State::Parameter { value: it.value.unwrap_or_default() };
                Some(Listed { name: it.name?, arn: String::new(), tags: Tags::new(), state })
            });
            return Ok(Outcome::Resources(listed.collect()));
        }
        Action::CreateParameter(name, value, tags) => {
            let tag = |(key, value)| Tag::builder().key(key).value(value).build().ok();
            let tags = tags.iter().filter_map(tag).collect();
            let call = client.put_parameter().name(name).value(value).r#type(ParameterType::String);
            sent!(call.overwrite(false).set_tags(Some(tags)));
        }
        Action::UpdateParameter(name, value) => {
            let call = client.put_parameter().name(name).value(value).r#type(ParameterType::String);
            sent!(call.overwrite(true));
        }
        Action::DeleteParameter(name) => {
            sent!(client.delete_parameter().name(name));
        }
        _ => return Err(Rejected::unreadable(SERVICE, region, connection, action)),
    }
    Ok(Outcome::Done)
}

/// The filters that choose an owner's parameters.
fn of_owner(owner: &Owner) -> Vec<ParameterStringFilter> {
    let filter = |(key, value): (&String, &String)| {
        ParameterStringFilter::builder().key(format!("tag:{key}")).values(value).build().ok()
    };
    owner.tags().iter().filter_map(filter).collect()
}
