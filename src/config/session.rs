//! How long the sessions of roles and workloads last.

use super::placed::invalid;
use super::reader::Reader;
use super::v1alpha1 as wire;
use super::{Binding, Role};
use crate::diag::{Code, Diagnostic, Place};
use crate::duration::Duration;
use crate::quote::{quote, typed};
use crate::yaml::FieldPath;

/// CreateSession accepts 900 to 43 200 seconds.
/// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-create-session.html>
const SHORTEST_SESSION: u64 = 900;
const LONGEST_SESSION: u64 = 43_200;
/// AWS's helper renews ten minutes before the end. The ten sessions a second are a quota.
/// <https://github.com/aws/rolesanywhere-credential-helper/blob/main/aws_signing_helper/serve.go>
/// <https://docs.aws.amazon.com/general/latest/gr/rolesanywhere.html>
const SHORTEST_RENEWED: u64 = 1800;

impl Reader<'_> {
    pub(super) fn session(&mut self, text: &str, at: &FieldPath) -> Option<Duration> {
        let session = Duration::parse(text).map_err(|why| invalid(self.report, at, why)).ok()?;
        if !(SHORTEST_SESSION..=LONGEST_SESSION).contains(&session.seconds()) {
            invalid(
                self.report,
                at,
                format!("{} is not between `15m` and `12h`, the limits of a session", quote(&text)),
            );
        }
        Some(session)
    }

    /// Reports a session that the helper of a workload renews constantly.
    pub(super) fn check_renewals(&mut self, binding: &Binding) {
        let session = binding.session();
        if !(SHORTEST_SESSION..SHORTEST_RENEWED).contains(&session.seconds())
            || binding.sidecar.helper.can().renews_in_part
        {
            return;
        }
        let of_role = FieldPath::keys("spec.roles").key(binding.role.name.as_str());
        let at = if binding.session.is_some() { binding.place.clone() } else { of_role }.key("sessionDuration");
        let message = format!(
            "the helper renews a session ten minutes before it expires, so one of {session} is renewed constantly"
        );
        self.report.push(
            Diagnostic::warning(Code::ShortSession, message)
                .at(Place::Config(at))
                .help("use `30m` or more; AWS allows ten new sessions per second for the whole account"),
        );
    }

    /// The session of a workload that sets its own. One that is longer than its role allows could not be requested.
    pub(super) fn own_session(&mut self, workload: &wire::Workload, role: &Role, at: &FieldPath) -> Option<Duration> {
        let at = at.key("sessionDuration");
        let session = self.session(workload.session_duration.as_deref()?, &at)?;
        if (role.session.seconds() + 1..=LONGEST_SESSION).contains(&session.seconds()) {
            let of_role = typed(&FieldPath::keys("spec.roles").key(role.name.as_str()).key("sessionDuration"));
            let message = format!(
                "{} is longer than {}, the longest session of role {}",
                quote(&session),
                quote(&role.session),
                quote(&role.name)
            );
            let help = format!(
                "raise {of_role}, and the profile's and the IAM role's maximum with it: AWS shortens a session to the \
                 former, and rejects one longer than the latter"
            );
            self.report.push(Diagnostic::error(Code::InvalidValue, message).at(Place::Config(at)).help(help));
        }
        Some(session)
    }
}
