//! A template for CloudFormation.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_RolesAnywhere.html>

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::part::{Node, Part, Parts, document, trust};
use crate::provision::desired::Wanted;
use crate::provision::key::{Key, Kind, Tags};
use crate::provision::state::Source;
use crate::yaml::emit;

pub(super) fn template(parts: &Parts<'_>) -> String {
    let names = parts.names(logical_id);
    let resources = parts.all.iter().map(|part| {
        let name = names.get(part.key).cloned().unwrap_or_default();
        (name, resource(part, &names))
    });
    let outputs = parts.references.iter().map(|(reference, (holder, target))| {
        let output = json!({"Description": reference, "Value": value(&Node::Arn((*target).clone()), &names)});
        (format!("{}Value", names.get(holder).cloned().unwrap_or_default()), output)
    });
    let template = json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "IAM Roles Anywhere, as iamra.yaml declares it",
        "Resources": resources.collect::<Map<_, _>>(),
        "Outputs": outputs.collect::<Map<_, _>>(),
    });
    emit::document(&template)
}

/// Letters and digits alone: `RoleAdmin`.
fn logical_id(kind: Kind, words: &str) -> String {
    let parts = words.split(|c: char| !c.is_ascii_alphanumeric());
    let pascal = parts.flat_map(|part| {
        let mut all = part.chars();
        all.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(all)
    });
    let kind = match kind {
        Kind::TrustAnchor => "TrustAnchor",
        Kind::Role => "Role",
        Kind::Profile => "Profile",
        Kind::Parameter => "Parameter",
    };
    format!("{kind}{}", pascal.collect::<String>())
}

fn resource(part: &Part<'_>, names: &BTreeMap<&Key, String>) -> Value {
    let name = Node::text(&part.key.name);
    let (kind, mut properties) = match part.wanted {
        Wanted::TrustAnchor(source) => ("AWS::RolesAnywhere::TrustAnchor", trust_anchor(name, source.as_ref())),
        Wanted::Role { trusted, policies, inline, longest } => {
            let inline = inline.iter().map(|(name, policy)| {
                Node::map([("PolicyName", Node::text(name)), ("PolicyDocument", document(policy))])
            });
            let properties = vec![
                ("RoleName", name),
                ("AssumeRolePolicyDocument", trust(trusted)),
                ("ManagedPolicyArns", Node::texts(policies)),
                ("Policies", Node::List(inline.collect())),
                ("MaxSessionDuration", Node::number(*longest)),
            ];
            ("AWS::IAM::Role", properties)
        }
        Wanted::Profile { role, session, accepts_session_name } => {
            let properties = vec![
                ("Name", name),
                ("Enabled", Node::truth(true)),
                ("RoleArns", Node::List(vec![role.into()])),
                ("DurationSeconds", Node::number(*session)),
                ("AcceptRoleSessionName", Node::truth(*accepts_session_name)),
            ];
            ("AWS::RolesAnywhere::Profile", properties)
        }
        Wanted::Parameter(link) => {
            let properties = vec![("Name", name), ("Type", Node::text("String")), ("Value", link.into())];
            ("AWS::SSM::Parameter", properties)
        }
        Wanted::Kept => ("", Vec::new()),
    };
    properties.retain(|(_, value)| *value != Node::List(Vec::new()));
    properties.push(("Tags", tags(&part.tags, part.key.kind)));
    let properties = properties.into_iter().map(|(field, node)| (field.to_owned(), value(&node, names)));
    json!({"Type": kind, "Properties": properties.collect::<Map<_, _>>()})
}

/// As `apply` makes it: without an announcement of the end of each workload's certificate.
fn trust_anchor(name: Node, source: Option<&Source>) -> Vec<(&'static str, Node)> {
    let (kind, data) = match source {
        Some(Source::PrivateCa(arn)) => ("AWS_ACM_PCA", ("AcmPcaArn", Node::text(arn))),
        Some(Source::Certificates(pem)) => ("CERTIFICATE_BUNDLE", ("X509CertificateData", Node::text(pem))),
        None => ("CERTIFICATE_BUNDLE", ("X509CertificateData", Node::text(""))),
    };
    let quiet = Node::map([
        ("Event", Node::text("END_ENTITY_CERTIFICATE_EXPIRY")),
        ("Enabled", Node::truth(false)),
        ("Channel", Node::text("ALL")),
    ]);
    vec![
        ("Name", name),
        ("Enabled", Node::truth(true)),
        ("Source", Node::map([("SourceType", Node::text(kind)), ("SourceData", Node::map([data]))])),
        ("NotificationSettings", Node::List(vec![quiet])),
    ]
}

/// A list, but a map for parameters.
fn tags(tags: &Tags, kind: Kind) -> Node {
    if kind == Kind::Parameter {
        return Node::Map(tags.iter().map(|(key, value)| (key.clone(), Node::text(value))).collect());
    }
    let tag = |(key, value): (&String, &String)| Node::map([("Key", Node::text(key)), ("Value", Node::text(value))]);
    Node::List(tags.iter().map(tag).collect())
}

fn value(node: &Node, names: &BTreeMap<&Key, String>) -> Value {
    match node {
        Node::Text(text) => text.as_str().into(),
        Node::Plain(text) => serde_json::from_str(text).unwrap_or_default(),
        Node::List(all) => all.iter().map(|it| value(it, names)).collect(),
        Node::Map(all) => Value::Object(all.iter().map(|(key, it)| (key.clone(), value(it, names))).collect()),
        Node::Account => json!({"Ref": "AWS::AccountId"}),
        Node::Arn(key) => {
            let attribute = match key.kind {
                Kind::TrustAnchor => "TrustAnchorArn",
                Kind::Role => "Arn",
                Kind::Profile => "ProfileArn",
                Kind::Parameter => "Value",
            };
            json!({"Fn::GetAtt": [names.get(key), attribute]})
        }
    }
}
