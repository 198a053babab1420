//! `iamra.lock`: written once, trusted only whole, and enough for everything.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::aws_peers::{APP, Server, identity, state, tree};
use crate::support::{Output, iamra, iamra_path, run};

fn lock(double: &Server, dir: &Path, args: &[&str]) -> Output {
    run(double.iamra(dir).arg("lock").args(args), b"")
}

fn text(dir: &Path) -> String {
    fs::read_to_string(dir.join("iamra.lock")).unwrap()
}

#[test]
fn from_the_lock_alone_there_is_no_network_to_need() {
    let double = Server::double(&state(&identity()));
    let dir = tree("  clusters:\n    prod: {}\n    staging: {}\n  roles:\n    app: {}\n");
    let declaration = fs::read_to_string(dir.path().join("iamra.yaml")).unwrap();
    fs::write(
        dir.path().join("iamra.yaml"),
        declaration.replace("app: {}\n  clusters", "app: {clusters: [prod, staging]}\n  clusters"),
    )
    .unwrap();
    let locked = lock(&double, dir.path(), &[]);
    assert_eq!(
        (locked.exit, locked.stdout.as_str(), locked.stderr.as_str()),
        (0, "", "iamra.lock: 3 references locked\n")
    );
    for cluster in ["prod", "staging"] {
        // A network namespace in which no interface is up.
        let mut command = Command::new("unshare");
        command
            .arg("--net")
            .arg(iamra_path())
            .args(["render", "--cluster", cluster])
            .current_dir(dir.path())
            .env_clear();
        let output = run(&mut command, b"");
        assert!(output.exit == 0 && output.stdout.contains("role/app"), "{}", output.stderr);
    }
    assert_eq!(double.calls().len(), 1);
}

/// Whatever order the parameters and the declaration have, and whatever the machine's zone and language.
#[test]
fn a_hundred_runs_write_the_same_bytes() {
    let mut shuffled = identity();
    let mut spec = [
        "  scopes:\n    default: {}\n    edge: {aws: {region: eu-central-1}, trustAnchor: ssm:/acme/scopes/default/trust-anchor-arn}\n",
        "  roles:\n    edge: {scope: edge, profileArn: ssm:/acme/roles/app/profile-arn, roleArn: ssm:/acme/roles/app/role-arn}\n    app: {}\n",
        "  clusters:\n    prod: {}\n    dev: {}\n",
    ];
    let mut first: Option<String> = None;
    for round in 0..4 {
        shuffled.rotate_left(1);
        spec.rotate_left(1);
        let double = Server::double(&state(&shuffled));
        let dir = tree(&spec.concat().replace("app: {}", ["app: {}", "app: { }"][round % 2]));
        let path = dir.path().join("iamra.yaml");
        let declaration = fs::read_to_string(&path).unwrap();
        // Only the workload changes: it is in both clusters, named in either order.
        let clusters = ["[prod, dev]", "[dev, prod]"][round % 2];
        fs::write(&path, declaration.replacen("app: {}", &format!("app: {{clusters: {clusters}}}"), 1)).unwrap();
        for run_of_it in 0..25 {
            let (zone, language) = [("UTC", "C"), ("Asia/Kathmandu", "tr_TR.UTF-8")][run_of_it % 2];
            let file = dir.path().join(format!("{round}-{run_of_it}.lock"));
            let mut command = double.iamra(dir.path());
            command.args(["lock", "--lock"]).arg(&file).env("TZ", zone).env("LANG", language).env("LC_ALL", language);
            assert_eq!(run(&mut command, b"").exit, 0);
            let text = fs::read_to_string(&file).unwrap();
            assert!(text.contains("\nscopes:\n  edge:\n"), "{text}");
            assert_eq!(first.get_or_insert_with(|| text.clone()), &text);
        }
    }
}

#[test]
fn an_edited_or_truncated_lock_is_refused() {
    let double = Server::double(&state(&identity()));
    let dir = tree(APP);
    assert_eq!(lock(&double, dir.path(), &[]).exit, 0);
    let whole = text(dir.path());
    let render = |text: &str| {
        fs::write(dir.path().join("iamra.lock"), text).unwrap();
        run(iamra(dir.path()).arg("render"), b"")
    };
    assert_eq!(render(&whole).exit, 0);
    for (at, _) in whole.match_indices('\n').rev().skip(1) {
        let output = render(&whole[..=at]);
        assert_eq!((output.exit, output.stdout.as_str()), (1, ""), "{}\n{}", &whole[..=at], output.stderr);
    }
    for (from, to) in [
        ("role/app", "role/admin"),
        ("version: 1", "version: 2"),
        ("\n  ssm:/acme/roles/app/role", "\n  ssm:/acme/roles/b/role"),
    ] {
        let output = render(&whole.replace(from, to));
        assert!(output.exit == 1 && output.stderr.contains("[invalid-lock]"), "{from}: {}", output.stderr);
    }
    // A damaged lock is still ours, so it is written again.
    assert_eq!(lock(&double, dir.path(), &[]).exit, 0);
    assert_eq!(text(dir.path()), whole);
    fs::write(dir.path().join("iamra.lock"), "{\"dependencies\": {}}\n").unwrap();
    let foreign = lock(&double, dir.path(), &[]);
    assert!(foreign.exit == 1 && foreign.stderr.contains("was not changed"), "{}", foreign.stderr);
    assert_eq!(text(dir.path()), "{\"dependencies\": {}}\n");
}

#[test]
fn check_says_what_has_drifted_and_writes_nothing() {
    let dir = tree(APP);
    assert_eq!(lock(&Server::double(&state(&identity())), dir.path(), &[]).exit, 0);
    let before = text(dir.path());
    let check = |parameters: Vec<Value>| lock(&Server::double(&state(&parameters)), dir.path(), &["--check"]);
    let same = check(identity());
    assert_eq!((same.exit, same.stderr.as_str()), (0, ""));
    let mut other = identity();
    (other[2]["value"], other[2]["version"]) = ("arn:aws:iam::111122223333:role/other".into(), 2.into());
    other[1]["version"] = 7.into();
    let drifted = check(other);
    assert_eq!(drifted.exit, 4, "{}", drifted.stderr);
    for said in [
        "`ssm:/acme/roles/app/role-arn` has a different value: version 1 is locked, AWS has version 2",
        "`ssm:/acme/roles/app/profile-arn` has the same value: version 1 is locked, AWS has version 7",
    ] {
        assert!(drifted.stderr.contains(said), "{}", drifted.stderr);
    }
    let declaration = fs::read_to_string(dir.path().join("iamra.yaml")).unwrap();
    let literal = declaration
        .replace("  roles:\n    app: {}", "  roles:\n    app: {roleArn: \"arn:aws:iam::111122223333:role/app\"}");
    fs::write(dir.path().join("iamra.yaml"), literal).unwrap();
    let unused = check(identity());
    assert!(unused.exit == 4 && unused.stderr.contains("does not refer to it"), "{}", unused.stderr);
    assert_eq!(text(dir.path()), before);
}

#[test]
fn of_writers_at_once_one_leaves_a_whole_lock() {
    let double = Server::double(&state(&identity()));
    let dir = tree(APP);
    assert_eq!(lock(&double, dir.path(), &[]).exit, 0);
    let whole = text(dir.path());
    for _ in 0..5 {
        fs::remove_file(dir.path().join("iamra.lock")).unwrap();
        thread::scope(|scope| {
            let writers: Vec<_> = (0..4).map(|_| scope.spawn(|| lock(&double, dir.path(), &[]).exit)).collect();
            assert!(writers.into_iter().all(|writer| writer.join().unwrap() == 0));
        });
        assert_eq!(text(dir.path()), whole);
    }
}

#[test]
fn killed_in_the_middle_it_leaves_the_old_lock_or_the_new_one() {
    let old = Server::double(&state(&identity()));
    let mut other = identity();
    other[2]["value"] = "arn:aws:iam::111122223333:role/other".into();
    let new = Server::double(&state(&other));
    let dir = tree(APP);
    let written = |double: &Server| {
        assert_eq!(lock(double, dir.path(), &[]).exit, 0);
        text(dir.path())
    };
    let (after, before) = (written(&new), written(&old));
    for _ in 0..20 {
        let asked = new.calls().len();
        let mut command = new.iamra(dir.path());
        let mut child = command.arg("lock").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // From here on, it is about to write, each time a little sooner or later.
        let deadline = Instant::now() + Duration::from_secs(20);
        while new.calls().len() == asked {
            assert!(Instant::now() < deadline, "it asks nobody");
        }
        let _ = child.kill().and_then(|()| child.wait());
        let found = text(dir.path());
        assert!(found == before || found == after, "{found}");
    }
}
