//! Amazon Resource Names of the three things an identity is made of, and of CAs.

use std::fmt;

use crate::quote::quote;

/// What an ARN must name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ArnKind {
    /// `arn:aws:rolesanywhere:REGION:ACCOUNT:trust-anchor/ID`
    TrustAnchor,
    /// `arn:aws:rolesanywhere:REGION:ACCOUNT:profile/ID`
    Profile,
    /// `arn:aws:iam::ACCOUNT:role/NAME`
    Role,
    /// `arn:aws:acm-pca:REGION:ACCOUNT:certificate-authority/ID`
    PrivateCa,
}

impl ArnKind {
    /// Its name in messages.
    pub fn words(self) -> &'static str {
        match self {
            Self::TrustAnchor => "trust anchor ARN",
            Self::Profile => "profile ARN",
            Self::Role => "role ARN",
            Self::PrivateCa => "private CA ARN",
        }
    }

    /// An example of an ARN of this kind.
    pub fn example(self) -> &'static str {
        match self {
            Self::TrustAnchor => {
                "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/01234567-89ab-cdef-0123-456789abcdef"
            }
            Self::Profile => {
                "arn:aws:rolesanywhere:eu-central-1:111122223333:profile/01234567-89ab-cdef-0123-456789abcdef"
            }
            Self::Role => "arn:aws:iam::111122223333:role/payments",
            Self::PrivateCa => {
                "arn:aws:acm-pca:eu-central-1:111122223333:certificate-authority/01234567-89ab-cdef-0123-456789abcdef"
            }
        }
    }

    /// Service and the resource's prefix.
    /// <https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_TrustAnchorDetail.html>
    /// <https://docs.aws.amazon.com/rolesanywhere/latest/APIReference/API_ProfileDetail.html>
    /// <https://docs.aws.amazon.com/privateca/latest/APIReference/API_CertificateAuthority.html>
    fn shape(self) -> (&'static str, &'static str) {
        match self {
            Self::TrustAnchor => ("rolesanywhere", "trust-anchor/"),
            Self::Profile => ("rolesanywhere", "profile/"),
            Self::Role => ("iam", "role/"),
            Self::PrivateCa => ("acm-pca", "certificate-authority/"),
        }
    }
}

/// A checked ARN.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arn {
    text: String,
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: String,
    /// Empty for IAM, which has no regions.
    pub region: String,
    /// Twelve digits.
    pub account: String,
}

impl Arn {
    /// Reads an ARN of the given kind. The patterns are those of the service's API model and IAM's name rules.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
    ///
    /// # Errors
    /// The sentence that says what is wrong with it.
    pub fn parse(kind: ArnKind, text: &str) -> Result<Self, String> {
        let (service, prefix) = kind.shape();
        let wrong = |what: String| Err(format!("{} is not a {}: {what}", quote(&text), kind.words()));
        let parts: Vec<_> = text.splitn(6, ':').collect();
        let &["arn", partition, found, region, account, resource] = parts.as_slice() else {
            return wrong("an ARN has six parts, `arn:partition:service:region:account:resource`".to_owned());
        };
        if partition != "aws" && !partition.starts_with("aws-") {
            return wrong(format!("{} is not a partition of AWS", quote(&partition)));
        }
        if found != service {
            return wrong(format!("its service is {}, not {}", quote(&found), quote(&service)));
        }
        if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
            return wrong("the account is not twelve digits".to_owned());
        }
        if region.is_empty() != (kind == ArnKind::Role) || !is_region_text(region) {
            return wrong(format!("its region is {}", quote(&region)));
        }
        let Some(id) = resource.strip_prefix(prefix) else {
            return wrong(format!("its resource does not begin with {}", quote(&prefix)));
        };
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@-/".contains(&b);
        if id.is_empty() || !id.bytes().all(allowed) || id.ends_with('/') {
            return wrong(format!("nothing that could be a name follows {}", quote(&prefix)));
        }
        Ok(Self {
            text: text.to_owned(),
            partition: partition.to_owned(),
            region: region.to_owned(),
            account: account.to_owned(),
        })
    }

    /// The ARN as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The last part of the resource, which the service uses as an id or a name.
    pub fn id(&self) -> &str {
        self.text.rsplit('/').next().unwrap_or_default()
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether the text can be a region: `eu-central-1`, `us-gov-west-1`.
/// <https://docs.aws.amazon.com/general/latest/gr/rande.html>
pub fn is_region(text: &str) -> bool {
    is_region_text(text) && text.matches('-').count() >= 2 && text.ends_with(|c: char| c.is_ascii_digit())
}

/// The partition of a region.
/// <https://docs.aws.amazon.com/general/latest/gr/rande.html>
pub fn partition(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "aws-cn",
        Some("eusc") => "aws-eusc",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

fn is_region_text(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_read_and_others_are_not() {
        for kind in [ArnKind::TrustAnchor, ArnKind::Profile, ArnKind::Role, ArnKind::PrivateCa] {
            assert_eq!(Arn::parse(kind, kind.example()).unwrap().account, "111122223333");
        }
        assert!(Arn::parse(ArnKind::Role, "arn:aws-us-gov:iam::111122223333:role/team/app").is_ok());
        for bad in [
            "",
            "arn:aws:iam::111122223333:user/me",
            "arn:aws:iam::11112222333:role/short-account",
            "arn:aws:iam:eu-central-1:111122223333:role/has-region",
            "arn:aws:iam::111122223333:role/",
            "arn:azure:iam::111122223333:role/app",
            "arn:aws:iam::111122223333:role/app\n",
            ArnKind::Profile.example(),
        ] {
            assert!(Arn::parse(ArnKind::Role, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn regions() {
        for good in ["eu-central-1", "us-gov-west-1", "cn-north-1", "ap-southeast-2"] {
            assert!(is_region(good), "{good}");
        }
        for bad in ["", "eu", "EU-central-1", "eu-central", "eu_central_1"] {
            assert!(!is_region(bad), "{bad}");
        }
    }
}
