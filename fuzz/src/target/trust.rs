//! Trust policies: two evaluators by different means agree, as far as the other one understands the document.

use iamra::policy;
use iamra::trust::{TrustPolicy, Verdict, openings, simulate, verdict};
use serde_json::Value;

use crate::policies::{Random, caller, judge};

/// The numbers choose the call.
pub fn run([seed, of, ..]: [usize; 4], text: &str) {
    let Ok(document) = serde_json::from_str::<Value>(text) else { return };
    let call = Random::new((seed * 256 + of) as u64).call();
    let caller = caller(&call);
    let policy = TrustPolicy::new(&document);
    let found = verdict(&policy, &caller);
    let decision = simulate(&policy, &caller);
    assert!(decision.verdict == found, "{document}");
    openings(&policy, &caller);
    // That one gives up less easily on what is no policy at all, but never allows what ours denies, or the reverse.
    match (found, judge(&document, &call)) {
        (Verdict::Allow, wanted) => assert_eq!(wanted, "allow", "{document:#}\n{call:#?}"),
        (Verdict::Deny, wanted) => assert_ne!(wanted, "allow", "{document:#}\n{call:#?}"),
        (Verdict::Unknown, _) => {}
    }
    policy::fault(&document);
    policy::size(&document);
    assert!(policy::is_same(&document, &document), "{document:#} is not itself");
    policy::is_wider(&document, &document);
}
