//! The forms of values as patterns of the JSON Schema, so that an editor underlines what the check refuses. They are regular
//! expressions that ECMAScript and RE2 read alike; tests/forms.yaml has values that both judge.

/// A duration of Kubernetes that is not zero, as [`crate::duration`] reads it.
pub(super) const DURATION: &str = "^([0-9]+[hms])*[0-9]*[1-9][0-9]*[hms]([0-9]+[hms])*$";

/// The name of a namespace: [`crate::name::DnsLabel`].
pub(super) const LABEL: &str = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$";

/// The name of an object, without the limit of its length: [`crate::name::ObjectName`].
pub(super) const NAME: &str = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$";

/// A region: [`crate::arn::is_region`].
pub(super) const REGION: &str = "^[a-z0-9-]*-[a-z0-9-]*-[a-z0-9-]*[0-9]$";

/// What a reference to a parameter is, and what a template is, which is filled before it is read.
macro_rules! reference {
    ($($literal:literal),+) => {
        concat!(
            r"^ssm:(/[a-zA-Z0-9_.-]+)+(:[a-zA-Z0-9_.-]{1,100})?$",
            r"|^ssm:arn:",
            r"|\{[{%#]",
            $("|", $literal),+
        )
    };
}

/// The ARN of a role.
pub(super) const ROLE_ARN: &str = r"^arn:aws(-[^:]*)?:iam::[0-9]{12}:role/[a-zA-Z0-9_+=,.@/-]*[a-zA-Z0-9_+=,.@-]$";

/// Where the ARN of a role is.
pub(super) const ROLE: &str =
    reference!(r"^arn:aws(-[^:]*)?:iam::[0-9]{12}:role/[a-zA-Z0-9_+=,.@/-]*[a-zA-Z0-9_+=,.@-]$");

/// Where the ARN of a profile is.
pub(super) const PROFILE: &str = reference!(
    r"^arn:aws(-[^:]*)?:rolesanywhere:[a-z0-9-]+:[0-9]{12}:profile/[a-zA-Z0-9_+=,.@/-]*[a-zA-Z0-9_+=,.@-]$",
    r"^rolesanywhere:[a-zA-Z0-9 _-]{1,255}$"
);

/// Where the ARN of a trust anchor is.
pub(super) const TRUST_ANCHOR: &str = reference!(
    r"^arn:aws(-[^:]*)?:rolesanywhere:[a-z0-9-]+:[0-9]{12}:trust-anchor/[a-zA-Z0-9_+=,.@/-]*[a-zA-Z0-9_+=,.@-]$",
    r"^rolesanywhere:[a-zA-Z0-9 _-]{1,255}$"
);

/// Where the ARN of a private CA is.
pub(super) const PRIVATE_CA: &str = reference!(
    r"^arn:aws(-[^:]*)?:acm-pca:[a-z0-9-]+:[0-9]{12}:certificate-authority/[a-zA-Z0-9_+=,.@/-]*[a-zA-Z0-9_+=,.@-]$"
);
