//! Parameters of SSM Parameter Store.

use aws_sdk_ssm::Client;
use aws_sdk_ssm::config::Builder;
use aws_sdk_ssm::types::{Parameter, ParameterType};

use super::Answered;
use super::busy::Busy;
use super::calls::{Names, parameter};
use super::failure::{self, Asked};
use super::login::Connection;
use crate::diag::Code;
use crate::quote::quote;
use crate::resolve::{Answer, NoAnswer};
use crate::secret::Secret;

/// One GetParameters call.
pub(super) async fn get(config: &Connection, names: Names, decrypt: bool) -> Answered {
    let region = config.region().map(ToString::to_string).unwrap_or_default();
    let client = Client::from_conf(Builder::from(&config.sdk).retry_classifier(Busy::of(config)).build());
    let request = client.get_parameters().set_names(Some(names.keys().cloned().collect()));
    let result = request.with_decryption(decrypt).send().await;
    let found = match result {
        Ok(output) => output.parameters.unwrap_or_default(),
        Err(error) => {
            let asked =
                Asked { service: "SSM", permission: "`ssm:GetParameters`", region: &region, login: &config.login };
            let why = failure::of(&error, &asked);
            return names.into_values().flatten().map(|query| (query, Err(why.clone()))).collect();
        }
    };
    let answer = |name: &str| {
        // One call never names a parameter twice, so the name alone says which one it is.
        let one = found.iter().find(|one| is(one, name)).ok_or_else(|| missing(name, &region))?;
        read(one, name, decrypt)
    };
    let answered = names.into_iter().flat_map(|(name, queries)| {
        let answer = answer(&name);
        queries.into_iter().map(move |query| (query, answer.clone()))
    });
    answered.collect()
}

/// Whether the response is for this name. The service returns a parameter by name or by ARN, without version or label,
/// regardless of how it was requested.
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_Parameter.html>
fn is(one: &Parameter, asked: &str) -> bool {
    let names = [one.name(), one.arn()];
    names
        .into_iter()
        .flatten()
        .any(|name| parameter(name).trim_start_matches('/') == parameter(asked).trim_start_matches('/'))
}

fn read(one: &Parameter, name: &str, decrypt: bool) -> Result<Answer, NoAnswer> {
    let refuse =
        |why: String, help: &str| Err(NoAnswer { code: Code::UnresolvedReference, why, help: help.to_owned() });
    match one.r#type() {
        Some(ParameterType::StringList) => {
            return refuse(
                format!("parameter {} is a StringList, not a single value", quote(&name)),
                "store it as a String",
            );
        }
        // Without decryption this is the ciphertext.
        Some(ParameterType::SecureString) if !decrypt => {
            return refuse(
                format!("parameter {} is a SecureString, and iamra decrypts only private keys of CAs", quote(&name)),
                "store it as a String: neither ARNs nor certificates are secret",
            );
        }
        _ => {}
    }
    // A file that was stored unchanged ends with a newline.
    let value = one.value().unwrap_or_default().trim_end_matches('\n');
    if value.is_empty() {
        return refuse(format!("parameter {} is empty", quote(&name)), "store a value");
    }
    let version = Some(one.version()).filter(|version| *version > 0);
    Ok(Answer { value: Secret::new(value), version, arn: one.arn().map(str::to_owned) })
}

pub(super) fn missing(name: &str, region: &str) -> NoAnswer {
    let selected =
        name.strip_prefix(parameter(name)).filter(|selector| !selector.is_empty() && !name.starts_with("arn:"));
    let why = match selected {
        Some(selector) => format!(
            "there is no parameter {} with version or label {} in {region}",
            quote(&parameter(name)),
            quote(&selector.trim_start_matches(':'))
        ),
        None => format!("there is no parameter {} in {region}", quote(&name)),
    };
    let help =
        "create it, or correct the name, the region or the account (`aws sts get-caller-identity` shows the account)";
    NoAnswer { code: Code::UnresolvedReference, why, help: help.to_owned() }
}
