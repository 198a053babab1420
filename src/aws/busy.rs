//! Retries a call that was rejected with "try later", by a service or by a proxy in front of it that does not use the
//! service's error codes.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction, RetryReason};
use aws_smithy_types::retry::ErrorKind;

/// How long a service wants to be left alone. Only seconds are read: a date would require a correct clock.
/// <https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3>
pub(super) fn retry_after(response: &HttpResponse) -> Option<Duration> {
    response.headers().get("retry-after").and_then(|after| after.trim().parse().ok()).map(Duration::from_secs)
}

/// Retries on status 429, and respects `Retry-After`.
#[derive(Debug)]
pub(super) struct Busy {
    /// The longest pause that is accepted.
    longest: Duration,
}

impl Busy {
    /// For calls with this configuration; the longest pause is the whole time limit.
    pub(super) fn of(config: &SdkConfig) -> Self {
        Self { longest: config.retry_config().map_or(Duration::MAX, RetryConfig::max_backoff) }
    }
}

impl ClassifyRetry for Busy {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        self.classify_retry_v2(context, &RetryAction::NoActionIndicated)
    }

    fn classify_retry_v2(&self, context: &InterceptorContext, previous: &RetryAction) -> RetryAction {
        let Some(response) = context.response() else { return RetryAction::NoActionIndicated };
        let kind = match previous {
            RetryAction::RetryIndicated(RetryReason::RetryableError { kind, .. }) => *kind,
            // <https://www.rfc-editor.org/rfc/rfc6585#section-4>
            _ if response.status().as_u16() == 429 => ErrorKind::ThrottlingError,
            _ => return RetryAction::NoActionIndicated,
        };
        match retry_after(response) {
            None if response.status().as_u16() == 429 => RetryAction::retryable_error(kind),
            None => RetryAction::NoActionIndicated,
            Some(after) if after >= self.longest => RetryAction::RetryForbidden,
            Some(after) => RetryAction::retryable_error_with_explicit_delay(kind, after),
        }
    }

    fn name(&self) -> &'static str {
        "come back later"
    }
}
