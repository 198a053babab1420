//! Two evaluators of trust policies, written by different means, agree on random policies.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

mod policies;

use std::collections::BTreeMap;
use std::thread;

use iamra::trust::{Caller, TrustPolicy, Verdict, simulate, verdict};
use policies::{Call, Random, caller, judge};

/// How many policies are judged, for how many calls, and by how many threads.
const POLICIES: u64 = 100_000;
const CALLS: u64 = 997;
const THREADS: usize = 4;

/// What both say of one policy, if they agree.
fn agreed(seed: u64, (call, caller): &(Call, Caller)) -> &'static str {
    let document = Random::new(seed).policy();
    let policy = TrustPolicy::new(&document);
    let verdict = verdict(&policy, caller);
    let found = match verdict {
        Verdict::Allow => "allow",
        Verdict::Deny => "deny",
        Verdict::Unknown => "unknown",
    };
    let wanted = judge(&document, call);
    assert_eq!(found, wanted, "seed {seed}: {document:#}\n{call:#?}\n{:#?}", simulate(&policy, caller).clauses);
    if seed.is_multiple_of(16) {
        // The reasons are those of this verdict, and there is one.
        let decision = simulate(&policy, caller);
        assert!(decision.verdict == verdict && !decision.clauses.is_empty(), "seed {seed}: {document:#}");
    }
    found
}

#[test]
fn two_evaluators_agree_on_random_policies() {
    let calls: Vec<_> =
        (0..CALLS).map(|seed| Random::new(seed).call()).map(|call| (call.clone(), caller(&call))).collect();
    let all: Vec<_> = (0..POLICIES).zip(calls.iter().cycle()).collect();
    let shares = thread::scope(|scope| {
        let parts = all.chunks(all.len() / THREADS);
        let agreed = |part: &[(u64, &(Call, Caller))]| part.iter().map(|(seed, call)| agreed(*seed, call)).collect();
        let parts = parts.map(|part| scope.spawn(move || agreed(part)));
        let parts: Vec<thread::ScopedJoinHandle<'_, Vec<&str>>> = parts.collect();
        let mut shares: BTreeMap<&str, u64> = BTreeMap::new();
        for found in parts.into_iter().flat_map(|part| part.join().unwrap()) {
            *shares.entry(found).or_default() += 1;
        }
        shares
    });
    // Neither has an easy way out.
    for word in ["allow", "deny", "unknown"] {
        assert!(shares[word] * 10 >= POLICIES, "{shares:?}");
    }
}
