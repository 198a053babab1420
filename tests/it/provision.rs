//! Making AWS match the declaration: our double of IAM Roles Anywhere, with moto behind it for IAM, STS and SSM.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::aws_peers::{CREDENTIALS, Server, moto};
use crate::support::{Output, iamra, root, run};

/// moto's own.
const ACCOUNT: &str = "123456789012";

/// A declaration, and the certificate of its CA.
fn tree(policy: &str, prefix: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let declaration = format!(
        "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata: {{name: acme}}\nspec:\n  parameterPrefix: \
         {prefix}\n  region: eu-central-1\n  roles:\n    app: {{policies: [\"{policy}\"], inlinePolicies: {{own: {{Version: \"2012-10-17\", Statement: [{{Effect: Allow, Action: \"s3:GetObject\", \
         Resource: \"*\"}}]}}}}, sessionDuration: 30m}}\n  workloads:\n    app: {{namespace: shop}}\n"
    );
    std::fs::write(dir.path().join("iamra.yaml"), declaration).unwrap();
    std::fs::copy(root().join("tests/data/ca/cert.pem"), dir.path().join("ca.pem")).unwrap();
    dir
}

pub(crate) struct Account {
    pub(crate) double: Server,
    pub(crate) dir: TempDir,
}

impl Account {
    fn new(faults: &Value) -> Self {
        Self::of("/provisioned/acme", faults)
    }

    /// An account with an installation of its own; roles and parameters are in the one moto of all.
    pub(crate) fn of(prefix: &str, faults: &Value) -> Self {
        let answer = moto().form(
            "Action=CreatePolicy&Version=2010-05-08&PolicyName=provisioned&PolicyDocument=\
             %7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3AListAllMyBuckets%22%2C%22Resource%22%3A%22%2A%22%7D%7D",
        );
        assert!(answer.contains("provisioned") || answer.contains("EntityAlreadyExists"), "{answer}");
        // moto's first answer of a service takes it longer than iamra waits.
        moto().put("/provisioned/warm", "String", "up");
        let (id, secret) = (CREDENTIALS[0].1, CREDENTIALS[1].1);
        let state = json!({
            "keys": {id: {"account": ACCOUNT, "secret": secret}}, "behind": moto().url(), "faults": faults,
        });
        Self {
            double: Server::double(&state),
            dir: tree(&format!("arn:aws:iam::{ACCOUNT}:policy/provisioned"), prefix),
        }
    }

    pub(crate) fn iamra(&self, args: &[&str]) -> Output {
        run(self.double.iamra(self.dir.path()).args(args), b"")
    }

    /// The policy that is printed for a command, which the double then enforces.
    pub(crate) fn permit(&self, command: &str) -> Vec<String> {
        let policy = offline(self.dir.path(), &["aws", "permissions", command]);
        assert!(policy.exit == 0 && !policy.stderr.contains("error"), "{}", policy.stderr);
        self.double.permit(&policy.stdout);
        let policy: Value = serde_json::from_str(&policy.stdout).unwrap();
        let statements = policy["Statement"].as_array().unwrap().iter();
        let actions = statements.flat_map(|it| match &it["Action"] {
            Value::Array(actions) => actions.clone(),
            one => vec![one.clone()],
        });
        let mut actions: Vec<_> = actions.map(|it| it.as_str().unwrap().to_owned()).collect();
        actions.sort();
        actions
    }
}

fn offline(dir: &Path, args: &[&str]) -> Output {
    let mut command: Command = iamra(dir);
    run(command.args(args), b"")
}

pub(crate) const APPLY: &[&str] = &["aws", "apply", "--ca-certificate", "ca.pem", "--yes"];

/// From nothing to nothing, with the permissions that are printed and no others, and with an answer that is lost.
#[test]
fn an_installation_is_planned_made_locked_and_destroyed() {
    let account = Account::new(&json!([{"action": "CreateProfile", "kind": "reset", "times": 1}]));
    let permitted = account.permit("plan");
    let plan = account.iamra(&["aws", "plan", "--ca-certificate", "ca.pem"]);
    assert_eq!(plan.exit, 4, "{}", plan.stderr);
    assert_eq!(plan.stderr, "6 to create\n");
    for said in [
        "+ create trust anchor `provisioned-acme-default`, account 123456789012, eu-central-1\n    trusts CA ",
        "+ create role `provisioned-acme-app`, account 123456789012, eu-central-1\n    trusts `app`\n    has policy ",
        "\n    has inline policy `own`\n",
        "+ create profile `provisioned-acme-app`, account 123456789012, eu-central-1\n    sessions of up to 30m\n",
        "+ create parameter `/provisioned/acme/roles/app/role-arn`, ",
    ] {
        assert!(plan.stdout.contains(said), "{}", plan.stdout);
    }
    let unasked = account.iamra(&["aws", "apply", "--ca-certificate", "ca.pem"]);
    assert!(unasked.exit == 2 && unasked.stderr.contains("there is no terminal to ask on"), "{}", unasked.stderr);

    account.permit("apply");
    let lost = account.iamra(APPLY);
    assert_eq!(lost.exit, 3, "{}", lost.stderr);
    assert!(lost.stderr.contains("whether it was done is not known"), "{}", lost.stderr);
    let made = account.iamra(APPLY);
    assert_eq!(made.exit, 0, "{}", made.stderr);
    assert!(made.stderr.ends_with("AWS is as declared; `iamra lock` records the ARNs\n"), "{}", made.stderr);
    account.permit("plan");
    let again = account.iamra(&["aws", "plan", "--format", "json"]);
    assert_eq!((again.exit, again.stderr.as_str()), (0, "AWS is as declared\n"), "{}", again.stdout);
    assert_eq!(serde_json::from_str::<Value>(&again.stdout).unwrap()["differences"], json!([]));
    // Looking at roles needs some to be there.
    assert_eq!(account.double.needed(), permitted);

    account.permit("lock");
    let locked = account.iamra(&["lock"]);
    assert_eq!(locked.exit, 0, "{}", locked.stderr);

    account.permit("lock-trust-policies");
    let locked = account.iamra(&["lock", "--trust-policies"]);
    assert_eq!(locked.exit, 0, "{}", locked.stderr);
    assert!(locked.stderr.contains("1 trust policies locked"), "{}", locked.stderr);

    let permitted = account.permit("destroy");
    let destroyed = account.iamra(&["destroy", "--yes"]);
    assert_eq!(destroyed.exit, 0, "{}", destroyed.stderr);
    assert_eq!(account.double.needed(), permitted);
    let nothing = account.iamra(&["destroy", "--yes"]);
    assert_eq!((nothing.exit, nothing.stdout.as_str()), (0, ""), "{}", nothing.stderr);
    assert_eq!(nothing.stderr, "nothing in AWS is iamra's\n");
}

/// A program in a terminal, to which somebody answers.
fn answered(account: &Account, args: &str, answer: &str) -> Output {
    let program = account.double.iamra(account.dir.path());
    let mut command = Command::new("script");
    command.args(["-qec", &format!("{} {args}", crate::support::iamra_path().display()), "/dev/null"]);
    command.current_dir(account.dir.path()).env_clear();
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    run(&mut command, answer.as_bytes())
}

/// None of the calls since `before` changes anything.
fn unchanged(account: &Account, before: usize) {
    let calls = account.double.calls().split_off(before);
    let is_change = |call: &&Value| {
        let action = call["action"].as_str().unwrap();
        ["Create", "Put", "Attach", "Tag", "Update", "Delete"].iter().any(|verb| action.starts_with(verb))
    };
    assert!(!calls.is_empty());
    assert_eq!(calls.iter().filter(is_change).collect::<Vec<_>>(), Vec::<&Value>::new());
}

/// A script that goes on after it must see that nothing was done: differences remain, as `aws plan` says it.
#[test]
fn whoever_does_not_agree_ends_with_differences() {
    let account = Account::of("/provisioned/declined", &json!([]));
    let dir = account.dir.path();
    let declaration = std::fs::read_to_string(dir.join("iamra.yaml")).unwrap();
    let kept = declaration.replace(
        "  roles:",
        "  scopes:\n    kept: {issuer: {ca: {secret: {ssm: {certificate: ssm:/provisioned/declined/crt, key: ssm:/provisioned/declined/key}}}}}\n  roles:",
    );
    for name in ["key.pem", "cert.pem"] {
        std::fs::copy(root().join("tests/data/ca").join(name), dir.join(name)).unwrap();
    }
    let mut before = account.double.calls().len();
    for (args, words) in [
        ("aws apply --ca-certificate ca.pem", "nothing was changed"),
        ("ca put-key key.pem --certificate cert.pem --scope kept", "nothing was changed"),
        ("init --scope kept", "nothing was changed"),
        ("role create app --session-duration 1h", "nothing was changed in AWS; `iamra aws apply` does the same later"),
    ] {
        if args.starts_with("ca") {
            std::fs::write(dir.join("iamra.yaml"), &kept).unwrap();
        }
        if args.starts_with("role") {
            unchanged(&account, before);
            assert_eq!(std::fs::read_to_string(dir.join("iamra.yaml")).unwrap(), kept);
            std::fs::write(dir.join("iamra.yaml"), &declaration).unwrap();
            assert_eq!(account.iamra(APPLY).exit, 0);
            before = account.double.calls().len();
        }
        let answers = if args.starts_with("aws") { &["n\n", "\n", "\u{4}"][..] } else { &["n\n"] };
        for answer in answers {
            let output = answered(&account, args, answer);
            assert_eq!(output.exit, 4, "{args} {answer:?}: {}", output.stdout);
            let said = output.stdout.replace("\r\n", "\n");
            assert!(said.contains("go on? [y/N] ") && said.ends_with(&format!("{words}\n")), "{args}: {said}");
        }
    }
    unchanged(&account, before);
    let done = answered(&account, "role create app --session-duration 1h", "y\n");
    assert_eq!(done.exit, 0, "{}", done.stdout);
    std::fs::write(dir.join("iamra.yaml"), declaration.split("  workloads:").next().unwrap()).unwrap();
    for (args, words) in [
        ("role delete app", "nothing was deleted in AWS; `iamra aws apply` does it later"),
        ("destroy", "nothing was deleted"),
    ] {
        let output = answered(&account, args, "no\n");
        assert_eq!(output.exit, 4, "{args}: {}", output.stdout);
        assert!(output.stdout.ends_with(&format!("{words}\r\n")), "{args}: {}", output.stdout);
    }
    let left = account.iamra(&["destroy", "--yes"]);
    assert_eq!(left.exit, 0, "{}", left.stderr);
}

/// `iamra.yaml` as an editor finds it, with a comment that stays.
const COMMENTED: &str = "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata: {name: acme}\nspec:\n  parameterPrefix: \
                         /provisioned/roles # ours\n  region: eu-central-1\n";

const DOCUMENT: &str =
    r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}"#;

fn roles() -> Account {
    let account = Account::new(&json!([]));
    let dir = account.dir.path();
    std::fs::write(dir.join("iamra.yaml"), COMMENTED).unwrap();
    std::fs::write(dir.join("bucket.json"), DOCUMENT).unwrap();
    account
}

/// From `role create` to `role delete`, each with the permissions that are printed and no others.
#[test]
fn a_role_is_created_changed_listed_and_deleted() {
    let account = roles();
    let dir = account.dir.path();
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/provisioned");
    let create =
        ["role", "create", "app", "--policy", &arn, "--inline-policy", "bucket.json", "--session-duration", "1800"];
    let with = |more: &[&'static str]| [&create[..], more].concat();
    let file = || std::fs::read_to_string(dir.join("iamra.yaml")).unwrap();

    let dry = account.iamra(&with(&["--dry-run"]));
    assert_eq!((dry.exit, file().as_str()), (0, COMMENTED), "{}", dry.stderr);
    assert!(
        dry.stdout.contains("+  roles:") && dry.stderr.contains("+ create role `provisioned-roles-app`"),
        "{dry:?}"
    );
    let unasked = account.iamra(&create);
    assert!(unasked.exit == 2 && unasked.stderr.contains("there is no terminal to ask on"), "{}", unasked.stderr);
    let declared = file();
    assert!(declared.starts_with(COMMENTED) && declared.contains("sessionDuration: 30m"), "{declared}");

    account.permit("role-create");
    let made = account.iamra(&with(&["--yes"]));
    assert_eq!(made.exit, 0, "{}", made.stderr);
    assert!(made.stderr.contains("role `provisioned-roles-app`: created"), "{}", made.stderr);
    assert!(
        made.stderr.ends_with("role `app` is in AWS as declared; `iamra lock` records the ARNs\n"),
        "{}",
        made.stderr
    );
    let again = account.iamra(&with(&["--yes"]));
    assert_eq!((again.exit, file()), (0, declared), "{}", again.stderr);
    assert!(again.stderr.ends_with("role `app` is in AWS as declared\n"), "{}", again.stderr);
    let changed = account.iamra(&["role", "create", "app", "--session-duration", "2h", "--yes"]);
    assert_eq!(changed.exit, 0, "{}", changed.stderr);
    assert!(changed.stderr.contains("sessionDuration `30m` is now `2h`"), "{}", changed.stderr);
    assert!(changed.stderr.contains("sessions of up to 2h, not 1h"), "{}", changed.stderr);

    let listed = offline(dir, &["role", "list", "--json"]);
    let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
    let (role, policies) = (&listed["roles"][0], json!([arn]));
    assert_eq!((&role["name"], &role["policies"], &role["sessionDuration"]), (&json!("app"), &policies, &json!("2h")));
    assert_eq!((&role["inlinePolicies"], &role["workloads"]), (&json!(["bucket"]), &json!([])));

    account.permit("apply");
    let plan = account.iamra(&["aws", "plan", "--ca-certificate", "ca.pem"]);
    assert_eq!(plan.stderr, "2 to create\n", "{}", plan.stdout);
    assert_eq!(account.iamra(APPLY).exit, 0);
    let onboarded = offline(dir, &["k8s", "onboard", "web", "--role", "app", "--k8s-namespace", "shop"]);
    assert!(file().contains("web"), "{}", onboarded.stderr);
    let trusting = account.iamra(&["role", "create", "app", "--yes"]);
    assert!(trusting.exit == 0 && trusting.stderr.contains("it trusts `web`"), "{}", trusting.stderr);
    let used = account.iamra(&["role", "delete", "app", "--yes"]);
    assert!(used.exit == 1 && used.stderr.contains("role-in-use"), "{}", used.stderr);
    assert!(used.stderr.contains("`iamra k8s offboard web`"), "{}", used.stderr);
    assert_eq!(offline(dir, &["k8s", "offboard", "web"]).exit, 0);

    let permitted = account.permit("role-delete");
    let deleted = account.iamra(&["role", "delete", "app", "--yes"]);
    assert_eq!(deleted.exit, 0, "{}", deleted.stderr);
    assert_eq!(account.double.needed(), permitted);
    assert_eq!(file(), COMMENTED);
    let unknown = account.iamra(&["role", "delete", "app", "--yes"]);
    assert!(unknown.exit == 1 && unknown.stderr.contains("unknown-role"), "{}", unknown.stderr);
}

/// The file is changed first: an answer that is lost, and a run that was stopped before AWS was called, are made good by the next.
#[test]
fn a_role_that_is_half_made_or_half_deleted_is_finished_by_the_next_run() {
    let account = Account::new(&json!([{"action": "CreateProfile", "kind": "reset", "times": 1}]));
    let dir = account.dir.path();
    std::fs::write(dir.join("iamra.yaml"), COMMENTED.replace("/roles", "/halves")).unwrap();
    let create = ["role", "create", "app", "--yes"];
    let lost = account.iamra(&create);
    assert!(lost.exit == 3 && lost.stderr.contains("whether it was done is not known"), "{}", lost.stderr);
    assert_eq!(account.iamra(&create).exit, 0);
    let forgotten = offline(dir, &["role", "delete", "app", "--without-aws"]);
    assert_eq!((forgotten.exit, forgotten.stderr.as_str()), (0, "iamra.yaml: role `app` removed\n"));
    let deleted = account.iamra(&["role", "delete", "app", "--yes"]);
    assert_eq!(deleted.exit, 0, "{}", deleted.stderr);
    assert!(deleted.stderr.contains("role `provisioned-halves-app`: deleted"), "{}", deleted.stderr);
    let nothing = account.iamra(&["destroy", "--yes"]);
    assert_eq!(nothing.stderr, "nothing in AWS is iamra's\n");
}

/// What has the names and not the tags is somebody else's until it is adopted, which changes its tags alone.
#[test]
fn what_others_have_made_is_adopted_then_changed_and_deleted() {
    let (prefix, stem) = ("/adopted/acme", "adopted-acme");
    let anywhere = |what: &str| {
        format!("arn:aws:rolesanywhere:eu-central-1:{ACCOUNT}:{what}/6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d")
    };
    let named = |what: &str, name: &str| json!([{"account": ACCOUNT, "region": "eu-central-1", "name": format!("{stem}-{name}"), "arn": anywhere(what)}]);
    let made = Account::of(prefix, &json!([]));
    let (id, secret) = (CREDENTIALS[0].1, CREDENTIALS[1].1);
    let state = json!({
        "keys": {id: {"account": ACCOUNT, "secret": secret}}, "behind": moto().url(),
        "trustAnchors": named("trust-anchor", "default"), "profiles": named("profile", "app"),
    });
    let account = Account { double: Server::double(&state), ..made };
    let created = moto().form(&format!(
        "Action=CreateRole&Version=2010-05-08&RoleName={stem}-app&AssumeRolePolicyDocument=\
         %7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D"
    ));
    assert!(created.contains("<Arn>"), "{created}");
    let role = format!("arn:aws:iam::{ACCOUNT}:role/{stem}-app");
    for (name, arn) in [
        ("scopes/default/trust-anchor-arn", anywhere("trust-anchor")),
        ("roles/app/profile-arn", anywhere("profile")),
        ("roles/app/role-arn", role),
    ] {
        moto().put(&format!("{prefix}/{name}"), "String", &arn);
    }

    let nothing = account.iamra(&["destroy", "--yes"]);
    assert!(nothing.exit == 0 && nothing.stderr.ends_with("nothing in AWS is iamra's\n"), "{}", nothing.stderr);
    assert_eq!(nothing.stderr.matches("= leave ").count(), 6, "{}", nothing.stderr);
    let unasked = account.iamra(&["aws", "adopt"]);
    assert!(unasked.exit == 2 && unasked.stderr.contains("there is no terminal to ask on"), "{}", unasked.stderr);
    let permitted = account.permit("adopt");
    let adopted = account.iamra(&["aws", "adopt", "--yes"]);
    assert_eq!(adopted.exit, 0, "{}", adopted.stderr);
    let needed = account.double.needed();
    let unneeded: Vec<_> = permitted.iter().filter(|it| !needed.contains(it)).collect();
    // The role has no policies, of either kind.
    assert_eq!(unneeded, ["iam:GetRolePolicy"]);
    let again = account.iamra(&["aws", "adopt", "--yes"]);
    assert!(again.exit == 0 && again.stderr.contains("there is nothing to adopt"), "{}", again.stderr);

    account.permit("apply");
    let applied = account.iamra(APPLY);
    assert_eq!(applied.exit, 0, "{}", applied.stderr);
    assert!(!applied.stderr.contains("created"), "{}", applied.stderr);
    let plan = account.iamra(&["aws", "plan"]);
    assert_eq!((plan.exit, plan.stderr.as_str()), (0, "AWS is as declared\n"), "{}", plan.stdout);
    account.permit("destroy");
    let destroyed = account.iamra(&["destroy", "--yes"]);
    assert_eq!((destroyed.exit, destroyed.stderr.matches(": deleted\n").count()), (0, 6), "{}", destroyed.stderr);
}
