//! What iam-ra has made, by its CloudFormation templates.
//! <https://github.com/igorlg/iam-roles-anywhere/tree/HEAD/src/iam_ra_cli/data/cloudformation>

use serde_json::json;

use super::memory::{Memory, When};
use super::*;
use crate::provision::action::{Action, Outcome, ProfileSettings};
use crate::provision::key::{Kind, Site, Tags};
use crate::provision::state::Source;
use crate::provision::{Verb, adoption};

/// By names below the prefix of an installation of iam-ra.
const BY_PREFIX: &str = r"
apiVersion: iamra.dev/v1alpha1
kind: RolesAnywhere
metadata: {name: acme}
spec:
  parameterPrefix: /iam-ra/default
  region: eu-central-1
  roles:
    admin: {policies: ['arn:aws:iam::aws:policy/ReadOnlyAccess']}
  workloads:
    api: {role: admin}
";

const ROLE: &str = "iam-ra-default-admin";

/// As `iamra import` writes it.
fn by_arn(anchor: &str, profile: &str) -> String {
    BY_PREFIX.replace(
        "admin: {",
        &format!("admin: {{roleArn: 'arn:aws:iam::111122223333:role/{ROLE}', profileArn: '{profile}', "),
    ) + &format!("  scopes:\n    default: {{trustAnchor: '{anchor}'}}\n")
}

fn stack(name: &str) -> Tags {
    let tags = [("aws:cloudformation:stack-name", name), ("iam-ra:namespace", "default")];
    tags.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// An AWS with an installation; the ARNs of its trust anchor and profile.
fn installed(anchor: &str, parameter: &str) -> (Memory, String, String) {
    let aws = Memory::default();
    let site: Site = std::sync::Arc::new(crate::reference::Origin {
        region: Some("eu-central-1".to_owned()),
        ..crate::reference::Origin::default()
    });
    let make = |action: Action| match aws.call(&site, &action).unwrap() {
        Outcome::Text(arn) => arn,
        _ => String::new(),
    };
    let source = Source::Certificates(CA.to_owned());
    let of_ca = stack("iam-ra-default-ca-default");
    let anchor = make(Action::CreateTrustAnchor(anchor.to_owned(), source, of_ca.clone()));
    make(Action::CreateParameter(parameter.to_owned(), anchor.clone(), of_ca));
    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "rolesanywhere.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
        "Condition": {"ArnEquals": {"aws:SourceArn": anchor}},
    }]});
    let of_role = stack("iam-ra-default-role-admin");
    let role = make(Action::CreateRole(ROLE.to_owned(), policy, 3600, of_role.clone()));
    make(Action::AttachPolicy(ROLE.to_owned(), "arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned()));
    let settings = ProfileSettings { role, session: 3600, accepts_session_name: false };
    let profile = make(Action::CreateProfile(ROLE.to_owned(), settings, of_role));
    (aws, anchor, profile)
}

const V2: (&str, &str) = ("iam-ra-default-default", "/iam-ra/default/scopes/default/trust-anchor-arn");
const V1: (&str, &str) = ("iam-ra-default", "/iam-ra/default/trust-anchor-arn");

#[test]
fn an_imported_installation_of_either_version_needs_no_call() {
    for (anchor, parameter) in [V1, V2] {
        let (aws, anchor, profile) = installed(anchor, parameter);
        let before = aws.contents();
        let desired = wanted(&by_arn(&anchor, &profile), "");
        assert_eq!(looked(&desired, &aws).differences, [], "{parameter}");
        run(&desired, &aws).unwrap();
        run(&desired.nothing(), &aws).unwrap();
        assert_eq!(aws.contents(), before, "{parameter}");
    }
}

/// What iam-ra has made is used, and named as its own. New are the parameters alone that iam-ra does not write.
#[test]
fn by_its_prefix_it_is_used_as_it_is() {
    let (aws, ..) = installed(V2.0, V2.1);
    let before = aws.contents();
    let desired = wanted(BY_PREFIX, "");
    let comparison = looked(&desired, &aws);
    let said: Vec<_> = comparison.differences.iter().map(|it| (it.verb, it.key.to_string())).collect();
    let parameter = |of: &str| format!("parameter `/iam-ra/default/roles/admin/{of}`");
    let expected = [
        (Verb::Create, parameter("profile-arn")),
        (Verb::Create, parameter("role-arn")),
        (Verb::Leave, format!("role `{ROLE}`")),
        (Verb::Leave, format!("profile `{ROLE}`")),
        (Verb::Leave, format!("parameter `{}`", V2.1)),
    ];
    assert_eq!(said, expected);
    let role = &comparison.differences[2].words;
    let stack = "it is made by iam-ra's CloudFormation stack `iam-ra-default-role-admin`; it is used as it is";
    assert_eq!(role[0], stack);
    run(&desired, &aws).unwrap();
    run(&desired.nothing(), &aws).unwrap();
    assert_eq!(aws.contents(), before);
}

/// A new trust anchor beside the one of 1.x would be one more for the same roles.
#[test]
fn the_trust_anchor_of_1_x_is_no_reason_for_another_one() {
    let (aws, anchor, _) = installed(V1.0, V1.1);
    let comparison = looked(&wanted(BY_PREFIX, CA), &aws);
    let refused = comparison.refusals().next().unwrap();
    assert!(refused.words[0].ends_with(&anchor), "{refused:?}");
}

fn adopt(desired: &Desired, aws: &Memory) -> Result<Vec<String>, String> {
    let seen = observe(desired, aws).map_err(|it| format!("{it:?}"))?;
    let adoption = adoption(desired, &seen, None, aws).map_err(|it| format!("{it:?}"))?;
    apply(&adoption, aws, &mut |_| {}).map_err(|it| format!("{it:?}"))?;
    let adopted = adoption.differences.iter().filter(|it| it.verb == Verb::Adopt);
    Ok(adopted.map(|it| it.key.to_string()).collect())
}

#[test]
fn what_is_adopted_is_changed_and_deleted_like_ours() {
    let (aws, ..) = installed(V2.0, V2.1);
    let desired = wanted(BY_PREFIX, "");
    let expected = [
        "trust anchor `iam-ra-default-default`".to_owned(),
        format!("role `{ROLE}`"),
        format!("profile `{ROLE}`"),
        format!("parameter `{}`", V2.1),
    ];
    assert_eq!(adopt(&desired, &aws).unwrap(), expected);
    assert_eq!(adopt(&desired, &aws).unwrap(), [] as [String; 0]);
    // Its trust policy let every certificate of the CA in.
    let changed: Vec<_> = looked(&desired, &aws).differences.into_iter().filter(|it| it.verb == Verb::Change).collect();
    assert_eq!(changed.iter().map(|it| it.key.kind).collect::<Vec<_>>(), [Kind::Role]);
    run(&desired, &aws).unwrap();
    assert_eq!(looked(&desired, &aws).differences, []);
    run(&desired.nothing(), &aws).unwrap();
    assert_eq!(aws.contents(), [] as [String; 0]);
}

#[test]
fn after_a_fault_at_any_call_the_next_adoption_ends_in_the_same_state() {
    let desired = wanted(BY_PREFIX, "");
    let (aws, ..) = installed(V2.0, V2.1);
    let made = aws.0.borrow().calls;
    adopt(&desired, &aws).unwrap();
    let (complete, calls) = (aws.contents(), aws.0.borrow().calls - made);
    for call in 1..=calls {
        for when in [When::Before, When::After] {
            let (aws, ..) = installed(V2.0, V2.1);
            aws.0.borrow_mut().fault = Some((made + call, when));
            adopt(&desired, &aws).unwrap_err();
            adopt(&desired, &aws).unwrap();
            assert_eq!(aws.contents(), complete, "call {call} {when:?}");
        }
    }
}

/// Whoever has both tags is not asked away from another declaration; a parameter tells whether it has them only if it is asked.
#[test]
fn what_another_installation_owns_is_not_adopted() {
    let (aws, ..) = installed(V2.0, V2.1);
    let other = wanted(&BY_PREFIX.replace("name: acme", "name: other"), "");
    adopt(&other, &aws).unwrap();
    let before = aws.contents();
    assert_eq!(adopt(&wanted(BY_PREFIX, ""), &aws).unwrap(), [] as [String; 0]);
    assert_eq!(aws.contents(), before);
    aws.change(Kind::TrustAnchor, V2.0, |it| it.tags = Tags::new());
    assert_eq!(adopt(&wanted(BY_PREFIX, ""), &aws).unwrap(), [format!("trust anchor `{}`", V2.0)]);
}
