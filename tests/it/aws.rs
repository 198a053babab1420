//! Values that are asked of AWS while rendering.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use base64::Engine as _;
use serde_json::{Value, json};

use crate::aws_peers::{ACCOUNT, APP, Server, arns, identity, moto, parameter, state, tree};
use crate::peers::{image, peer};
use crate::support::{Output, iamra, path_with_iamra, root, run};

#[test]
fn values_come_from_parameter_store() {
    let [anchor, profile, role] = arns(ACCOUNT, "eu-central-1");
    moto().put("/acme/scopes/default/trust-anchor-arn", "String", &anchor);
    moto().put("/acme/roles/app/profile-arn", "String", &profile);
    // As `aws ssm put-parameter --value file://…` stores it.
    moto().put("/acme/roles/app/role-arn", "String", &format!("{role}\n"));
    let output = run(moto().iamra(tree(APP).path()).args(["render", "--live"]), b"");
    assert_eq!((output.exit, output.stderr.as_str()), (0, ""));
    assert!(output.stdout.contains(&format!("ROLE_ARN: {role}\n")), "{}", output.stdout);
}

/// An empty variable is an unset one to the SDK too: no profile, region or endpoint of no name.
#[test]
fn an_empty_variable_is_unset_for_the_sdk_too() {
    let double = Server::double(&state(&identity()));
    let mut command = double.iamra(tree(APP).path());
    for name in ["AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_SSM", "HOME", "IAMRA_TIMEOUT"]
    {
        command.env(name, "");
    }
    let dir = tree(APP);
    let output = run(command.current_dir(dir.path()).args(["render", "--live"]), b"");
    assert_eq!((output.exit, output.stderr.as_str()), (0, ""), "{}", output.stdout);
}

/// Past every clock, and past every number: such a time limit is told from a day in our words.
#[test]
fn a_time_limit_is_a_day_at_most() {
    for limit in ["86401", "18446744073709551615", "99999999999999999999", "-1", "1.5", "a", ""] {
        let output = run(iamra(root()).arg("lock").arg(format!("--timeout={limit}")), b"");
        let words = format!(
            "error: invalid value '{limit}' for '--timeout <SECONDS>': expected a whole number from 0 to 86400\n"
        );
        assert!(output.exit == 2 && output.stderr.starts_with(&words), "{}", output.stderr);
    }
    let output = run(iamra(root()).args(["k8s", "onboard", "x", "--duration-hours", "99999999999"]), b"");
    assert!(
        output.exit == 2 && output.stderr.contains("expected a whole number from 1 to 8760\n"),
        "{}",
        output.stderr
    );
}

#[test]
fn without_being_told_it_asks_nobody() {
    let double = Server::double(&state(&identity()));
    let output = run(double.iamra(tree(APP).path()).arg("render"), b"");
    assert_eq!((output.exit, output.stdout.as_str()), (1, ""), "{}", output.stderr);
    assert!(output.stderr.contains("[unresolved-reference]"), "{}", output.stderr);
    assert_eq!(double.calls(), [] as [Value; 0]);
}

#[test]
fn one_value_that_is_not_there_hides_no_other() {
    let folder = "/unsuitable";
    moto().put(&format!("{folder}/list"), "StringList", "a,b");
    moto().put(&format!("{folder}/encrypted"), "SecureString", "arn");
    let roles = format!(
        "  roles:\n    app:\n      roleArn: ssm:{folder}/list\n      profileArn: ssm:{folder}/encrypted\n  scopes:\n    default:\n      \
         trustAnchor: ssm:{folder}/missing:3\n"
    );
    let output = run(moto().iamra(tree(&roles).path()).args(["render", "--live"]), b"");
    assert_eq!((output.exit, output.stdout.as_str()), (1, ""));
    for said in ["`/unsuitable/list` is a StringList", "`/unsuitable/encrypted` is a SecureString"] {
        assert!(output.stderr.contains(said), "{}", output.stderr);
    }
    let missing = "there is no parameter `/unsuitable/missing` with version or label `3` in eu-central-1";
    assert!(output.stderr.contains(missing), "{}", output.stderr);
}

/// The CA's certificate and key, and a declaration that inlines them.
const CA: &str = "  roles:\n    app: {}\n  scopes:\n    default:\n      issuer:\n        ca:\n          secret:\n            ssm: \
                  {certificate: ssm:/acme/ca/tls-crt, key: ssm:/acme/ca/tls-key}\n";

fn with_ca() -> (Value, String) {
    let [certificate, key] =
        ["cert.pem", "key.pem"].map(|name| fs::read_to_string(root().join("tests/data/ca").join(name)).unwrap());
    let mut parameters = identity();
    parameters.push(parameter("/acme/ca/tls-crt", &certificate));
    let mut encrypted = parameter("/acme/ca/tls-key", &key);
    encrypted["type"] = "SecureString".into();
    parameters.push(encrypted);
    (state(&parameters), key)
}

/// Nobody who knows the key finds a part of it anywhere but in the Secret.
#[test]
fn a_key_is_decrypted_alone_and_reaches_the_secret_alone() {
    let (state, key) = with_ca();
    let double = Server::double(&state);
    let dir = tree(CA);
    let lines: Vec<&str> = key.lines().filter(|line| !line.starts_with("-----")).collect();
    let tells = |text: &str| lines.iter().any(|line| text.contains(line));
    let live = run(double.iamra(dir.path()).args(["render", "--live"]), b"");
    assert_eq!(live.exit, 0, "{}", live.stderr);
    let encoded: String = live.stdout.lines().filter_map(|line| line.trim().strip_prefix("tls.key: ")).collect();
    let decoded = base64::engine::general_purpose::STANDARD.decode(encoded.trim_matches('"')).unwrap();
    assert_eq!(String::from_utf8(decoded).unwrap().trim(), key.trim());
    let by_decryption: Vec<Value> =
        double.calls().iter().filter(|call| call["decrypt"] == true).map(|call| call["names"].clone()).collect();
    assert_eq!(by_decryption, [json!(["/acme/ca/tls-key"])]);

    let locked = run(double.iamra(dir.path()).arg("lock"), b"");
    assert!(
        locked.exit == 0 && locked.stderr.contains("a CA's private key is never stored in the lock"),
        "{}",
        locked.stderr
    );
    let lock = fs::read_to_string(dir.path().join("iamra.lock")).unwrap();
    assert!(
        lock.contains("notAfter: ") && lock.contains("fingerprint: sha256:") && !lock.contains("tls-key"),
        "{lock}"
    );
    let offline = run(double.iamra(dir.path()).arg("render"), b"");
    assert!(offline.exit == 1 && offline.stderr.contains("`--live`"), "{}", offline.stderr);
    let before = double.calls().len();
    let both = run(double.iamra(dir.path()).args(["render", "--live"]), b"");
    assert_eq!((both.exit, &both.stdout), (0, &live.stdout));
    assert_eq!(double.calls().len() - before, 1, "the lock answers all but the key");

    let list = function_list(&dir, "\n    iamra.dev/live: \"true\"");
    let function = run(&mut double.iamra(dir.path()), list.as_bytes());
    assert_eq!(function.exit, 0, "{}", function.stderr);
    let others = [
        &live.stderr,
        &locked.stderr,
        &locked.stdout,
        &lock,
        &offline.stderr,
        &both.stderr,
        &function.stderr,
        &run(double.iamra(dir.path()).args(["lock", "--explain-calls"]), b"").stdout,
        &run(double.iamra(dir.path()).args(["lock", "--check"]), b"").stderr,
    ];
    assert!(!others.iter().any(|text| tells(text) || text.contains(&encoded)));
    let elsewhere = function.stdout.replace(&encoded, "");
    assert!(function.stdout.contains(&encoded) && !tells(&elsewhere) && !elsewhere.contains("PRIVATE KEY"));
}

/// The declaration of a folder as functionConfig, beside a Deployment.
pub(crate) fn function_list(dir: &tempfile::TempDir, annotations: &str) -> String {
    let declaration = fs::read_to_string(dir.path().join("iamra.yaml")).unwrap();
    let annotated =
        declaration.replace("  name: acme", &format!("  name: acme\n  annotations:\n    a: b{annotations}"));
    let indented: String = annotated.lines().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "  {line}");
        text
    });
    format!("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nfunctionConfig:\n{indented}items:\n{DEPLOYMENT}")
}

pub(crate) const DEPLOYMENT: &str = "- apiVersion: apps/v1\n  kind: Deployment\n  metadata: {name: app}\n  spec:\n    selector: {matchLabels: \
                                     {app: app}}\n    template:\n      metadata: {labels: {app: app}}\n      spec:\n        containers:\n        - {name: \
                                     app, image: app}\n";

/// The same as a manifest.
fn manifest() -> String {
    DEPLOYMENT.trim_start_matches("- ").replace("\n  ", "\n")
}

#[test]
fn a_thousand_workloads_of_forty_parameters_are_four_calls() {
    let [anchor, profile, role] = arns(ACCOUNT, "eu-central-1");
    let mut parameters = Vec::new();
    let mut text = "  scopes:\n    default: {}\n    other: {}\n  roles:\n".to_owned();
    for scope in ["default", "other"] {
        parameters.push(parameter(&format!("/acme/scopes/{scope}/trust-anchor-arn"), &anchor));
    }
    for number in 0..19 {
        let scope = if number % 2 == 0 { "default" } else { "other" };
        writeln!(text, "    r{number}: {{scope: {scope}}}").unwrap();
        parameters.push(parameter(&format!("/acme/roles/r{number}/profile-arn"), &profile));
        parameters.push(parameter(&format!("/acme/roles/r{number}/role-arn"), &role));
    }
    let dir = tree("");
    let declaration = fs::read_to_string(dir.path().join("iamra.yaml")).unwrap();
    let mut workloads = "  workloads:\n".to_owned();
    for number in 0..1000 {
        writeln!(workloads, "    w{number}: {{role: r{}}}", number % 19).unwrap();
    }
    let declaration = declaration.replace("  workloads:\n    app: {}\n", &format!("{text}{workloads}"));
    fs::write(dir.path().join("iamra.yaml"), declaration).unwrap();
    let double = Server::double(&state(&parameters));
    let output = run(double.iamra(dir.path()).args(["render", "--live"]), b"");
    assert_eq!(output.exit, 0, "{}", output.stderr);
    let mut sizes: Vec<_> = double.calls().iter().map(|call| call["names"].as_array().unwrap().len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [10, 10, 10, 10]);
}

#[test]
fn versions_labels_and_arns_name_what_they_say() {
    let [anchor, profile, _] = arns(ACCOUNT, "eu-central-1");
    let version = |version: usize, label: &str| {
        let value = format!("arn:aws:iam::{ACCOUNT}:role/version-{version}");
        let mut one = parameter("/acme/role", &value);
        (one["version"], one["labels"]) = (version.into(), json!([label]));
        one
    };
    let mut parameters = vec![version(1, "old"), version(2, "live"), version(3, "next")];
    parameters.push(parameter("/acme/anchor", &anchor));
    let mut shared = parameter("/shared/profile", &profile);
    shared["account"] = "999988887777".into();
    parameters.push(shared);
    let double = Server::double(&state(&parameters));
    let profile = "profileArn: \"ssm:arn:aws:ssm:eu-central-1:999988887777:parameter/shared/profile\"";
    let text = format!(
        "    b: {{}}\n    c: {{}}\n  scopes:\n    default: {{trustAnchor: ssm:/acme/anchor}}\n  roles:\n    app: {{{profile}, roleArn: \
         \"ssm:/acme/role:1\"}}\n    b: {{{profile}, roleArn: \"ssm:/acme/role:live\"}}\n    c: {{{profile}, roleArn: ssm:/acme/role}}\n"
    );
    let dir = tree(&text);
    let output = run(double.iamra(dir.path()).args(["render", "--live"]), b"");
    assert_eq!(output.exit, 0, "{}", output.stderr);
    let roles: Vec<_> = output.stdout.lines().filter_map(|line| line.trim().strip_prefix("ROLE_ARN: ")).collect();
    assert_eq!(roles, [1, 2, 3].map(|version| format!("arn:aws:iam::{ACCOUNT}:role/version-{version}")));
}

#[test]
fn trust_anchors_and_profiles_are_found_by_name_on_any_page() {
    let [anchor, profile, _] = arns(ACCOUNT, "eu-central-1");
    let named = |name: &str, arn: &str| json!({"account": ACCOUNT, "region": "eu-central-1", "name": name, "arn": arn});
    let mut state = state(&identity());
    state["page"] = 2.into();
    state["trustAnchors"] = json!([named("a", "x"), named("b", "x"), named("main", &anchor)]);
    state["profiles"] = json!([named("main", &profile), named("twice", "one"), named("twice", "other")]);
    let double = Server::double(&state);
    let text = |name: &str| {
        format!(
            "    b: {{role: app}}\n  scopes:\n    default: {{trustAnchor: \"rolesanywhere:main\"}}\n  roles:\n    app: {{profileArn: \
             \"rolesanywhere:{name}\"}}\n"
        )
    };
    let good = tree(&text("main"));
    let output = run(double.iamra(good.path()).args(["render", "--live"]), b"");
    assert_eq!(output.exit, 0, "{}", output.stderr);
    assert!(output.stdout.contains(&anchor) && output.stdout.contains(&profile), "{}", output.stdout);
    // Two pages of each list, a second apart, or the double refuses; two workloads share the calls.
    let lists: Vec<Value> =
        double.calls().into_iter().filter(|call| call["names"].is_null()).map(|call| call["action"].clone()).collect();
    assert_eq!(lists.len(), 4, "{lists:?}");
    // Each further run has its own double: the limit is per account, and outlives a process.
    let again = || Server::double(&state);
    let locked = run(again().iamra(good.path()).arg("lock"), b"");
    assert_eq!(locked.exit, 0, "{}", locked.stderr);
    let lock = fs::read_to_string(good.path().join("iamra.lock")).unwrap();
    assert!(
        lock.contains("rolesanywhere:profile/main:") && lock.contains("rolesanywhere:trust-anchor/main:"),
        "{lock}"
    );
    let offline = run(double.iamra(good.path()).arg("render"), b"");
    assert_eq!(offline.stdout, output.stdout);

    let twice = run(again().iamra(tree(&text("twice")).path()).args(["render", "--live"]), b"");
    assert!(twice.exit == 1 && twice.stderr.contains("several profiles are named `twice`"), "{}", twice.stderr);
    let nobody = run(again().iamra(tree(&text("nobody")).path()).args(["render", "--live"]), b"");
    assert!(nobody.exit == 1 && nobody.stderr.contains("there is no profile named `nobody`"), "{}", nobody.stderr);
}

#[test]
fn a_scope_may_have_an_account_and_a_region_of_its_own() {
    let account = "444455556666";
    let reader = format!("arn:aws:iam::{account}:role/reader");
    let mut parameters = identity();
    let [anchor, profile, role] = arns(account, "us-east-1");
    for (name, value) in [
        ("scopes/edge/trust-anchor-arn", &anchor),
        ("roles/edge/profile-arn", &profile),
        ("roles/edge/role-arn", &role),
    ] {
        let mut one = parameter(&format!("/acme/{name}"), value);
        (one["account"], one["region"]) = (account.into(), "us-east-1".into());
        parameters.push(one);
    }
    let mut state = state(&parameters);
    state["roles"] = json!([reader]);
    let double = Server::double(&state);
    let text = |reader: &str| {
        format!(
            "    edge: {{}}\n  scopes:\n    edge: {{aws: {{region: us-east-1, assumeRole: {reader}}}}}\n  roles:\n    app: {{}}\n    edge: \
             {{scope: edge}}\n"
        )
    };
    let dir = tree(&text(&reader));
    let output = run(double.iamra(dir.path()).arg("lock"), b"");
    assert_eq!(output.exit, 0, "{}", output.stderr);
    let lock = fs::read_to_string(dir.path().join("iamra.lock")).unwrap();
    assert!(lock.contains("scopes:\n  edge:\n    references:\n"), "{lock}");
    let rendered = run(double.iamra(dir.path()).arg("render"), b"");
    assert!(rendered.exit == 0 && rendered.stdout.contains(&role), "{}", rendered.stderr);
    let asked: Vec<_> = double.calls().iter().map(|call| format!("{} {}", call["account"], call["region"])).collect();
    assert!(asked.contains(&format!("\"{account}\" \"us-east-1\"")), "{asked:?}");

    let stranger = tree(&text("arn:aws:iam::444455556666:role/stranger"));
    let refused = run(double.iamra(stranger.path()).arg("lock"), b"");
    assert!(refused.exit == 1 && refused.stderr.contains("allow `sts:AssumeRole`"), "{}", refused.stderr);
    assert!(!stranger.path().join("iamra.lock").exists());
}

/// Each cluster is asked for in its own account and region, ten names a call, and two that share both are asked once.
#[test]
fn a_fleet_is_asked_for_in_each_account_and_region_and_locked_as_one() {
    const ROLES: usize = 25;
    let fleet = [
        ("prod", "prod", "222233334444", "eu-central-1"),
        ("staging", "stage", "333344445555", "eu-west-1"),
        ("spare", "stage", "333344445555", "eu-west-1"),
    ];
    let dir = tree("");
    let mut spec = "  roles:\n".to_owned();
    let (mut parameters, mut keys) = (Vec::new(), serde_json::Map::new());
    let mut credentials = String::new();
    for (_, profile, account, region) in &fleet[..2] {
        let [anchor, of_role, _] = arns(account, region);
        let mut put = |name: &str, value: &str| {
            let mut one = parameter(&format!("/acme/{name}"), value);
            (one["account"], one["region"]) = ((*account).into(), (*region).into());
            parameters.push(one);
        };
        put("scopes/default/trust-anchor-arn", &anchor);
        for number in 0..ROLES {
            put(&format!("roles/r{number}/profile-arn"), &of_role);
            put(&format!("roles/r{number}/role-arn"), &format!("arn:aws:iam::{account}:role/r{number}"));
        }
        let id = format!("AKIA{account:0>16}");
        keys.insert(id.clone(), json!({"account": account, "secret": "example"}));
        writeln!(credentials, "[{profile}]\naws_access_key_id = {id}\naws_secret_access_key = example").unwrap();
    }
    fs::write(dir.path().join("credentials"), credentials).unwrap();
    (0..ROLES).for_each(|number| writeln!(spec, "    r{number}: {{}}").unwrap());
    spec += "  clusters:\n";
    for (cluster, profile, _, region) in fleet {
        writeln!(spec, "    {cluster}: {{region: {region}, aws: {{profile: {profile}}}}}").unwrap();
    }
    let path = dir.path().join("iamra.yaml");
    let workloads = "    r0: {clusters: [prod, staging, spare]}\n    r1: {clusters: [staging]}\n";
    let text = fs::read_to_string(&path).unwrap().replace("    app: {}\n", workloads) + &spec;
    fs::write(&path, text).unwrap();
    let mut state = state(&parameters);
    state["keys"] = keys.into();
    let double = Server::double(&state);
    let ask = |words: &[&str]| {
        let mut command = double.iamra(dir.path());
        command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
        run(command.env("AWS_SHARED_CREDENTIALS_FILE", dir.path().join("credentials")).args(words), b"")
    };
    let locked = ask(&["lock"]);
    assert_eq!(locked.exit, 0, "{}", locked.stderr);
    let mut calls: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for call in double.calls() {
        let whose = format!("{} {}", call["account"].as_str().unwrap(), call["region"].as_str().unwrap());
        calls.entry(whose).or_default().push(call["names"].as_array().unwrap().len());
    }
    let names = 2 * ROLES + 1;
    assert_eq!(calls.keys().collect::<Vec<_>>(), ["222233334444 eu-central-1", "333344445555 eu-west-1"]);
    for sizes in calls.values() {
        assert_eq!((sizes.len(), sizes.iter().sum::<usize>()), (names.div_ceil(10), names), "{calls:?}");
    }
    for (cluster, _, account, _) in fleet {
        let output = ask(&["render", "--cluster", cluster]);
        assert!(output.exit == 0 && output.stdout.contains(&format!("{account}:role/r0")), "{}", output.stderr);
        assert!(fleet.iter().all(|(_, _, other, _)| *other == account || !output.stdout.contains(other)), "{cluster}");
    }
    assert_eq!(ask(&["lock", "--check"]).exit, 0);
    let lock = fs::read_to_string(dir.path().join("iamra.lock")).unwrap();
    assert_eq!(lock.matches("role/r24\n").count(), 3, "{lock}");
}

#[test]
fn the_plan_of_calls_is_shown_and_none_is_made() {
    let (state, _) = with_ca();
    let double = Server::double(&state);
    let output = run(double.iamra(tree(CA).path()).args(["lock", "--explain-calls"]), b"");
    let plan = "ssm:GetParameters in eu-central-1\n  /acme/ca/tls-crt\n  /acme/roles/app/profile-arn\n  /acme/roles/app/role-arn\n  \
                /acme/scopes/default/trust-anchor-arn\n";
    assert_eq!((output.exit, output.stdout.as_str()), (0, plan), "{}", output.stderr);
    assert_eq!(double.calls(), [] as [Value; 0]);
}

/// Each command shows what it would ask for beyond what is at hand, and does nothing else.
#[test]
fn every_command_that_asks_shows_its_plan() {
    let (state, _) = with_ca();
    let double = Server::double(&state);
    let dir = tree(CA);
    let explain = |args: &[&str]| {
        let output = run(double.iamra(dir.path()).args(args).arg("--explain-calls"), manifest().as_bytes());
        assert_eq!(output.exit, 0, "{args:?}: {}", output.stderr);
        assert_eq!(double.calls(), [] as [Value; 0], "{args:?}");
        // Warnings about the declaration itself are printed as usual.
        let own = "warning[inline-ca-key]";
        let words = if output.stderr.contains(own) { output.stderr.split(own).next() } else { None };
        let words = words.unwrap_or(&output.stderr).to_owned();
        (output.stdout, words)
    };
    let key = "ssm:GetParameters in eu-central-1, decrypting\n  /acme/ca/tls-key\n";
    let identity =
        "  /acme/roles/app/profile-arn\n  /acme/roles/app/role-arn\n  /acme/scopes/default/trust-anchor-arn\n";
    let all = format!("ssm:GetParameters in eu-central-1\n  /acme/ca/tls-crt\n{identity}{key}");
    assert_eq!(explain(&["render", "--live"]), (all.clone(), String::new()));
    assert_eq!(explain(&["inject"]), (all, String::new()));
    let patches = format!("ssm:GetParameters in eu-central-1\n{identity}");
    assert_eq!(explain(&["inject", "--workloads-only"]), (patches, String::new()));
    let [anchor, profile, role] = arns(ACCOUNT, "eu-central-1");
    let values = format!(
        "ssm:/acme/roles/app/profile-arn: {profile}\nssm:/acme/roles/app/role-arn: {role}\n\
         ssm:/acme/scopes/default/trust-anchor-arn: {anchor}\nssm:/acme/ca/tls-crt: |\n  a certificate\n"
    );
    fs::write(dir.path().join("values.yaml"), values).unwrap();
    assert_eq!(explain(&["render", "--values", "values.yaml"]), (key.to_owned(), String::new()));
    let nothing = (String::new(), "AWS would not be called: all values are available\n".to_owned());
    assert_eq!(explain(&["inject", "--workloads-only", "--values", "values.yaml"]), nothing);
    let inspected = format!(
        "rolesanywhere:GetTrustAnchor in eu-central-1\n  {anchor}\nrolesanywhere:GetProfile in eu-central-1\n  {profile}\n\
         iam:GetRole in eu-central-1\n  {role}\n"
    );
    assert_eq!(explain(&["doctor", "--live", "--values", "values.yaml"]), (inspected, String::new()));
    let imported = "ssm:GetParameters in the environment's region\n  /iam-ra/default/state-location\n\
                    s3:GetObject in the environment's region\n  the object that the parameter names\n";
    assert_eq!(explain(&["import", "--from", "iam-ra"]), (imported.to_owned(), String::new()));
    // Calls for values that are not known yet cannot be planned.
    let unknown = run(double.iamra(dir.path()).args(["doctor", "--live", "--explain-calls"]), b"");
    assert_eq!((unknown.exit, unknown.stdout.as_str()), (1, ""), "{}", unknown.stderr);
    assert!(unknown.stderr.contains("[unresolved-reference]"), "{}", unknown.stderr);
    assert_eq!(double.calls(), [] as [Value; 0]);
}

/// A kustomization of the Deployment; the declaration has these annotations.
fn kustomization(annotations: &str, more: &str) -> tempfile::TempDir {
    let dir = tree(APP);
    let path = dir.path().join("iamra.yaml");
    let declaration = fs::read_to_string(&path).unwrap();
    let annotated = format!("  name: acme\n  annotations:\n    iamra.dev/live: \"true\"\n{annotations}");
    fs::write(&path, declaration.replace("  name: acme\n", &annotated)).unwrap();
    fs::write(dir.path().join("app.yaml"), manifest()).unwrap();
    fs::write(dir.path().join("kustomization.yaml"), format!("resources: [app.yaml]\n{more}")).unwrap();
    dir
}

/// What kustomize builds of it, with the environment of a program that has this double for AWS.
fn build(double: &Server, dir: &tempfile::TempDir, flags: &[&str]) -> Output {
    let program = double.iamra(dir.path());
    let mut kustomize = Command::new(peer("kustomize-5.8.2"));
    kustomize.args(["build", "--enable-alpha-plugins"]).args(flags).arg(".").current_dir(dir.path());
    kustomize.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("PATH", path_with_iamra());
    run(&mut kustomize, b"")
}

fn is_injected(double: &Server, output: &Output) {
    assert_eq!(output.exit, 0, "{}", output.stderr);
    assert!(
        output.stdout.contains("iam-ra-sidecar") && output.stdout.contains("kind: Certificate"),
        "{}",
        output.stdout
    );
    assert_eq!(double.calls().len(), 1);
}

#[test]
fn a_function_asks_inside_kustomize() {
    let double = Server::double(&state(&identity()));
    let dir = kustomization(
        "    config.kubernetes.io/function: |\n      exec: {path: iamra}\n",
        "transformers: [iamra.yaml]\n",
    );
    is_injected(&double, &build(&double, &dir, &["--enable-exec"]));
}
/// The operator decides whether Argo CD's plugin asks, and what it may ask for; the author of the repository does not.
#[test]
fn argo_cd_asks_when_its_operator_says_so_and_within_the_policy() {
    let double = Server::double(&state(&identity()));
    let dir = kustomization("", "");
    let generate = |settings: &[(&str, &str)]| {
        let mut command = double.iamra(dir.path());
        command.args(["argocd", "generate", "--kustomize"]).arg(peer("kustomize-5.8.2"));
        run(command.envs(settings.iter().copied()), b"")
    };
    let by_its_author = generate(&[]);
    assert_eq!((by_its_author.exit, double.calls().len()), (1, 0), "{}", by_its_author.stderr);
    let by_its_operator = generate(&[("IAMRA_LIVE", "true")]);
    assert_eq!((by_its_operator.exit, double.calls().len()), (0, 1), "{}", by_its_operator.stderr);
    assert!(by_its_operator.stderr.starts_with("note: 3 values were looked up in AWS"), "{}", by_its_operator.stderr);

    let policy = tempfile::NamedTempFile::new().unwrap();
    let text = "apiVersion: iamra.dev/v1alpha1\nkind: Policy\nparameters: [/acme/scopes/]\n";
    fs::write(policy.path(), text).unwrap();
    let within = [("IAMRA_LIVE", "true"), ("IAMRA_POLICY", policy.path().to_str().unwrap())];
    let refused = generate(&within);
    assert_eq!((refused.exit, refused.stdout.as_str()), (1, ""), "{}", refused.stderr);
    assert!(refused.stderr.contains("does not allow parameter `/acme/roles/app/role-arn`"), "{}", refused.stderr);
    let asked: Vec<_> = double.calls().last().unwrap()["names"].as_array().unwrap().clone();
    assert_eq!(asked, ["/acme/scopes/default/trust-anchor-arn"]);
}

/// A container function has the network and the variables that the declaration and the command line give it.
#[test]
fn a_container_function_asks_with_the_variables_it_is_given() {
    let double = Server::double(&state(&identity()));
    let function = format!(
        "    config.kubernetes.io/function: |\n      container: {{image: {}, network: true, envs: [AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, \
         AWS_ENDPOINT_URL]}}\n",
        image()
    );
    let dir = kustomization(&function, "transformers: [iamra.yaml]\n");
    is_injected(&double, &build(&double, &dir, &["--network", "--network-name", "host"]));
}
