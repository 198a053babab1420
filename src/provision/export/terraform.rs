//! A file for Terraform and OpenTofu.
//! <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/rolesanywhere_trust_anchor>

use std::collections::{BTreeMap, BTreeSet};

use super::hcl::{Expression, Item, print};
use super::part::{Node, Part, Parts, document, trust};
use crate::provision::desired::Wanted;
use crate::provision::key::{Key, Kind, Tags};
use crate::provision::state::Source;

/// The labels of the resources.
type Labels<'d> = BTreeMap<&'d Key, String>;

const ACCOUNT: &str = "data.aws_caller_identity.current.account_id";

pub(super) fn file(parts: &Parts<'_>) -> String {
    let labels = parts.names(|_, words| label(words));
    let mut items = vec![
        Item::block(
            "terraform",
            vec![Item::block(
                "required_providers",
                // The first with `accept_role_session_name`.
                // <https://github.com/hashicorp/terraform-provider-aws/blob/main/CHANGELOG.md#6250-december-4-2025>
                vec![Item::attribute(
                    "aws",
                    Expression::Object(vec![
                        ("source".to_owned(), Expression::text("hashicorp/aws")),
                        ("version".to_owned(), Expression::text(">= 6.25")),
                    ]),
                )],
            )],
        ),
        Item::block("data \"aws_caller_identity\" \"current\"", Vec::new()),
    ];
    for part in &parts.all {
        let label = labels.get(part.key).map_or("", String::as_str);
        items.extend(resources(part, label, &labels));
    }
    let values = parts.references.iter();
    let values = values
        .map(|(reference, (_, target))| (reference.clone(), expression(&Node::Arn((*target).clone()), &labels)))
        .collect();
    distinguish(&mut items);
    items.push(Item::block(
        "output \"iamra\"",
        vec![
            Item::attribute("description", Expression::text("For `iamra lock --values`")),
            Item::attribute("value", Expression::Object(values)),
        ],
    ));
    print(&items)
}

/// Numbers those that would have the same label: nothing refers to them by it.
fn distinguish(items: &mut [Item]) {
    let mut taken = BTreeSet::new();
    for item in items {
        let Item::Block(header, _) = item else { continue };
        let (stem, mut number) = (header.trim_end_matches('"').to_owned(), 1);
        while !taken.insert(header.clone()) {
            number += 1;
            *header = format!("{stem}_{number}\"");
        }
    }
}

/// Letters, digits, `-` and `_`, of which the first is a letter or `_`.
fn label(words: &str) -> String {
    let all: String =
        words.chars().map(|c| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '_' }).collect();
    if all.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') { all } else { format!("_{all}") }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::TrustAnchor => "aws_rolesanywhere_trust_anchor",
        Kind::Role => "aws_iam_role",
        Kind::Profile => "aws_rolesanywhere_profile",
        Kind::Parameter => "aws_ssm_parameter",
    }
}

fn header(kind: &str, label: &str) -> String {
    format!("resource \"{kind}\" \"{label}\"")
}

fn resources(part: &Part<'_>, label: &str, labels: &Labels<'_>) -> Vec<Item> {
    let name = Item::attribute("name", Expression::text(&part.key.name));
    let tags = Item::attribute("tags", tags(&part.tags));
    let plain = |name: &str, node: &Node| Item::attribute(name, expression(node, labels));
    let json = |name: &str, node: &Node| Item::attribute(name, Expression::Json(Box::new(expression(node, labels))));
    let own = |mut items: Vec<Item>| {
        items.push(tags.clone());
        Item::block(&header(kind(part.key.kind), label), items)
    };
    match part.wanted {
        Wanted::TrustAnchor(source) => vec![own(trust_anchor(name, source.as_ref()))],
        Wanted::Role { trusted, policies, inline, longest } => {
            let role = own(vec![
                name,
                json("assume_role_policy", &trust(trusted)),
                plain("max_session_duration", &Node::number(*longest)),
            ]);
            let of_role = |kind: &str, what: &str, mut items: Vec<Item>| {
                items.insert(0, Item::attribute("role", Expression::Raw(format!("aws_iam_role.{label}.name"))));
                Item::block(&header(kind, &format!("{label}--{}", self::label(what))), items)
            };
            let attached = policies.iter().map(|arn| {
                let name = arn.split_once(":policy/").map_or(arn.as_str(), |(_, name)| name);
                let arn = Item::attribute("policy_arn", Expression::text(arn));
                of_role("aws_iam_role_policy_attachment", name, vec![arn])
            });
            let inline = inline.iter().map(|(name, policy)| {
                let items = vec![Item::attribute("name", Expression::text(name)), json("policy", &document(policy))];
                of_role("aws_iam_role_policy", name, items)
            });
            std::iter::once(role).chain(attached).chain(inline).collect()
        }
        Wanted::Profile { role, session, accepts_session_name } => vec![own(vec![
            name,
            Item::attribute("enabled", Expression::Raw("true".to_owned())),
            plain("role_arns", &Node::List(vec![role.into()])),
            plain("duration_seconds", &Node::number(*session)),
            plain("accept_role_session_name", &Node::truth(*accepts_session_name)),
        ])],
        Wanted::Parameter(link) => {
            let kind = Item::attribute("type", Expression::text("String"));
            vec![own(vec![name, kind, plain("value", &link.into())])]
        }
        Wanted::Kept => Vec::new(),
    }
}

/// As `apply` makes it: without an announcement of the end of each workload's certificate.
fn trust_anchor(name: Item, source: Option<&Source>) -> Vec<Item> {
    let (kind, field, data) = match source {
        Some(Source::PrivateCa(arn)) => ("AWS_ACM_PCA", "acm_pca_arn", arn.as_str()),
        Some(Source::Certificates(pem)) => ("CERTIFICATE_BUNDLE", "x509_certificate_data", pem.as_str()),
        None => ("CERTIFICATE_BUNDLE", "x509_certificate_data", ""),
    };
    vec![
        name,
        Item::attribute("enabled", Expression::Raw("true".to_owned())),
        Item::block(
            "source",
            vec![
                Item::attribute("source_type", Expression::text(kind)),
                Item::block("source_data", vec![Item::attribute(field, Expression::text(data))]),
            ],
        ),
        Item::block(
            "notification_settings",
            vec![
                Item::attribute("event", Expression::text("END_ENTITY_CERTIFICATE_EXPIRY")),
                Item::attribute("enabled", Expression::Raw("false".to_owned())),
                Item::attribute("channel", Expression::text("ALL")),
            ],
        ),
    ]
}

fn tags(tags: &Tags) -> Expression {
    Expression::Object(tags.iter().map(|(key, value)| (key.clone(), Expression::text(value))).collect())
}

fn expression(node: &Node, labels: &Labels<'_>) -> Expression {
    match node {
        Node::Text(text) => Expression::text(text),
        Node::Plain(text) => Expression::Raw(text.clone()),
        Node::List(all) => Expression::List(all.iter().map(|it| expression(it, labels)).collect()),
        Node::Map(all) => {
            Expression::Object(all.iter().map(|(key, it)| (key.clone(), expression(it, labels))).collect())
        }
        Node::Account => Expression::Raw(ACCOUNT.to_owned()),
        Node::Arn(key) => {
            let label = labels.get(key).map_or("", String::as_str);
            Expression::Raw(format!("{}.{label}.arn", kind(key.kind)))
        }
    }
}
