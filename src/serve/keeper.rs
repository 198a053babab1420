//! When to ask for a session, and what there is until then. No clock, no network, no randomness: all three are handed in.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use super::credentials::Credentials;

/// The first pause after a failure; each further one doubles it.
const FIRST: Duration = Duration::from_secs(1);
/// The longest pause. AWS allows an account ten sessions per second and region. Pods that are refused pause a minute and a half
/// on average, so eight hundred of them take nine of these.
/// <https://docs.aws.amazon.com/general/latest/gr/rolesanywhere.html>
const LONGEST: Duration = Duration::from_mins(2);
/// The longest pause while our own files are wrong, which costs nobody anything.
const LONGEST_LOCAL: Duration = Duration::from_secs(5);
/// The longest pause that AWS can ask for.
const LONGEST_ASKED: Duration = Duration::from_mins(5);

/// A moment: on the clock that people read, and since the start, which nobody sets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) wall: OffsetDateTime,
    pub(super) since: Duration,
}

/// Why there is no session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trouble {
    /// AWS's own code, or ours.
    pub(super) code: String,
    /// AWS's own words, or ours.
    pub(super) words: String,
    /// Whether AWS was not even asked.
    pub(super) is_local: bool,
    /// How long AWS wants to be left alone.
    pub(super) retry_after: Option<Duration>,
}

/// The credentials of one role.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    good: Option<Arc<Credentials>>,
    trouble: Option<Trouble>,
    failures: u32,
    due: Duration,
    /// Sessions that were asked for.
    pub(super) calls: u64,
    /// Failures by their codes.
    pub(super) refusals: BTreeMap<String, u64>,
    /// When the certificate ends that was presented last.
    pub(super) certificate_end: Option<OffsetDateTime>,
}

impl Keeper {
    /// How long to wait before the next call; nothing when it is due. Credentials that end before then by a clock that was
    /// set make it due at once.
    pub(super) fn wait(&self, now: Moment) -> Duration {
        let has_ended = self.failures == 0 && self.good.is_some() && self.credentials(now).is_none();
        if has_ended { Duration::ZERO } else { self.due.saturating_sub(now.since) }
    }

    /// AWS gave credentials. They are refreshed at two thirds of their life, up to a tenth of it earlier.
    pub(super) fn granted(&mut self, credentials: Credentials, now: Moment, chance: f64) {
        let life = (credentials.end - now.wall).unsigned_abs();
        self.due = now.since + life.mul_f64(2.0 / 3.0 - 0.1 * chance);
        self.good = Some(Arc::new(credentials));
        self.trouble = None;
        self.failures = 0;
    }

    /// There is no new session. What there is stays. The pause is between half and all of what it could be.
    pub(super) fn failed(&mut self, trouble: Trouble, now: Moment, chance: f64) {
        let longest = if trouble.is_local { LONGEST_LOCAL } else { LONGEST };
        let pause = FIRST.saturating_mul(1 << self.failures.min(10)).min(longest).mul_f64(0.5 + 0.5 * chance);
        let asked = trouble.retry_after.unwrap_or_default().min(LONGEST_ASKED);
        self.due = now.since + pause.max(asked);
        self.failures += 1;
        *self.refusals.entry(trouble.code.clone()).or_default() += 1;
        self.trouble = Some(trouble);
    }

    /// Makes the next call due, because what was refused has changed.
    pub(super) fn hurry(&mut self) {
        self.due = Duration::ZERO;
    }

    /// The credentials, until they end.
    pub(super) fn credentials(&self, now: Moment) -> Option<&Arc<Credentials>> {
        self.good.as_ref().filter(|it| it.end > now.wall)
    }

    /// Why there is no newer session.
    pub(super) fn trouble(&self) -> Option<&Trouble> {
        self.trouble.as_ref()
    }

    /// Whether the first answer is still to come.
    pub(super) fn is_new(&self) -> bool {
        self.good.is_none() && self.trouble.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::{Granted, Issued};
    use crate::secret::Secret;

    fn at(seconds: u64) -> Moment {
        let wall = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap() + Duration::from_secs(seconds);
        Moment { wall, since: Duration::from_secs(seconds) }
    }

    fn credentials(from: u64, to: u64) -> Credentials {
        let expiration = crate::certificate::rfc3339(at(to).wall);
        let [access_key_id, secret_access_key, session_token] = ["a", "b", "c"].map(Secret::new);
        let granted = Granted { arn: "arn".to_owned(), expiration };
        Credentials::new(Issued { granted, access_key_id, secret_access_key, session_token }, at(from).wall).unwrap()
    }

    fn trouble(retry_after: Option<u64>) -> Trouble {
        let retry_after = retry_after.map(Duration::from_secs);
        Trouble { code: "No".to_owned(), words: "Not now".to_owned(), is_local: false, retry_after }
    }

    #[test]
    fn credentials_are_kept_to_their_end_through_refusals() {
        let mut keeper = Keeper::default();
        assert!(keeper.is_new() && keeper.wait(at(0)).is_zero());
        keeper.granted(credentials(0, 3600), at(0), 0.0);
        assert_eq!(keeper.wait(at(0)), Duration::from_mins(40));
        assert!(keeper.wait(at(2400)).is_zero());
        keeper.failed(trouble(None), at(2400), 1.0);
        assert!(keeper.credentials(at(3599)).is_some() && keeper.credentials(at(3600)).is_none());
        assert_eq!(keeper.trouble().map(|it| it.code.as_str()), Some("No"));
        keeper.granted(credentials(3700, 7300), at(3700), 1.0);
        assert!(keeper.credentials(at(3700)).is_some() && keeper.trouble().is_none());
        assert_eq!(keeper.wait(at(3700)).as_secs(), 2040);
    }

    #[test]
    fn pauses_grow_to_a_limit_and_last_as_long_as_aws_asks() {
        let mut keeper = Keeper::default();
        let mut pauses = Vec::new();
        for _ in 0..10 {
            keeper.failed(trouble(None), at(0), 1.0);
            pauses.push(keeper.wait(at(0)).as_secs());
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 120, 120, 120]);
        keeper.failed(trouble(Some(200)), at(0), 0.0);
        assert_eq!(keeper.wait(at(0)).as_secs(), 200);
        keeper.failed(trouble(Some(100_000)), at(0), 0.0);
        assert_eq!(keeper.wait(at(0)).as_secs(), 300);
        keeper.hurry();
        assert!(keeper.wait(at(0)).is_zero());
        assert_eq!(keeper.refusals["No"], 12);
    }

    #[test]
    fn a_clock_that_was_set_forward_makes_a_call_due() {
        let mut keeper = Keeper::default();
        keeper.granted(credentials(0, 3600), at(0), 0.0);
        let later = Moment { wall: at(4000).wall, since: Duration::from_secs(10) };
        assert!(keeper.wait(later).is_zero() && keeper.credentials(later).is_none());
        keeper.failed(trouble(None), later, 1.0);
        assert_eq!(keeper.wait(later).as_secs(), 1);
    }
}
