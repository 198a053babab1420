//! Making AWS match the declaration while something goes wrong: the program itself, with one call after the other that fails.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::json;

use crate::provision::{APPLY, Account};

/// How many at once: IAM Roles Anywhere takes one call a second, so nearly all of the time is waiting.
const AT_ONCE: usize = 12;

const DESTROY: &[&str] = &["destroy", "--yes"];

/// Runs it with a fault, and again without one. What the first one says is true: it is done, or was stopped by the fault.
fn twice(account: &Account, args: &[&str], call: usize, when: &str) {
    account.double.strike(call, when);
    let first = account.iamra(args);
    // Calls that only look are made again by the SDK.
    let is_clear = first.exit == 0 || first.exit == 3 && first.stderr.contains("error");
    assert!(is_clear, "{args:?}, call {call} {when}: {}", first.stderr);
    account.double.strike(0, "");
    let second = account.iamra(args);
    assert_eq!(second.exit, 0, "{args:?}, call {call} {when}: {}{}", first.stderr, second.stderr);
}

/// How many calls it takes.
fn counted(account: &Account, args: &[&str]) -> usize {
    let before = account.double.calls().len();
    let output = account.iamra(args);
    assert_eq!(output.exit, 0, "{args:?}: {}", output.stderr);
    account.double.calls().len() - before
}

#[test]
fn after_a_fault_at_any_call_the_next_run_ends_in_the_same_state() {
    let undisturbed = Account::of("/faults/none", &json!([]));
    let (apply, destroy) = (counted(&undisturbed, APPLY), counted(&undisturbed, DESTROY));
    assert!(apply > 10 && destroy > 10, "{apply} {destroy}");
    let faults: Vec<_> = (1..=apply.max(destroy)).flat_map(|call| [(call, "before"), (call, "after")]).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((call, when)) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let account = Account::of(&format!("/faults/{when}-{call}"), &json!([]));
                    twice(&account, APPLY, *call, when);
                    // As declared, and nothing of ours beside it.
                    let plan = account.iamra(&["aws", "plan"]);
                    assert_eq!((plan.exit, plan.stdout.as_str()), (0, ""), "call {call} {when}: {}", plan.stderr);
                    twice(&account, DESTROY, *call, when);
                    let nothing = account.iamra(DESTROY);
                    assert_eq!(nothing.stderr, "nothing in AWS is iamra's\n", "call {call} {when}");
                }
            });
        }
    });
}

#[test]
fn of_two_at_once_each_ends_clearly_and_the_next_run_leaves_no_twin() {
    let account = Account::of("/faults/twins", &json!([]));
    let start = || {
        let mut command = account.double.iamra(account.dir.path());
        command.args(APPLY).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let both = [start(), start()];
    let mut done = 0;
    for one in both {
        let output = one.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        done += usize::from(output.status.success());
        assert!(output.status.success() || output.status.code() == Some(3) && said.contains("error"), "{said}");
    }
    assert!(done > 0);
    let third = account.iamra(APPLY);
    assert_eq!(third.exit, 0, "{}", third.stderr);
    let plan = account.iamra(&["aws", "plan"]);
    assert_eq!((plan.exit, plan.stdout.as_str()), (0, ""), "{}", plan.stderr);
}

/// Told to end, or killed, at moments that move through the run.
#[test]
fn stopped_at_any_moment_the_next_run_ends_in_the_same_state() {
    let undisturbed = Account::of("/stopped/none", &json!([]));
    let begun = Instant::now();
    assert_eq!(undisturbed.iamra(APPLY).exit, 0);
    let whole = begun.elapsed();
    std::thread::scope(|scope| {
        for step in 0..8 {
            scope.spawn(move || {
                let account = Account::of(&format!("/stopped/{step}"), &json!([]));
                let before = fs::read_to_string(account.dir.path().join("iamra.yaml")).unwrap();
                let mut command = account.double.iamra(account.dir.path());
                command.args(APPLY).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
                let child = command.spawn().unwrap();
                std::thread::sleep(whole * step / 8);
                let signal = if step % 2 == 0 { "TERM" } else { "KILL" };
                let sent = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
                let output = child.wait_with_output().unwrap();
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                // It may have ended a moment ago, or not have begun to listen.
                if sent.success() && output.status.code() == Some(143) {
                    assert!(said.ends_with("error: stopped by signal 15 before it finished\n"), "{said}");
                }
                let next = account.iamra(APPLY);
                assert_eq!(next.exit, 0, "{signal} at {step}/8 of {whole:?}: {said}{}", next.stderr);
                let plan = account.iamra(&["aws", "plan"]);
                assert_eq!((plan.exit, plan.stdout.as_str()), (0, ""), "{signal} at {step}/8: {}", plan.stderr);
                assert_eq!(fs::read_to_string(account.dir.path().join("iamra.yaml")).unwrap(), before);
                assert_eq!(fs::read_dir(account.dir.path()).unwrap().count(), 2, "nothing is left beside it");
            });
        }
    });
}
