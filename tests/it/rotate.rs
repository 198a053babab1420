//! `iamra ca rotate` over the double and moto: a CA in parameters is replaced, and whatever fails, there is one next CA.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::aws_peers::moto;
use crate::provision::{APPLY, Account};
use crate::support::{Output, root, run};

/// No Certificate and no Pod: nothing has a certificate of the CA that goes.
const NOTHING: &[u8] = br#"{"items": []}"#;

/// A scope whose CA is in parameters, and its trust anchor.
fn begun(name: &str) -> Account {
    let prefix = format!("/rotated/{name}");
    let account = Account::of(&prefix, &json!([]));
    let at = account.dir.path().join("iamra.yaml");
    let folder = format!("ssm:{prefix}/scopes/default/ca");
    let issuer = format!(
        "  scopes:\n    default:\n      issuer:\n        mintPolicy: admissionPolicy\n        clusterCa: # in cert-manager's namespace\n          secret:\n            \
         ssm: {{certificate: '{folder}/tls-crt', key: '{folder}/tls-key'}} # the first one\n"
    );
    let text = fs::read_to_string(&at).unwrap();
    let without_workloads = text.split("  workloads:").next().unwrap().to_owned();
    fs::write(at, without_workloads + &issuer).unwrap();
    for (file, kind, of) in [("cert.pem", "String", "tls-crt"), ("key.pem", "SecureString", "tls-key")] {
        let pem = fs::read_to_string(root().join("tests/data/ca").join(file)).unwrap();
        moto().put(&format!("{prefix}/scopes/default/ca/{of}"), kind, &pem);
    }
    let made = account.iamra(APPLY);
    assert_eq!(made.exit, 0, "{}", made.stderr);
    account
}

fn rotate(account: &Account) -> Output {
    let mut command = account.double.iamra(account.dir.path());
    run(command.args(["ca", "rotate", "--yes", "--objects", "-"]), NOTHING)
}

fn declaration(account: &Account) -> String {
    fs::read_to_string(account.dir.path().join("iamra.yaml")).unwrap()
}

/// How many certificates the trust anchor has.
fn trusted(account: &Account) -> usize {
    let plan = account.iamra(&["status", "--live", "--format", "json"]);
    assert_eq!(plan.exit, 0, "{}", plan.stderr);
    let status: Value = serde_json::from_str(&plan.stdout).unwrap();
    let all = status["aws"].as_array().unwrap();
    let anchor = all.iter().find(|it| it["kind"] == "trust anchor").unwrap();
    let details = anchor["details"].as_array().unwrap();
    details.iter().filter(|it| it.as_str().unwrap().starts_with("trusts CA")).count()
}

/// The versions of a parameter: one that was written twice has two.
fn versions(name: &str) -> usize {
    let answer = moto().admin("AmazonSSM.GetParameterHistory", &json!({"Name": name}));
    answer["Parameters"].as_array().map_or(0, Vec::len)
}

#[test]
fn a_ca_in_parameters_is_replaced_step_by_step() {
    let account = begun("walk");
    account.permit("rotate");
    let dry = account.iamra(&["ca", "rotate", "--dry-run"]);
    assert!(dry.exit == 0 && dry.stdout.contains("+          next:"), "{}{}", dry.stdout, dry.stderr);
    let before = declaration(&account);
    let unasked = account.iamra(&["ca", "rotate"]);
    assert!(unasked.exit == 2 && unasked.stderr.contains("there is no terminal to ask on"), "{}", unasked.stderr);
    assert_eq!(declaration(&account), before);

    let steps = [
        ("step 1 of 7: the next CA is declared", 1),
        ("step 2 of 7: the next CA is made", 1),
        ("step 3 of 7: the trust anchor ", 2),
        ("step 4 of 7: the next CA signs", 2),
        ("step 6 of 7: the trust anchor ", 1),
        ("step 7 of 7: the declaration has the next CA alone", 1),
    ];
    for (said, _) in steps {
        let done = rotate(&account);
        assert!(done.exit == 0 && done.stderr.contains(said), "{said}: {}{}", done.stdout, done.stderr);
        for text in [&done.stdout, &done.stderr, &declaration(&account)] {
            assert!(!text.contains("PRIVATE KEY"), "{text}");
        }
    }
    let after = declaration(&account);
    for part in ["clusterCa: # in cert-manager's namespace", "generation: 2", "/scopes/default/ca.2/tls-key"] {
        assert!(after.contains(part), "{after}");
    }
    assert!(!after.contains("next:") && !after.contains("ca/tls-key"), "{after}");
    account.permit("plan");
    let plan = account.iamra(&["aws", "plan"]);
    assert_eq!((plan.exit, plan.stdout.as_str()), (0, ""), "{}", plan.stderr);
    assert_eq!(versions("/rotated/walk/scopes/default/ca.2/tls-key"), 1);
}

/// In the middle, `iamra aws apply` leaves to the rotation what the trust anchor has; and nothing is removed that may be in use.
#[test]
fn what_is_too_early_is_refused() {
    let account = begun("early");
    for count in [1, 1, 2, 2] {
        assert_eq!(rotate(&account).exit, 0);
        assert_eq!(account.iamra(&["aws", "apply", "--yes"]).exit, 0);
        assert_eq!(trusted(&account), count);
    }
    let blind = account.iamra(&["ca", "rotate", "--yes"]);
    assert_eq!(blind.exit, 3, "{}", blind.stderr);
    assert!(blind.stderr.contains("step 5 is done cannot be told"), "{}", blind.stderr);
    assert_eq!(trusted(&account), 2);
}

/// The Secrets of both CAs in the cluster, of which the next one has just been made.
fn secrets() -> String {
    let secret = |name: &str, file: &str| {
        let pem = fs::read(root().join("tests/data").join(file)).unwrap();
        json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "cert-manager"},
            "data": {"tls.crt": STANDARD.encode(pem)},
        })
    };
    json!({"items": [secret("iam-ra-ca", "ca/cert.pem"), secret("iam-ra-ca.2", "keys/p256-ca.pem")]}).to_string()
}

/// Of a CA that cert-manager makes, the public half is enough.
#[test]
fn a_ca_of_the_cluster_is_replaced_by_its_certificate() {
    let account = Account::of("/rotated/in-cluster", &json!([]));
    let at = account.dir.path().join("iamra.yaml");
    let text = fs::read_to_string(&at).unwrap();
    let issuer = "  scopes: {default: {issuer: {mintPolicy: admissionPolicy, clusterCa: {secret: {inCluster: {}}}}}}\n";
    fs::write(&at, text.split("  workloads:").next().unwrap().to_owned() + issuer).unwrap();
    assert_eq!(account.iamra(APPLY).exit, 0);
    let declared = account.iamra(&["ca", "rotate", "--yes"]);
    assert_eq!(declared.exit, 0, "{}", declared.stderr);
    assert!(declaration(&account).contains("next: {secret: {inCluster: {}}}"), "{}", declaration(&account));
    let unseen = account.iamra(&["ca", "rotate", "--yes"]);
    assert!(unseen.exit == 3 && unseen.stderr.contains("step 2 is done cannot be told"), "{}", unseen.stderr);
    assert_eq!(trusted(&account), 1);
    for (said, count) in [("step 3 of 7", 2), ("step 4 of 7", 2), ("step 6 of 7", 1), ("step 7 of 7", 1)] {
        let mut command = account.double.iamra(account.dir.path());
        let done = run(command.args(["ca", "rotate", "--yes", "--objects", "-"]), secrets().as_bytes());
        assert!(done.exit == 0 && done.stderr.contains(said), "{said}: {}", done.stderr);
        assert_eq!(trusted(&account), count, "{said}");
    }
    let after = "clusterCa: {secret: {inCluster: {}}, generation: 2}";
    assert!(declaration(&account).contains(after), "{}", declaration(&account));
}

/// How many calls of AWS the longest step makes.
fn most_calls() -> usize {
    let account = begun("counted");
    let mut most = 0;
    while !is_done(&account) {
        let before = account.double.calls().len();
        assert_eq!(rotate(&account).exit, 0);
        most = most.max(account.double.calls().len() - before);
    }
    most
}

fn is_done(account: &Account) -> bool {
    let text = declaration(account);
    text.contains("generation: 2") && !text.contains("next:")
}

/// Each step, with each of its calls failing before and after its effect.
#[test]
fn after_a_fault_at_any_call_there_is_one_next_ca() {
    let walk = |name: &str, when: &str, call: usize| {
        let account = begun(name);
        let mut reached = false;
        while !is_done(&account) {
            let before = account.double.calls().len();
            account.double.strike(call, when);
            let struck = rotate(&account);
            reached |= account.double.calls().len() - before >= call.saturating_sub(1);
            account.double.strike(0, "");
            assert!([0, 3].contains(&struck.exit), "call {call} {when}: {}", struck.stderr);
            // What was stopped is done by the next run: this step, or the one after it if only the answer was lost.
            if struck.exit == 3 && !is_done(&account) {
                let again = rotate(&account);
                assert_eq!(again.exit, 0, "call {call} {when}: {}{}", struck.stderr, again.stderr);
            }
        }
        let plan = account.iamra(&["aws", "plan"]);
        assert_eq!((plan.exit, plan.stdout.as_str()), (0, ""), "call {call} {when}: {}", plan.stderr);
        for of in ["tls-crt", "tls-key"] {
            assert_eq!(versions(&format!("/rotated/{name}/scopes/default/ca.2/{of}")), 1);
            assert_eq!(versions(&format!("/rotated/{name}/scopes/default/ca.3/{of}")), 0);
        }
        reached
    };
    let most = most_calls();
    assert!(most > 5, "{most}");
    std::thread::scope(|scope| {
        for call in 1..=most {
            for when in ["before", "after"] {
                let walk = &walk;
                scope.spawn(move || assert!(walk(&format!("{when}-{call}"), when, call)));
            }
        }
    });
}
