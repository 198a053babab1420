//! Reads objects of S3: iam-ra's state document. S3's SDK would be the largest dependency, for one call.

use aws_config::SdkConfig;
use aws_runtime::auth::SigningOptions;
use aws_sdk_ssm::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};

use super::failure::{self, Asked};
use super::http::{self, Call, Signed};
use super::login::Connection;
use crate::diag::Code;
use crate::quote::quote;
use crate::resolve::NoAnswer;

const SERVICE: &str = "S3";

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

/// GetObject.
pub(super) async fn get(config: &Connection, location: &Location) -> Result<String, NoAnswer> {
    let Location { bucket, key } = location;
    let region = failure::region(config);
    let asked =
        Asked { service: SERVICE, permission: "`s3:GetObject` and `kms:Decrypt`", region, login: &config.login };
    // Unlike all other services, S3 signs the path unmodified and requires the body's hash in a header.
    // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>
    let mut options = SigningOptions::default();
    options.double_uri_encode = false;
    options.normalize_uri_path = false;
    options.content_sha256_header = true;
    let call = Call {
        service: SERVICE,
        operation: "GetObject",
        endpoint: endpoint(config).await,
        method: "GET",
        path: format!("/{bucket}/{key}"),
        headers: Vec::new(),
        body: String::new(),
        gives_file: true,
        signed: Signed::By { name: "s3", region: region.to_owned(), options },
    };
    http::send(config, call).await.map_err(|error| match error.raw_response().map(|it| it.status().as_u16()) {
        Some(404) => NoAnswer {
            code: Code::UnresolvedReference,
            why: format!("there is no {} in {region}", quote(&format_args!("s3://{bucket}/{key}"))),
            help: "check the region and the account".to_owned(),
        },
        _ => failure::of(&error, &asked),
    })
}

/// The endpoint of S3: the configured one, or the one next to Parameter Store's, which works in every partition.
/// <https://docs.aws.amazon.com/general/latest/gr/s3.html>
async fn endpoint(config: &SdkConfig) -> String {
    if let Some(url) = http::configured_endpoint(config, SERVICE) {
        return url;
    }
    let params = Params::builder().set_region(config.region().map(ToString::to_string));
    let Ok(params) = params.build() else { return String::new() };
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
}
