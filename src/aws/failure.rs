//! Explains why a call to AWS failed, and which permission, flag or setting is missing.

use std::error::Error;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_ssm::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::bounded::TOO_LARGE;
use super::login::Login;
use crate::diag::Code;
use crate::resolve::NoAnswer;
use crate::secret::PRIVATE_KEY;

/// The SDK's error text when it could not load credentials.
/// <https://github.com/smithy-lang/smithy-rs/blob/main/aws/rust-runtime/aws-credential-types/src/provider/error.rs>
const LOADING: &str = "an error occurred while loading credentials";

/// The call that failed.
pub(super) struct Asked<'a> {
    /// The service's name in messages.
    pub(super) service: &'a str,
    /// The permissions that the call needs.
    pub(super) permission: &'a str,
    /// The region of the call.
    pub(super) region: &'a str,
    /// Where its credentials come from.
    pub(super) login: &'a Login,
}

/// The region that calls of this configuration go to.
pub(super) fn region(config: &SdkConfig) -> &str {
    config.region().map_or("", AsRef::as_ref)
}

/// What a failed call means for its queries.
pub(super) fn of<E>(error: &SdkError<E>, asked: &Asked<'_>) -> NoAnswer
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let Asked { service, region, .. } = asked;
    if let Some(answer) = error.raw_response().and_then(foreign) {
        return not_aws(&answer, asked);
    }
    match error {
        SdkError::ServiceError(failed) => refused(failed.err(), failed.raw().status().as_u16(), asked),
        SdkError::TimeoutError(_) => failed(
            format!("{service} in {region} did not respond in time"),
            "check the network and the proxy (HTTPS_PROXY), or raise the time limit (`--timeout`)",
        ),
        SdkError::ResponseError(answer) => match answer.raw().status().as_u16() {
            429 => throttled(asked),
            // A redirect, which AWS's services have no use for.
            status @ 300..400 => not_aws(&status.to_string(), asked),
            status @ 500.. => failed(format!("{service} in {region} failed: HTTP {status}"), "try again later"),
            _ => unreadable(asked),
        },
        other => dispatch(other, asked),
    }
}

/// Status and content type of a response that is not from AWS, whose services all respond with JSON or XML.
pub(super) fn foreign(response: &HttpResponse) -> Option<String> {
    let kind = response.headers().get("content-type")?.split(';').next().unwrap_or_default().trim().to_lowercase();
    let is_aws = kind.is_empty() || kind.contains("json") || kind == "text/xml" || kind == "application/xml";
    let words: String = kind.chars().filter(char::is_ascii_graphic).take(60).collect();
    (!is_aws).then(|| format!("{} {words}", response.status()))
}

/// Causes of failed TLS connections: the library's error text, what it means, and what to do. The library is
/// <https://github.com/rustls/rustls>; the versions are those of
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/infrastructure-security.html>
const TLS: &[(&str, &str, &str)] = &[
    (
        "UnknownIssuer",
        "its certificate was issued by a CA that this machine does not trust (UnknownIssuer)",
        "set SSL_CERT_FILE to the CA of a TLS-intercepting proxy, or install the system's CA certificates \
         (`ca-certificates`)",
    ),
    (
        "certificate expired",
        "its certificate has expired",
        "check this machine's clock, or renew the certificate of the proxy or the endpoint",
    ),
    (
        "Expired",
        "its certificate has expired",
        "check this machine's clock, or renew the certificate of the proxy or the endpoint",
    ),
    ("NotValidYet", "its certificate is not valid yet", "correct this machine's clock"),
    ("not valid yet", "its certificate is not valid yet", "correct this machine's clock"),
    (
        "NotValidForName",
        "its certificate is for a different host name",
        "check AWS_ENDPOINT_URL and the proxy (HTTPS_PROXY): a different server responds there",
    ),
    (
        "not valid for name",
        "its certificate is for a different host name",
        "check AWS_ENDPOINT_URL and the proxy (HTTPS_PROXY): a different server responds there",
    ),
    (
        "BadSignature",
        "its certificate was signed by a CA that has the name of one which this machine trusts, and another key \
         (BadSignature)",
        "set SSL_CERT_FILE to the present CA of the endpoint or of a TLS-intercepting proxy: it may have been renewed",
    ),
    (
        "CaUsedAsEndEntity",
        "its certificate is that of a CA, not of a server (CaUsedAsEndEntity)",
        "give the proxy or the endpoint a certificate that its CA has signed for a server",
    ),
    (
        "InvalidContentType",
        "the server does not speak TLS",
        "check AWS_ENDPOINT_URL and the proxy (HTTPS_PROXY): use `http://` for one without TLS",
    ),
    (
        "HandshakeFailure",
        "no TLS version or cipher suite in common",
        "check for a proxy between this machine and AWS (HTTPS_PROXY): AWS supports TLS 1.2 and 1.3",
    ),
    (
        "ProtocolVersion",
        "no TLS version or cipher suite in common",
        "check for a proxy between this machine and AWS (HTTPS_PROXY): AWS supports TLS 1.2 and 1.3",
    ),
];

/// A response of something else.
fn not_aws(answer: &str, Asked { service, region, .. }: &Asked<'_>) -> NoAnswer {
    failed(
        format!("{service} in {region} returned {answer}, which is not a response of AWS"),
        "check for a proxy or a gateway between this machine and AWS (HTTPS_PROXY, AWS_ENDPOINT_URL)",
    )
}

/// A response that cannot be parsed.
pub(super) fn unreadable(asked: &Asked<'_>) -> NoAnswer {
    failed(
        format!("{} in {} sent a response that cannot be read", asked.service, asked.region),
        "check that nothing between this machine and AWS rewrites responses",
    )
}

/// The service did not respond at all: the network failed, or loading the credentials did.
fn dispatch(error: &dyn Error, asked: &Asked<'_>) -> NoAnswer {
    let causes = causes(error);
    let Asked { service, region, login, .. } = asked;
    if causes.contains("sts:AssumeRole") {
        return no_access(
            "the role that the scope uses for lookups cannot be assumed".to_owned(),
            "allow `sts:AssumeRole` on it, and allow these credentials in its trust policy",
        );
    }
    if let Some((_, cause)) = causes.split_once(LOADING) {
        let (why, help) = match answer(cause) {
            "" => (login.why(), login.help()),
            answer => (
                answer.to_owned(),
                "sign in again (`aws sso login`), or check AWS_PROFILE, AWS_ACCESS_KEY_ID and the role that the scope \
                 uses for lookups"
                    .to_owned(),
            ),
        };
        return no_access(format!("cannot load AWS credentials for {service}{}", said(&why)), &help);
    }
    if causes.contains(TOO_LARGE) {
        return failed(
            format!("{service} in {region} sent {TOO_LARGE}, and iamra stopped reading it"),
            "check for a proxy or a gateway between this machine and AWS (HTTPS_PROXY, AWS_ENDPOINT_URL)",
        );
    }
    if let Some((_, meaning, help)) = TLS.iter().find(|(part, ..)| causes.contains(part)) {
        return failed(format!("{service} in {region} cannot be reached: {meaning}"), help);
    }
    if causes.contains("redential") {
        return no_access(format!("no AWS credentials found for {service}{}", said(&login.why())), &login.help());
    }
    if causes.contains("dns error") || causes.contains("lookup address") {
        return failed(
            format!("the host name of {service} in {region} cannot be resolved"),
            "check the region, the network and the proxy (HTTPS_PROXY)",
        );
    }
    let last = causes.rsplit(": ").next().unwrap_or_default();
    let (why, help) = if causes.contains("invalid peer certificate") {
        (
            format!("its certificate is not accepted ({last})"),
            "show it, `openssl s_client -connect HOST:443`, and mend the certificate of the proxy or the endpoint",
        )
    } else {
        (last.to_owned(), "check the network, the proxy (HTTPS_PROXY) and the endpoint (AWS_ENDPOINT_URL)")
    };
    failed(format!("{service} in {region} cannot be reached: {why}"), help)
}

/// The error and all of its causes.
fn causes(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(": ");
        words.push_str(&error.to_string());
        cause = error.source();
    }
    words
}

/// The message of the service that provides credentials; empty when the error is not from a service. Other sources,
/// such as a `credential_process`, may print a key, so their output is not shown.
fn answer(cause: &str) -> &str {
    let refusal = cause.strip_prefix(": service error: ");
    refusal.and_then(|text| text.split("message: \"").nth(1)?.split('"').next()).unwrap_or_default()
}

/// The service received the call and rejected it.
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html>
fn refused(error: &impl ProvideErrorMetadata, status: u16, asked: &Asked<'_>) -> NoAnswer {
    let Asked { service, permission, region, .. } = asked;
    let (code, said) = (error.code().unwrap_or_default(), said(error.message().unwrap_or_default()));
    match code {
        "" if status < 500 && status != 429 && said.is_empty() => not_aws(&format!("{status} without an error"), asked),
        "AccessDeniedException" | "AccessDenied"
            if said.contains("kms:") && permission.contains("ssm:PutParameter") =>
        {
            no_access(
                format!("AWS denied encryption of a parameter in {region}{said}"),
                "allow `kms:Encrypt` and `kms:GenerateDataKey` on the KMS key, and also in its key policy if the key is in \
                 another account",
            )
        }
        "AccessDeniedException" | "AccessDenied" if said.contains("kms:") || said.contains("ciphertext") => no_access(
            format!("AWS denied decryption of a parameter in {region}{said}"),
            "allow `kms:Decrypt` on the parameter's KMS key, and also in the key policy if the key is in another \
             account",
        ),
        "AccessDeniedException" | "AccessDenied" => no_access(
            format!("AWS denied {permission} in {region}{said}"),
            &format!("allow {permission} for these credentials; docs/aws.md has the policy"),
        ),
        "InvalidKeyId" | "KMSInvalidStateException" => no_access(
            format!("the KMS key of an encrypted parameter in {region} cannot be used{said}"),
            "enable the KMS key, and allow `kms:Decrypt` on it",
        ),
        "ExpiredTokenException" | "ExpiredToken" | "RequestExpired" => {
            no_access("the AWS credentials have expired".to_owned(), "sign in again, such as with `aws sso login`")
        }
        "RequestTimeTooSkewed" => wrong_clock(&said),
        "InvalidSignatureException" | "SignatureDoesNotMatch"
            if said.contains("xpired") || said.contains("current") =>
        {
            wrong_clock(&said)
        }
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignatureException"
        | "MissingAuthenticationToken" => no_access(
            format!("{service} in {region} does not accept the AWS credentials{said}"),
            "check AWS_PROFILE or AWS_ACCESS_KEY_ID; credentials are valid in one partition only",
        ),
        "ThrottlingException" | "Throttling" | "TooManyRequestsException" | "RequestLimitExceeded" => throttled(asked),
        _ if status == 429 => throttled(asked),
        "LimitExceeded" | "LimitExceededException" | "ServiceQuotaExceededException" | "ParameterLimitExceeded" => {
            NoAnswer {
                code: Code::AwsSetup,
                why: format!("a quota of {service} in {region} is used up{said}"),
                help: "request a higher quota, or delete what is not needed; then run the command again".to_owned(),
            }
        }
        _ if status >= 500 => failed(format!("{service} in {region} failed: HTTP {status}{said}"), "try again later"),
        _ => failed(format!("{service} in {region} rejected the call: {code}{said}"), "see docs/aws.md"),
    }
}

fn throttled(asked: &Asked<'_>) -> NoAnswer {
    failed(
        format!("{} in {} is throttling the calls of this account", asked.service, asked.region),
        "try again later, or run `iamra lock` once and render from the lock",
    )
}

fn wrong_clock(said: &str) -> NoAnswer {
    no_access(format!("this machine's clock differs from AWS's{said}"), "correct the clock")
}

/// The service's own message, to append to one of ours. One that repeats a private key, as messages about invalid requests
/// repeat what was sent, is left out.
fn said(words: &str) -> String {
    if words.contains(PRIVATE_KEY) {
        return String::new();
    }
    let words: String = words.trim().trim_end_matches('.').chars().filter(|c| !c.is_control()).take(500).collect();
    if words.is_empty() { words } else { format!(": {words}") }
}

pub(super) fn no_region() -> NoAnswer {
    failed("no AWS region is set".to_owned(), "set `spec.region`, or AWS_REGION")
}

pub(super) fn too_late(time: Duration) -> NoAnswer {
    failed(
        format!("AWS did not answer within {} s", time.as_secs()),
        "check the network and the proxy (HTTPS_PROXY), or raise the time limit (`--timeout`)",
    )
}

fn failed(why: String, help: &str) -> NoAnswer {
    NoAnswer { code: Code::AwsFailed, why, help: help.to_owned() }
}

fn no_access(why: String, help: &str) -> NoAnswer {
    NoAnswer { code: Code::NoAccess, why, help: help.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::said;

    #[test]
    fn a_message_that_repeats_a_private_key_is_left_out() {
        let key = include_str!("../../tests/data/ca/key.pem");
        let of = |value: &str| format!("1 validation error detected: Value '{value}' at 'value' failed");
        assert_eq!(said(&of("x")), ": 1 validation error detected: Value 'x' at 'value' failed");
        assert_eq!(said(&of(key)), "");
        assert_eq!(said(&of(&key.replace('\n', "\\n"))), "");
    }
}
