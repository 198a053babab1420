//! A call fails.

use super::memory::{Memory, When};
use super::*;
use crate::provision::action::{Action, Failure, Fault, Outcome};
use crate::provision::key::Kind;
use crate::reference::Origin;

/// What an undisturbed run makes, and how many calls that takes.
fn undisturbed(desired: &Desired) -> (Vec<String>, usize) {
    let aws = Memory::default();
    run(desired, &aws).unwrap();
    let calls = aws.0.borrow().calls;
    (aws.contents(), calls)
}

#[test]
fn what_is_applied_needs_nothing_more() {
    let desired = wanted(DECLARATION, CA);
    let aws = Memory::default();
    run(&desired, &aws).unwrap();
    let again = looked(&desired, &aws);
    assert_eq!(again.differences, []);
    // Each cluster has a trust anchor, three roles with a profile each, and seven parameters.
    assert_eq!(aws.0.borrow().things.len(), 2 * (1 + 3 + 3 + 7));
}

/// Before the effect, and after it with the answer lost; while looking, and while changing.
#[test]
fn after_a_fault_at_any_call_the_next_run_ends_in_the_same_state() {
    let desired = wanted(DECLARATION, CA);
    let (complete, calls) = undisturbed(&desired);
    for call in 1..=calls {
        for when in [When::Before, When::After] {
            let aws = Memory::failing(call, when);
            let failed = observe(&desired, &aws).map(|seen| apply(&compare(&desired, &seen, None), &aws, &mut |_| {}));
            assert!(failed.is_err() || failed.unwrap().is_err(), "call {call} {when:?}");
            run(&desired, &aws).unwrap_or_else(|stopped| panic!("call {call} {when:?}: {stopped:?}"));
            assert_eq!(aws.contents(), complete, "call {call} {when:?}");
            assert!(!looked(&desired, &aws).has_calls(), "call {call} {when:?}");
        }
    }
}

#[test]
fn after_a_fault_at_any_call_of_destroy_the_next_run_leaves_nothing() {
    let desired = wanted(DECLARATION, CA);
    let nothing = desired.nothing();
    let aws = Memory::default();
    run(&desired, &aws).unwrap();
    let before = aws.0.borrow().calls;
    run(&nothing, &aws).unwrap();
    let calls = aws.0.borrow().calls - before;
    assert_eq!(aws.contents(), [] as [String; 0]);
    for call in 1..=calls {
        for when in [When::Before, When::After] {
            let aws = Memory::default();
            run(&desired, &aws).unwrap();
            let made = aws.0.borrow().calls;
            aws.0.borrow_mut().fault = Some((made + call, when));
            let failed = observe(&nothing, &aws).map(|seen| apply(&compare(&nothing, &seen, None), &aws, &mut |_| {}));
            assert!(failed.is_err() || failed.unwrap().is_err(), "call {call} {when:?}");
            run(&nothing, &aws).unwrap_or_else(|stopped| panic!("call {call} {when:?}: {stopped:?}"));
            assert_eq!(aws.contents(), [] as [String; 0], "call {call} {when:?}");
        }
    }
}

/// IAM says that a role exists, and for a while other calls do not find it.
#[test]
fn a_role_that_is_not_visible_yet_is_waited_for() {
    let desired = wanted(DECLARATION, CA);
    let (complete, _) = undisturbed(&desired);
    let aws = Memory::default();
    aws.0.borrow_mut().slowness = 10;
    run(&desired, &aws).unwrap();
    assert_eq!(aws.contents(), complete);
    let never = Memory::default();
    never.0.borrow_mut().slowness = usize::MAX;
    let stopped = run(&desired, &never).unwrap_err();
    assert_eq!(stopped.failure.fault, Fault::NotThere);
}

/// Another run of the same, in the middle of this one.
struct Disturbed<'d> {
    aws: &'d Memory,
    other: &'d Comparison,
    at: std::cell::Cell<usize>,
    other_stopped: std::cell::Cell<bool>,
}

impl Provisioner for Disturbed<'_> {
    fn call(&self, site: &Origin, action: &Action) -> Result<Outcome, Failure> {
        if self.at.get() == 0 {
            // Whoever comes second to a role or a parameter is told.
            self.other_stopped.set(apply(self.other, self.aws, &mut |_| {}).is_err());
        }
        self.at.set(self.at.get().wrapping_sub(1));
        self.aws.call(site, action)
    }

    fn pause(&self) {}
}

#[test]
fn of_two_at_once_one_is_told_and_the_next_run_ends_in_the_same_state() {
    let desired = wanted(DECLARATION, CA);
    let (complete, _) = undisturbed(&desired);
    let steps: usize = looked(&desired, &Memory::default()).differences.iter().map(|it| it.steps.len()).sum();
    for at in 0..steps {
        let aws = Memory::default();
        let (one, other) = (looked(&desired, &aws), looked(&desired, &aws));
        let disturbed = Disturbed { aws: &aws, other: &other, at: at.into(), other_stopped: false.into() };
        match apply(&one, &disturbed, &mut |_| {}) {
            Ok(()) => assert!(disturbed.other_stopped.get(), "{at}"),
            Err(stopped) => assert_eq!(stopped.failure.fault, Fault::Exists, "{stopped:?}"),
        }
        run(&desired, &aws).unwrap_or_else(|stopped| panic!("{at}: {stopped:?}"));
        assert_eq!(aws.contents(), complete, "{at}");
        assert!(!looked(&desired, &aws).has_calls(), "{at}");
    }
}

#[test]
fn a_quota_stops_it_and_the_next_run_goes_on() {
    let desired = wanted(DECLARATION, CA);
    let (complete, _) = undisturbed(&desired);
    let aws = Memory::default();
    aws.0.borrow_mut().most_anchors = Some(0);
    let stopped = run(&desired, &aws).unwrap_err();
    assert_eq!((stopped.key.kind, stopped.failure.fault), (Kind::TrustAnchor, Fault::Refused));
    aws.0.borrow_mut().most_anchors = None;
    run(&desired, &aws).unwrap();
    assert_eq!(aws.contents(), complete);
}
