//! When a certificate is renewed, and what may go wrong before it has ended.

use crate::duration::Duration;

/// How long cert-manager waits after the first failed issuance; each further wait is twice as long, up to `LONGEST_WAIT`.
/// <https://github.com/cert-manager/cert-manager/blob/master/internal/apis/config/controller/v1alpha1/defaults.go>
const FIRST_WAIT: u64 = 3600;
const LONGEST_WAIT: u64 = 32 * 3600;
/// How late the kubelet may bring a changed Secret into the pod: its sync period, and the age of what it has cached.
/// <https://kubernetes.io/docs/concepts/configuration/secret/#using-secrets-as-files-from-a-pod>
const SYNC: u64 = 120;
/// From which `renewBefore` a failure leaves time for the second attempt to take a while: an approval, or a CA that is slow.
const COMFORTABLE: u64 = 7200;

/// What may go wrong with a renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Margin {
    /// How many attempts in a row may fail.
    pub failures: u32,
    /// Seconds that are left after one failed attempt, the next one, and the kubelet's delay; `None` if the certificate has
    /// ended by then.
    pub spare: Option<u64>,
    /// Whether that is enough for a second attempt that takes a while.
    pub is_comfortable: bool,
}

/// The margin of a certificate that is renewed so long before its end. A session that exists when a certificate ends helps
/// nobody: the next one may be due in that moment, and a new pod has none.
pub fn margin(renew_before: &Duration) -> Margin {
    let window = renew_before.seconds();
    let (mut failures, mut waited, mut wait) = (0, SYNC, FIRST_WAIT);
    while waited + wait <= window {
        failures += 1;
        waited += wait;
        wait = LONGEST_WAIT.min(2 * wait);
    }
    Margin { failures, spare: window.checked_sub(SYNC + FIRST_WAIT), is_comfortable: window >= COMFORTABLE }
}

impl Margin {
    /// For people: what a failure leads to.
    pub fn in_words(&self) -> String {
        let Some(spare) = self.spare else { return "none, one failure is a gap".to_owned() };
        let failures = if self.failures == 1 { "1 failure".to_owned() } else { format!("{} failures", self.failures) };
        let (hours, minutes) = (spare / 3600, spare % 3600 / 60);
        let hours = if hours == 0 { String::new() } else { format!("{hours}h") };
        format!("{failures}, {hours}{minutes}m left after the first")
    }
}
