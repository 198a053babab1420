//! Objects of S3, by the signing and the HTTP client that the other services' SDKs stand on.

use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_sdk_ssm::config::ProvideCredentials as _;
use aws_sdk_ssm::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
use aws_sdk_ssm::config::http::HttpRequest;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_types::byte_stream::ByteStream;

use super::failure::{self, Asked};
use crate::diag::Code;
use crate::resolve::NoAnswer;

/// A place in S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    bucket: String,
    key: String,
}

impl Location {
    /// Reads `s3://BUCKET/KEY` with a plain key.
    pub fn parse(text: &str) -> Option<Self> {
        let (bucket, key) = text.trim().strip_prefix("s3://")?.split_once('/')?;
        let plain =
            |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/".contains(&b));
        let fits = plain(bucket) && plain(key) && key.split('/').all(|part| !["", ".", ".."].contains(&part));
        fits.then(|| Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }
}

/// GetObject, at this time of day.
pub(super) async fn get(
    config: &SdkConfig,
    http: &dyn HttpConnector,
    location: &Location,
    now: SystemTime,
) -> Result<Vec<u8>, NoAnswer> {
    let region = failure::region(config);
    let asked = Asked { service: "S3", permission: "`s3:GetObject` and `kms:Decrypt`", region };
    let url = format!("{}/{}/{}", endpoint(config).await, location.bucket, location.key);
    let provider = config.credentials_provider().ok_or_else(|| failure::without_credentials(&asked))?;
    let credentials = provider.provide_credentials().await.map_err(|_| failure::without_credentials(&asked))?;
    let identity = credentials.into();
    // Of all services S3 alone signs the path as it is, and wants the body's hash in a header.
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let params =
        v4::SigningParams::builder().identity(&identity).region(region).name("s3").time(now).settings(settings);
    let params = params.build().expect("everything is set").into();
    let request = SignableRequest::new("GET", &url, [].into_iter(), SignableBody::Bytes(&[])).expect("a plain URL");
    let (signature, _) = sign(request, &params).expect("a plain request").into_parts();
    let mut request = HttpRequest::get(&url).expect("a plain URL");
    for (name, value) in signature.headers() {
        request.headers_mut().insert(name.to_owned(), value.to_owned());
    }
    let response = http.call(request).await.map_err(|error| failure::dispatch(&error, &asked))?;
    let status = response.status().as_u16();
    let body = ByteStream::new(response.into_body()).collect().await;
    let body = body.map_err(|error| failure::dispatch(&error, &asked))?.into_bytes().to_vec();
    match status {
        200 => Ok(body),
        404 => Err(NoAnswer {
            code: Code::UnresolvedReference,
            why: format!("there is no `s3://{}/{}` in {region}", location.bucket, location.key),
            help: "check the region and the account".to_owned(),
        }),
        _ => Err(failure::of_xml(&String::from_utf8_lossy(&body), status, &asked)),
    }
}

/// Where S3 is: beside Parameter Store, in every partition of AWS, or where everything is.
async fn endpoint(config: &SdkConfig) -> String {
    let params = Params::builder().set_region(config.region().map(ToString::to_string));
    let params = params.set_endpoint(config.endpoint_url().map(str::to_owned)).build().expect("all have defaults");
    let found = DefaultResolver::new().resolve_endpoint(&params).await;
    let url = found.map(|endpoint| endpoint.url().trim_end_matches('/').to_owned()).unwrap_or_default();
    url.replacen("://ssm.", "://s3.", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations() {
        let found = Location::parse("s3://iam-ra-default/default/state.json\n").unwrap();
        assert_eq!((found.bucket.as_str(), found.key.as_str()), ("iam-ra-default", "default/state.json"));
        for bad in
            ["", "s3://", "s3://b", "s3://b/", "https://b/k", "s3://b/../k", "s3://b/a b", "s3://b/a?x", "s3://b//k"]
        {
            assert_eq!(Location::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn endpoints_of_every_partition() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for (region, expected) in [
            ("eu-central-1", "https://s3.eu-central-1.amazonaws.com"),
            ("us-gov-west-1", "https://s3.us-gov-west-1.amazonaws.com"),
            ("cn-north-1", "https://s3.cn-north-1.amazonaws.com.cn"),
            ("eusc-de-east-1", "https://s3.eusc-de-east-1.amazonaws.eu"),
        ] {
            let config = || SdkConfig::builder().region(aws_config::Region::new(region));
            assert_eq!(runtime.block_on(endpoint(&config().build())), expected);
            let double = config().endpoint_url("http://127.0.0.1:5000/").build();
            assert_eq!(runtime.block_on(endpoint(&double)), "http://127.0.0.1:5000");
        }
    }

    #[test]
    fn refusals_in_xml_are_understood() {
        let asked = Asked { service: "S3", permission: "`s3:GetObject` and `kms:Decrypt`", region: "eu-central-1" };
        let refusal = |code: &str, status| {
            let xml = format!("<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>Not now.</Message></Error>");
            failure::of_xml(&xml, status, &asked)
        };
        let denied = refusal("AccessDenied", 403);
        assert_eq!(
            (denied.code, denied.why.as_str()),
            (Code::NoAccess, "AWS refuses `s3:GetObject` and `kms:Decrypt` in eu-central-1: Not now")
        );
        assert_eq!(refusal("ExpiredToken", 400).why, "the AWS credentials have expired");
        assert_eq!(refusal("RequestTimeTooSkewed", 403).help, "set the clock");
        assert_eq!(refusal("SlowDown", 503).code, Code::AwsFailed);
        assert_eq!(failure::of_xml("not XML", 500, &asked).code, Code::AwsFailed);
    }
}
