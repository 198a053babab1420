//! How AWS is reached: one HTTP client and one runtime of one thread for everything, and the credentials of each
//! account.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, Region, SdkConfig};
use aws_sdk_ssm::config::{RuntimeComponents, SharedCredentialsProvider, SharedHttpClient};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, Connector};
use tokio::runtime::Runtime;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::calls::{Account, Ask, Call};
use super::s3::{self, Location};
use super::{Answered, Progress, anywhere, failure, http, ssm};
use crate::resolve::{Answers, NoAnswer};

/// How long one try may take before it is made again.
const ATTEMPT: Duration = Duration::from_secs(5);
/// How long a connection may take. The SDK's own default, which is made for the same endpoints.
const CONNECT: Duration = Duration::from_millis(3100);
/// How often it is told how far it is.
pub(super) const WORD: Duration = Duration::from_secs(1);
/// So many calls are made at once; the others follow one by one.
const BURST: usize = 10;
/// Parameter Store allows 40 calls a second to a whole account and region; half of that is left to others.
const PACE: Duration = Duration::from_millis(50);

/// What is decided outside.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// After this time every query has an answer, if only that there was none in time.
    pub time: Duration,
    /// How often one call is tried, with growing pauses of random length between.
    pub attempts: u32,
}

/// A way to AWS.
pub struct Session {
    /// There until it is dropped.
    runtime: Option<Runtime>,
    http: SharedHttpClient,
    settings: Settings,
}

impl Session {
    /// Prepares everything that needs no network.
    ///
    /// # Errors
    /// The operating system gives no event queue.
    pub fn new(settings: Settings) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        // The SDK's default client stands on another library; this is the same with ring, proxies included.
        let http = Builder::new().build_with_connector_fn(|settings, components| {
            let mut builder = Connector::builder();
            builder.set_connector_settings(settings.cloned());
            builder.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
            builder.proxy_config(ProxyConfig::from_env()).tls_provider(Provider::rustls(CryptoMode::Ring)).build()
        });
        Ok(Self { runtime: Some(runtime), http, settings })
    }

    /// Waits for one thing, on the runtime's one thread.
    pub(super) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime().block_on(future)
    }

    /// One answer, or that there was none in time.
    pub(super) async fn in_time<T>(&self, asked: impl Future<Output = Result<T, NoAnswer>>) -> Result<T, NoAnswer> {
        timeout(self.settings.time, asked).await.unwrap_or_else(|_| Err(self.too_late()))
    }

    /// One answer, and a word every second until it is there.
    pub(super) async fn told<T>(&self, word: impl Fn(), asked: impl Future<Output = T>) -> T {
        let mut asked = pin!(asked);
        loop {
            match timeout(WORD, &mut asked).await {
                Ok(answer) => return answer,
                Err(_) => word(),
            }
        }
    }

    /// The same of a call that is the only one.
    pub(super) async fn told_alone<T>(&self, progress: &Progress<'_>, asked: impl Future<Output = T>) -> T {
        let spoke = Cell::new(false);
        let word = || {
            progress(0, 1);
            spoke.set(true);
        };
        let answer = self.told(word, asked).await;
        if spoke.get() {
            progress(1, 1);
        }
        answer
    }

    /// Makes all calls at once, as far as the quotas allow, and collects what is answered in time.
    pub(super) fn run(&self, calls: Vec<Call>, progress: &Progress<'_>) -> Answers {
        LocalSet::new().block_on(self.runtime(), self.run_all(calls, progress))
    }

    /// Reads an object of S3.
    ///
    /// # Errors
    /// There is none, or no answer in time; why, and what to do.
    pub fn object(&self, account: &Account, location: &Location, progress: &Progress<'_>) -> Result<String, NoAnswer> {
        let found = async {
            let config = self.config(account).await;
            if config.region().is_none() {
                return Err(failure::no_region());
            }
            s3::get(&config, location).await
        };
        self.block_on(self.told_alone(progress, self.in_time(found)))
    }

    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("it is there until the session is dropped")
    }

    async fn run_all(&self, calls: Vec<Call>, progress: &Progress<'_>) -> Answers {
        let deadline = Instant::now() + self.settings.time;
        let mut tasks = JoinSet::new();
        let total = calls.len();
        let mut by_account: BTreeMap<Account, Vec<Call>> = BTreeMap::new();
        for call in calls {
            by_account.entry(call.account.clone()).or_default().push(call);
        }
        for (account, calls) in by_account {
            let Ok(config) = timeout_at(deadline, self.config(&account)).await else { break };
            for (index, call) in calls.into_iter().enumerate() {
                let pause = PACE * u32::try_from(index.saturating_sub(BURST)).unwrap_or(u32::MAX);
                let config = config.clone();
                tasks.spawn_local(timeout_at(deadline, async move {
                    sleep(pause).await;
                    one(&config, call.ask).await
                }));
            }
        }
        let mut answers = Answers::new();
        let mut done = 0;
        let mut next_word = Instant::now() + WORD;
        let mut spoke = false;
        loop {
            match timeout_at(next_word, tasks.join_next()).await {
                Ok(None) => break,
                Ok(Some(answered)) => {
                    done += 1;
                    // What was cut off at the deadline answers nothing.
                    answers.extend(answered.ok().and_then(Result::ok).unwrap_or_default());
                }
                Err(_) => {
                    progress(done, total);
                    spoke = true;
                    next_word += WORD;
                }
            }
        }
        if spoke {
            progress(total, total);
        }
        answers
    }

    /// The settings and credentials of an account, as the SDKs find them: environment, files, the machine's own.
    pub(super) async fn config(&self, account: &Account) -> SdkConfig {
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT).build();
        let retries = RetryConfig::standard()
            .with_max_attempts(self.settings.attempts)
            .with_initial_backoff(Duration::from_millis(200))
            .with_max_backoff(Duration::from_secs(4));
        let mut loader = aws_config::defaults(http::behavior())
            .http_client(self.http.clone())
            .app_name(AppName::new("iamra").expect("letters"))
            .timeout_config(timeouts)
            .retry_config(retries);
        if let Some(region) = &account.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(profile) = &account.profile {
            loader = loader.profile_name(profile);
        }
        let config = loader.load().await;
        let Some(role) = &account.assume_role else { return config };
        let provider = AssumeRoleProvider::builder(role).session_name("iamra").configure(&config).build().await;
        config.into_builder().credentials_provider(SharedCredentialsProvider::new(provider)).build()
    }

    /// What is said of a query that was not answered in time.
    pub(super) fn too_late(&self) -> NoAnswer {
        failure::too_late(self.settings.time)
    }
}

impl Drop for Session {
    /// The operating system's name lookup cannot be cut off: it may end when it wants, and nobody waits for it.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn one(config: &SdkConfig, ask: Ask) -> Answered {
    if config.region().is_none() {
        return ask.queries().into_iter().map(|query| (query, Err(failure::no_region()))).collect();
    }
    match ask {
        Ask::Parameters { names, decrypt } => ssm::get(config, names, decrypt).await,
        Ask::TrustAnchors(queries) => anywhere::trust_anchors(config, queries).await,
        Ask::Profiles(queries) => anywhere::profiles(config, queries).await,
    }
}
