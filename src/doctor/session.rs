//! The errors of IAM Roles Anywhere, and what they mean.

use crate::diag::{Code, Diagnostic};
use crate::resource::Refusal;

/// Part of an error message in lower case, what it means, and what to do. The first match counts.
const CAUSES: &[(&str, &str, &str)] = &[
    (
        // <https://github.com/aws/rolesanywhere-credential-helper/issues/108>
        "untrusted signing certificate",
        "the certificate does not chain to the trust anchor",
        "have it signed by the CA that the trust anchor trusts; if an intermediate CA signs, the sidecar must send \
         the chain (`--intermediates`)",
    ),
    (
        "insufficient certificate",
        "the certificate is not an end-entity certificate that may sign",
        "issue it with the usage `digital signature` and without `isCA`; a CA issuer does not add usages itself",
    ),
    (
        "expired or is not yet valid",
        "the certificate is not valid now",
        "renew it, and compare this machine's clock with the cluster's",
    ),
    ("certificate has expired", "the certificate is not valid now", "renew it: `cmctl renew`"),
    ("subject is empty", "the certificate has no subject", "give it a common name"),
    (
        "rolesessionname",
        "the session has a name, and the profile does not accept one",
        "set `acceptRoleSessionName` on the profile, or remove the session name",
    ),
    (
        "maxsessionduration",
        "the session is longer than the role allows",
        "lower `sessionDuration`, or raise the role's maximum",
    ),
    // <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-create-session.html>
    ("durationseconds", "the session's duration is outside 900 to 43200 seconds", "correct `sessionDuration`"),
    (
        // <https://github.com/aws/rolesanywhere-credential-helper/issues/77>
        "session tags",
        "a value of the certificate cannot be a session tag",
        "use only letters, digits and `_.:/=+-@` in its names",
    ),
    (
        "unable to assume role",
        "the role's trust policy does not allow this certificate, or the role does not exist",
        "compare the policy's conditions with the certificate: `iamra doctor --live` shows both",
    ),
    (
        "trust anchor is disabled",
        "the trust anchor is disabled",
        "enable it: `aws rolesanywhere enable-trust-anchor --trust-anchor-id ID`",
    ),
    ("profile is disabled", "the profile is disabled", "enable it: `aws rolesanywhere enable-profile --profile-id ID`"),
    ("not allowed by the profile", "the profile does not list the role", "add the role to the profile's roles"),
    (
        "trust anchor not found",
        "there is no such trust anchor",
        "correct its ARN; AWS looks in the region and account of the ARN",
    ),
    (
        "profile not found",
        "there is no such profile",
        "correct its ARN; it must be in the trust anchor's region and account",
    ),
    // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html>
    (
        "signature expired",
        "this machine's clock differs from AWS's",
        "correct this machine's clock: AWS allows a difference of five minutes",
    ),
    ("signature", "the signature does not match the certificate", "use the private key of this certificate"),
];

/// What an error's name means if its message is not known.
const KINDS: &[(&str, &str, &str)] = &[
    (
        // <https://docs.aws.amazon.com/general/latest/gr/rolesanywhere.html>
        "ThrottlingException",
        "too many sessions are requested: AWS allows ten per second",
        "wait, and roll out pods more slowly",
    ),
    (
        "ResourceNotFoundException",
        "an ARN refers to something that does not exist",
        "correct it: `iamra doctor --live` shows which one",
    ),
    (
        "AccessDeniedException",
        "AWS rejected the session for a reason that iamra does not know",
        "look for CreateSession in CloudTrail",
    ),
];

/// The diagnostic for a rejected request: the cause, AWS's own message, and what to do.
pub fn refused(refusal: &Refusal) -> Diagnostic {
    let Refusal { status, kind, message } = refusal;
    let message: String = message.chars().filter(|c| !c.is_control()).take(500).collect();
    let words = message.to_lowercase();
    let by_words = CAUSES.iter().find(|(part, ..)| words.contains(part));
    let known = by_words.or_else(|| KINDS.iter().find(|(name, ..)| name == kind));
    let (cause, help) = known
        .map_or(("AWS did not issue a session", "try again, or look for CreateSession in CloudTrail"), |it| {
            (it.1, it.2)
        });
    Diagnostic::error(Code::SessionRefused, format!("{cause} ({status} {kind}: {message})")).help(help)
}
