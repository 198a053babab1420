//! Starting: a declaration, a CA in Parameter Store and its trust anchor, against our double of IAM Roles Anywhere, with moto
//! behind it for SSM.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use iamra::certificate::{Authority, Certificate};
use iamra::secret::Secret;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::aws_peers::{CREDENTIALS, Server, moto};
use crate::peers::peer;
use crate::support::{Output, files_below, iamra, path_with_iamra, root, run};

/// moto's own.
const ACCOUNT: &str = "123456789012";

/// An empty folder, and an account for it. moto is everybody's, so each has a prefix of its own.
struct Place {
    double: Server,
    dir: TempDir,
    prefix: String,
}

impl Place {
    fn new(prefix: &str, faults: &Value) -> Self {
        moto().put("/init/warm", "String", "up");
        let (id, secret) = (CREDENTIALS[0].1, CREDENTIALS[1].1);
        let state = json!({
            "keys": {id: {"account": ACCOUNT, "secret": secret}}, "behind": moto().url(), "faults": faults,
        });
        let double = Server::double(&state);
        Self { double, dir: tempfile::tempdir().unwrap(), prefix: format!("/init/{prefix}") }
    }

    fn iamra(&self, args: &[&str]) -> Output {
        run(self.double.iamra(self.dir.path()).args(args), b"")
    }

    fn init(&self, more: &[&str]) -> Output {
        self.iamra(&[&["init", "--parameter-prefix", &self.prefix, "--region", "eu-central-1"], more].concat())
    }

    fn offline(&self, args: &[&str]) -> Output {
        let mut command: Command = iamra(self.dir.path());
        run(command.args(args), b"")
    }

    /// From now on the double holds callers to the policy that is printed for a command.
    fn permit(&self, args: &[&str]) -> String {
        let policy = self.offline(&[&["aws", "permissions"], args].concat());
        assert_eq!((policy.exit, policy.stderr.as_str()), (0, ""), "{policy:?}");
        self.double.permit(&policy.stdout);
        policy.stdout
    }

    /// The parameters below the prefix: name, value, version, and whether it is encrypted.
    fn parameters(&self) -> Vec<(String, String, u64, bool)> {
        let body = json!({"Path": self.prefix, "Recursive": true, "WithDecryption": true});
        let found = moto().admin("AmazonSSM.GetParametersByPath", &body);
        let mut all: Vec<_> = found["Parameters"].as_array().unwrap().iter().map(parameter).collect();
        all.sort();
        all
    }

    /// The only CA: that of the parameters, which the only trust anchor trusts.
    fn ca(&self) -> Authority {
        let all = self.parameters();
        let [(certificate, pem, 1, false), (key, secret, 1, true), (anchor, ..)] = all.as_slice() else {
            panic!("{:?}", all.iter().map(|it| (&it.0, it.2, it.3)).collect::<Vec<_>>())
        };
        assert!(certificate.ends_with("/ca/tls-crt") && key.ends_with("/ca/tls-key"), "{certificate} {key}");
        assert!(anchor.ends_with("/scopes/default/trust-anchor-arn"), "{anchor}");
        let plan = self.iamra(&["aws", "plan"]);
        assert_eq!((plan.exit, plan.stderr.as_str()), (0, "AWS is as declared\n"), "{}", plan.stdout);
        Authority::check(pem, &Secret::new(secret)).unwrap()
    }
}

fn parameter(it: &Value) -> (String, String, u64, bool) {
    let text = |field: &str| it[field].as_str().unwrap().to_owned();
    (text("Name"), text("Value"), it["Version"].as_u64().unwrap(), it["Type"] == "SecureString")
}

/// Everything in a folder, as one text.
fn contents(dir: &Path) -> String {
    files_below(dir).into_values().collect()
}

/// With the permissions that are printed; once, however often it is run; and the key reaches one request and no file.
#[test]
fn a_ca_is_made_once_and_its_key_is_in_one_request_alone() {
    let place = Place::new("once", &json!([]));
    let files = place.init(&["--without-aws"]);
    assert_eq!(files.exit, 0, "{}", files.stderr);
    assert!(place.double.calls().is_empty());
    let policy = place.permit(&["init"]);
    for foreign in ["iam:", "profile", "ssm:DeleteParameter", "once/*", "kms:"] {
        assert!(!policy.contains(foreign), "{foreign}: {policy}");
    }

    let unasked = place.init(&[]);
    assert_eq!(unasked.exit, 2, "{}", unasked.stderr);
    assert!(unasked.stderr.contains("there is no terminal to ask on"), "{}", unasked.stderr);
    assert_eq!(place.parameters(), []);

    let mut command = place.double.iamra(place.dir.path());
    command.args(["init", "--yes"]).env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
    let made = run(&mut command, b"");
    assert_eq!(made.exit, 0, "{}", made.stderr);
    for said in [
        "+ create parameter `/init/once/scopes/default/ca/tls-key`, account 123456789012, eu-central-1\n    the private key of the CA, encrypted\n",
        "+ create parameter `/init/once/scopes/default/ca/tls-crt`, account 123456789012, eu-central-1\n    the certificate of CA CN=init-once-default, until 20",
        "+ create trust anchor `init-once-default`, account 123456789012, eu-central-1\n    trusts that CA\n",
        "\n4 to create\n",
        "parameter `/init/once/scopes/default/ca/tls-key`: created\nparameter `/init/once/scopes/default/ca/tls-crt`: created\n\
         trust anchor `init-once-default`: created\n",
    ] {
        assert!(made.stderr.contains(said), "{said}\n{}", made.stderr);
    }
    place.double.permit(r#"{"Statement": [{"Effect": "Allow", "Action": ["ssm:GetParameters", "ssm:DescribeParameters", "rolesanywhere:ListTrustAnchors", "rolesanywhere:ListProfiles", "rolesanywhere:ListTagsForResource", "iam:ListRoles"], "Resource": "*"}]}"#);
    let ca = place.ca();
    let certificate = Certificate::first(&ca.certificate).unwrap();
    assert!((certificate.not_after - certificate.not_before).whole_days() == 3650);
    assert!(time::OffsetDateTime::now_utc() - certificate.not_before >= time::Duration::hours(1));

    // What cannot write makes no second one, and need not.
    let again = place.init(&["--yes"]);
    assert_eq!(again.exit, 0, "{}", again.stderr);
    assert!(again.stderr.starts_with("CA `CN=init-once-default`, until "), "{}", again.stderr);
    assert!(again.stderr.contains(&certificate.fingerprint()), "{}", again.stderr);
    assert_eq!(place.ca(), ca);

    let line = ca.key.reveal().lines().nth(1).unwrap().to_owned();
    let bodies = place.double.bodies();
    let with_key: Vec<_> = bodies.iter().filter(|[_, text]| text.contains(&line)).map(|[action, _]| action).collect();
    assert_eq!(with_key, ["PutParameter"]);
    for text in [made.stdout, made.stderr, again.stdout, again.stderr, contents(place.dir.path())] {
        assert!(!text.contains(&line) && !text.contains("PRIVATE KEY"), "{text}");
    }
}

/// What is written can be built: with a role and a workload, what the lock does not have is asked for.
#[test]
fn what_is_begun_can_be_applied_locked_and_built() {
    let place = Place::new("built", &json!([]));
    for args in [
        &["init", "--yes", "--parameter-prefix", "/init/built", "--region", "eu-central-1", "--cluster", "prod"][..],
        &["check"],
    ] {
        let output = place.iamra(args);
        assert_eq!(output.exit, 0, "{args:?}: {}", output.stderr);
    }
    let onboarded = place.iamra(&["k8s", "onboard", "app", "--role", "app", "--k8s-namespace", "shop", "--live"]);
    assert!(onboarded.stderr.contains("role `app`"), "{}", onboarded.stderr);
    for args in [&["aws", "apply", "--yes"][..], &["lock"], &["lock", "--check"]] {
        let output = place.iamra(args);
        assert_eq!(output.exit, 0, "{args:?}: {}", output.stderr);
    }
    let printed = place.iamra(&["k8s", "onboard", "app", "--role", "app", "--k8s-namespace", "shop", "--live"]);
    assert_eq!(printed.exit, 0, "{}", printed.stderr);
    for part in ["name: iam-ra-ca\n", "kind: Issuer\n", "name: app-cert\n", "name: app-iam-ra-config\n"] {
        assert!(printed.stdout.contains(part), "{part}: {}", printed.stdout);
    }
    assert!(!contents(place.dir.path()).contains("PRIVATE KEY"));
}

#[test]
fn a_dry_run_needs_no_permission_to_write_and_leaves_nothing() {
    let place = Place::new("dry", &json!([]));
    place.double.permit(r#"{"Statement": [{"Effect": "Allow", "Action": ["ssm:GetParameters", "ssm:DescribeParameters", "rolesanywhere:ListTrustAnchors", "rolesanywhere:ListTagsForResource"], "Resource": "*"}]}"#);
    let dry = place.init(&["--dry-run"]);
    assert_eq!(dry.exit, 0, "{}", dry.stderr);
    for said in [
        "+++ b/iamra.yaml\n",
        "+apiVersion: iamra.dev/v1alpha1\n",
        "+++ b/.pre-commit-config.yaml\n",
        "+ create parameter `/init/dry/scopes/default/ca/tls-key`, ",
        "+ create trust anchor `init-dry-default`, ",
    ] {
        assert!(dry.stdout.contains(said), "{said}\n{}", dry.stdout);
    }
    assert!(dry.stderr.ends_with("4 to create\n"), "{}", dry.stderr);
    assert_eq!((contents(place.dir.path()), place.parameters()), (String::new(), vec![]));
}

/// An answer is lost at each call that changes something: the run says so, and the next one goes on with the same key.
#[test]
fn after_a_lost_answer_the_next_run_goes_on() {
    for (number, (action, kind)) in [
        ("PutParameter", "reset"),
        ("PutParameter", "500"),
        ("CreateTrustAnchor", "reset"),
        ("GetParametersWithDecryption", "reset"),
    ]
    .into_iter()
    .enumerate()
    {
        let place = Place::new(&format!("lost-{number}"), &json!([{"action": action, "kind": kind, "times": 1}]));
        let lost = place.init(&["--yes"]);
        let is_read = action.starts_with("Get");
        assert_eq!(lost.exit, if is_read { 0 } else { 3 }, "{action} {kind}: {}", lost.stderr);
        let key: Vec<_> = place.parameters().into_iter().filter(|it| it.3).map(|it| it.1).collect();
        let next = place.init(&["--yes"]);
        assert_eq!(next.exit, 0, "{action} {kind}: {}", next.stderr);
        let ca = place.ca();
        assert!(key.is_empty() || key == [ca.key.reveal()], "{action} {kind}");
    }
}

/// Two repositories whose declarations have the same name and prefix would delete each other's roles.
#[test]
fn a_new_declaration_takes_nothing_of_another_one() {
    let place = Place::new("taken", &json!([]));
    assert_eq!(place.init(&["--yes"]).exit, 0);
    let ca = place.ca();
    let other = tempfile::tempdir().unwrap();
    let args = ["init", "--yes", "--parameter-prefix", "/init/taken", "--region", "eu-central-1"];
    let refused = run(place.double.iamra(other.path()).args(args), b"");
    assert_eq!(refused.exit, 1, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("the declaration is new, and the trust anchor `init-taken-default`"),
        "{refused:?}"
    );
    assert_eq!((contents(other.path()), place.ca()), (String::new(), ca));
    let own = ["init", "--yes", "--parameter-prefix", "/init/taken-not", "--region", "eu-central-1"];
    assert_eq!(run(place.double.iamra(other.path()).args(own), b"").exit, 0);
}

#[test]
fn two_at_once_have_one_ca() {
    let place = Place::new("race", &json!([]));
    let others = tempfile::tempdir().unwrap();
    let args = ["init", "--yes", "--parameter-prefix", "/init/race", "--region", "eu-central-1"];
    let start = |dir: &Path| {
        let mut command = place.double.iamra(dir);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let both = [start(place.dir.path()), start(others.path())];
    let ended = both.map(|it| it.wait_with_output().unwrap());
    assert!(ended.iter().any(|it| it.status.success()), "{ended:?}");
    // A new declaration is refused if the other one has been faster with everything.
    assert_eq!(place.init(&["--without-aws"]).exit, 0);
    // The trust anchor of one is the other's twin until the next run.
    let next = place.init(&["--yes"]);
    assert_eq!(next.exit, 0, "{}", next.stderr);
    place.ca();
}

/// A CA that exists, with a customer's KMS key.
#[test]
fn a_ca_from_elsewhere_is_put_where_the_declaration_says() {
    let place = Place::new("given", &json!([]));
    assert_eq!(place.init(&["--without-aws"]).exit, 0);
    let kms = "arn:aws:kms:eu-central-1:123456789012:key/6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d";
    place.permit(&["put-key", "--kms-key", kms]);
    let data = root().join("tests/data/keys");
    let file = |name: &str| data.join(name).display().to_string();
    let (key, certificate) = (file("p256-key.pem"), file("p256-ca.pem"));
    let put = |key: &str, certificate: &str| {
        place.iamra(&["ca", "put-key", key, "--certificate", certificate, "--kms-key", kms, "--yes"])
    };
    let wrong = put(&key, &file("p384-ca.pem"));
    assert_eq!(wrong.exit, 1, "{}", wrong.stderr);
    assert!(wrong.stderr.contains("the private key does not belong to the CA certificate"), "{}", wrong.stderr);
    let leaf = put(&key, &file("p256-leaf.pem"));
    assert!(leaf.exit == 1 && leaf.stderr.contains("is not a CA"), "{}", leaf.stderr);
    assert_eq!(place.parameters(), []);

    let right = put(&key, &certificate);
    assert_eq!(right.exit, 0, "{}", right.stderr);
    assert_eq!(
        place.double.needed(),
        ["kms:Encrypt", "ssm:AddTagsToResource", "ssm:DescribeParameters", "ssm:GetParameters", "ssm:PutParameter"]
    );
    let again = put(&key, &certificate);
    assert!(again.exit == 0 && again.stderr.contains("is there already"), "{}", again.stderr);
    let other = put(&file("p384-key.pem"), &file("p384-ca.pem"));
    assert_eq!(other.exit, 1, "{}", other.stderr);
    assert!(other.stderr.contains("another private key is there; nothing is overwritten"), "{}", other.stderr);

    // Both in one file, from a pipe.
    let both = fs::read_to_string(&certificate).unwrap() + &fs::read_to_string(&key).unwrap();
    let piped = run(place.double.iamra(place.dir.path()).args(["ca", "put-key", "-", "--yes"]), both.as_bytes());
    assert!(piped.exit == 0 && piped.stderr.contains("is there already"), "{}", piped.stderr);
    place.permit(&["init", "--kms-key", kms]);
    let begun = place.init(&["--yes"]);
    assert_eq!(begun.exit, 0, "{}", begun.stderr);
    place.double.permit(r#"{"Statement": [{"Effect": "Allow", "Action": ["ssm:GetParameters", "ssm:DescribeParameters", "rolesanywhere:ListTrustAnchors", "rolesanywhere:ListProfiles", "rolesanywhere:ListTagsForResource", "iam:ListRoles"], "Resource": "*"}]}"#);
    let line = fs::read_to_string(&key).unwrap().lines().nth(1).unwrap().to_owned();
    assert!(place.ca().key.reveal().contains(&line));
}

/// Without AWS: which files, whether they pass the checks, and what is refused.
#[test]
fn each_mode_writes_a_declaration_that_passes_and_overwrites_nothing() {
    let arn = "arn:aws:acm-pca:eu-central-1:111122223333:certificate-authority/6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d";
    for (args, issuer) in [
        (&[][..], "        ca: # an Issuer"),
        (
            &["--ca-mode", "self-signed", "--cluster", "prod", "--parameter-prefix", "/acme/{{ cluster }}"],
            "        ca: # an Issuer",
        ),
        (&["--ca-mode", "in-cluster"], "        clusterCa: {secret: {inCluster: {}}}"),
        (&["--ca-mode", "pca-existing", "--pca-arn", arn], "        awsPrivateCa: # AWS"),
        (
            &["--ca-mode", "existing", "--scope", "pay"],
            "        clusterCa: {secret: {existing: {name: iam-ra-ca-pay}}}",
        ),
    ] {
        for folder in [None, Some("iamra/declaration")] {
            let dir = tempfile::tempdir().unwrap();
            let layout: &[&str] = if folder.is_some() { &["--kustomize-component", "--argo-cd"] } else { &[] };
            let call = [&["init", "--without-aws"], layout, args].concat();
            let begun = run(iamra(dir.path()).args(&call), b"");
            assert_eq!((begun.exit, begun.stdout.as_str()), (0, ""), "{call:?}: {}", begun.stderr);
            let file = dir.path().join(folder.unwrap_or(".")).join("iamra.yaml");
            let text = fs::read_to_string(&file).unwrap();
            assert!(text.contains(issuer), "{call:?}: {text}");
            let head = "# yaml-language-server: $schema=https://iamra.dev/schema/iamra.v1alpha1.schema.json\n";
            assert!(text.starts_with(head), "{text}");
            let checked = run(iamra(dir.path()).arg("check").arg(&file), b"");
            assert_eq!(checked.exit, 0, "{call:?}: {}", checked.stderr);

            let (before, marked) = (contents(dir.path()), format!("{text}# mine\n"));
            fs::write(&file, &marked).unwrap();
            let again = run(iamra(dir.path()).args(&call), b"");
            assert_eq!(again.exit, 0, "{call:?}: {}", again.stderr);
            assert_eq!(fs::read_to_string(&file).unwrap(), marked, "{call:?}");
            fs::write(&file, &text).unwrap();
            assert_eq!(contents(dir.path()), before, "{call:?}");
        }
    }
}

/// The component is one that kustomize builds, in a working copy, whose root has the hooks.
#[test]
fn the_component_that_is_written_builds() {
    let dir = tempfile::tempdir().unwrap();
    let apps = dir.path().join("apps");
    fs::create_dir_all(apps.join("overlay")).unwrap();
    fs::create_dir(dir.path().join(".git")).unwrap();
    let iamra = |args: &[&str]| run(iamra(&apps).args(args), b"");
    let begun = iamra(&["init", "--without-aws", "--ca-mode", "existing", "--kustomize-component"]);
    assert_eq!(begun.exit, 0, "{}", begun.stderr);
    assert!(dir.path().join(".pre-commit-config.yaml").is_file(), "{}", begun.stderr);
    let onboard = ["k8s", "onboard", "payment-service", "--role", "payments", "--k8s-namespace", "shop"];
    // Nobody has asked AWS for the ARNs yet.
    let onboarded = iamra(&[&onboard[..], &["--declaration", "iamra/declaration"]].concat());
    assert!(onboarded.stderr.contains("workload `payment-service` added"), "{}", onboarded.stderr);
    let lock = root().join("kustomize/components/iamra/declaration/iamra.lock");
    fs::copy(lock, apps.join("iamra/declaration/iamra.lock")).unwrap();
    fs::copy(root().join("src/cli/command/demo/deployment.yaml"), apps.join("overlay/deployment.yaml")).unwrap();
    let kustomization = "resources: [deployment.yaml]\ncomponents: [../iamra]\nnamespace: shop\n";
    fs::write(apps.join("overlay/kustomization.yaml"), kustomization).unwrap();
    let mut kustomize = Command::new(peer("kustomize-5.8.2"));
    kustomize.args(["build", "--enable-alpha-plugins", "--enable-exec"]).arg(apps.join("overlay"));
    let built = run(kustomize.env("PATH", path_with_iamra()), b"");
    assert_eq!(built.exit, 0, "{}", built.stderr);
    for part in ["name: payment-service-cert\n", "name: payment-service-iam-ra-config\n", "name: iam-ra-sidecar\n"] {
        assert!(built.stdout.contains(part), "{part}: {}", built.stdout);
    }
}

/// A scope is added to what is there, and what says something else is not changed.
/// In tags, it tells two repositories with one prefix apart.
#[test]
fn a_new_declaration_is_called_as_its_working_copy_is() {
    let dir = tempfile::tempdir().unwrap();
    let rows = [
        (".git", "Payments", "", "payments"),
        (".git", "shop", "deploy", "shop"),
        ("none", "plain", "", "plain"),
        (".git", "a b", "", "iamra"),
    ];
    for (git, folder, below, name) in rows {
        let at = dir.path().join(folder);
        fs::create_dir_all(at.join(below)).unwrap();
        fs::create_dir(at.join(git)).unwrap();
        let begun = run(iamra(&at.join(below)).args(["init", "--without-aws", "--ca-mode", "in-cluster"]), b"");
        assert_eq!(begun.exit, 0, "{}", begun.stderr);
        let text = fs::read_to_string(at.join(below).join("iamra.yaml")).unwrap();
        assert!(text.contains(&format!("\n  name: {name} # ")), "{folder}: {text}");
    }
    // Of a folder that is not there yet, wherever in it the declaration is.
    let args = ["init", "new", "--without-aws", "--ca-mode", "in-cluster", "--kustomize-component"];
    assert_eq!(run(iamra(dir.path()).args(args), b"").exit, 0);
    let text = fs::read_to_string(dir.path().join("new/iamra/declaration/iamra.yaml")).unwrap();
    assert!(text.contains("\n  name: new # "), "{text}");
}

#[test]
fn a_declaration_is_added_to_and_not_changed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("iamra.yaml");
    fs::write(dir.path().join(".pre-commit-config.yaml"), "repos: []\n").unwrap();
    let init = |args: &[&str]| run(iamra(dir.path()).args(["init", "--without-aws"]).args(args), b"");
    let begun = init(&["--ca-mode", "in-cluster"]);
    assert!(begun.stderr.contains(".pre-commit-config.yaml: add this under `repos`:\n- repo: "), "{}", begun.stderr);
    let text = fs::read_to_string(&file).unwrap();
    for (args, said) in [
        (
            &["--ca-mode", "self-signed"][..],
            "error[conflicting-fields]: scope `default` has another CA already, and a CA in Parameter Store was asked for",
        ),
        (
            &["--parameter-prefix", "/other"],
            "error[conflicting-fields]: `parameterPrefix` is `/iam-ra/default`, and `/other` was asked for",
        ),
        (
            &["--ca-mode", "in-cluster", "--kms-key", "k"],
            "error: `--ca-key-algorithm`, `--ca-validity-years` and `--kms-key` are for a CA that iamra makes",
        ),
        (&["--ca-mode", "pca-new"], "iamra makes no private CA"),
        (&["--ca-mode", "pca-existing"], "error: `--ca-mode pca-existing` needs the CA"),
        (&["--ca-key-algorithm", "rsa"], "iamra makes no RSA keys"),
    ] {
        let refused = init(args);
        assert!((1..=2).contains(&refused.exit) && refused.stderr.contains(said), "{args:?}: {}", refused.stderr);
        assert_eq!(fs::read_to_string(&file).unwrap(), text, "{args:?}");
    }
    let added = init(&["--scope", "pay", "--ca-mode", "self-signed", "--region", "eu-central-1", "--cluster", "prod"]);
    assert_eq!(added.exit, 0, "{}", added.stderr);
    let after = fs::read_to_string(&file).unwrap();
    for line in [
        "    pay:\n      issuer:\n        ca:\n",
        "              key: ssm:/iam-ra/default/scopes/pay/ca/tls-key\n",
        "  region: eu-central-1\n",
        "    prod: {}\n",
    ] {
        assert!(after.contains(line), "{line}: {after}");
    }
    assert!(text.lines().all(|line| after.contains(line)), "{after}");
    assert_eq!(run(iamra(dir.path()).arg("check"), b"").exit, 0);
}

/// The trust anchor of a CA that is kept elsewhere, by its ARN or its certificate.
#[test]
fn a_ca_that_is_kept_elsewhere_gets_its_trust_anchor() {
    let arn = "arn:aws:acm-pca:eu-central-1:123456789012:certificate-authority/6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d";
    let pem = root().join("tests/data/ca/cert.pem").display().to_string();
    for (prefix, args, trusted) in [
        ("private", ["--pca-arn", arn], format!("trusts {arn}\n")),
        ("secret", ["--ca-certificate", &pem], "trusts CA ".to_owned()),
    ] {
        let place = Place::new(prefix, &json!([]));
        let mode: &[&str] = if prefix == "secret" { &["--ca-mode", "existing", "--yes"] } else { &["--yes"] };
        let begun = place.init(&[&args[..], mode].concat());
        assert_eq!(begun.exit, 0, "{prefix}: {}", begun.stderr);
        assert!(begun.stderr.contains(&trusted), "{prefix}: {}", begun.stderr);
        let names: Vec<_> = place.parameters().into_iter().map(|it| it.0).collect();
        assert_eq!(names, [format!("/init/{prefix}/scopes/default/trust-anchor-arn")]);
        let plan = place.iamra(&["aws", "plan"]);
        assert_eq!((plan.exit, plan.stderr.as_str()), (0, "AWS is as declared\n"), "{prefix}: {}", plan.stdout);
    }
}

/// Where the CA is elsewhere, AWS is not asked, and the next command is printed; it is one that iamra has.
#[test]
fn a_ca_in_the_cluster_is_followed_by_the_command_for_its_trust_anchor() {
    let place = Place::new("later", &json!([]));
    let begun = place.init(&["--ca-mode", "in-cluster"]);
    assert_eq!(begun.exit, 0, "{}", begun.stderr);
    let call = "kubectl get secret iam-ra-ca --namespace cert-manager --output json | iamra ca show | iamra aws apply \
                --ca-certificate - --yes";
    assert!(begun.stderr.contains(call), "{}", begun.stderr);
    assert!(place.double.calls().is_empty());
    let pem = fs::read(root().join("tests/data/ca/cert.pem")).unwrap();
    let apply = ["aws", "apply", "--ca-certificate", "-", "--yes"];
    let applied = run(place.double.iamra(place.dir.path()).args(apply), &pem);
    assert_eq!(applied.exit, 0, "{}", applied.stderr);
}
