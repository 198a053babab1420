//! Several clusters in one account and region.

use super::memory::Memory;
use super::*;

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
