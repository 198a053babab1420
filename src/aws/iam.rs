//! IAM's GetRole. One call in IAM's own protocol does not justify an SDK of a quarter of a million lines.

use aws_config::SdkConfig;
use aws_runtime::auth::SigningOptions;
use aws_sdk_ssm::error::ProvideErrorMetadata as _;

use super::failure::{self, Asked};
use super::http::{self, Call, Signed, decoded, element, encoded};
use super::login::Connection;
use crate::arn::Arn;
use crate::diag::Code;
use crate::resolve::NoAnswer;
use crate::resource::{Found, Role};

const SERVICE: &str = "IAM";

/// A role's trust policy and its longest session.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html>
pub(super) async fn role(config: &Connection, arn: &Arn) -> Found<Role> {
    let name = arn.as_str().rsplit('/').next().unwrap_or_default();
    let (endpoint, region) = endpoint(config, &arn.partition);
    let asked = Asked { service: SERVICE, permission: "`iam:GetRole`", region: &region, login: &config.login };
    let call = Call {
        service: SERVICE,
        operation: "GetRole",
        endpoint,
        method: "POST",
        path: "/".to_owned(),
        headers: vec![("content-type".to_owned(), "application/x-www-form-urlencoded; charset=utf-8".to_owned())],
        body: format!("Action=GetRole&Version=2010-05-08&RoleName={}", encoded(name)),
        signed: Signed::By { name: "iam", region: region.clone(), options: SigningOptions::default() },
    };
    let answer = http::send(config, call).await;
    let xml = answer.map_err(|error| match error.as_service_error().and_then(|refused| refused.code()) {
        Some("NoSuchEntity") => NoAnswer {
            code: Code::AwsSetup,
            why: format!("there is no role {arn}"),
            help: "create it, or correct the ARN".to_owned(),
        },
        _ => failure::of(&error, &asked),
    })?;
    // The policy comes percent-encoded.
    let policy = element(&xml, "AssumeRolePolicyDocument").and_then(|text| serde_json::from_str(&decoded(text)).ok());
    let longest = element(&xml, "MaxSessionDuration").and_then(|text| text.parse().ok());
    // Without this element, a role's maximum is one hour.
    // <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>
    let role = policy.map(|trust_policy| Role { longest_session: longest.unwrap_or(3600), trust_policy });
    role.ok_or_else(|| failure::unreadable(&asked))
}

/// Each partition has one IAM endpoint, in one of its regions.
/// <https://docs.aws.amazon.com/general/latest/gr/iam-service.html>
fn endpoint(config: &SdkConfig, partition: &str) -> (String, String) {
    let (url, region) = match partition {
        "aws-cn" => ("https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        "aws-us-gov" => ("https://iam.us-gov.amazonaws.com", "us-gov-west-1"),
        "aws-eusc" => ("https://iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
        _ => ("https://iam.amazonaws.com", "us-east-1"),
    };
    (http::configured_endpoint(config, SERVICE).unwrap_or_else(|| url.to_owned()), region.to_owned())
}
