//! Encrypted parameters.

use std::collections::BTreeSet;

use super::memory::Memory;
use super::*;
use crate::provision::action::{Action, Encrypted, Fault, Outcome};
use crate::provision::key::Tags;
use crate::reference::Origin;
use crate::secret::Secret;

const NAME: &str = "/iam-ra/acme/key";

fn create(value: &str) -> Action {
    let encrypted = Encrypted { value: Secret::new(value), kms_key: Some("alias/ca".to_owned()) };
    Action::CreateEncryptedParameter(NAME.to_owned(), encrypted, Tags::new())
}

#[test]
fn an_encrypted_parameter_is_made_once_and_read_by_one_call_only() {
    let (aws, site) = (Memory::default(), Origin::default());
    let decrypt = Action::DecryptParameter(NAME.to_owned());
    assert_eq!(aws.call(&site, &decrypt).unwrap_err().fault, Fault::NotThere);
    assert_eq!(aws.call(&site, &create("key")), Ok(Outcome::Done));
    assert_eq!(aws.call(&site, &create("other")).unwrap_err().fault, Fault::Exists);
    assert_eq!(aws.call(&site, &decrypt), Ok(Outcome::Secret(Secret::new("key"))));
    let read = aws.call(&site, &Action::GetParameters(BTreeSet::from([NAME.to_owned()]))).unwrap();
    assert!(!format!("{read:?}").contains("\"key\""), "{read:?}");
}

#[test]
fn a_value_is_not_in_what_is_printed_of_a_call() {
    let shown = format!("{:?} {:?}", create("hidden"), Outcome::Secret(Secret::new("hidden")));
    assert!(shown.contains("alias/ca") && !shown.contains("hidden"), "{shown}");
}

#[test]
fn what_changes_something_is_not_made_twice() {
    assert!(create("key").changes());
    assert!(!Action::DecryptParameter(NAME.to_owned()).changes());
}
