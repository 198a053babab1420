//! Several clusters in one account and region.

use super::memory::Memory;
use super::*;
use crate::config::Config;
use crate::provision::desired::Wanted;
use crate::provision::key::Kind;
use crate::provision::state::{Source, State};
use crate::provision::{part, queries};
use crate::resolve::Answer;
use crate::secret::Secret;

/// Both clusters have `shared`; each has a role of its own.
fn declaration(prefix: &str) -> String {
    format!(
        r#"
apiVersion: iamra.dev/v1alpha1
kind: RolesAnywhere
metadata: {{name: acme}}
spec:
  parameterPrefix: "{prefix}"
  region: eu-central-1
  roles:
    shared: {{}}
  clusters:
    a: {{roles: {{only-a: {{}}}}}}
    b: {{roles: {{only-b: {{}}}}}}
  workloads:
    api: {{role: shared, clusters: [a, b]}}
"#
    )
}

const SCOPES: &str = r#"
    a: {scopes: {default: {issuer: {ca: {secret: {ssm: {certificate: "ssm:/iam-ra/default/crt", key: "ssm:/iam-ra/default/key"}}, NEXT}}}}}
    b: {scopes: {default: {issuer: {ca: {secret: {ssm: {certificate: "ssm:/iam-ra/default/crt", key: "ssm:/iam-ra/default/key"}}}}}}}
"#;

/// A CA in parameters, whose rotation cluster `a` has begun, and cluster `b` has not.
fn rotating() -> (Vec<Config>, Desired) {
    let next = r#"next: {secret: {ssm: {certificate: "ssm:/iam-ra/default/crt.2", key: "ssm:/iam-ra/default/key.2"}}}"#;
    let scopes = SCOPES.replace("NEXT", next);
    let roles = "\n    a: {roles: {only-a: {}}}\n    b: {roles: {only-b: {}}}\n";
    let text = declaration("/iam-ra/default").replace(roles, &scopes);
    let document = Document::parse(&text).unwrap();
    let (root, mut report) = (document.root(), Report::default());
    let configs = config::load_all(root, &config::clusters(root), &[], &mut report).expect("it is valid");
    let answer = || Ok(Answer::from(Secret::new(CA)));
    let answers: Answers = queries(&configs).into_iter().map(|query| (query, answer())).collect();
    let desired = desired(&configs, &[], &answers, &Certificates::new(), &mut report);
    (configs, desired)
}

/// The same before any rotation.
fn begun(desired: &Desired) -> Desired {
    let mut before = desired.clone();
    for resource in before.resources.values_mut() {
        if let Wanted::TrustAnchor(source) = &mut resource.wanted {
            *source = Some(Source::Certificates(CA.to_owned()));
        }
    }
    before
}

/// The trust anchor has both CAs, as between two steps. Neither `aws apply` nor `init`, for either cluster, takes one away.
#[test]
fn a_rotation_in_one_cluster_is_not_undone_from_another() {
    let (configs, desired) = rotating();
    for cluster in [None, Some("a"), Some("b")] {
        let aws = Memory::default();
        run(&begun(&desired), &aws).unwrap();
        aws.change(Kind::TrustAnchor, "iam-ra-default-default", |it| {
            if let State::TrustAnchor { source, .. } = &mut it.state {
                *source = Some(Source::Certificates(format!("{CA}{OTHER_CA}")));
            }
        });
        let there = aws.contents();
        let narrowed = desired.clone().narrowed(cluster);
        let comparison = compare(&narrowed, &observe(&narrowed, &aws).unwrap(), cluster);
        assert_eq!(comparison.differences, [], "{cluster:?}");
        let part = part(&desired, &configs, "default", cluster).map(|part| part.trusting(CA));
        if let Ok(part) = part {
            run(&part, &aws).unwrap();
        }
        assert_eq!(aws.contents(), there, "{cluster:?}");
    }
}

fn names(aws: &Memory) -> Vec<String> {
    let mut all: Vec<_> = aws.0.borrow().things.iter().map(|(_, _, it)| it.name.clone()).collect();
    all.sort();
    all
}

/// What `iamra destroy --cluster` does.
fn destroy(desired: &Desired, cluster: &str, aws: &Memory) {
    let alone = desired.clone().of_cluster_alone(cluster);
    let comparison = compare(&alone.nothing(), &observe(&alone, aws).unwrap(), None).deletions();
    apply(&comparison, aws, &mut |_| {}).unwrap();
}

/// With one prefix, and with one of its own for each.
#[test]
fn a_cluster_that_goes_takes_nothing_of_the_others_with_it() {
    for (prefix, of_a) in [("/iam-ra/default", "only-a"), ("/iam-ra/{{ cluster }}", "iam-ra-a-\n/iam-ra/a/")] {
        let (desired, aws) = (wanted(&declaration(prefix), CA), Memory::default());
        run(&desired, &aws).unwrap();
        let is_of_a = |name: &String| of_a.lines().any(|part| name.contains(part));
        let (gone, left): (Vec<_>, Vec<_>) = names(&aws).into_iter().partition(is_of_a);
        assert!(gone.len() >= 4 && left.iter().any(|it| it.ends_with("only-b")), "{gone:?} {left:?}");
        destroy(&desired, "a", &aws);
        assert_eq!(names(&aws), left, "{prefix}");
    }
}
