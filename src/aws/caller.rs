//! Who a program is whose credentials a metadata service serves: found and asked as an SDK does it, with the SDK.

use std::time::Duration;

use aws_config::imds::Client;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{Region, SdkConfig};
use aws_runtime::auth::SigningOptions;
use aws_sdk_ssm::config::SharedCredentialsProvider;
use aws_sdk_ssm::error::ProvideErrorMetadata as _;

use super::client::{self, Timer};
use super::http::{self, Call, Signed, element};

/// The ARN of the session whose credentials the metadata service at this URL serves, as the STS at that URL says it.
///
/// # Errors
/// There are no credentials, or STS refuses them; why.
pub fn caller(metadata: &str, sts: &str, region: &str) -> Result<String, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|it| it.to_string())?;
    runtime.block_on(asked(metadata, sts, region))
}

/// How long one of them may take.
const TIME: Duration = Duration::from_secs(10);

async fn asked(metadata: &str, sts: &str, region: &str) -> Result<String, String> {
    let http = client::direct();
    let settings = ProviderConfig::without_region().with_http_client(http.clone()).with_sleep_impl(Timer);
    let imds = Client::builder().configure(&settings).connect_timeout(TIME).read_timeout(TIME).max_attempts(1);
    let imds = imds.endpoint(metadata).map_err(|_| "the metadata service has no URL".to_owned())?.build();
    let credentials = ImdsCredentialsProvider::builder().configure(&settings).imds_client(imds).build();
    let config = SdkConfig::builder()
        .behavior_version(http::behavior())
        .http_client(http)
        .sleep_impl(Timer)
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(TIME).build())
        .retry_config(RetryConfig::disabled())
        .region(Region::new(region.to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    let call = Call {
        service: "STS",
        operation: "GetCallerIdentity",
        endpoint: sts.to_owned(),
        method: "POST",
        path: "/".to_owned(),
        headers: vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())],
        body: "Action=GetCallerIdentity&Version=2011-06-15".to_owned(),
        gives_file: false,
        signed: Signed::By { name: "sts", region: region.to_owned(), options: SigningOptions::default() },
    };
    match http::send(&config, call).await {
        Ok(xml) => element(&xml, "Arn").map(str::to_owned).ok_or_else(|| "the answer has no ARN".to_owned()),
        Err(error) => {
            let words = error.as_service_error().and_then(|it| Some(format!("{}: {}", it.code()?, it.message()?)));
            Err(words.unwrap_or_else(|| "the metadata service gave no credentials".to_owned()))
        }
    }
}
