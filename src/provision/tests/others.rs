//! What somebody else has made or changed.

#![expect(clippy::type_complexity, clippy::semicolon_if_nothing_returned, reason = "a table of small changes")]

use std::collections::BTreeSet;

use serde_json::json;

use super::memory::Memory;
use super::*;
use crate::diag::Code;
use crate::provision::action::Provisioner as _;
use crate::provision::key::{Kind, Tags};
use crate::provision::state::{Source, State};
use crate::provision::{Program, Purpose, Unexportable, Verb, export, permissions, queries};
use crate::resolve::NoAnswer;

fn made() -> (Desired, Memory) {
    let (desired, aws) = (wanted(DECLARATION, CA), Memory::default());
    run(&desired, &aws).unwrap();
    (desired, aws)
}

fn said(comparison: &Comparison) -> Vec<(Verb, String, bool)> {
    comparison.differences.iter().map(|it| (it.verb, it.key.name.clone(), it.is_escalation)).collect()
}

const ADMIN: &str = "iam-ra-prod-admin";

/// What somebody changes by hand: of what, how, and whether it takes an escalation to make it right.
const BY_HAND: &[(Kind, &str, fn(&mut State), bool)] = &[
    (
        Kind::TrustAnchor,
        "iam-ra-prod-default",
        |it| {
            if let State::TrustAnchor { enabled, .. } = it {
                *enabled = false
            }
        },
        true,
    ),
    (
        Kind::TrustAnchor,
        "iam-ra-prod-default",
        |it| {
            if let State::TrustAnchor { source, .. } = it {
                *source = Some(Source::Certificates(OTHER_CA.to_owned()))
            }
        },
        true,
    ),
    (
        Kind::Role,
        ADMIN,
        |it| {
            if let State::Role { longest, .. } = it {
                *longest = 7200
            }
        },
        false,
    ),
    (
        Kind::Role,
        ADMIN,
        |it| {
            if let State::Role { trust_policy, .. } = it {
                *trust_policy = "{}".into()
            }
        },
        true,
    ),
    (
        Kind::Role,
        ADMIN,
        |it| {
            if let State::Role { policies, .. } = it {
                *policies = BTreeSet::new()
            }
        },
        true,
    ),
    (
        Kind::Role,
        ADMIN,
        |it| {
            if let State::Role { policies, .. } = it {
                policies.insert("arn:aws:iam::aws:policy/Other".to_owned());
            }
        },
        false,
    ),
    (
        Kind::Role,
        ADMIN,
        |it| {
            if let State::Role { policies, .. } = it {
                policies.insert("arn:aws:iam::aws:policy/AWSDenyAll".to_owned());
            }
        },
        true,
    ),
    (
        Kind::Role,
        ADMIN,
        |it| {
            if let State::Role { policies, .. } = it {
                policies.insert("arn:aws:iam::111122223333:policy/limit".to_owned());
            }
        },
        true,
    ),
    (
        Kind::Role,
        ADMIN,
        |it| {
            if let State::Role { inline, .. } = it {
                inline.insert(
                    "more".to_owned(),
                    json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}),
                );
            }
        },
        false,
    ),
    (
        Kind::Role,
        ADMIN,
        |it| {
            if let State::Role { inline, .. } = it {
                inline.insert(
                    "limit".to_owned(),
                    json!({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}),
                );
            }
        },
        true,
    ),
    (
        Kind::Role,
        ADMIN,
        |it| {
            if let State::Role { inline, .. } = it {
                inline.remove("bucket");
            }
        },
        true,
    ),
    (
        Kind::Role,
        ADMIN,
        |it| {
            if let State::Role { inline, .. } = it {
                inline.get_mut("bucket").unwrap()["Statement"][0]["Action"] = json!("s3:GetObject");
            }
        },
        true,
    ),
    (
        Kind::Role,
        ADMIN,
        |it| {
            if let State::Role { inline, .. } = it {
                inline.get_mut("bucket").unwrap()["Statement"][0]["Action"] =
                    json!(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]);
            }
        },
        false,
    ),
    (
        Kind::Profile,
        ADMIN,
        |it| {
            if let State::Profile { enabled, .. } = it {
                *enabled = false
            }
        },
        true,
    ),
    (
        Kind::Profile,
        ADMIN,
        |it| {
            if let State::Profile { session, .. } = it {
                *session = 900
            }
        },
        true,
    ),
    (
        Kind::Profile,
        ADMIN,
        |it| {
            if let State::Profile { accepts_session_name, .. } = it {
                *accepts_session_name = true
            }
        },
        false,
    ),
    (
        Kind::Profile,
        ADMIN,
        |it| {
            if let State::Profile { roles, .. } = it {
                roles.insert("arn:aws:iam::1:role/x".to_owned());
            }
        },
        false,
    ),
    (
        Kind::Profile,
        ADMIN,
        |it| {
            if let State::Profile { roles, .. } = it {
                *roles = ["arn:aws:iam::1:role/x".to_owned()].into();
            }
        },
        true,
    ),
    (
        Kind::Parameter,
        "/iam-ra/prod/roles/admin/role-arn",
        |it| {
            if let State::Parameter { value } = it {
                value.push('x')
            }
        },
        false,
    ),
];

/// What is changed by hand is seen, and made right.
#[test]
fn every_property_is_compared_and_made_right() {
    let (desired, aws) = made();
    let complete = aws.contents();
    for (index, (kind, name, change, is_escalation)) in BY_HAND.iter().enumerate() {
        aws.change(*kind, name, |it| change(&mut it.state));
        let comparison = looked(&desired, &aws);
        assert_eq!(said(&comparison), [(Verb::Change, (*name).to_owned(), *is_escalation)], "{index}");
        run(&desired, &aws).unwrap();
        assert_eq!(aws.contents(), complete, "{index}");
    }
}

/// A workload that is added or removed changes the trust policy of its role alone; the first is an escalation.
#[test]
fn the_trust_policy_follows_the_workloads() {
    let (desired, aws) = made();
    let more = wanted(
        &DECLARATION
            .replace("    web: {role: admin", "    new: {role: admin, clusters: [prod]}\n    web: {role: admin"),
        CA,
    );
    let role = "iam-ra-prod-admin".to_owned();
    assert_eq!(said(&looked(&more, &aws)), [(Verb::Change, role.clone(), true)]);
    run(&more, &aws).unwrap();
    assert_eq!(said(&looked(&desired, &aws)), [(Verb::Change, role, false)]);
}

#[test]
fn what_is_no_longer_declared_is_deleted_and_only_if_it_is_ours() {
    let (desired, aws) = made();
    let less = wanted(&DECLARATION.replace("    unused: {sessionDuration: 2h, acceptRoleSessionName: true}\n", ""), CA);
    let before = aws.contents().len();
    run(&less, &aws).unwrap();
    assert_eq!(aws.contents().len(), before - 2 * 4);
    // Of one cluster alone, nothing is known to be left over.
    let seen = observe(&less, &aws).unwrap();
    run(&desired, &aws).unwrap();
    assert_eq!(compare(&less, &seen, Some("prod")).differences, []);
}

/// Without its tags it is not ours: it is used, and neither changed nor deleted.
#[test]
fn a_tag_that_was_removed_by_hand_is_said_and_nothing_is_touched() {
    for (kind, name) in [
        (Kind::TrustAnchor, "iam-ra-prod-default"),
        (Kind::Role, "iam-ra-prod-admin"),
        (Kind::Profile, "iam-ra-prod-admin"),
        (Kind::Parameter, "/iam-ra/prod/roles/admin/role-arn"),
    ] {
        let (desired, aws) = made();
        aws.change(kind, name, |it| it.tags = Tags::new());
        let before = aws.contents();
        let comparison = looked(&desired, &aws);
        assert_eq!(said(&comparison), [(Verb::Leave, name.to_owned(), false)]);
        assert!(comparison.differences[0].words[0].contains("does not have the tags"), "{:?}", comparison.differences);
        run(&desired, &aws).unwrap();
        assert_eq!(aws.contents(), before);
        run(&desired.nothing(), &aws).unwrap();
        assert_eq!(aws.contents().len(), 1);
    }
}

/// Another declaration's installation of the same prefix is another's.
#[test]
fn another_declaration_s_resources_are_not_touched() {
    let (_, aws) = made();
    let before = aws.contents();
    let other = wanted(&DECLARATION.replace("name: acme", "name: other"), CA);
    let comparison = looked(&other, &aws);
    assert!(!comparison.has_calls() && !comparison.differences.is_empty(), "{:?}", said(&comparison));
    run(&other.nothing(), &aws).unwrap();
    assert_eq!(aws.contents(), before);
}

/// A parameter that somebody has written says where a resource is; nothing is made in its place.
#[test]
fn what_a_parameter_names_is_used_as_it_is() {
    let (desired, aws) = (wanted(DECLARATION, CA), Memory::default());
    let elsewhere = "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/theirs";
    let name = "/iam-ra/prod/scopes/default/trust-anchor-arn";
    let site = desired.owners.keys().find(|site| site.profile.as_deref() == Some("prod")).unwrap();
    let put = crate::provision::Action::CreateParameter(name.to_owned(), elsewhere.to_owned(), Tags::new());
    aws.call(site, &put).unwrap();
    run(&desired, &aws).unwrap();
    let contents = aws.contents().join("\n");
    assert!(!contents.contains("iam-ra-prod-default"), "{contents}");
    assert!(contents.contains("theirs"), "{contents}");
    assert_eq!(said(&looked(&desired, &aws)), [(Verb::Leave, name.to_owned(), false)]);
}

/// Whoever may write a parameter cannot let a role trust every trust anchor, and what is no ARN is not used.
#[test]
fn a_parameter_that_has_no_arn_is_refused_and_nothing_is_made() {
    for value in ["", "*", "arn:aws:rolesanywhere:*:*:trust-anchor/*", "arn:aws:iam::111122223333:role/x"] {
        let (desired, aws) = (wanted(DECLARATION, CA), Memory::default());
        let name = "/iam-ra/prod/scopes/default/trust-anchor-arn";
        let site = desired.owners.keys().find(|site| site.profile.as_deref() == Some("prod")).unwrap();
        let put = crate::provision::Action::CreateParameter(name.to_owned(), value.to_owned(), Tags::new());
        aws.call(site, &put).unwrap();
        let comparison = looked(&desired, &aws);
        let refused: Vec<_> = comparison.refusals().map(|it| it.key.name.as_str()).collect();
        assert_eq!(refused, [name], "{value}");
        let mut of_prod = comparison.differences.iter().filter(|it| it.key.site == *site && it.calls() > 0);
        assert!(of_prod.all(|it| it.key.kind != Kind::TrustAnchor && !it.key.name.contains("admin")), "{value}");
    }
}

#[test]
fn several_that_are_not_ours_are_refused_and_so_is_an_anchor_without_a_ca() {
    let (desired, aws) = made();
    let twin = aws.0.borrow().things.iter().find(|(_, kind, _)| *kind == Kind::Profile).unwrap().clone();
    aws.0.borrow_mut().things.push(twin.clone());
    aws.change(Kind::Profile, &twin.2.name, |it| it.tags = Tags::new());
    assert_eq!(said(&looked(&desired, &aws)), [(Verb::Refuse, twin.2.name, false)]);
    let no_ca = wanted(DECLARATION, "");
    let refused = said(&looked(&no_ca, &Memory::default()));
    let anchors: Vec<_> = refused.iter().filter(|(verb, ..)| *verb == Verb::Refuse).map(|(_, name, _)| name).collect();
    assert_eq!(anchors, ["iam-ra-prod-default", "iam-ra-staging-default"]);
}

/// The calls that an AWS gets whose every property was changed by hand need each permission of the table, and no other.
#[test]
fn each_permission_is_needed_and_all_are_in_the_table() {
    let (desired, aws) = made();
    let names = ["iam-ra-prod-default", "iam-ra-prod-admin", "iam-ra-prod-admin"];
    for (kind, name) in [Kind::TrustAnchor, Kind::Role, Kind::Profile].into_iter().zip(names) {
        aws.change(kind, name, |it| match &mut it.state {
            State::TrustAnchor { enabled, source } => (*enabled, *source) = (false, None),
            State::Role { trust_policy, longest, policies, inline } => {
                (*trust_policy, *longest) = ("{}".into(), 7200);
                *policies = ["arn:other".to_owned()].into();
                *inline = [("more".to_owned(), json!({}))].into();
            }
            State::Profile { enabled, session, .. } => (*enabled, *session) = (false, 900),
            State::Parameter { .. } => {}
        });
    }
    run(&desired, &aws).unwrap();
    let of_apply = asked(&aws);
    aws.0.borrow_mut().asked.clear();
    run(&desired.nothing(), &aws).unwrap();
    let of_destroy = asked(&aws);
    // What a call needs beside its own permission.
    let implied = ["rolesanywhere:TagResource", "iam:TagRole", "iam:PassRole", "ssm:AddTagsToResource"];
    let table = |purpose| {
        let policy = permissions(purpose, &desired, None);
        let actions = policy["Statement"].as_array().unwrap().iter().flat_map(|it| match &it["Action"] {
            serde_json::Value::Array(all) => all.clone(),
            one => vec![one.clone()],
        });
        actions.map(|it| it.as_str().unwrap().to_owned()).filter(|it| !implied.contains(&it.as_str())).collect()
    };
    let (mut applied, destroyed): (BTreeSet<String>, BTreeSet<String>) =
        (table(Purpose::Apply), table(Purpose::Destroy));
    let deletions =
        ["rolesanywhere:DeleteTrustAnchor", "rolesanywhere:DeleteProfile", "iam:DeleteRole", "ssm:DeleteParameter"];
    applied.retain(|it| !deletions.contains(&it.as_str()));
    assert_eq!((of_apply, of_destroy), (applied, destroyed));
}

fn asked(aws: &Memory) -> BTreeSet<String> {
    let asked = aws.0.borrow().asked.iter().map(|it| it.permission().to_owned()).collect::<BTreeSet<_>>();
    asked.into_iter().filter(|it| it != "sts:GetCallerIdentity").collect()
}

/// IAM would refuse it, after other things had been changed.
#[test]
fn a_trust_policy_that_becomes_too_long_is_refused_before_anything_is_changed() {
    let (_, aws) = made();
    let many: String =
        (0..200).map(|it| format!("    workload-with-a-long-name-{it}: {{role: admin, clusters: [prod]}}\n")).collect();
    let comparison = looked(&wanted(&format!("{DECLARATION}{many}"), CA), &aws);
    let refused: Vec<_> = comparison.refusals().map(|it| (it.key.to_string(), it.words.join("; "))).collect();
    let [(role, why)] = refused.as_slice() else { panic!("{refused:?}") };
    assert!(role == "role `iam-ra-prod-admin`" && why.contains("IAM takes 4096 at most"), "{role}: {why}");
}

/// A parameter with the CA that cannot be read is the reason, and not that nobody has said it.
#[test]
fn why_a_ca_is_not_known_is_said() {
    let text = DECLARATION.replace(
        "  workloads:",
        r#"  scopes: {default: {issuer: {ca: {secret: {ssm: {certificate: "ssm:/crt", key: "ssm:/key"}}}}}}
  workloads:"#,
    );
    let document = Document::parse(&text).unwrap();
    let (root, mut report) = (document.root(), Report::default());
    let configs = config::load_all(root, &config::clusters(root), &[], &mut report).expect("it is valid");
    let none = NoAnswer { code: Code::NoAccess, why: "AWS denied it".to_owned(), help: "ask for it".to_owned() };
    let answers: Answers = queries(&configs).into_iter().map(|query| (query, Err(none.clone()))).collect();
    let desired = desired(&configs, &[], &answers, &Certificates::new(), &mut report);
    let comparison = looked(&desired, &Memory::default());
    let refused: Vec<_> = comparison.refusals().map(|it| (it.words.join("; "), it.help.clone())).collect();
    assert_eq!(refused.len(), 2);
    let said = "the CA that it trusts is not known: AWS denied it".to_owned();
    assert!(refused.iter().all(|it| *it == (said.clone(), Some("ask for it".to_owned()))), "{refused:?}");
    let alone = desired.narrowed(Some("prod"));
    assert!(matches!(export(&alone, Program::Terraform), Err(Unexportable::Unread(_, why)) if why == none));
}
