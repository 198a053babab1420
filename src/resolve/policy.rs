//! The operator's policy: a file outside the repositories, whose authors may not trust each other.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::lookup::{Answers, Lookup, NoAnswer};
use super::{Identity, Resolved};
use crate::arn::{Arn, ArnKind};
use crate::config::Role;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::issuer::Issuer;
use crate::quote::quote;
use crate::reference::{Query, Target, Wanted};
use crate::yaml::Document;

/// `apiVersion` and `kind` of the file.
const TYPE: (&str, &str) = ("iamra.dev/v1alpha1", "Policy");

const HELP: &str = "use what the policy allows, or ask the operator to change the policy file (IAMRA_POLICY)";

/// What may be looked up and rendered. An omitted list allows everything.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OperatorPolicy {
    #[serde(rename = "apiVersion")]
    api_version: String,
    kind: String,
    /// Folders of Parameter Store, such as `/iam-ra/team-a/`.
    parameters: Option<Vec<String>>,
    /// Twelve digits each.
    accounts: Option<Vec<String>>,
    /// Such as `eu-central-1`.
    regions: Option<Vec<String>>,
}

impl OperatorPolicy {
    /// Reads the policy file named `name` in messages. `None` when it is invalid, which is reported: a policy that
    /// cannot be read allows nothing.
    pub fn read(name: &str, text: &str, report: &mut Report) -> Option<Self> {
        let read = || {
            let value = Document::parse(text).map_err(|error| error.message.clone())?.root().to_value();
            let policy: Self = serde_json::from_value(value).map_err(|error| error.to_string())?;
            if (policy.api_version.as_str(), policy.kind.as_str()) != TYPE {
                return Err(format!(
                    "expected {}, {}",
                    quote(&format_args!("apiVersion: {}", TYPE.0)),
                    quote(&format_args!("kind: {}", TYPE.1))
                ));
            }
            if let Some(folder) =
                policy.parameters.iter().flatten().find(|it| !it.starts_with('/') || !it.ends_with('/'))
            {
                return Err(format!(
                    "{} is not a path in Parameter Store: it must begin and end with `/`",
                    quote(&folder)
                ));
            }
            Ok(policy)
        };
        let wrong = |why| {
            report.push(
                Diagnostic::error(Code::InvalidPolicy, format!("the operator's policy cannot be used: {why}"))
                    .at(Place::File(name.to_owned(), None))
                    .help("ask the operator to fix the policy file (IAMRA_POLICY)"),
            );
        };
        read().map_err(wrong).ok()
    }

    /// Reports identities that are outside the policy.
    pub fn check(&self, resolved: &Resolved, report: &mut Report) {
        for binding in &resolved.bindings {
            self.check_identity(&binding.declared.role, &binding.identity, report);
        }
    }

    /// Reports the parts of an identity that are outside the policy.
    pub fn check_identity(&self, declared: &Role, identity: &Identity, report: &mut Report) {
        let Identity { trust_anchor, profile, role } = identity;
        let all = [(trust_anchor, &declared.trust_anchor), (profile, &declared.profile), (role, &declared.role)];
        for (arn, reference) in all {
            if let Some(why) = self.refuses_arn(arn) {
                report.push(
                    Diagnostic::error(Code::OutsidePolicy, why).at(Place::Config(reference.place.clone())).help(HELP),
                );
            }
        }
    }

    /// Reports the private CA of an issuer that is outside the policy.
    pub fn check_issuer(&self, issuer: &Issuer, arn: &Arn, report: &mut Report) {
        if let (Some(why), Some(reference)) = (self.refuses_arn(arn), issuer.reference(Wanted::Arn(ArnKind::PrivateCa)))
        {
            let place = Place::Config(reference.place.clone());
            report.push(Diagnostic::error(Code::OutsidePolicy, why).at(place).help(HELP));
        }
    }

    fn refuses_arn(&self, arn: &Arn) -> Option<String> {
        self.refuses_account(&arn.account)
            .or_else(|| self.refuses_region(Some(arn.region.as_str()).filter(|region| !region.is_empty())))
    }

    fn refuses(&self, query: &Query) -> Option<String> {
        let origin = &query.origin;
        let parameter = match &query.target {
            Target::Ssm { name, .. } => Some(name.as_str()),
            _ => None,
        };
        // `arn:aws:ssm:REGION:ACCOUNT:parameter/NAME`
        let arn: Vec<_> =
            parameter.filter(|name| name.starts_with("arn:")).into_iter().flat_map(|it| it.splitn(6, ':')).collect();
        let plain = arn.get(5).map_or(parameter, |resource| resource.strip_prefix("parameter"));
        let role = origin.assume_role.as_deref().and_then(|role| role.split(':').nth(4));
        if self.accounts.is_some() && origin.profile.is_some() {
            return Some("the operator's policy allows only some accounts, and a profile can belong to any".to_owned());
        }
        let accounts = [arn.get(4).copied(), role];
        accounts
            .into_iter()
            .flatten()
            .find_map(|account| self.refuses_account(account))
            .or_else(|| self.refuses_region(arn.get(3).copied().or(origin.region.as_deref())))
            .or_else(|| plain.and_then(|name| self.refuses_parameter(name)))
    }

    fn refuses_account(&self, account: &str) -> Option<String> {
        refused(self.accounts.as_deref(), |allowed| allowed == account, || format!("account {account}"))
    }

    /// Without a region, the operator's environment determines it, which is allowed.
    fn refuses_region(&self, region: Option<&str>) -> Option<String> {
        let region = region?;
        refused(self.regions.as_deref(), |allowed| allowed == region, || format!("region {region}"))
    }

    fn refuses_parameter(&self, name: &str) -> Option<String> {
        refused(self.parameters.as_deref(), |folder| name.starts_with(folder), || format!("parameter {}", quote(&name)))
    }
}

fn refused(allowed: Option<&[String]>, is: impl Fn(&str) -> bool, what: impl Fn() -> String) -> Option<String> {
    let outside = !allowed?.iter().any(|one| is(one));
    outside.then(|| format!("the operator's policy does not allow {}", what()))
}

/// A lookup that is never asked for what the policy does not allow.
pub struct Guarded<'l> {
    /// The policy.
    pub policy: &'l OperatorPolicy,
    /// Answers what is allowed.
    pub lookup: &'l dyn Lookup,
}

impl Lookup for Guarded<'_> {
    fn answer(&self, queries: &BTreeSet<Query>) -> Answers {
        let mut answers = Answers::new();
        let mut allowed = BTreeSet::new();
        for query in queries {
            match self.policy.refuses(query) {
                Some(why) => {
                    let none = NoAnswer { code: Code::OutsidePolicy, why, help: HELP.to_owned() };
                    answers.insert(query.clone(), Err(none));
                }
                None => {
                    allowed.insert(query.clone());
                }
            }
        }
        answers.extend(self.lookup.answer(&allowed));
        answers
    }
}
