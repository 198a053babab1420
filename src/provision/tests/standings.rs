//! How resources stand, for `iamra status --live`.

use super::memory::{Memory, When};
use super::*;
use crate::provision::key::{Kind, Tags};
use crate::provision::state::State;
use crate::provision::{Standing, Stands, observe_each, standings};

fn standing(desired: &Desired, aws: &Memory) -> Vec<Standing> {
    let (observed, failures) = observe_each(desired, aws);
    standings(desired, &observed, &failures)
}

/// Those that do not stand like the others.
fn other(all: &[Standing], usual: Stands) -> Vec<(String, Stands)> {
    all.iter().filter(|it| it.stands != usual).map(|it| (it.key.to_string(), it.stands)).collect()
}

#[test]
fn each_resource_is_as_declared_differs_or_is_missing() {
    let (desired, aws) = (wanted(DECLARATION, CA), Memory::default());
    assert_eq!(other(&standing(&desired, &aws), Stands::Missing), []);
    run(&desired, &aws).unwrap();
    let all = standing(&desired, &aws);
    assert_eq!(other(&all, Stands::AsDeclared), []);
    let anchor = all.iter().find(|it| it.key.kind == Kind::TrustAnchor).unwrap();
    assert!(anchor.arn.is_some() && anchor.words[0] == "enabled", "{anchor:?}");
    assert!(anchor.words[1].starts_with("trusts CA "), "{anchor:?}");

    aws.change(Kind::Profile, "iam-ra-prod-admin", |it| {
        if let State::Profile { enabled, .. } = &mut it.state {
            *enabled = false;
        }
    });
    aws.change(Kind::Role, "iam-ra-prod-unused", |it| it.tags = Tags::new());
    aws.0.borrow_mut().things.retain(|(.., it)| it.name != "/iam-ra/prod/roles/admin/role-arn");
    let expected = [
        ("role `iam-ra-prod-unused`", Stands::NotOurs),
        ("profile `iam-ra-prod-admin`", Stands::Differs),
        ("parameter `/iam-ra/prod/roles/admin/role-arn`", Stands::Missing),
    ];
    let expected = expected.map(|(key, stands)| (key.to_owned(), stands));
    let mut found = other(&standing(&desired, &aws), Stands::AsDeclared);
    found.sort_by_key(|(key, _)| expected.iter().position(|(it, _)| it == key));
    assert_eq!(found, expected);
}

/// An account that cannot be read says nothing of the other one.
#[test]
fn what_cannot_be_read_is_unknown_and_the_rest_is_not() {
    let (desired, aws) = (wanted(DECLARATION, CA), Memory::default());
    run(&desired, &aws).unwrap();
    let made = aws.0.borrow().calls;
    aws.0.borrow_mut().fault = Some((made + 1, When::Before));
    let all = standing(&desired, &aws);
    let unknown: Vec<_> = all.iter().filter(|it| it.stands == Stands::Unknown).collect();
    assert_eq!(unknown.len(), all.len() / 2);
    assert!(unknown.iter().all(|it| it.key.site.profile.as_deref() == Some("prod")), "{unknown:?}");
    assert!(all.iter().all(|it| it.stands == Stands::Unknown || it.stands == Stands::AsDeclared), "{all:?}");
}
