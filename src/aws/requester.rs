//! Asks for sessions where there is no AWS login: the certificate is the login. So none of AWS's files is read, and nothing
//! but CreateSession is called.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, Region, SdkConfig};
use aws_sdk_ssm::config::SharedHttpClient;

use super::client::Timer;
use super::given::{Declined, Issued, Presented, Profiles};
use super::login::{Connection, Login};
use super::{client, create_session, failure, http};
use crate::resolve::{Identity, NoAnswer};

/// Where IAM Roles Anywhere is reached.
#[derive(Debug, Clone, Default)]
pub struct Endpoint {
    /// In place of the region's public one.
    pub url: Option<String>,
    /// Whether to use the region's FIPS endpoint.
    pub is_fips: bool,
    /// Whether to use the region's dual-stack endpoint.
    pub is_dual_stack: bool,
}

/// Asks for sessions. Needs a tokio runtime around it.
pub struct Requester {
    endpoint: Endpoint,
    http: SharedHttpClient,
    /// The time limit of a call.
    time: Duration,
}

impl Requester {
    /// Prepares everything that needs no network.
    pub fn new(endpoint: Endpoint, time: Duration) -> Self {
        Self { endpoint, http: client::new(), time }
    }

    /// Asks once, and waits no longer than the time limit.
    ///
    /// # Errors
    /// There was no response, or one that cannot be read.
    pub async fn create_session(
        &self,
        identity: &Identity,
        presented: &Presented<'_>,
    ) -> Result<Result<Issued, Declined>, NoAnswer> {
        let connection =
            Connection { sdk: self.config(presented.region), login: Login::of(None, &Profiles::default()) };
        let asked = create_session::ask(&connection, identity, presented);
        tokio::time::timeout(self.time, asked).await.unwrap_or_else(|_| Err(failure::too_late(self.time)))
    }

    fn config(&self, region: &str) -> SdkConfig {
        let connect = client::CONNECT.min(self.time);
        let timeouts = TimeoutConfig::builder().connect_timeout(connect).operation_attempt_timeout(self.time).build();
        let mut config = SdkConfig::builder()
            .behavior_version(http::behavior())
            .http_client(self.http.clone())
            .sleep_impl(Timer)
            .timeout_config(timeouts)
            .region(Region::new(region.to_owned()))
            .use_fips(self.endpoint.is_fips)
            .use_dual_stack(self.endpoint.is_dual_stack);
        config.set_app_name(AppName::new("iamra").ok());
        config.set_endpoint_url(self.endpoint.url.clone());
        config.build()
    }
}
