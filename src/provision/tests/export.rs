//! What is written down for CloudFormation is what `apply` makes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::memory::Memory;
use super::*;
use crate::policy::is_same;
use crate::provision::key::{Kind, Tags};
use crate::provision::state::{Source, State};
use crate::provision::{Program, Unexportable, export};

fn of_cluster(text: &str, cluster: Option<&str>) -> Desired {
    wanted(text, CA).narrowed(cluster)
}

/// The properties of the resources by their kind and name, with all references replaced by what they lead to in AWS.
fn template(text: &str, arns: &BTreeMap<(String, String), String>) -> Vec<(String, String, Value)> {
    let template = Document::parse(text).unwrap().root().to_value();
    let resources = template["Resources"].as_object().unwrap();
    let name = |it: &Value| {
        let properties = &it["Properties"];
        properties.get("RoleName").or_else(|| properties.get("Name")).unwrap().as_str().unwrap().to_owned()
    };
    let resolve = |it: &Value| -> Value { resolved(it, resources, &name, arns) };
    resources
        .values()
        .map(|it| (it["Type"].as_str().unwrap().to_owned(), name(it), resolve(&it["Properties"])))
        .collect()
}

fn resolved(
    value: &Value,
    resources: &serde_json::Map<String, Value>,
    name: &dyn Fn(&Value) -> String,
    arns: &BTreeMap<(String, String), String>,
) -> Value {
    if value.get("Ref").is_some_and(|it| it == "AWS::AccountId") {
        return "111122223333".into();
    }
    if let Some(target) = value.get("Fn::GetAtt") {
        let resource = &resources[target[0].as_str().unwrap()];
        let kind = resource["Type"].as_str().unwrap();
        let attribute = match kind {
            "AWS::IAM::Role" => "Arn",
            "AWS::RolesAnywhere::Profile" => "ProfileArn",
            _ => "TrustAnchorArn",
        };
        assert_eq!(target[1], attribute, "{kind}");
        return arns[&(kind.to_owned(), name(resource))].clone().into();
    }
    match value {
        Value::Array(all) => all.iter().map(|it| resolved(it, resources, name, arns)).collect(),
        Value::Object(all) => {
            Value::Object(all.iter().map(|(key, it)| (key.clone(), resolved(it, resources, name, arns))).collect())
        }
        other => other.clone(),
    }
}

/// A resource in memory as CloudFormation has it.
fn in_template(kind: Kind, name: &str, tags: &Tags, state: &State) -> (&'static str, Value) {
    let list: Vec<_> = tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    match state {
        State::TrustAnchor { enabled, source } => {
            let Some(Source::Certificates(pem)) = source else { panic!("{name}") };
            let quiet = json!([{"Event": "END_ENTITY_CERTIFICATE_EXPIRY", "Enabled": false, "Channel": "ALL"}]);
            let source = json!({"SourceType": "CERTIFICATE_BUNDLE", "SourceData": {"X509CertificateData": pem}});
            let properties = json!({"Name": name, "Enabled": enabled, "Source": source, "NotificationSettings": quiet, "Tags": list});
            ("AWS::RolesAnywhere::TrustAnchor", properties)
        }
        State::Role { trust_policy, longest, policies, inline } => {
            let inline: Vec<_> =
                inline.iter().map(|(name, policy)| json!({"PolicyName": name, "PolicyDocument": policy})).collect();
            let mut properties = json!({
                "RoleName": name, "AssumeRolePolicyDocument": trust_policy, "MaxSessionDuration": longest, "Tags": list,
            });
            if !policies.is_empty() {
                properties["ManagedPolicyArns"] = json!(policies);
            }
            if !inline.is_empty() {
                properties["Policies"] = json!(inline);
            }
            ("AWS::IAM::Role", properties)
        }
        State::Profile { enabled, roles, session, accepts_session_name } => {
            let properties = json!({
                "Name": name, "Enabled": enabled, "RoleArns": roles, "DurationSeconds": session,
                "AcceptRoleSessionName": accepts_session_name, "Tags": list,
            });
            ("AWS::RolesAnywhere::Profile", properties)
        }
        State::Parameter { value } => {
            assert_eq!(kind, Kind::Parameter);
            ("AWS::SSM::Parameter", json!({"Name": name, "Type": "String", "Value": value, "Tags": tags}))
        }
    }
}

#[test]
fn a_template_has_what_apply_makes() {
    for cluster in ["prod", "staging"] {
        let (desired, aws) = (of_cluster(DECLARATION, Some(cluster)), Memory::default());
        let all = wanted(DECLARATION, CA);
        let seen = observe(&all, &aws).unwrap();
        apply(&compare(&all, &seen, Some(cluster)), &aws, &mut |_| {}).unwrap();
        let world = aws.0.borrow();
        let made: Vec<_> = world
            .things
            .iter()
            .map(|(_, kind, it)| (it.arn.clone(), it.name.clone(), in_template(*kind, &it.name, &it.tags, &it.state)))
            .collect();
        let arns =
            made.iter().map(|(arn, name, (kind, _))| (((*kind).to_owned(), name.clone()), arn.clone())).collect();
        let exported = template(&export(&desired, Program::CloudFormation).unwrap(), &arns);
        assert_eq!(exported.len(), made.len());
        for (kind, name, properties) in exported {
            let found = made.iter().find(|(_, it, (of, _))| *it == name && *of == kind);
            let (.., (_, wanted)) = found.unwrap_or_else(|| panic!("{kind} {name}"));
            assert!(is_same(&properties, wanted), "{properties:#}\n{wanted:#}");
        }
    }
}

#[test]
fn what_is_in_several_accounts_or_has_no_ca_or_is_nothing_is_not_written_down() {
    for program in [Program::CloudFormation, Program::Terraform] {
        let several = export(&wanted(DECLARATION, CA), program);
        assert_eq!(several, Err(Unexportable::Several(vec!["prod".to_owned(), "staging".to_owned()])));
        let no_ca = export(&wanted(DECLARATION, "").narrowed(Some("prod")), program);
        assert!(matches!(no_ca, Err(Unexportable::NoAuthority(_))), "{no_ca:?}");
        assert_eq!(export(&wanted(DECLARATION, CA).nothing(), program), Err(Unexportable::Nothing));
    }
}

/// Names that differ only in what programs do not take are still two, and so are two parameters with one role.
#[test]
fn no_two_resources_have_one_name() {
    let text = DECLARATION.replace("    unused:", "    ad-min: {}\n    unused:").replace("/iam-ra/{{ cluster }}", "/x");
    let text = text.replace(
        "  clusters:\n    prod: {aws: {profile: prod}}\n    staging: {aws: {profile: staging}, region: eu-west-1}\n",
        "  clusters: {prod: {}, staging: {roles: {ad-min: {roleArn: \"ssm:/other/ad-min\"}}}}\n",
    );
    let desired = of_cluster(&text, None);
    for (program, mark) in [(Program::CloudFormation, "RoleAdMin"), (Program::Terraform, "\"aws_iam_role\" \"ad-min\"")]
    {
        let text = export(&desired, program).unwrap();
        assert!(text.contains(mark), "{text}");
    }
    let text = export(&desired, Program::CloudFormation).unwrap();
    let template = Document::parse(&text).unwrap().root().to_value();
    assert_eq!(template["Resources"].as_object().unwrap().len(), desired.resources.len());
    let outputs = template["Outputs"].as_object().unwrap();
    let parameters = desired.resources.keys().filter(|key| key.kind == Kind::Parameter);
    assert_eq!(outputs.len(), parameters.count());
    assert!(outputs.values().any(|it| it["Description"] == "ssm:/x/roles/ad-min/role-arn"), "{outputs:?}");
}
