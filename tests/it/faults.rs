//! AWS fails in every way that it can: each ends in time, says what to do, and leaves the list as it came.

use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CustomExtension, IsCa, Issuer, KeyPair, date_time_ymd};
use serde_json::{Value, json};

use crate::aws::{DEPLOYMENT, function_list};
use crate::aws_peers::{ACCOUNT, Server, arns, identity, parameter, state, tree};
use crate::support::run;

/// What is wrong, the exit code, and what is said.
struct Fault {
    name: &'static str,
    faults: Value,
    exit: i32,
    says: &'static [&'static str],
}

fn of(name: &'static str, faults: Value, exit: i32, says: &'static [&'static str]) -> Fault {
    Fault { name, faults, exit, says }
}

fn always(kind: &str) -> Value {
    json!([{"action": "GetParameters", "kind": kind}])
}

#[test]
fn every_fault_ends_in_time_and_says_what_to_do() {
    let once = |kind: &str| json!([{"action": "GetParameters", "kind": kind, "times": 1}]);
    let list = json!([{"action": "ListProfiles", "kind": "denied-list"}]);
    let decrypt = json!([{"action": "GetParametersWithDecryption", "kind": "kms"}]);
    let faults = [
        of("throttled once", once("throttle"), 0, &[]),
        of("failed once", once("503"), 0, &[]),
        of("reset once", once("reset"), 0, &[]),
        of("429 once, and when to come back", once("429-later"), 0, &[]),
        of("429 once, by a gateway", once("429-text"), 0, &[]),
        of(
            "throttled for ever",
            always("throttle"),
            3,
            &["[aws-failed]: SSM in eu-central-1 is throttling the calls", "iamra lock"],
        ),
        of("429 for ever", always("429"), 3, &["[aws-failed]: SSM in eu-central-1 is throttling the calls"]),
        of(
            "429 until tomorrow",
            always("429-tomorrow"),
            3,
            &["SSM in eu-central-1 returned 429 text/plain, which is not a response of AWS"],
        ),
        of(
            "503 of a gateway",
            always("503-html"),
            3,
            &["SSM in eu-central-1 returned 503 text/html, which is not a response of AWS", "HTTPS_PROXY"],
        ),
        of("an answer without an end", always("huge"), 3, &["SSM in eu-central-1 sent a response of more than 8 MB"]),
        of("500", always("500"), 3, &["SSM in eu-central-1 failed: HTTP 500", "try again later"]),
        of("503", always("503"), 3, &["SSM in eu-central-1 failed: HTTP 503"]),
        of("slow", always("slow"), 3, &["AWS did not answer within 8 s", "`--timeout`"]),
        of("reset", always("reset"), 3, &["SSM in eu-central-1 cannot be reached", "HTTPS_PROXY"]),
        of("half an answer", always("half"), 3, &["SSM in eu-central-1"]),
        of("not JSON", always("text"), 3, &["SSM in eu-central-1 sent a response that cannot be read"]),
        of(
            "a page",
            always("html"),
            3,
            &["SSM in eu-central-1 returned 200 text/html, which is not a response of AWS"],
        ),
        of(
            "denied",
            always("denied"),
            1,
            &["[no-access]: AWS denied `ssm:GetParameters` in eu-central-1", "user/ci", "docs/aws.md"],
        ),
        of("denied on one of two services", list, 1, &["AWS denied `rolesanywhere:ListProfiles`"]),
        of("KMS denied", decrypt, 1, &["AWS denied decryption", "allow `kms:Decrypt`"]),
        of("expired", always("expired"), 1, &["the AWS credentials have expired", "aws sso login"]),
        of("wrong clock", always("clock"), 1, &["this machine's clock differs from AWS's", "correct the clock"]),
    ];
    thread::scope(|scope| {
        for fault in &faults {
            scope.spawn(|| meet(fault));
        }
    });
}

/// A declaration that needs both services and a key.
const BOTH: &str = "  roles:\n    app: {profileArn: \"rolesanywhere:main\"}\n  scopes:\n    default:\n      issuer:\n        ca:\n          secret:\n            \
                    ssm: {certificate: ssm:/acme/ca/tls-crt, key: ssm:/acme/ca/tls-key}\n";

fn world() -> Value {
    let read = |name: &str| fs::read_to_string(crate::support::root().join("tests/data/ca").join(name)).unwrap();
    let mut parameters = identity();
    parameters.push(parameter("/acme/ca/tls-crt", &read("cert.pem")));
    parameters.push(parameter("/acme/ca/tls-key", &read("key.pem")));
    let mut state = state(&parameters);
    let profile = &arns(ACCOUNT, "eu-central-1")[1];
    state["profiles"] = json!([{"account": ACCOUNT, "region": "eu-central-1", "name": "main", "arn": profile}]);
    state
}

fn meet(fault: &Fault) {
    let mut state = world();
    state["faults"] = fault.faults.clone();
    let double = Server::double(&state);
    let dir = tree(BOTH);
    let list = function_list(&dir, "");
    let started = Instant::now();
    let mut command = double.iamra(dir.path());
    let settings = [("IAMRA_LIVE", "1"), ("IAMRA_TIMEOUT", "8"), ("AWS_MAX_ATTEMPTS", "3")];
    let output = run(command.envs(settings), list.as_bytes());
    let Fault { name, exit, says, .. } = fault;
    assert!(started.elapsed() < Duration::from_secs(20), "{name}: {:?}", started.elapsed());
    assert_eq!(output.exit, *exit, "{name}: {}", output.stderr);
    for words in *says {
        assert!(output.stderr.contains(words), "{name}: no `{words}` in\n{}", output.stderr);
    }
    // The output is a list, on errors with its items unchanged.
    assert!(
        output.stdout.starts_with("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n"),
        "{name}: {}",
        output.stdout
    );
    assert_eq!(output.stdout.contains(DEPLOYMENT), *exit != 0, "{name}: {}", output.stdout);
    assert_eq!(output.stdout.contains("kind: Certificate"), *exit == 0, "{name}");
    // One refusal hides nothing, and values from the other service are not reported as missing.
    if *name == "denied on one of two services" {
        assert_eq!(output.stderr.matches("error[").count(), 1, "{}", output.stderr);
    }
}

#[test]
fn a_name_that_nobody_resolves_is_said_to_be_that() {
    let dir = tree(BOTH);
    let mut command = crate::support::iamra(dir.path());
    command
        .envs(crate::aws_peers::CREDENTIALS)
        .envs([("AWS_ENDPOINT_URL", "http://aws.invalid"), ("AWS_MAX_ATTEMPTS", "1")]);
    let output = run(command.args(["render", "--live"]), b"");
    assert_eq!((output.exit, output.stdout.as_str()), (3, ""), "{}", output.stderr);
    assert!(output.stderr.contains("the host name of SSM in eu-central-1 cannot be resolved"), "{}", output.stderr);
}

/// The double signs what it gets with the secret that it knows, as AWS does; every other test shows that it accepts the
/// right one.
#[test]
fn credentials_that_nobody_knows_are_not_accepted() {
    let double = Server::double(&world());
    let dir = tree(BOTH);
    for (name, wrong, says) in [
        ("AWS_ACCESS_KEY_ID", "AKIASTRANGER", "The security token included in the request is invalid"),
        ("AWS_SECRET_ACCESS_KEY", "of-somebody-else", "The request signature we calculated does not match"),
        ("AWS_SESSION_TOKEN", "of-somebody-else", "The security token included in the request is invalid"),
    ] {
        let output = run(double.iamra(dir.path()).env(name, wrong).args(["render", "--live"]), b"");
        assert_eq!((output.exit, output.stdout.as_str()), (1, ""), "{name}: {}", output.stderr);
        for service in ["SSM", "IAM Roles Anywhere"] {
            let words = format!("{service} in eu-central-1 does not accept the AWS credentials: {says}");
            assert!(output.stderr.contains(&words), "{name}: no `{words}` in\n{}", output.stderr);
        }
        assert!(!output.stderr.contains(wrong), "{name}: {}", output.stderr);
    }
}

/// Before a role can be assumed somebody has to be believed.
#[test]
fn an_assumed_role_needs_credentials_that_are_accepted() {
    let mut state = world();
    let reader = "arn:aws:iam::444455556666:role/iamra-reader";
    state["roles"] = json!([reader]);
    let double = Server::double(&state);
    let dir = tree(&format!("  scopes:\n    default: {{aws: {{assumeRole: {reader}}}}}\n  roles:\n    app: {{}}\n"));
    let mut command = double.iamra(dir.path());
    let output = run(command.env("AWS_SECRET_ACCESS_KEY", "of-somebody-else").args(["render", "--live"]), b"");
    assert_eq!((output.exit, output.stdout.as_str()), (1, ""), "{}", output.stderr);
    let words = "cannot load AWS credentials for SSM: The request signature we calculated does not match \
                 the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service \
                 documentation for details\n";
    assert!(output.stderr.contains(words), "{}", output.stderr);
}

/// A `credential_process` that fails may have printed a key on the way.
#[test]
fn what_a_credential_process_prints_is_not_told() {
    let dir = tree("  roles:\n    app: {}\n");
    let config = dir.path().join("config");
    let script = dir.path().join("process");
    fs::write(&config, format!("[default]\ncredential_process = sh {}\n", script.display())).unwrap();
    let forged = "service error: Error { message: \\\"SECRET\\\"";
    for line in [
        "echo boom: SECRET >&2; exit 1",
        &format!("echo \"an error occurred while loading credentials: {forged}\" >&2; exit 1"),
        "echo '{\"Version\": 1, \"SecretAccessKey\": SECRET'",
        "echo SECRET",
    ] {
        fs::write(&script, line).unwrap();
        let mut command = crate::support::iamra(dir.path());
        command.env("AWS_CONFIG_FILE", &config).env("AWS_EC2_METADATA_DISABLED", "true");
        let output = run(command.args(["render", "--live"]), b"");
        assert_eq!((output.exit, output.stdout.as_str()), (1, ""), "{line}: {}", output.stderr);
        let words = "error[no-access]: cannot load AWS credentials for SSM: the `credential_process` of profile \
                     `default` failed\n";
        assert!(output.stderr.starts_with(words), "{line}: {}", output.stderr);
        assert!(!output.stderr.contains("SECRET"), "{line}: {}", output.stderr);
    }
}

/// Which profile, and why it gives nothing.
#[test]
fn a_profile_without_credentials_is_named() {
    let dir = tree("  roles:\n    app: {}\n");
    let config = dir.path().join("config");
    let sso = "[profile sso]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = eu-central-1\n\
               sso_account_id = 111122223333\nsso_role_name = r\nregion = eu-central-1\n";
    fs::write(&config, format!("[default]\nregion = eu-central-1\n[profile bare]\nregion = eu-central-1\n{sso}"))
        .unwrap();
    for (profile, says, help) in [
        (
            Some("nobody"),
            "profile `nobody` is in neither of AWS's files, `config` and `credentials`\n",
            "list-profiles",
        ),
        (Some("sso"), "profile `sso` needs an SSO session, and there is none or it", "`aws sso login --profile sso`"),
        (Some("bare"), "profile `bare` gives none\n", "set AWS_PROFILE"),
        (None, "profile `default` gives none\n", "set AWS_PROFILE"),
    ] {
        let mut command = crate::support::iamra(dir.path());
        command.env("AWS_CONFIG_FILE", &config).env("AWS_EC2_METADATA_DISABLED", "true").env("HOME", dir.path());
        if let Some(profile) = profile {
            command.env("AWS_PROFILE", profile);
        }
        let output = run(command.args(["render", "--live"]), b"");
        assert_eq!((output.exit, output.stdout.as_str()), (1, ""), "{profile:?}: {}", output.stderr);
        assert!(output.stderr.contains(&format!("for SSM: {says}")), "{profile:?}: {}", output.stderr);
        assert!(output.stderr.contains(help), "{profile:?}: {}", output.stderr);
    }
}

#[test]
fn in_another_region_there_is_nothing_and_the_region_is_named() {
    let double = Server::double(&world());
    let dir = tree(BOTH);
    let path = dir.path().join("iamra.yaml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("region: eu-central-1", "region: eu-west-1")).unwrap();
    let output = run(double.iamra(dir.path()).args(["render", "--live"]), b"");
    assert_eq!((output.exit, output.stdout.as_str()), (1, ""));
    assert_eq!(output.stderr.matches("error[unresolved-reference]").count(), 5, "{}", output.stderr);
    assert!(output.stderr.contains("in eu-west-1"), "{}", output.stderr);
}

/// Certificates are those of the machine, or of SSL_CERT_FILE; a stranger's is not accepted.
#[test]
fn a_server_is_known_by_its_certificate() {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = Issuer::new(authority.clone(), KeyPair::generate().unwrap());
    let authority = authority.self_signed(issuer.key()).unwrap().pem();
    let own = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().signed_by(&own, &issuer).unwrap();
    let mut state = world();
    state["tls"] = json!({"certificate": certificate.pem(), "key": own.serialize_pem()});
    let double = Server::double(&state);
    let dir = tree("  roles:\n    app: {}\n");
    fs::write(dir.path().join("ca.pem"), authority).unwrap();
    let render = |settings: &[(&str, &str)]| {
        let mut command = crate::support::iamra(dir.path());
        command.envs(crate::aws_peers::CREDENTIALS).envs(settings.iter().copied());
        command.env("AWS_ENDPOINT_URL", format!("https://{}", double.address)).env("AWS_MAX_ATTEMPTS", "1");
        run(command.args(["render", "--live"]), b"")
    };
    let known = render(&[("SSL_CERT_FILE", "ca.pem")]);
    assert_eq!(known.exit, 0, "{}", known.stderr);
    let unknown = render(&[]);
    assert_eq!((unknown.exit, unknown.stdout.as_str()), (3, ""), "{}", unknown.stderr);
    assert!(unknown.stderr.contains("UnknownIssuer"), "{}", unknown.stderr);
}

/// How often to try is the caller's to say, in numbers.
#[test]
fn attempts_are_a_number() {
    let dir = tree("  roles:\n    app: {}\n");
    for attempts in ["three", "0", "-1", "1.5"] {
        let mut command = crate::support::iamra(dir.path());
        command.envs(crate::aws_peers::CREDENTIALS).env("AWS_MAX_ATTEMPTS", attempts);
        let output = run(command.args(["render", "--live"]), b"");
        assert_eq!((output.exit, output.stdout.as_str()), (2, ""), "{}", output.stderr);
        assert!(output.stderr.contains("`AWS_MAX_ATTEMPTS`") && output.stderr.contains(attempts), "{}", output.stderr);
    }
}

/// What is wrong with a certificate is said in words.
#[test]
fn what_tls_refuses_is_said_in_words() {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = Issuer::new(authority.clone(), KeyPair::generate().unwrap());
    let ca = authority.self_signed(issuer.key()).unwrap().pem();
    let day = date_time_ymd;
    let for_name = |name: &str| CertificateParams::new([name.to_owned()]).unwrap();
    let dated = |from, to| {
        let mut dated = for_name("127.0.0.1");
        (dated.not_before, dated.not_after) = (from, to);
        dated
    };
    let dir = tree("  roles:\n    app: {}\n");
    fs::write(dir.path().join("ca.pem"), ca).unwrap();
    let says = |address: &str, words: &str| {
        let mut command = crate::support::iamra(dir.path());
        command.envs(crate::aws_peers::CREDENTIALS).env("SSL_CERT_FILE", "ca.pem").env("AWS_MAX_ATTEMPTS", "1");
        let output = run(command.env("AWS_ENDPOINT_URL", format!("https://{address}")).args(["render", "--live"]), b"");
        assert_eq!((output.exit, output.stdout.as_str()), (3, ""), "{words}: {}", output.stderr);
        let line = format!("SSM in eu-central-1 cannot be reached: {words}");
        assert!(output.stderr.contains(&line), "no `{line}` in\n{}", output.stderr);
    };
    let renewed = Issuer::new(authority, KeyPair::generate().unwrap());
    let mut of_ca = for_name("127.0.0.1");
    of_ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let mut extended = for_name("127.0.0.1");
    let mut unknown = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
    unknown.set_criticality(true);
    extended.custom_extensions.push(unknown);
    for (certificate, issuer, words) in [
        (dated(day(2020, 1, 1), day(2020, 2, 1)), &issuer, "its certificate has expired"),
        (dated(day(2090, 1, 1), day(2090, 2, 1)), &issuer, "its certificate is not valid yet"),
        (for_name("example.com"), &issuer, "its certificate is for a different host name"),
        (
            for_name("127.0.0.1"),
            &renewed,
            "its certificate was signed by a CA that has the name of one which this machine",
        ),
        (of_ca, &issuer, "its certificate is that of a CA, not of a server"),
        (extended, &issuer, "its certificate is not accepted (Other(OtherError(UnsupportedCriticalExtension)))"),
    ] {
        let own = KeyPair::generate().unwrap();
        let certificate = certificate.signed_by(&own, issuer).unwrap();
        let mut state = world();
        state["tls"] = json!({"certificate": certificate.pem(), "key": own.serialize_pem()});
        let double = Server::double(&state);
        says(&double.address, words);
    }
    let in_clear = Server::double(&world());
    says(&in_clear.address, "the server does not speak TLS");
}

/// Nobody answers: neither the roles, nor the trust anchor, nor the profiles.
#[test]
fn a_doctor_s_time_is_for_all_calls_together() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    // Accepts connections, but never answers.
    thread::spawn(move || silent.incoming().collect::<Vec<_>>());
    let [anchor, profile, role] = arns(ACCOUNT, "eu-central-1");
    for count in [1, 3, 6] {
        let dir = tempfile::tempdir().unwrap();
        let roles: String = (0..count)
            .map(|n| format!("    r{n}: {{roleArn: {role}-{n}, profileArn: {}{n}}}\n", &profile[..profile.len() - 1]))
            .collect();
        let workloads: String = (0..count).map(|n| format!("    r{n}: {{}}\n")).collect();
        let text = format!(
            "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata: {{name: acme}}\nspec:\n  region: eu-central-1\n  scopes:\n    \
             default: {{trustAnchor: {anchor}}}\n  roles:\n{roles}  workloads:\n{workloads}"
        );
        fs::write(dir.path().join("iamra.yaml"), text).unwrap();
        let started = Instant::now();
        let mut command = crate::support::iamra(dir.path());
        command.envs(crate::aws_peers::CREDENTIALS).env("AWS_ENDPOINT_URL", format!("http://{address}"));
        let output = run(command.args(["doctor", "--live", "--timeout", "3"]), b"");
        assert!(started.elapsed() < Duration::from_secs(20), "{count} roles: {:?}", started.elapsed());
        assert_eq!(output.exit, 3, "{}", output.stderr);
        assert!(output.stderr.contains("error[aws-failed]: AWS did not answer within 3 s\n"), "{}", output.stderr);
        // A trust anchor and six profiles, one a second.
        assert_eq!(output.stderr.contains("7 are needed: raise the time limit (`--timeout 17`)"), count == 6);
    }
}

/// A `credential_process` that prints without end is read no further than credentials go, whatever it prints to.
#[test]
fn a_credential_process_that_floods_ends_in_an_error() {
    let dir = tree("  roles:\n    app: {}\n");
    let config = dir.path().join("config");
    for (line, exit, says) in [
        (
            "yes SECRET",
            1,
            "error[no-access]: cannot load AWS credentials for SSM: the `credential_process` of profile `default` failed\n",
        ),
        (
            "yes SECRET >&2",
            1,
            "error[no-access]: cannot load AWS credentials for SSM: the `credential_process` of profile `default` failed\n",
        ),
        ("exec sleep 20", 3, "error[aws-failed]: AWS did not answer within 3 s\n"),
    ] {
        let script = dir.path().join("process");
        fs::write(&script, line).unwrap();
        fs::write(&config, format!("[default]\ncredential_process = sh {} # {line}\n", script.display())).unwrap();
        // With enough memory to run, but not to hold all of the output.
        let mut command = Command::new("sh");
        command
            .args(["-c", "ulimit -v 4000000; exec \"$0\" render --live --timeout 3"])
            .arg(crate::support::iamra_path());
        command.current_dir(dir.path()).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command.env("AWS_CONFIG_FILE", &config).env("AWS_EC2_METADATA_DISABLED", "true");
        let output = run(&mut command, b"");
        assert_eq!((output.exit, output.stdout.as_str()), (exit, ""), "{line}: {}", output.stderr);
        assert!(output.stderr.starts_with(says), "{line}: {}", output.stderr);
        assert!(!output.stderr.contains("SECRET"), "{line}: {}", output.stderr);
    }
}

/// And one that gives credentials gives them, comments and warnings beside it.
#[test]
fn a_credential_process_that_works_is_heard() {
    let double = Server::double(&world());
    let dir = tree("  roles:\n    app: {}\n");
    let config = dir.path().join("config");
    let script = dir.path().join("process");
    let [(_, id), (_, secret), ..] = crate::aws_peers::CREDENTIALS;
    let json = json!({"Version": 1, "AccessKeyId": id, "SecretAccessKey": secret});
    fs::write(&script, format!("echo a warning >&2; echo '{json}'\n")).unwrap();
    fs::write(&config, format!("[default]\ncredential_process = sh {} 'a;b' # ours\n", script.display())).unwrap();
    let mut command = crate::support::iamra(dir.path());
    command.env("AWS_CONFIG_FILE", &config).env("AWS_ENDPOINT_URL", double.url());
    let output = run(command.args(["render", "--live"]), b"");
    assert_eq!(output.exit, 0, "{}", output.stderr);
    assert!(output.stdout.contains("kind: Certificate"), "{}", output.stdout);
}

/// Who waits at a terminal sees why.
#[test]
fn after_a_second_a_terminal_says_how_far_it_is() {
    let mut state = world();
    state["faults"] = always("slow");
    let double = Server::double(&state);
    let dir = tree("  roles:\n    app: {}\n");
    let program = double.iamra(dir.path());
    let mut command = std::process::Command::new("script");
    command.args(["-qec", &format!("{} lock", crate::support::iamra_path().display()), "/dev/null"]);
    command.current_dir(dir.path()).env_clear().env("IAMRA_TIMEOUT", "3");
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = run(&mut command, b"");
    assert!(output.stdout.contains("calling AWS: 0 of 1 calls done"), "{}", output.stdout);
    assert!(output.stdout.contains("AWS did not answer within 3 s"), "{}", output.stdout);
    let in_a_pipe = run(double.iamra(dir.path()).arg("lock").env("IAMRA_TIMEOUT", "3"), b"");
    assert!(!in_a_pipe.stderr.contains("calling AWS"), "{}", in_a_pipe.stderr);
}
