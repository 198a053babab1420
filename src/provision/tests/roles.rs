//! One role, created, changed and deleted alone.

use super::memory::{Memory, When};
use super::*;
use crate::provision::key::{Kind, Tags};
use crate::provision::{Observed, Verb};

/// The declaration in which nobody has the role that is made.
fn part() -> Desired {
    wanted(DECLARATION, CA).of_role("admin")
}

/// Trust anchors are there, as `init` or `aws apply` makes them.
fn with_anchors() -> Memory {
    let (desired, aws) = (wanted(DECLARATION, CA), Memory::default());
    run(&desired, &aws).unwrap();
    for role in ["admin", "readonly", "unused"] {
        delete(&desired, role, &aws).unwrap();
    }
    aws.0.borrow_mut().asked.clear();
    aws.0.borrow_mut().calls = 0;
    aws
}

fn create(aws: &Memory) -> Result<(), String> {
    let desired = part();
    let seen = observe(&desired, aws).map_err(|failure| format!("{failure:?}"))?;
    apply(&compare(&desired, &seen, None), aws, &mut |_| {}).map_err(|stopped| format!("{stopped:?}"))
}

fn delete(desired: &Desired, role: &str, aws: &Memory) -> Result<(), String> {
    let alone = desired.clone().of_role_alone(role);
    let seen: Observed = observe(&alone, aws).map_err(|failure| format!("{failure:?}"))?;
    let comparison = compare(&alone.nothing(), &seen, None).deletions();
    apply(&comparison, aws, &mut |_| {}).map_err(|stopped| format!("{stopped:?}"))
}

#[test]
fn a_role_is_made_with_what_belongs_to_it_and_nothing_else_is_touched() {
    let aws = with_anchors();
    let before = aws.contents();
    create(&aws).unwrap();
    let after = aws.contents();
    // In each of two clusters the role, its profile and two parameters.
    assert_eq!(after.len(), before.len() + 2 * 4);
    assert!(before.iter().all(|it| after.contains(it)));
    assert!(!looked(&part(), &aws).has_calls());
    delete(&wanted(DECLARATION, CA), "admin", &aws).unwrap();
    assert_eq!(aws.contents(), before);
}

/// Of what is there, only the role and what it needs is looked at closely.
#[test]
fn what_else_is_there_is_neither_looked_at_nor_deleted() {
    let aws = Memory::default();
    run(&wanted(DECLARATION, CA), &aws).unwrap();
    aws.change(Kind::TrustAnchor, "iam-ra-prod-default", |it| {
        if let crate::provision::State::TrustAnchor { enabled, .. } = &mut it.state {
            *enabled = false;
        }
    });
    aws.0.borrow_mut().asked.clear();
    assert!(!looked(&part(), &aws).has_calls());
    let asked: Vec<_> = aws.0.borrow().asked.iter().map(|it| format!("{it:?}")).collect();
    assert!(asked.iter().all(|it| !it.contains("readonly") && !it.contains("unused")), "{asked:?}");
}

#[test]
fn without_its_trust_anchor_nothing_is_made_and_the_way_on_is_said() {
    for ca in [CA, ""] {
        let desired = wanted(DECLARATION, ca).of_role("admin");
        let comparison = looked(&desired, &Memory::default());
        let refused: Vec<_> = comparison.refusals().map(|it| (it.key.kind, it.words.join(" "))).collect();
        let missing = (Kind::TrustAnchor, "it is not there yet".to_owned());
        assert_eq!(refused, [missing.clone(), missing]);
        assert!(comparison.refusals().all(|it| it.help.as_ref().unwrap().contains("iamra aws apply")));
    }
    // A role that no workload has needs none.
    let unused = wanted(DECLARATION, "").of_role("unused");
    let comparison = looked(&unused, &Memory::default());
    assert_eq!(comparison.refusals().count(), 0);
    assert!(comparison.differences.iter().all(|it| it.verb == Verb::Create), "{:?}", comparison.differences);
}

/// A trust anchor that somebody else's parameter names is trusted as it is.
#[test]
fn a_trust_anchor_elsewhere_is_used() {
    let aws = with_anchors();
    let name = "/iam-ra/prod/scopes/default/trust-anchor-arn";
    let theirs = "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/theirs";
    aws.change(Kind::Parameter, name, |it| {
        it.tags = Tags::new();
        it.state = crate::provision::State::Parameter { value: theirs.to_owned() };
    });
    aws.change(Kind::TrustAnchor, "iam-ra-prod-default", |it| it.tags = Tags::new());
    create(&aws).unwrap();
    assert!(aws.contents().iter().any(|it| it.contains("iam-ra-prod-admin") && it.contains("theirs")));
}

#[test]
fn after_a_fault_at_any_call_the_next_run_goes_on() {
    let undisturbed = with_anchors();
    create(&undisturbed).unwrap();
    let (complete, calls) = (undisturbed.contents(), undisturbed.0.borrow().calls);
    for call in 1..=calls {
        for when in [When::Before, When::After] {
            let aws = with_anchors();
            aws.0.borrow_mut().fault = Some((call, when));
            assert!(create(&aws).is_err(), "call {call} {when:?}");
            create(&aws).unwrap_or_else(|stopped| panic!("call {call} {when:?}: {stopped}"));
            assert_eq!(aws.contents(), complete, "call {call} {when:?}");
        }
    }
}

#[test]
fn after_a_fault_at_any_call_of_its_deletion_the_next_run_goes_on() {
    let desired = wanted(DECLARATION, CA);
    let undisturbed = with_anchors();
    let nothing = undisturbed.contents();
    create(&undisturbed).unwrap();
    let before = undisturbed.0.borrow().calls;
    delete(&desired, "admin", &undisturbed).unwrap();
    let calls = undisturbed.0.borrow().calls - before;
    for call in 1..=calls {
        for when in [When::Before, When::After] {
            let aws = with_anchors();
            create(&aws).unwrap();
            let made = aws.0.borrow().calls;
            aws.0.borrow_mut().fault = Some((made + call, when));
            assert!(delete(&desired, "admin", &aws).is_err(), "call {call} {when:?}");
            delete(&desired, "admin", &aws).unwrap_or_else(|stopped| panic!("call {call} {when:?}: {stopped}"));
            assert_eq!(aws.contents(), nothing, "call {call} {when:?}");
        }
    }
}

/// A role with settings of its own is deleted as one without, after the declaration has forgotten it.
#[test]
fn a_role_that_the_declaration_has_forgotten_is_deleted() {
    let aws = with_anchors();
    let before = aws.contents();
    create(&aws).unwrap();
    let forgotten = "    admin: {}\n";
    let lines =
        DECLARATION.lines().map(|line| if line.starts_with("    admin: ") { forgotten.trim_end() } else { line });
    let text = lines.collect::<Vec<_>>().join("\n");
    delete(&wanted(&text, ""), "admin", &aws).unwrap();
    assert_eq!(aws.contents(), before);
}
