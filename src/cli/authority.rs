//! The CA of a scope that is kept in Parameter Store, for the commands that put it there.

use super::declaration::File;
use super::error::Error;
use super::estate::{Estate, configs, stop};
use super::io::Io;
use crate::certificate::{Authority, Certificate};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::provision::{self, Desired, Kept, Key, NoPart, Part, Present, Provisioner, Putting};
use crate::quote::quote;
use crate::yaml::FieldPath;

/// What a scope needs, by the declaration alone. `None` when something is wrong, which is reported.
pub(super) fn part(estate: &Estate, file: &File, scope: &str, report: &mut Report) -> Result<Option<Part>, Error> {
    let desired = estate.desired(file, None, None, report)?;
    Ok(desired.and_then(|desired| part_of(&desired, estate, file, scope, report)))
}

/// The part of a scope of all that is desired. `None` when there is none, which is reported.
pub(super) fn part_of(
    desired: &Desired,
    estate: &Estate,
    file: &File,
    scope: &str,
    report: &mut Report,
) -> Option<Part> {
    let configs = configs(file, &mut Report::default())?;
    let wrong = match provision::part(desired, &configs, scope, estate.cluster.as_deref()) {
        Ok(part) => return Some(part),
        Err(NoPart::Unknown) => {
            let message = format!("scope {} is not declared", quote(scope));
            Diagnostic::error(Code::UnknownScope, message).help("name a scope of the declaration: `--scope NAME`")
        }
        Err(NoPart::Several) => {
            let message = format!("scope {} has a CA or a trust anchor in each of several clusters", quote(scope));
            Diagnostic::error(Code::AmbiguousCluster, message).help("choose one with `--cluster NAME`")
        }
    };
    report.push(wrong.at(Place::Config(FieldPath::keys("spec.scopes").key(scope))));
    None
}

/// Puts what is missing of a CA, and says each. `None` when it stopped, which is reported.
pub(super) fn put(
    (kept, present): (&Kept, &Present),
    putting: &Putting<'_>,
    aws: &dyn Provisioner,
    report: &mut Report,
    io: &mut Io,
) -> Result<Option<Authority>, Error> {
    let mut told = Ok(());
    let mut tell = |key: &Key| told = io.words(&format!("{key}: created\n"));
    let put = kept.put(present, putting, aws, &mut tell);
    told?;
    Ok(put.map_err(|stopped| report.push(stop(&stopped))).ok())
}

/// Which CA it is.
pub(super) fn named(authority: &Authority) -> String {
    let words =
        |it: Certificate| format!("CA {}, until {}, SHA-256 {}", quote(&it.subject), it.end(), it.fingerprint());
    Certificate::first(&authority.certificate).map_or_else(|| "the CA".to_owned(), words)
}
