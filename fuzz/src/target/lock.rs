//! Locks and values files: read or refused, never with a key in what is said.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use iamra::config;
use iamra::diag::Report;
use iamra::pipeline;
use iamra::reference::Query;
use iamra::resolve::{self, Lockfile, Lookup, OperatorPolicy, Trust, Values};
use iamra::secret::private_key;
use iamra::yaml::Document;

use crate::oracle;

const DECLARATION: &str = "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata: {name: w}\nspec:\n  \
    roles: {app: {}, payments: {}, reports: {profileArn: 'rolesanywhere:main'}}\n  \
    workloads: {app: {role: app}, payments: {role: payments}, reports: {role: reports}}\n";

/// What that declaration asks for.
static QUERIES: LazyLock<BTreeSet<Query>> = LazyLock::new(|| {
    let document = Document::parse(DECLARATION).expect("YAML");
    let plan = pipeline::lock_plan(document.root(), &mut Report::default());
    plan.map(|plan| plan.queries).unwrap_or_else(|| {
        let document = Document::parse(DECLARATION).expect("YAML");
        let mut report = Report::default();
        config::load(document.root(), None, &[], &mut report);
        panic!("the declaration is wrong: {:?}", report.diagnostics())
    })
});

pub fn lock(text: &str) {
    let mut report = Report::default();
    let lock = Lockfile::read("iamra.lock", Some(text), &mut report);
    oracle::check_words(&report);
    assert!(private_key(text).is_none() || report.has_errors(), "a lock with a key: {text:?}");
    if report.has_errors() {
        return;
    }
    lock.unused(&QUERIES);
    let answers = lock.answer(&QUERIES);
    let trust = lock.trust_policies().zip(lock.profiles());
    let trust = trust.map(|(policies, profiles)| Trust { policies: policies.clone(), profiles: profiles.clone() });
    if !lock.gaps(&QUERIES).is_empty() {
        return;
    }
    // Written again, it says the same.
    let again = resolve::lock(&answers, trust.as_ref());
    let mut report = Report::default();
    let read = Lockfile::read("iamra.lock", Some(&again), &mut report);
    assert!(!report.has_errors(), "{text:?}\nbecame\n{again:?}\n{:?}", report.diagnostics());
    assert_eq!(read.answer(&QUERIES), answers, "{text:?}\nbecame\n{again:?}");
    assert_eq!(resolve::lock(&read.answer(&QUERIES), trust.as_ref()), again);
    OperatorPolicy::read("policy", text, &mut Report::default());
}

pub fn values(text: &str) {
    for is_committed in [false, true] {
        let mut report = Report::default();
        let values = Values::read("values.yaml", text, is_committed, &mut report);
        oracle::check_words(&report);
        assert!(!is_committed || private_key(text).is_none() || report.has_errors(), "a committed key: {text:?}");
        values.answer(&QUERIES);
    }
    let mut report = Report::default();
    OperatorPolicy::read("policy.yaml", text, &mut report);
    oracle::check_words(&report);
}
