//! Where a CA comes from, and what goes together.

use crate::arn::{self, Arn, ArnKind};
use crate::ca::{self, Algorithm};
use crate::cli::error::Error;
use crate::cli::misuse::whole_number;
use crate::draft::init::Ca;
use crate::name::DnsLabel;

/// Where a CA is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    SelfSigned,
    InCluster,
    PcaExisting,
    Existing,
}

/// What the modes are.
pub(super) const HELP: &str = "\
Where the CA is; when omitted, where the declaration says, and `self-signed` in a new one:
- self-signed: iamra makes it; certificate and key are in Parameter Store, the key encrypted
- in-cluster: cert-manager makes it, and the key never leaves the cluster
- pca-existing: AWS Private CA has it (`--pca-arn`)
- existing: a Secret in the cluster has it";

/// The mode of an argument. Those of iam-ra that are none here say what to do in their place.
pub(super) fn parsed(text: &str) -> Result<Mode, String> {
    match text {
        "self-signed" => Ok(Mode::SelfSigned),
        "in-cluster" => Ok(Mode::InCluster),
        "pca-existing" => Ok(Mode::PcaExisting),
        "existing" => Ok(Mode::Existing),
        "pca-new" => {
            Err("iamra makes no private CA, which costs money as long as it exists: make one with `aws acm-pca`, \
                          then use `--ca-mode pca-existing --pca-arn ARN`"
                .to_owned())
        }
        _ => Err("expected self-signed, in-cluster, pca-existing or existing".to_owned()),
    }
}

/// The CA that the arguments mean, if they mean one.
pub(super) fn ca(mode: Option<Mode>, arn: Option<&str>) -> Result<Option<Ca<'_>>, Error> {
    match (mode, arn) {
        (None, None) => Ok(None),
        (Some(Mode::SelfSigned), None) => Ok(Some(Ca::Parameters)),
        (Some(Mode::InCluster), None) => Ok(Some(Ca::InCluster)),
        (Some(Mode::Existing), None) => Ok(Some(Ca::Existing)),
        (Some(Mode::PcaExisting) | None, Some(arn)) => Ok(Some(Ca::Private(arn))),
        (Some(Mode::PcaExisting), None) => Err(Error::Combination(
            "`--ca-mode pca-existing` needs the CA",
            "add `--pca-arn ARN`; `aws acm-pca list-certificate-authorities` lists them",
        )),
        (Some(_), Some(_)) => {
            Err(Error::Combination("`--pca-arn` is for `--ca-mode pca-existing`", "leave one of the two out"))
        }
    }
}

/// What a CA is like that iamra makes.
#[derive(clap::Args)]
pub(super) struct NewCa {
    /// Key of a new CA: `p256` or `p384`
    #[arg(long, value_name = "ALGORITHM", value_parser = algorithm)]
    ca_key_algorithm: Option<Algorithm>,
    /// How many years a new CA lasts, 10 when omitted
    #[arg(long, value_name = "YEARS", value_parser = years)]
    ca_validity_years: Option<u32>,
    /// KMS key that encrypts the key of a new CA: ID, ARN or alias; the account's own for parameters when omitted
    #[arg(long, value_name = "KEY")]
    pub(super) kms_key: Option<String>,
}

impl NewCa {
    pub(super) fn algorithm(&self) -> Algorithm {
        self.ca_key_algorithm.unwrap_or_default()
    }

    pub(super) fn life(&self) -> time::Duration {
        let said = self.ca_validity_years.map(|years| time::Duration::days(365 * i64::from(years)));
        said.unwrap_or(ca::Subject::LIFE)
    }

    /// Whether it is used, if it is given.
    pub(super) fn check(&self, is_new_possible: bool) -> Result<(), Error> {
        let is_given = self.ca_key_algorithm.is_some() || self.ca_validity_years.is_some() || self.kms_key.is_some();
        if !is_given || is_new_possible {
            return Ok(());
        }
        Err(Error::Combination(
            "`--ca-key-algorithm`, `--ca-validity-years` and `--kms-key` are for a CA that iamra makes",
            "leave them out, or use `--ca-mode self-signed`",
        ))
    }
}

fn algorithm(text: &str) -> Result<Algorithm, String> {
    match text.to_ascii_lowercase().as_str() {
        "p256" => Ok(Algorithm::P256),
        "p384" => Ok(Algorithm::P384),
        other if other.starts_with("rsa") => Err("iamra makes no RSA keys: make the CA with OpenSSL, and put it into \
                                                  Parameter Store with `iamra ca put-key`"
            .to_owned()),
        _ => Err("expected p256 or p384".to_owned()),
    }
}

fn years(text: &str) -> Result<u32, String> {
    whole_number(text, 1..=30)
}

/// A new scope's name.
pub(super) fn scope_name(text: &str) -> Result<String, String> {
    DnsLabel::parse(text).map(|name| name.to_string())
}

/// What parameters begin with; a template for the cluster is allowed.
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html>
pub(super) fn prefix(text: &str) -> Result<String, String> {
    let plain = text.replace("{{ cluster }}", "cluster");
    let is_part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    let is_name = plain.strip_prefix('/').is_some_and(|rest| rest.split('/').all(is_part));
    let is_reserved = |word: &str| plain.get(1..1 + word.len()).is_some_and(|it| it.eq_ignore_ascii_case(word));
    if ["aws", "ssm"].into_iter().any(is_reserved) {
        return Err("AWS takes no parameters whose names begin with `aws` or `ssm`".to_owned());
    }
    if is_name { Ok(text.to_owned()) } else { Err("expected a path such as /iam-ra/default".to_owned()) }
}

/// A region.
pub(super) fn region(text: &str) -> Result<String, String> {
    if arn::is_region(text) { Ok(text.to_owned()) } else { Err("expected a region such as eu-central-1".to_owned()) }
}

/// The ARN of a private CA.
pub(super) fn private_ca(text: &str) -> Result<String, String> {
    Arn::parse(ArnKind::PrivateCa, text).map(|arn| arn.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_path_of_parameter_names() {
        for right in ["/iam-ra/default", "/a", "/acme/{{ cluster }}", "/a/b.c_d-e"] {
            assert_eq!(prefix(right).as_deref(), Ok(right));
        }
        for wrong in ["", "/", "a", "/a/", "/a//b", "/a b", "/a\nb: c", "/{{ x }}", "/a\"b", "/aws/x", "/SSM-x"] {
            assert!(prefix(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_iam_ra_calls_otherwise_leads_to_ours() {
        assert!(parsed("pca-new").unwrap_err().contains("pca-existing"));
        assert!(algorithm("RSA2048").unwrap_err().contains("put-key"));
        assert_eq!(algorithm("P384"), Ok(Algorithm::P384));
    }

    #[test]
    fn a_private_ca_needs_its_arn_and_nothing_else_has_one() {
        assert_eq!(ca(None, Some("arn")).unwrap(), Some(Ca::Private("arn")));
        assert!(ca(Some(Mode::PcaExisting), None).is_err() && ca(Some(Mode::Existing), Some("arn")).is_err());
    }
}
