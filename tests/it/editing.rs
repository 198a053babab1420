//! A declaration that is edited is the old one or the new one, whoever else is at work and whatever happens.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use iamra::disk::{self, Claim};

use crate::k8s::Tree;
use crate::support::{iamra, iamra_path, run};

const DECLARATION: &str = "\
apiVersion: iamra.dev/v1alpha1
kind: RolesAnywhere
metadata: {name: acme}
spec:
  roles: {admin: {}}
  clusters:
    prod: {}
  workloads:
";

/// So long that reading, checking and writing it takes a while.
fn long() -> String {
    let workloads = (0..400).map(|n| format!("    workload-{n}:\n      role: admin # {}\n", "x".repeat(400)));
    [DECLARATION.to_owned(), workloads.collect()].concat()
}

/// Every command that edits, what it needs to be there before, and a word of what it leaves.
const COMMANDS: [&str; 4] = ["setup staging", "onboard new-one --role admin", "offboard workload-7", "teardown old"];

#[test]
fn killed_at_any_moment_it_is_the_old_file_or_the_new_one() {
    let before = long()
        .replace("    prod: {}\n", "    prod: {}\n    old: {}\n")
        .replace("role: admin #", "clusters: [prod]\n      role: admin #");
    for words in COMMANDS {
        let tree = Tree::new(Some(before.as_bytes()));
        let words = if words.starts_with("onboard") { format!("{words} --cluster prod") } else { words.to_owned() };
        let start = Instant::now();
        tree.does(&words);
        let whole = start.elapsed();
        let after = tree.text();
        assert_ne!(after, before, "{words}");
        let (mut old, mut new) = (0, 0);
        for step in 0..40 {
            fs::write(tree.declaration(), &before).unwrap();
            let mut command = iamra(tree.dir());
            command.arg("k8s").args(words.split(' ')).env("IAMRA_VALUES", "values.yaml");
            let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            let moment = Instant::now() + whole * step / 36;
            while Instant::now() < moment && child.try_wait().unwrap().is_none() {
                std::hint::spin_loop();
            }
            let _ = child.kill();
            child.wait().unwrap();
            match tree.text() {
                text if text == before => old += 1,
                text if text == after => new += 1,
                text => panic!("{words}: neither the old file nor the new one, {} bytes", text.len()),
            }
        }
        assert!(old > 0, "{words}: never killed in time ({new} finished in {whole:?})");
    }
}

#[test]
fn many_at_once_lose_nothing() {
    let tree = Tree::new(Some(DECLARATION.as_bytes()));
    let children: Vec<_> = (0..12)
        .map(|n| {
            let words = match n {
                0..8 => format!("onboard workload-{n} --role admin --cluster prod --no-sample-pod"),
                _ => format!("setup cluster-{n}"),
            };
            let mut command = iamra(tree.dir());
            command.arg("k8s").args(words.split(' ')).env("IAMRA_VALUES", "values.yaml");
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let text = tree.text();
    for n in 0..8 {
        assert_eq!(text.matches(&format!("\n    workload-{n}:\n")).count(), 1, "{text}");
    }
    for n in 8..12 {
        assert_eq!(text.matches(&format!("\n    cluster-{n}: {{}}\n")).count(), 1, "{text}");
    }
    assert_eq!(fs::read_dir(tree.dir()).unwrap().count(), 2, "nothing is left beside it");
}

/// An editor asks for no lock.
#[test]
fn what_somebody_else_writes_meanwhile_stays() {
    let tree = Tree::new(Some(DECLARATION.as_bytes()));
    let path = tree.declaration();
    let claim = Claim::new(&path).unwrap();
    assert_eq!(claim.before(), Some(DECLARATION));
    fs::write(&path, "theirs\n").unwrap();
    assert!(matches!(claim.replace("ours\n"), Err(disk::Error::Changed(_))));
    assert_eq!(tree.text(), "theirs\n");
    fs::remove_file(&path).unwrap();
    let claim = Claim::new(&path).unwrap();
    assert_eq!(claim.before(), None);
    fs::write(&path, "theirs\n").unwrap();
    assert!(matches!(claim.replace("ours\n"), Err(disk::Error::Changed(_))));
    assert_eq!(tree.text(), "theirs\n");
}

/// Who asks waits until the one before is done.
#[test]
fn a_second_one_waits_for_the_first() {
    let tree = Tree::new(Some(DECLARATION.as_bytes()));
    let claim = Claim::new(&tree.declaration()).unwrap();
    let mut command = iamra(tree.dir());
    command.args(["k8s", "setup", "staging"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    // It cannot end while the claim is held, however long that is.
    let until = Instant::now() + Duration::from_millis(300);
    while Instant::now() < until {
        assert!(child.try_wait().unwrap().is_none(), "it did not wait");
    }
    let text = DECLARATION.replace("prod: {}", "prod: {namespace: shop}");
    claim.replace(&text).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(tree.text(), text.replace("  workloads:", "    staging: {}\n  workloads:"));
}

#[test]
fn a_read_only_file_stays_as_it_is() {
    let tree = Tree::new(Some(DECLARATION.as_bytes()));
    fs::set_permissions(tree.declaration(), fs::Permissions::from_mode(0o444)).unwrap();
    for words in ["setup staging", "onboard api --role admin"] {
        let output = tree.k8s(words);
        assert_eq!((output.exit, output.stdout.as_str()), (3, ""), "{}", output.stderr);
        assert!(output.stderr.contains("is read-only\n  help: make it writable"), "{}", output.stderr);
        assert_eq!(tree.text(), DECLARATION);
    }
    // A command that changes nothing needs no write permission.
    assert!(tree.done("setup prod").stdout.contains("kind: Issuer"));
}

#[test]
fn mode_and_links_stay() {
    let tree = Tree::new(None);
    let real = tree.dir().join("shared/real.yaml");
    fs::create_dir(tree.dir().join("shared")).unwrap();
    fs::write(&real, DECLARATION).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o664)).unwrap();
    std::os::unix::fs::symlink("shared/real.yaml", tree.declaration()).unwrap();
    tree.does("setup staging");
    assert!(fs::symlink_metadata(tree.declaration()).unwrap().is_symlink());
    assert!(fs::read_to_string(&real).unwrap().contains("staging: {}"));
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o7777, 0o664);
}

/// A small file system of its own, full but for a few bytes.
#[test]
fn on_a_full_disk_it_is_the_old_file() {
    let tree = Tree::new(Some(long().as_bytes()));
    let script = r#"
        set -e
        mkdir disk && mount -t tmpfs -o size=256k tmpfs disk
        cp iamra.yaml disk/ && cd disk
        dd if=/dev/zero of=filler bs=4k 2>/dev/null || true
        "$IAMRA" k8s $WORDS && exit 99 || echo "exit $?"
        cmp iamra.yaml ../iamra.yaml && ls -A
    "#;
    for words in ["setup staging", "onboard new-one --role admin", "offboard workload-7"] {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", script]).current_dir(tree.dir());
        let output = run(command.env("IAMRA", iamra_path()).env("WORDS", words), b"");
        assert_eq!(output.exit, 0, "{words}: {}{}", output.stdout, output.stderr);
        assert!(output.stderr.contains("No space left on device"), "{words}: {}", output.stderr);
        assert_eq!(output.stdout, "exit 3\nfiller\niamra.yaml\n", "{words}: nothing is printed, nothing is left");
        fs::remove_dir(tree.dir().join("disk")).unwrap();
    }
}
