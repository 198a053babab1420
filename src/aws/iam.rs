//! IAM's GetRole. One call in a protocol of its own does not need an SDK of a quarter of a million lines.

use aws_config::SdkConfig;
use aws_sdk_ssm::config::ProvideCredentials as _;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use serde_json::Value;
use time::OffsetDateTime;

use super::failure;
use super::http::{self, Post, encoded};
use crate::arn::Arn;
use crate::diag::Code;
use crate::doctor::{Found, Role};
use crate::resolve::NoAnswer;

const SERVICE: &str = "IAM";

/// A role's trust policy and its longest session.
pub(super) async fn role(config: &SdkConfig, arn: &Arn, now: OffsetDateTime) -> Found<Role> {
    let name = arn.as_str().rsplit('/').next().unwrap_or_default();
    let (url, region) = endpoint(config, &arn.partition);
    let body = format!("Action=GetRole&Version=2010-05-08&RoleName={}", encoded(name));
    let headers = signed(config, &url, &region, &body, now).await.ok_or_else(|| failure::no_credentials(SERVICE))?;
    let answer = http::send(Post { url: &url, headers: &headers, body: &body }, SERVICE).await?;
    if answer.status != 200 {
        return Err(refused(arn, &answer.body));
    }
    let policy = between(&answer.body, "AssumeRolePolicyDocument")
        .map(decoded)
        .and_then(|text| serde_json::from_str(&text).ok());
    let longest = between(&answer.body, "MaxSessionDuration").and_then(|text| text.parse().ok());
    Ok(Role { longest_session: longest.unwrap_or(3600), trust_policy: policy.unwrap_or(Value::Null) })
}

/// IAM is one for each partition, in one of its regions.
fn endpoint(config: &SdkConfig, partition: &str) -> (String, String) {
    let (url, region) = match partition {
        "aws-cn" => ("https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        "aws-us-gov" => ("https://iam.us-gov.amazonaws.com", "us-gov-west-1"),
        "aws-eusc" => ("https://iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
        _ => ("https://iam.amazonaws.com", "us-east-1"),
    };
    (format!("{}/", http::configured_endpoint(config, SERVICE).unwrap_or_else(|| url.to_owned())), region.to_owned())
}

async fn signed(
    config: &SdkConfig,
    url: &str,
    region: &str,
    body: &str,
    now: OffsetDateTime,
) -> Option<Vec<(String, String)>> {
    let credentials = config.credentials_provider()?.provide_credentials().await.ok()?;
    let identity = credentials.into();
    let settings = SigningSettings::default();
    let params =
        v4::SigningParams::builder().identity(&identity).region(region).name("iam").time(now.into()).settings(settings);
    let params = params.build().ok()?.into();
    let content = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
    let request =
        SignableRequest::new("POST", url, [content].into_iter(), SignableBody::Bytes(body.as_bytes())).ok()?;
    let (instructions, _) = sign(request, &params).ok()?.into_parts();
    let added = instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned()));
    Some([(content.0.to_owned(), content.1.to_owned())].into_iter().chain(added).collect())
}

fn refused(arn: &Arn, body: &str) -> NoAnswer {
    match between(body, "Code") {
        Some("NoSuchEntity") => NoAnswer {
            code: Code::AwsSetup,
            why: format!("there is no role {arn}"),
            help: "create it, or correct the ARN".to_owned(),
        },
        Some(code @ ("AccessDenied" | "InvalidClientTokenId" | "ExpiredToken" | "SignatureDoesNotMatch")) => NoAnswer {
            code: Code::NoAccess,
            why: format!("these credentials may not read the role {arn} ({code})"),
            help: "allow `iam:GetRole` on it, or sign in again".to_owned(),
        },
        code => NoAnswer {
            code: Code::AwsFailed,
            why: format!("IAM does not say what the role {arn} is ({})", code.unwrap_or("no reason")),
            help: "try again".to_owned(),
        },
    }
}

/// What stands in the first element of this name. IAM's answers have no attributes there, and nothing nested.
fn between<'t>(text: &'t str, element: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("<{element}>"))?;
    rest.split_once(&format!("</{element}>")).map(|(content, _)| content)
}

/// The policy comes percent-encoded.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        match (first, after) {
            (b'%', [high, low, after @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                bytes.push(hex(*high).unwrap_or(0) * 16 + hex(*low).unwrap_or(0));
                rest = after;
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        for text in ["app", "a+b=c,d.e@f-g", "{\"Version\": \"2012-10-17\"}", "ü%"] {
            assert_eq!(decoded(&encoded(text)), text);
        }
        assert_eq!(between("<a><Code>No</Code></a>", "Code"), Some("No"));
    }
}
