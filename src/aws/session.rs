//! The connection to AWS: one HTTP client and one single-threaded runtime for everything, and the credentials of each
//! account.

use std::collections::BTreeMap;
use std::panic;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, Region};
use aws_sdk_ssm::config::{SharedCredentialsProvider, SharedHttpClient};
use tokio::runtime::Runtime;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::calls::{Account, Ask, Call};
use super::given::Profiles;
use super::login::{Connection, Login};
use super::s3::{self, Location};
use super::{Answered, Progress, anywhere, client, failure, http, ssm};
use crate::resolve::{Answers, NoAnswer};

/// The time limit of one attempt.
const ATTEMPT: Duration = Duration::from_secs(5);
/// How often progress is reported.
const WORD: Duration = Duration::from_secs(1);
/// How many calls are made at once; the others follow one by one.
const BURST: u32 = 10;
/// Parameter Store allows 40 calls per second for an account and region; iamra uses at most half of them.
/// <https://docs.aws.amazon.com/general/latest/gr/ssm.html>
const PACE: Duration = Duration::from_millis(50);

/// The default number of attempts. With the pauses in between, they take at most eight seconds.
const ATTEMPTS: u32 = 6;

/// Settings from the command line and the environment.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The time limit, after which every query without a response is answered with an error.
    pub time: Time,
    /// How often a call is attempted, with growing random pauses.
    pub attempts: Option<u32>,
    /// AWS's files of profiles.
    pub profiles: Profiles,
}

/// The time limit for calls to AWS, shared by all sessions. It runs only while a session waits for AWS.
#[derive(Debug, Clone)]
pub struct Time {
    all: Duration,
    left: Arc<Mutex<Duration>>,
}

impl Time {
    /// A time limit of this length.
    pub fn new(all: Duration) -> Self {
        Self { all, left: Arc::new(Mutex::new(all)) }
    }

    fn left(&self) -> MutexGuard<'_, Duration> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection to AWS.
pub struct Session {
    /// Present until the session is dropped.
    runtime: Option<Runtime>,
    http: SharedHttpClient,
    settings: Settings,
}

impl Session {
    /// Prepares everything that needs no network.
    ///
    /// # Errors
    /// The operating system provides no event queue.
    pub fn new(settings: Settings) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { runtime: Some(runtime), http: client::new(), settings })
    }

    /// Runs one future on the runtime's thread. It is given the deadline, and the time that it takes is deducted from
    /// the time limit.
    pub(super) fn wait<T>(&self, asked: impl AsyncFnOnce(Instant) -> T) -> T {
        let start = Instant::now();
        let deadline = start + *self.settings.time.left();
        let answer = LocalSet::new().block_on(self.runtime(), asked(deadline));
        let mut left = self.settings.time.left();
        *left = left.saturating_sub(start.elapsed());
        answer
    }

    /// Gives the next calls the whole time limit, where it is that of each call.
    pub(super) fn renew(&self) {
        *self.settings.time.left() = self.settings.time.all;
    }

    /// Waits; this is not deducted from the time limit.
    pub(super) fn sleep(&self, time: Duration) {
        self.runtime().block_on(async { sleep(time).await });
    }

    /// The answer of a single call, or the error that it was too late, with progress reported every second.
    pub(super) fn one<T>(
        &self,
        progress: &Progress<'_>,
        asked: impl Future<Output = Result<T, NoAnswer>>,
    ) -> Result<T, NoAnswer> {
        self.wait(async |deadline| {
            let mut asked = pin!(timeout_at(deadline, asked));
            let mut spoke = false;
            let answer = loop {
                match timeout(WORD, &mut asked).await {
                    Ok(answer) => break answer,
                    Err(_) => progress(0, 1),
                }
                spoke = true;
            };
            if spoke {
                progress(1, 1);
            }
            answer.unwrap_or_else(|_| Err(self.too_late()))
        })
    }

    /// Runs these futures concurrently; `None` for each that does not end in time.
    pub(super) async fn all<T: 'static>(
        &self,
        deadline: Instant,
        asked: impl IntoIterator<Item = impl Future<Output = T> + 'static>,
        progress: &Progress<'_>,
    ) -> Vec<Option<T>> {
        let mut tasks = JoinSet::new();
        for (index, one) in asked.into_iter().enumerate() {
            tasks.spawn_local(async move { (index, timeout_at(deadline, one).await.ok()) });
        }
        let total = tasks.len();
        let mut answers: Vec<Option<T>> = (0..total).map(|_| None).collect();
        let mut next_word = Instant::now() + WORD;
        let mut spoke = false;
        loop {
            match timeout_at(next_word, tasks.join_next()).await {
                Ok(None) => break,
                Ok(Some(Err(error))) if error.is_panic() => panic::resume_unwind(error.into_panic()),
                Ok(Some(Ok((index, answer)))) => {
                    if let Some(slot) = answers.get_mut(index) {
                        *slot = answer;
                    }
                }
                Ok(Some(Err(_))) => {}
                Err(_) => {
                    progress(total - tasks.len(), total);
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

    /// Makes all calls at once, as far as the quotas allow, and collects what is answered in time.
    pub(super) fn run(&self, calls: Vec<Call>, progress: &Progress<'_>) -> Answers {
        self.wait(async |deadline| {
            let mut by_account: BTreeMap<Account, Vec<Call>> = BTreeMap::new();
            for call in calls {
                by_account.entry(call.account.clone()).or_default().push(call);
            }
            let mut asked = Vec::new();
            for (account, calls) in by_account {
                let Ok(config) = timeout_at(deadline, self.config(&account)).await else { break };
                for (index, call) in (0..).zip(calls) {
                    let config = config.clone();
                    asked.push(async move {
                        sleep(pause(index)).await;
                        one(&config, call.ask).await
                    });
                }
            }
            // Calls that were cut off at the deadline have no answers.
            self.all(deadline, asked, progress).await.into_iter().flatten().flatten().collect()
        })
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
        self.one(progress, found)
    }

    #[expect(clippy::expect_used, reason = "only `drop` takes it away")]
    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("it is there until the session is dropped")
    }

    /// The settings and credentials of an account, as the SDKs find them: environment, files, the machine's own.
    pub(super) async fn config(&self, account: &Account) -> Connection {
        let timeouts =
            TimeoutConfig::builder().connect_timeout(client::CONNECT).operation_attempt_timeout(ATTEMPT).build();
        let retries = RetryConfig::standard()
            .with_max_attempts(self.settings.attempts.unwrap_or(ATTEMPTS))
            .with_initial_backoff(Duration::from_millis(200))
            .with_max_backoff(*self.settings.time.left());
        let mut loader = aws_config::defaults(http::behavior())
            .http_client(self.http.clone())
            .timeout_config(timeouts)
            .retry_config(retries);
        if let Ok(name) = AppName::new("iamra") {
            loader = loader.app_name(name);
        }
        if let Some(region) = &account.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(files) = self.settings.profiles.bounded() {
            loader = loader.profile_files(files);
        }
        if let Some(profile) = &account.profile {
            loader = loader.profile_name(profile);
        }
        let config = loader.load().await;
        let login = Login::of(account.profile.as_deref(), &self.settings.profiles);
        let Some(role) = &account.assume_role else { return Connection { sdk: config, login } };
        let provider = AssumeRoleProvider::builder(role).session_name("iamra").configure(&config).build().await;
        let sdk = config.into_builder().credentials_provider(SharedCredentialsProvider::new(provider)).build();
        Connection { sdk, login }
    }

    /// The whole time limit.
    pub(super) fn time(&self) -> Duration {
        self.settings.time.all
    }

    /// The error for a query that was not answered in time.
    pub(super) fn too_late(&self) -> NoAnswer {
        failure::too_late(self.settings.time.all)
    }
}

impl Drop for Session {
    /// The operating system's name lookup cannot be cancelled, so it is left running and not waited for.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// How long a call waits for those before it.
pub(super) fn pause(index: u32) -> Duration {
    PACE * index.saturating_sub(BURST)
}

async fn one(config: &Connection, ask: Ask) -> Answered {
    if config.region().is_none() {
        return ask.queries().into_iter().map(|query| (query, Err(failure::no_region()))).collect();
    }
    match ask {
        Ask::Parameters { names, decrypt } => ssm::get(config, names, decrypt).await,
        Ask::TrustAnchors(queries) => anywhere::trust_anchors(config, queries).await,
        Ask::Profiles(queries) => anywhere::profiles(config, queries).await,
    }
}
