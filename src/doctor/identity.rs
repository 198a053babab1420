//! Compares the trust anchor, profile and role in AWS with what the declaration requires.

use super::trust;
use crate::arn::Arn;
use crate::certificate::Certificate;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::quote::{quote, typed};
use crate::resolve::ResolvedBinding;
use crate::resource::{Found, Profile, Role, Seen, TrustAnchor};
use crate::trust::Mapping;

/// What is known in addition to the declaration.
#[derive(Debug, Clone, Copy)]
pub struct Known<'k> {
    /// The CA chain of the workload's certificate in the cluster; empty when the cluster was not checked.
    pub authorities: &'k [Certificate],
    /// The CA that the declaration writes into the Secret, with its chain; empty when the Secret comes from elsewhere,
    /// or the CA is not known.
    pub declared: &'k [Certificate],
    /// The same of the CA beside it, during a rotation.
    pub other: &'k [Certificate],
    /// Seconds since 1970.
    pub now: i64,
}

impl<'k> Known<'k> {
    /// The CA that signs the workloads' certificates, which is the first of the chain: the cluster's if known,
    /// otherwise the declaration's.
    fn signer(self) -> Option<&'k Certificate> {
        self.authorities.first().or(self.declared.first())
    }
}

/// What is correct becomes lines; problems become diagnostics.
pub fn identity(binding: &ResolvedBinding, seen: &Seen, known: Known<'_>, report: &mut Report) -> Vec<String> {
    let mut check = Check { binding, report, lines: Vec::new() };
    if let Some(anchor) = check.found(&seen.trust_anchor) {
        check.trust_anchor(anchor, known);
    }
    if let Some(profile) = check.found(&seen.profile) {
        check.profile(profile);
    }
    if let Some(role) = check.found(&seen.role) {
        check.role(role);
        let default = Mapping::default();
        let mapping = seen.profile.as_ref().map_or(&default, |profile| &profile.mapping);
        trust::policy(binding, &role.trust_policy, (known.signer(), mapping), check.report, &mut check.lines);
        if let Some(other) = known.other.first() {
            // The certificates of the other CA must be allowed as well, at the latest when it signs.
            trust::policy(binding, &role.trust_policy, (Some(other), mapping), check.report, &mut check.lines);
        }
    }
    check.lines
}

struct Check<'c> {
    binding: &'c ResolvedBinding,
    report: &'c mut Report,
    lines: Vec<String>,
}

impl Check<'_> {
    fn found<'f, T>(&mut self, found: &'f Found<T>) -> Option<&'f T> {
        found.as_ref().map_err(|none| self.say(Diagnostic::error(none.code, &none.why).help(&none.help))).ok()
    }

    fn say(&mut self, diagnostic: Diagnostic) {
        self.report.push(diagnostic.at(Place::Config(self.binding.declared.place.clone())));
    }

    fn wrong(&mut self, message: String, help: &str) {
        self.say(Diagnostic::error(Code::AwsSetup, message).help(help));
    }

    /// How many certificates it can hold: <https://docs.aws.amazon.com/general/latest/gr/rolesanywhere.html>.
    fn trust_anchor(&mut self, anchor: &TrustAnchor, known: Known<'_>) {
        let arn = &self.binding.identity.trust_anchor;
        if !anchor.enabled {
            // The API's default: <https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_CreateTrustAnchor.html>
            self.wrong(format!("the trust anchor {arn} is disabled"), &enable("trust-anchor", Some(arn)));
        }
        let Some(pem) = &anchor.certificates else {
            self.lines.push(format!("trust anchor {arn} trusts AWS Private CA"));
            return;
        };
        let certificates = match Certificate::all(pem) {
            Ok(certificates) => certificates,
            Err(why) => {
                return self
                    .wrong(format!("the certificate of the trust anchor {arn} cannot be read: {why}"), "replace it");
            }
        };
        for certificate in &certificates {
            self.expiry(certificate, known.now);
        }
        let sides = [
            (known.authorities, "that signs in this cluster", ", which signs in this cluster"),
            (known.declared, "of the declaration", ", as the declaration does"),
        ];
        let trusted = |authority: &Certificate| certificates.iter().any(|certificate| certificate.der == authority.der);
        let mut strangers: Vec<&Certificate> = Vec::new();
        for (authorities, which, _) in sides {
            let stranger = authorities.last().filter(|_| !authorities.iter().any(trusted));
            if let Some(stranger) = stranger.filter(|it| !strangers.contains(it)) {
                strangers.push(stranger);
                self.wrong(
                    format!(
                        "the CA {which}, {} (SHA-256 {:.16}…), is not trusted by the trust anchor {arn}",
                        quote(&stranger.subject),
                        stranger.fingerprint()
                    ),
                    "add its certificate to the trust anchor, or put the CA that the trust anchor trusts into the \
                     Secret",
                );
            }
        }
        self.other(&certificates, known);
        if anchor.enabled && strangers.is_empty() {
            let ends = certificates
                .iter()
                .map(|it| format!("{} until {}", quote(&it.subject), it.end()))
                .collect::<Vec<_>>()
                .join(", ");
            let compared = sides.iter().find(|(authorities, ..)| !authorities.is_empty());
            let compared = compared.map_or("; no CA was available for comparison", |(.., words)| words);
            self.lines.push(format!("trust anchor {arn} is enabled and trusts {ends}{compared}"));
        }
    }

    /// The CA beside the one that signs: one that is not trusted must not sign, and no certificate of it may be in use.
    fn other(&mut self, trusted: &[Certificate], known: Known<'_>) {
        let Some(other) = known.other.first().filter(|_| !known.other.iter().any(|it| trusted.contains(it))) else {
            return;
        };
        let arn = &self.binding.identity.trust_anchor;
        let (code, words) = if self.binding.declared.issuer.is_next() {
            (Code::EarlyRemoval, "the previous CA")
        } else {
            (Code::EarlySwitch, "the next CA")
        };
        let message = format!(
            "{words}, {} (SHA-256 {:.16}…), is not trusted by the trust anchor {arn}",
            quote(&other.subject),
            other.fingerprint()
        );
        let help = "run `iamra ca rotation`, which says what must be true before the next step";
        self.say(Diagnostic::warning(code, message).help(help));
    }

    fn expiry(&mut self, certificate: &Certificate, now: i64) {
        if certificate.not_after.unix_timestamp() <= now {
            self.wrong(
                format!("the trust anchor's CA {} expired on {}", quote(&certificate.subject), certificate.end()),
                "add the new CA certificate to the trust anchor (it can hold two), then replace the CA's Secret",
            );
        } else if let Some(trouble) = certificate.trouble(now) {
            self.say(trouble.of(&quote(&certificate.subject)));
        }
    }

    fn profile(&mut self, profile: &Profile) {
        let identity = &self.binding.identity;
        let (arn, role) = (&identity.profile, identity.role.as_str());
        let before = self.report.diagnostics().len();
        if !profile.enabled {
            self.wrong(format!("the profile {arn} is disabled"), &enable("profile", Some(arn)));
        }
        if !profile.roles.iter().any(|listed| listed == role) {
            self.wrong(
                format!("the profile {arn} does not list the role {role}"),
                "add the role to the profile's roles",
            );
        }
        let wanted = self.binding.declared.session().seconds();
        if let Some(most) = profile.duration.filter(|most| *most < wanted) {
            self.say(
                Diagnostic::warning(
                    Code::AwsSetup,
                    format!("sessions of {wanted} s are requested, and the profile {arn} limits them to {most} s"),
                )
                .help("raise the profile's duration, or lower `sessionDuration`"),
            );
        }
        if self.binding.declared.sidecar.role_session_name.is_some() && !profile.accepts_session_name {
            self.wrong(
                format!("the sidecar sets a session name, and the profile {arn} does not accept one"),
                "set `acceptRoleSessionName` on the profile, or remove the session name",
            );
        }
        if self.report.diagnostics().len() == before {
            self.lines.push(format!("profile {arn} is enabled and lists the role"));
        }
    }

    fn role(&mut self, role: &Role) {
        let wanted = self.binding.declared.session().seconds();
        if role.longest_session < wanted {
            let message = format!(
                "sessions of {wanted} s are requested, and the role {} allows {} s: AWS rejects the request instead \
                 of shortening the session",
                self.binding.identity.role, role.longest_session
            );
            self.wrong(message, "raise the role's maximum session duration, or lower `sessionDuration`");
        }
    }
}

/// How to enable a trust anchor or a profile, whose ARN may not be known.
pub(super) fn enable(what: &str, arn: Option<&Arn>) -> String {
    let which = arn.map_or_else(|| "ID".to_owned(), |arn| format!("{} --region {}", arn.id(), arn.region));
    format!("enable it: {}", typed(&format_args!("aws rolesanywhere enable-{what} --{what}-id {which}")))
}
