//! Requests that no SDK makes: CreateSession, which is signed by a certificate, and the one call to IAM.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_types::service_config::ServiceConfigKey;
use tokio::time::timeout;

use super::failure;
use crate::resolve::NoAnswer;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A POST, signed already.
pub(super) struct Post<'p> {
    pub(super) url: &'p str,
    pub(super) headers: &'p [(String, String)],
    pub(super) body: &'p str,
}

/// What came back.
pub(super) struct Response {
    pub(super) status: u16,
    /// The error's name, where the service says it in a header.
    pub(super) kind: Option<String>,
    pub(super) body: String,
}

/// Sends it once.
pub(super) async fn send(post: Post<'_>, service: &str) -> Result<Response, NoAnswer> {
    let unreachable = || failure::unreachable(service, post.url);
    let mut request = HttpRequest::new(SdkBody::from(post.body));
    request.set_method("POST").map_err(|_| unreachable())?;
    request.set_uri(post.url).map_err(|_| unreachable())?;
    for (name, value) in post.headers {
        request.headers_mut().try_insert(name.clone(), value.clone()).map_err(|_| unreachable())?;
    }
    let connector = Connector::builder()
        .proxy_config(ProxyConfig::from_env())
        .tls_provider(Provider::rustls(CryptoMode::Ring))
        .build();
    let answer = timeout(PATIENCE, async {
        let response = connector.call(request).await.ok()?;
        let status = response.status().as_u16();
        let kind =
            response.headers().get("x-amzn-errortype").map(|kind| kind.split(':').next().unwrap_or(kind).to_owned());
        let body = ByteStream::new(response.into_body()).collect().await.ok()?.to_vec();
        Some(Response { status, kind, body: String::from_utf8_lossy(&body).into_owned() })
    });
    answer.await.ok().flatten().ok_or_else(unreachable)
}

/// The endpoint that is configured for a service, for all of AWS, or neither.
pub(super) fn configured_endpoint(config: &SdkConfig, service: &str) -> Option<String> {
    let key =
        ServiceConfigKey::builder().service_id(service).env("AWS_ENDPOINT_URL").profile("endpoint_url").build().ok()?;
    let own = config.service_config().and_then(|settings| settings.load_config(key));
    own.or_else(|| config.endpoint_url().map(str::to_owned)).map(|url| url.trim_end_matches('/').to_owned())
}

/// Percent-encoded, as signatures want it.
pub(super) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
