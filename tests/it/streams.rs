//! What comes in and ends early, what goes out and is not taken, and a machine without memory.

use std::fs::{self, File};
use std::io::{BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use wait4::Wait4 as _;

use iamra::krm::ResourceList;

use crate::support::{Output, iamra, iamra_path, root, run};

/// The demo's folder.
fn demo() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(run(iamra(dir.path()).args(["demo", "."]), b"").exit, 0);
    for name in ["cert.pem", "key.pem"] {
        fs::copy(root().join("tests/data/ca").join(name), dir.path().join(name)).unwrap();
    }
    dir
}

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: payment-service}\nspec:\n  template:\n    spec:\n      containers:\n      - {name: app, image: \"x\"}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: b}\ndata:\n  a: |\n    eA==\n";

/// As a function gets it.
fn list() -> String {
    let items = DEPLOYMENT.split("---\n").next().unwrap().replace('\n', "\n  ");
    format!(
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nfunctionConfig:\n  {{apiVersion: v1, kind: ConfigMap, metadata: {{name: a}}, data: {{workload: \
         payment-service}}}}\nitems:\n- {}\n",
        items.trim_end()
    )
}

/// At every byte for a function, and for the others at enough of them to be in every part of the input.
#[test]
fn what_is_cut_off_is_answered_clearly() {
    let dir = demo();
    let (list, pod) =
        (list(), "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  annotations: {iam.amazonaws.com/role: x}\n");
    let cluster = r#"{"kind":"List","items":[{"kind":"Certificate","metadata":{"name":"é"}}]}"#;
    let policy = r#"{"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}"#;
    let pem = fs::read_to_string(root().join("tests/data/ca/cert.pem")).unwrap();
    for (args, input, step) in [
        (&[][..], list.as_str(), 1),
        (&["inject", "-"], DEPLOYMENT, 3),
        (&["strip", "-"], DEPLOYMENT, 7),
        (&["verify", "-"], DEPLOYMENT, 5),
        (&["import", "--from", "kube2iam", "-"], pod, 5),
        (&["doctor", "--objects", "-"], cluster, 3),
        (&["role", "create", "x", "--without-aws", "--dry-run", "--inline-policy", "a=-"], policy, 5),
        (&["ca", "show", "-"], &pem, 29),
        (&["ca", "put-key", "-", "--certificate", "cert.pem"], &pem, 29),
        (&["ca", "crl", "--certificate", "cert.pem", "--key", "key.pem", "--serial", "1", "-"], &pem, 61),
    ] {
        for end in (0..input.len()).step_by(step) {
            let input = &input.as_bytes()[..end];
            let output = run(iamra(dir.path()).args(args), input);
            let context = format!("{args:?} with {end} bytes: {output:?}");
            assert!([0, 1].contains(&output.exit), "{context}");
            assert_eq!(output.exit == 0, !output.stderr.contains("error["), "{context}");
            if args.is_empty() {
                assert!(ResourceList::read(&output.stdout).is_ok(), "{context}");
            } else {
                // `doctor` prints what is in order.
                assert!(output.exit == 0 || output.stdout.is_empty() || args[0] == "doctor", "{context}");
            }
        }
    }
}

/// Runs it with stdout in a file, which takes so many bytes.
fn into_a_file(dir: &Path, args: &[&str], stdin: &str, bytes: usize) -> (Option<i32>, String, usize) {
    let (input, out) = (dir.join("in"), dir.join("out"));
    fs::write(&input, stdin).unwrap();
    let mut command = Command::new("prlimit");
    command.args([&format!("--fsize={bytes}"), "env", "--ignore-signal=XFSZ"]).arg(iamra_path()).args(args);
    command.current_dir(dir).stdin(File::open(&input).unwrap()).stdout(File::create(&out).unwrap());
    let output = command.stderr(Stdio::piped()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), stderr, usize::try_from(fs::metadata(&out).unwrap().len()).unwrap())
}

#[test]
fn an_output_that_is_not_taken_whole_is_an_error_at_any_byte() {
    let dir = demo();
    let list = list();
    for (args, stdin) in [
        (&[][..], list.as_str()),
        (&["render"], ""),
        (&["inject", "-"], DEPLOYMENT),
        (&["strip", "-"], DEPLOYMENT),
        (&["list"], ""),
        (&["graph"], ""),
        (&["status", "--format", "json"], ""),
        (&["check", "iamra.yaml", "--format", "sarif"], ""),
    ] {
        let (whole, stderr, length) = into_a_file(dir.path(), args, stdin, 1 << 20);
        assert!(length > 40 && whole.is_some_and(|exit| exit < 2), "{args:?}: {stderr}");
        for bytes in [0, 1, length / 2, length - 1] {
            let (exit, stderr, _) = into_a_file(dir.path(), args, stdin, bytes);
            assert_eq!(exit, Some(3), "{args:?} with {bytes} of {length} bytes: {stderr}");
            assert!(stderr.contains("error: the output cannot be written: File too large"), "{args:?}: {stderr}");
        }
    }
}

/// With less and less memory: it is done, or it is not and says so, and what was there stays.
#[test]
fn without_memory_nothing_is_half_written() {
    let dir = demo();
    let path = |name: &str| dir.path().join(name);
    let object = |n: usize| {
        format!(
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: map-{n}}}\ndata: {{a: \"{}\"}}\n",
            "x".repeat(20_000)
        )
    };
    let deployment = fs::read_to_string(path("deployment.yaml")).unwrap();
    fs::write(path("objects"), deployment + &(0..1000).map(object).collect::<String>()).unwrap();
    fs::write(path("kustomize"), "#!/bin/sh\nprlimit --as=unlimited 2>/dev/null; exec cat objects\n").unwrap();
    fs::set_permissions(path("kustomize"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let limited = |limit: Option<usize>, args: &[&str]| -> Output {
        let mut command = Command::new("prlimit");
        command.arg(limit.map_or("--core=0".to_owned(), |it| format!("--as={}", it << 20))).arg("--core=0");
        command.arg(iamra_path()).args(args).current_dir(dir.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap());
        run(&mut command, b"")
    };
    let build = |limit| limited(limit, &["build", "--kustomize", "./kustomize", "--output", "rendered.yaml"]);
    assert_eq!(build(None).exit, 0);
    let after = fs::read_to_string(path("rendered.yaml")).unwrap();
    let (mut done, mut failed) = (0, 0);
    // With less, the system cannot load the program, and nobody says so.
    let is_enough = |limit: &usize| limited(Some(*limit), &["--version"]).exit == 0;
    for limit in (10..300).step_by(10).skip_while(|limit| !is_enough(limit)).take(16) {
        fs::write(path("rendered.yaml"), "before\n").unwrap();
        let output = build(Some(limit));
        let found = fs::read_to_string(path("rendered.yaml")).unwrap();
        if output.exit == 0 {
            done += 1;
            assert!(found == after, "{limit} MiB");
        } else {
            failed += 1;
            assert_eq!(found, "before\n", "{limit} MiB");
            let said = output.stderr.to_lowercase();
            assert!(said.contains("memory"), "{limit} MiB: {output:?}");
        }
    }
    assert!(done > 1 && failed > 1, "{done} {failed}");
    fs::write(path("rendered.yaml"), "before\n").unwrap();
    assert_eq!(build(None).exit, 0);
    let left = fs::read_dir(dir.path())
        .unwrap()
        .filter(|it| it.as_ref().unwrap().file_name().to_string_lossy().starts_with(".iamra-"));
    assert_eq!(left.count(), 0);
}

/// Few bytes that mean much, and much that means little. The costs of many things are in `cost.rs`.
#[test]
fn documents_that_are_bombs_end_at_once() {
    let dir = demo();
    let bomb: String =
        (1..30).map(|n| format!("  a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", "))).collect();
    let bomb = format!("bomb:\n  a0: &a0 [x, x]\n{bomb}");
    let object = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: payment-service}\n";
    let declaration = fs::read_to_string(dir.path().join("iamra.yaml")).unwrap();
    let nested = |open: &str, close: &str| format!("a: {}1{}\n", open.repeat(100_000), close.repeat(100_000));
    for (text, words) in [
        (format!("{object}{bomb}"), "aliases that expand to more than 10000000 nodes"),
        (format!("{object}{}", nested("[", "]")), "recursion limit exceeded"),
        (format!("{object}{}", nested("{a: ", "}")), "nested deeper than 200 levels"),
        (format!("{object}a: {}\n", "x".repeat(10 << 20)), "error["),
        ("---\n".repeat(100_000), "the input is empty"),
        ("--- {}\n".repeat(20_000), "found no object"),
    ] {
        let head = text[..80.min(text.len())].to_owned();
        let output = limited_time(dir.path(), &["inject", "-"], &text);
        assert!(output.exit == 1 && output.stdout.is_empty(), "{head}: {output:?}");
        assert!(output.stderr.contains(words) && output.stderr.len() < 4000, "{head}: {}", output.stderr);
    }
    for (text, words) in [
        (format!("{declaration}{bomb}"), "aliases that expand to more than 10000000 nodes"),
        (format!("{declaration}{}", nested("[", "]")), "recursion limit exceeded"),
        (declaration.replace("name: demo", &format!("name: {}", "x".repeat(7 << 20))), "iamra.yaml: no problem"),
        (declaration.clone() + &"#\n".repeat(5 << 20), "is larger than 8 MiB"),
    ] {
        fs::write(dir.path().join("iamra.yaml"), text).unwrap();
        let output = limited_time(dir.path(), &["check", "iamra.yaml"], "");
        assert!([0, 1, 3].contains(&output.exit) && output.stdout.is_empty(), "{words}: {output:?}");
        assert!(output.stderr.contains(words) && output.stderr.len() < 4000, "{words}: {}", output.stderr);
    }
}

/// What is read does not move, and what is not patched is not copied.
#[test]
fn a_gigabyte_takes_little_more_memory_than_that() {
    let dir = demo();
    let line = format!("    {}\n", "0123456789 ".repeat(8));
    let map = |n: usize| {
        format!(
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: map-{n:08}\ndata:\n  text: |\n{}",
            line.repeat(1000)
        )
    };
    let deployment = DEPLOYMENT.split("---\n").next().unwrap();
    let count = (1 << 30) / map(0).len() + 1;
    let mut child =
        iamra(dir.path()).args(["inject", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let write = || {
        stdin.write_all(deployment.as_bytes()).unwrap();
        (0..count).for_each(|n| stdin.write_all(map(n).as_bytes()).unwrap());
        drop(stdin);
    };
    let read = || {
        let mut out = BufReader::new(stdout);
        let mut patched = Vec::new();
        while !patched.ends_with(b"---\n") {
            let mut byte = [0];
            out.read_exact(&mut byte).unwrap();
            patched.extend(byte);
        }
        let mut found = vec![0; map(0).len()];
        for n in 0..count {
            let from = if n == 0 { "---\n".len() } else { 0 };
            out.read_exact(&mut found[from..]).unwrap();
            assert!(found[from..] == map(n).as_bytes()[from..], "object {n} has changed");
        }
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        (String::from_utf8(patched).unwrap(), rest)
    };
    let (patched, rest) = thread::scope(|scope| {
        scope.spawn(write);
        read()
    });
    let used = child.wait4().unwrap();
    assert!(used.status.success(), "{:?}", used.status);
    assert!(patched.contains("initContainers:") && rest.contains("kind: Certificate"), "{patched}{rest}");
    let (most, read) = (used.rusage.maxrss, (count * map(0).len()) as u64);
    assert!(most < read + read / 5, "{most} bytes for {read}");
}

/// With a minute of processor time, which a bomb would take ages of, and 2 GiB.
fn limited_time(dir: &Path, args: &[&str], stdin: &str) -> Output {
    let mut command = Command::new("prlimit");
    command.args(["--cpu=60", "--as=2147483648", "--core=0"]).arg(iamra_path()).args(args).current_dir(dir);
    run(&mut command, stdin.as_bytes())
}
