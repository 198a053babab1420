//! Calls to IAM and STS in the protocol that both share (docs/design/015 says why there is no SDK), and GetRole.

use aws_runtime::auth::SigningOptions;
use aws_sdk_ssm::error::{ProvideErrorMetadata as _, SdkError};

use super::failure::{self, Asked};
use super::http::{self, Call, Refused, Signed, decoded, element, encoded};
use super::login::Connection;
use crate::arn::{self, Arn};
use crate::diag::Code;
use crate::resolve::NoAnswer;
use crate::resource::{Found, Role};

/// Without `MaxSessionDuration`, a role's maximum is one hour.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>
pub(super) const LONGEST_BY_DEFAULT: u64 = 3600;

/// The services that use this protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    Iam,
    Sts,
}

impl Service {
    /// As people call it, and as settings do.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Iam => "IAM",
            Self::Sts => "STS",
        }
    }

    /// As signatures call it, and the version of its API.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Iam => ("iam", "2010-05-08"),
            Self::Sts => ("sts", "2011-06-15"),
        }
    }

    /// Endpoint and region. Each partition has one IAM endpoint, in one of its regions; STS has one in each region.
    /// <https://docs.aws.amazon.com/general/latest/gr/iam-service.html>
    /// <https://docs.aws.amazon.com/general/latest/gr/sts.html>
    fn endpoint(self, config: &Connection, partition: &str) -> (String, String) {
        let region = failure::region(config);
        let (url, region) = match (self, partition) {
            (Self::Iam, "aws-cn") => ("https://iam.cn-north-1.amazonaws.com.cn".to_owned(), "cn-north-1"),
            (Self::Iam, "aws-us-gov") => ("https://iam.us-gov.amazonaws.com".to_owned(), "us-gov-west-1"),
            (Self::Iam, "aws-eusc") => ("https://iam.eusc-de-east-1.amazonaws.eu".to_owned(), "eusc-de-east-1"),
            (Self::Iam, _) => ("https://iam.amazonaws.com".to_owned(), "us-east-1"),
            (Self::Sts, "aws-cn") => (format!("https://sts.{region}.amazonaws.com.cn"), region),
            (Self::Sts, "aws-eusc") => (format!("https://sts.{region}.amazonaws.eu"), region),
            (Self::Sts, _) => (format!("https://sts.{region}.amazonaws.com"), region),
        };
        (http::configured_endpoint(config, self.words()).unwrap_or(url), region.to_owned())
    }
}

/// Makes one call.
pub(super) async fn query(
    config: &Connection,
    service: Service,
    action: &'static str,
    parameters: &[(String, String)],
) -> Result<String, SdkError<Refused>> {
    query_in(config, arn::partition(failure::region(config)), service, action, parameters).await
}

async fn query_in(
    config: &Connection,
    partition: &str,
    service: Service,
    action: &'static str,
    parameters: &[(String, String)],
) -> Result<String, SdkError<Refused>> {
    let (endpoint, region) = service.endpoint(config, partition);
    let (name, version) = service.names();
    let parameters = parameters.iter().map(|(name, value)| format!("&{name}={}", encoded(value)));
    let parameters: String = parameters.collect();
    let call = Call {
        service: service.words(),
        operation: action,
        endpoint,
        method: "POST",
        path: "/".to_owned(),
        headers: vec![("content-type".to_owned(), "application/x-www-form-urlencoded; charset=utf-8".to_owned())],
        body: format!("Action={action}&Version={version}{parameters}"),
        gives_file: false,
        signed: Signed::By { name, region, options: SigningOptions::default() },
    };
    http::send(config, call).await
}

/// A role's trust policy and its longest session.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html>
pub(super) async fn role(config: &Connection, arn: &Arn) -> Found<Role> {
    let name = arn.id();
    let (_, region) = Service::Iam.endpoint(config, &arn.partition);
    let asked =
        Asked { service: Service::Iam.words(), permission: "`iam:GetRole`", region: &region, login: &config.login };
    let parameters = [("RoleName".to_owned(), name.to_owned())];
    let answer = query_in(config, &arn.partition, Service::Iam, "GetRole", &parameters).await;
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
    let role = policy.map(|trust_policy| Role { longest_session: longest.unwrap_or(LONGEST_BY_DEFAULT), trust_policy });
    role.ok_or_else(|| failure::unreadable(&asked))
}
