//! Reads the state document of an iam-ra installation from S3; Parameter Store has its location.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::at_hand::Operator;
use super::error::Error;
use super::live::{Asking, Asks, Unasked, print_calls, tell};
use crate::aws::{self, Account, Location};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::import;
use crate::quote::quote;
use crate::reference::{Origin, Query, Reference, Wanted};
use crate::resolve::{Guarded, Lookup, NoAnswer};
use crate::yaml::FieldPath;

/// How the state is read.
#[derive(clap::Args)]
pub(super) struct How {
    /// Print the calls that reading an installation would make, and exit without making them
    #[arg(long, conflicts_with = "state", hide = !aws::IS_HERE)]
    explain_calls: bool,
    #[command(flatten)]
    operator: Operator,
    #[command(flatten)]
    asks: Asks,
}

/// The declaration of the installation that iam-ra calls by this name. What is wrong is in the report.
pub(super) fn read(name: &str, how: &How, report: &mut Report) -> Result<Option<Value>, Error> {
    let parameter = format!("/iam-ra/{name}/state-location");
    let reference = match Reference::parse(&format!("ssm:{parameter}"), &FieldPath::root()) {
        Ok(reference) => reference,
        Err(why) => {
            report.push(Diagnostic::error(Code::InvalidValue, why).help("use the name that iam-ra has for it"));
            return Ok(None);
        }
    };
    let Some(policy) = how.operator.policy(report)? else { return Ok(None) };
    let query = Query {
        reference: format!("ssm:{parameter}"),
        target: reference.target,
        origin: Arc::new(Origin::default()),
        wanted: Wanted::Location,
    };
    let queries = BTreeSet::from([query]);
    let session = how.asks.session()?;
    let unasked = Unasked::default();
    let asking = Asking::new(&session, &how.asks);
    let lookup: &dyn Lookup = if how.explain_calls { &unasked } else { &asking };
    let answers = Guarded { policy: &policy, lookup }.answer(&queries);
    let account = Account { profile: None, assume_role: None, region: None };
    let calls = unasked.calls();
    if !calls.is_empty() {
        let object = format!("s3:GetObject in {account}\n  the object that the parameter names");
        print_calls(&calls.iter().map(ToString::to_string).chain([object]).collect::<Vec<_>>())?;
        return Ok(None);
    }
    let answer = answers.into_values().next().unwrap_or_else(|| Err(no_location(&parameter)));
    let document = answer.and_then(|answer| {
        let text = answer.value.reveal();
        let location = Location::parse(text).ok_or_else(|| no_location(&parameter))?;
        let document = session.object(&account, &location, &tell)?;
        Ok((text.to_owned(), document))
    });
    match document {
        Ok((url, document)) => Ok(import::from_state(url.trim(), &document, report)),
        Err(NoAnswer { code, why, help }) => {
            report.push(Diagnostic::error(code, why).at(Place::Nowhere).help(help));
            Ok(None)
        }
    }
}

fn no_location(parameter: &str) -> NoAnswer {
    NoAnswer {
        code: Code::InvalidState,
        why: format!("parameter {} does not name an object of S3, `s3://BUCKET/KEY`", quote(&parameter)),
        help: "run `iam-ra init` again, or pass the document with `--state FILE`".to_owned(),
    }
}
