//! The HTTP client of every call.

use std::time::Duration;

use aws_sdk_ssm::config::{AsyncSleep, RuntimeComponents, SharedHttpClient, Sleep};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, Connector};

use super::bounded::Bounded;

/// The time limit for connecting: the SDK's default for the same endpoints.
/// <https://github.com/smithy-lang/smithy-rs/blob/main/rust-runtime/aws-smithy-runtime/src/client/defaults.rs>
pub(super) const CONNECT: Duration = Duration::from_millis(3100);

/// The SDK's default client uses a different library; this one is the same with ring, including proxies.
pub(super) fn new() -> SharedHttpClient {
    of(ProxyConfig::from_env)
}

/// The same without a proxy, for what is on this machine.
pub(super) fn direct() -> SharedHttpClient {
    of(ProxyConfig::disabled)
}

fn of(proxy: fn() -> ProxyConfig) -> SharedHttpClient {
    let client = Builder::new().build_with_connector_fn(move |settings, components| {
        let mut builder = Connector::builder();
        builder.set_connector_settings(settings.cloned());
        builder.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        builder.proxy_config(proxy()).tls_provider(Provider::rustls(CryptoMode::Ring)).build()
    });
    SharedHttpClient::new(Bounded(client))
}

/// The runtime's timer.
#[derive(Debug, Clone)]
pub(super) struct Timer;

impl AsyncSleep for Timer {
    fn sleep(&self, time: Duration) -> Sleep {
        Sleep::new(tokio::time::sleep(time))
    }
}
