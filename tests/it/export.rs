//! What is written down for CloudFormation and for Terraform: both are read by their own programs, say the same, and what they make
//! can be locked.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::peers::{of_cache, peer};
use crate::support::{Output, iamra, root, run};

/// What a template language could take for its own is in the policies.
const DECLARATION: &str = r#"apiVersion: iamra.dev/v1alpha1
kind: RolesAnywhere
metadata: {name: acme}
spec:
  parameterPrefix: /acme/prod
  region: eu-central-1
  scopes: {default: {}, pay: {}}
  roles:
    app:
      policies: ["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/service-role/AWSLambdaRole"]
      sessionDuration: 30m
      inlinePolicies:
        home:
          Version: "2012-10-17"
          Statement:
            - Sid: Own
              Effect: Allow
              Action: ["s3:GetObject", "s3:PutObject"]
              Resource: "arn:aws:s3:::homes/${aws:username}/*"
              Condition:
                StringLike: {"s3:prefix": ["%{x}", "$${y}", "a \"b\" \\ c", "$$", "two\nlines"]}
                Bool: {"aws:SecureTransport": true}
    unused: {sessionDuration: 2h, acceptRoleSessionName: true}
    pay: {scope: pay}
    for: {roleArn: "arn:aws:iam::111122223333:role/theirs"}
  workloads:
    app: {namespace: shop}
    web: {role: app, namespace: shop}
    pay: {namespace: shop}
    for: {namespace: shop}
"#;

fn tree() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("iamra.yaml"), DECLARATION).unwrap();
    std::fs::copy(root().join("tests/data/ca/cert.pem"), dir.path().join("ca.pem")).unwrap();
    dir
}

fn call(dir: &Path, args: &[&str]) -> Output {
    run(iamra(dir).args(args), b"")
}

fn export(dir: &Path, format: &str) -> String {
    let authorities = ["--ca-certificate", "default=ca.pem", "--ca-certificate", "pay=ca.pem"];
    let output = call(dir, &[&["aws", "export", "--format", format], &authorities[..]].concat());
    assert_eq!((output.exit, output.stderr.as_str()), (0, ""), "{}", output.stdout);
    output.stdout
}

fn template(dir: &Path) -> Value {
    serde_yaml::from_str(&export(dir, "cloudformation")).unwrap()
}

/// As HashiCorp's reader understands it.
fn terraform(dir: &Path) -> Value {
    let output = run(&mut Command::new(peer("hcl")), export(dir, "terraform").as_bytes());
    assert_eq!((output.exit, output.stderr.as_str()), (0, ""));
    serde_json::from_str(&output.stdout).unwrap()
}

type Resources = BTreeMap<(String, String), Value>;

/// By kind and name; what refers to another resource says which.
fn of_template(template: &Value) -> Resources {
    let resources = template["Resources"].as_object().unwrap();
    let name =
        |it: &Value| it["Properties"].get("RoleName").unwrap_or(&it["Properties"]["Name"]).as_str().unwrap().to_owned();
    let refers = |value: &Value| {
        let target = value.get("Fn::GetAtt").map(|it| &resources[it[0].as_str().unwrap()]);
        let account = value.get("Ref").map(|it| json!({"account": it == "AWS::AccountId"}));
        target.map(|it| json!({"of": it["Type"], "named": name(it)})).or(account)
    };
    let entry = |it: &Value| {
        let mut properties = replaced(&it["Properties"], &refers);
        let fields = properties.as_object_mut().unwrap();
        if let Some(Value::Array(tags)) = fields.get("Tags") {
            let tags: Map<_, _> =
                tags.iter().map(|tag| (tag["Key"].as_str().unwrap().to_owned(), tag["Value"].clone())).collect();
            fields.insert("Tags".to_owned(), tags.into());
        }
        ((it["Type"].as_str().unwrap().to_owned(), name(it)), properties)
    };
    resources.values().map(entry).collect()
}

fn replaced(value: &Value, refers: &dyn Fn(&Value) -> Option<Value>) -> Value {
    if let Some(other) = refers(value) {
        return other;
    }
    match value {
        Value::Array(all) => all.iter().map(|it| replaced(it, refers)).collect(),
        Value::Object(all) => {
            all.iter().map(|(key, it)| (key.clone(), replaced(it, refers))).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

const KINDS: &[(&str, &str)] = &[
    ("aws_rolesanywhere_trust_anchor", "AWS::RolesAnywhere::TrustAnchor"),
    ("aws_iam_role", "AWS::IAM::Role"),
    ("aws_rolesanywhere_profile", "AWS::RolesAnywhere::Profile"),
    ("aws_ssm_parameter", "AWS::SSM::Parameter"),
];

/// The same of a file for Terraform, with the names that CloudFormation has for the settings.
fn of_terraform(file: &Value) -> Resources {
    let all = file["resource"].as_array().unwrap();
    let kind = |it: &Value| KINDS.iter().find(|(kind, _)| it["labels"][0] == *kind).map(|(_, kind)| *kind);
    let refers = |value: &Value| {
        let text = value.as_str()?;
        if text == "data.aws_caller_identity.current.account_id" {
            return Some(json!({"account": true}));
        }
        let it = all.iter().find(|it| {
            format!("{}.{}.arn", it["labels"][0].as_str().unwrap(), it["labels"][1].as_str().unwrap()) == text
        })?;
        Some(json!({"of": kind(it)?, "named": it["name"]}))
    };
    let refer = |value: &Value| replaced(value, &refers);
    let json_of = |value: &Value| refer(&serde_json::from_str(value.as_str().unwrap()).unwrap());
    let properties = |it: &Value| {
        let of_role = |kind: &str| -> Vec<&Value> {
            let role = format!("aws_iam_role.{}.name", it["labels"][1].as_str().unwrap());
            all.iter().filter(|other| other["labels"][0] == kind && other["role"] == *role).collect()
        };
        let mut properties = match kind(it)? {
            "AWS::RolesAnywhere::TrustAnchor" => {
                let (source, quiet) = (&it["source"][0], &it["notification_settings"][0]);
                let data = json!({"X509CertificateData": source["source_data"][0]["x509_certificate_data"]});
                json!({
                    "Name": it["name"], "Enabled": it["enabled"],
                    "Source": {"SourceType": source["source_type"], "SourceData": data},
                    "NotificationSettings": [{"Event": quiet["event"], "Enabled": quiet["enabled"], "Channel": quiet["channel"]}],
                })
            }
            "AWS::IAM::Role" => {
                let attached: Vec<_> =
                    of_role("aws_iam_role_policy_attachment").iter().map(|it| it["policy_arn"].clone()).collect();
                let inline: Vec<_> = of_role("aws_iam_role_policy")
                    .iter()
                    .map(|it| json!({"PolicyName": it["name"], "PolicyDocument": json_of(&it["policy"])}))
                    .collect();
                let mut role = json!({
                    "RoleName": it["name"], "MaxSessionDuration": it["max_session_duration"],
                    "AssumeRolePolicyDocument": json_of(&it["assume_role_policy"]),
                });
                let lists = [("ManagedPolicyArns", attached), ("Policies", inline)];
                let lists = lists.into_iter().filter(|(_, all)| !all.is_empty());
                role.as_object_mut().unwrap().extend(lists.map(|(name, all)| (name.to_owned(), json!(all))));
                role
            }
            "AWS::RolesAnywhere::Profile" => json!({
                "Name": it["name"], "Enabled": it["enabled"], "RoleArns": refer(&it["role_arns"]),
                "DurationSeconds": it["duration_seconds"], "AcceptRoleSessionName": it["accept_role_session_name"],
            }),
            _ => json!({"Name": it["name"], "Type": it["type"], "Value": refer(&it["value"])}),
        };
        properties["Tags"] = it["tags"].clone();
        Some(((kind(it)?.to_owned(), it["name"].as_str().unwrap().to_owned()), properties))
    };
    all.iter().filter_map(properties).collect()
}

#[test]
fn both_programs_read_the_same() {
    let dir = tree();
    let (template, file) = (of_template(&template(dir.path())), of_terraform(&terraform(dir.path())));
    assert_eq!(template.len(), 2 + 3 + 4 + 2 + 3 + 4, "{:?}", template.keys());
    assert_eq!(json!(template.iter().collect::<Vec<_>>()), json!(file.iter().collect::<Vec<_>>()));
    let home = &template[&("AWS::IAM::Role".to_owned(), "acme-prod-app".to_owned())]["Policies"][0]["PolicyDocument"];
    let declared: Value = serde_yaml::from_str(DECLARATION).unwrap();
    assert_eq!(*home, declared["spec"]["roles"]["app"]["inlinePolicies"]["home"]);
}

#[test]
fn cloud_formation_s_linter_finds_nothing() {
    let dir = tree();
    std::fs::write(dir.path().join("template.yaml"), export(dir.path(), "cloudformation")).unwrap();
    let mut lint = Command::new(of_cache(Path::new("python/bin/cfn-lint")));
    let output = run(lint.current_dir(dir.path()).args(["--regions", "eu-central-1", "--", "template.yaml"]), b"");
    assert_eq!((output.exit, output.stdout.as_str(), output.stderr.as_str()), (0, "", ""));
}

/// An ARN as AWS makes one of a kind.
fn made(kind: &str, number: usize) -> String {
    match kind {
        "AWS::IAM::Role" => format!("arn:aws:iam::111122223333:role/made-{number}"),
        "AWS::RolesAnywhere::Profile" => {
            format!("arn:aws:rolesanywhere:eu-central-1:111122223333:profile/00000000-0000-4000-8000-{number:012}")
        }
        _ => {
            format!("arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/00000000-0000-4000-8000-{number:012}")
        }
    }
}

/// What each program prints of the outputs, for `lock --values`.
#[test]
fn what_was_made_is_locked_and_rendered() {
    let dir = tree();
    let template = template(dir.path());
    let outputs = template["Outputs"].as_object().unwrap().iter().enumerate();
    let outputs = outputs.map(|(number, (key, output))| {
        let target = output["Value"]["Fn::GetAtt"][0].as_str().unwrap();
        let arn = made(template["Resources"][target]["Type"].as_str().unwrap(), number);
        json!({"OutputKey": key, "OutputValue": arn, "Description": output["Description"]})
    });
    let outputs: Vec<_> = outputs.collect();
    let stacks = json!({"Stacks": [{"StackName": "acme", "StackStatus": "CREATE_COMPLETE", "Outputs": outputs}]});
    let by_reference: Map<_, _> =
        outputs.iter().map(|it| (it["Description"].as_str().unwrap().to_owned(), it["OutputValue"].clone())).collect();
    let printed = &terraform(dir.path())["output"][0];
    let references: Vec<_> = printed["value"].as_object().unwrap().keys().collect();
    assert!(
        printed["labels"] == json!(["iamra"]) && by_reference.keys().collect::<Vec<_>>() == references,
        "{printed}"
    );
    let one = Value::Object(by_reference.clone());
    let all = json!({"iamra": {"sensitive": false, "type": ["object", {}], "value": one}, "other": {"value": 1}});
    let mut locks = Vec::new();
    for outcome in [stacks, one, all] {
        std::fs::write(dir.path().join("outcome.json"), outcome.to_string()).unwrap();
        let locked = call(dir.path(), &["lock", "--values", "outcome.json"]);
        assert_eq!(locked.exit, 0, "{}", locked.stderr);
        locks.push(std::fs::read_to_string(dir.path().join("iamra.lock")).unwrap());
        let rendered = call(dir.path(), &["render"]);
        assert_eq!(rendered.exit, 0, "{}", rendered.stderr);
        let role = by_reference["ssm:/acme/prod/roles/app/role-arn"].as_str().unwrap();
        assert!(rendered.stdout.contains(&format!("ROLE_ARN: {role}\n")), "{}", rendered.stdout);
        std::fs::remove_file(dir.path().join("iamra.lock")).unwrap();
    }
    assert!(locks.windows(2).all(|it| it[0] == it[1]), "{locks:?}");
}
