//! The trust policy that allows exactly these certificates.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use serde_json::{Map, Value, json};

use super::caller::CertificateNames;
use super::policy::{ACTIONS, SERVICE};
use super::tag::tag_fault;
use crate::diag::{Code, Diagnostic};
use crate::quote::quote;

/// The condition key of the subject's common name.
/// <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>
const COMMON_NAME: &str = "aws:PrincipalTag/x509Subject/CN";

/// Who may assume a role: the holder of a certificate with these names, under one trust anchor.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject<'s> {
    /// The trust anchor's ARN.
    pub trust_anchor: &'s str,
    /// Its account.
    pub account: &'s str,
    /// The names in the certificate.
    pub names: &'s CertificateNames,
}

/// What statements require: the account, and the tags besides the common name.
type Required<'s> = (&'s str, BTreeMap<String, String>);

/// The policy that allows these subjects and nobody else. Values that belong together are in one statement, so that no
/// combination of two subjects is allowed. Every condition is positive: one that is negated holds when a tag is missing.
/// `Err` has a common name that no session tag can have, so that nothing could tell its holder from others.
///
/// # Errors
/// See above.
pub fn pinned(subjects: &[Subject<'_>]) -> Result<Value, String> {
    let mut names: BTreeMap<(&str, Required<'_>), BTreeSet<String>> = BTreeMap::new();
    for subject in subjects {
        let mut required: BTreeMap<_, _> = subject.names.pins().into_iter().collect();
        let common_name = required.remove(COMMON_NAME).unwrap_or_default();
        if common_name.is_empty() || tag_fault(&common_name).is_some() {
            return Err(common_name);
        }
        required.retain(|_, value| tag_fault(value).is_none());
        names.entry((subject.trust_anchor, (subject.account, required))).or_default().insert(common_name);
    }
    // Trust anchors under which all the same names are allowed share a statement.
    let mut anchors: BTreeMap<(Required<'_>, BTreeSet<String>), Vec<&str>> = BTreeMap::new();
    for ((anchor, required), names) in names {
        anchors.entry((required, names)).or_default().push(anchor);
    }
    let statements = anchors.into_iter().map(|((required, names), anchors)| {
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        statement(&anchors, required, &names)
    });
    Ok(json!({"Version": "2012-10-17", "Statement": statements.collect::<Vec<_>>()}))
}

/// Why there is no such policy of a role.
pub fn unpinnable(role: &impl Display, common_name: &str) -> Diagnostic {
    let message = format!(
        "no trust policy of {role} can require the common name {}: AWS drops a value that cannot be a session tag",
        quote(&common_name)
    );
    let wrong = Diagnostic::error(Code::TrustPolicy, message);
    wrong.help("use letters, digits or `_.:/=+-@` in `certificate.commonName`")
}

/// The policy that allows nobody. IAM accepts none without a statement.
pub fn nobody() -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Principal": {"Service": SERVICE}, "Action": ACTIONS}],
    })
}

fn statement(anchors: &[&str], (account, tags): Required<'_>, names: &[&str]) -> Value {
    let mut required = Map::from_iter([("aws:SourceAccount".to_owned(), account.into())]);
    required.insert(COMMON_NAME.to_owned(), one_or_all(names));
    required.extend(tags.into_iter().map(|(key, value)| (key, value.into())));
    json!({
        "Effect": "Allow",
        "Principal": {"Service": SERVICE},
        "Action": ACTIONS,
        "Condition": {"ArnEquals": {"aws:SourceArn": one_or_all(anchors)}, "StringEquals": required},
    })
}

fn one_or_all(values: &[&str]) -> Value {
    match values {
        [one] => (*one).into(),
        all => all.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(common_name: &str, unit: Option<&str>) -> CertificateNames {
        let subject = [("CN", Some(common_name)), ("OU", unit)];
        let subject = subject.into_iter().filter_map(|(kind, value)| Some((kind.to_owned(), value?.to_owned())));
        CertificateNames { subject: subject.collect(), ..CertificateNames::default() }
    }

    #[test]
    fn values_that_belong_together_are_in_one_statement() {
        let all = [names("a", Some("x")), names("b", Some("y")), names("c", Some("y")), names("a", None)];
        let subjects: Vec<_> = all
            .iter()
            .map(|names| Subject { trust_anchor: "arn:aws:rolesanywhere:r:1:trust-anchor/1", account: "1", names })
            .collect();
        let policy = pinned(&subjects).unwrap();
        let found: Vec<_> = policy["Statement"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| &it["Condition"]["StringEquals"])
            .map(|it| (it[COMMON_NAME].to_string(), it["aws:PrincipalTag/x509Subject/OU"].to_string()))
            .collect();
        let wanted = [(r#""a""#, "null"), (r#""a""#, r#""x""#), (r#"["b","c"]"#, r#""y""#)];
        assert_eq!(found, wanted.map(|(name, unit)| (name.to_owned(), unit.to_owned())));
    }

    #[test]
    fn trust_anchors_with_the_same_names_share_a_statement() {
        let (one, two) = (names("a", None), names("b", None));
        let subject = |trust_anchor, names| Subject { trust_anchor, account: "1", names };
        let full = pinned(&[subject("x", &one), subject("y", &one), subject("x", &two), subject("y", &two)]).unwrap();
        assert_eq!(full["Statement"][0]["Condition"]["ArnEquals"]["aws:SourceArn"], json!(["x", "y"]));
        let partly = pinned(&[subject("x", &one), subject("y", &two)]).unwrap();
        assert_eq!(partly["Statement"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn a_name_that_is_no_tag_is_refused() {
        let lost = names("a,b", None);
        assert_eq!(pinned(&[Subject { trust_anchor: "x", account: "1", names: &lost }]), Err("a,b".to_owned()));
    }
}
