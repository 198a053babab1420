//! Provisioning against an AWS in memory: whatever fails, and wherever, the next run ends where an undisturbed one does.

mod authority;
mod clusters;
mod export;
mod faults;
mod iam_ra;
mod memory;
mod others;
mod roles;
mod secrets;
mod standings;

use crate::config;
use crate::diag::Report;
use crate::resolve::Answers;
use crate::yaml::Document;

use super::{Certificates, Comparison, Desired, Provisioner, Stopped, apply, compare, desired, observe};

const CA: &str = include_str!("../../../tests/data/ca/cert.pem");
const OTHER_CA: &str = include_str!("../../../tests/data/keys/p256-ca.pem");

/// Two clusters with an account each, three roles, of which two are in use.
const DECLARATION: &str = r#"
apiVersion: iamra.dev/v1alpha1
kind: RolesAnywhere
metadata: {name: acme}
spec:
  parameterPrefix: "/iam-ra/{{ cluster }}"
  region: eu-central-1
  roles:
    admin: {policies: ["arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::aws:policy/ReadOnlyAccess"], inlinePolicies: {bucket: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: ["s3:GetObject", "s3:PutObject"], Resource: "arn:aws:s3:::x/*"}]}}}
    readonly: {sessionDuration: 30m}
    unused: {sessionDuration: 2h, acceptRoleSessionName: true}
  clusters:
    prod: {aws: {profile: prod}}
    staging: {aws: {profile: staging}, region: eu-west-1}
  workloads:
    api: {role: admin, clusters: [prod, staging]}
    web: {role: admin, clusters: [prod]}
    report: {role: readonly, clusters: [staging]}
"#;

fn wanted(text: &str, ca: &str) -> Desired {
    let document = Document::parse(text).unwrap();
    let (root, mut report) = (document.root(), Report::default());
    let configs = config::load_all(root, &config::clusters(root), &[], &mut report).expect("it is valid");
    let certificates: Certificates =
        [("default".to_owned(), ca.to_owned())].into_iter().filter(|(_, ca)| !ca.is_empty()).collect();
    let mut report = Report::default();
    let desired = desired(&configs, &[], &Answers::new(), &certificates, &mut report);
    assert!(!report.has_errors(), "{:?}", report.diagnostics());
    desired
}

fn looked(desired: &Desired, aws: &dyn Provisioner) -> Comparison {
    compare(desired, &observe(desired, aws).expect("it can be looked at"), None)
}

fn run(desired: &Desired, aws: &dyn Provisioner) -> Result<(), Box<Stopped>> {
    apply(&looked(desired, aws), aws, &mut |_| {})
}
