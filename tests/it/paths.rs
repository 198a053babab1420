//! What stands where a file belongs: pipes, devices, sockets, folders, files without end, and paths that lead
//! elsewhere. Nothing waits, nothing is read that is not a file, and no answer tells of what is outside.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Output, iamra, iamra_path, root, run};

/// Longer than any of these takes, shorter than anybody waits.
const DEADLINE: Duration = Duration::from_secs(30);

/// Runs a command that must end by itself. Its stdin is `/dev/null`, and it prints less than a pipe holds.
fn in_time(command: &mut Command) -> Output {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let since = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if since.elapsed() > DEADLINE {
            let _ = child.kill().and_then(|()| child.wait());
            panic!("{command:?} waits for ever");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let read = |stream: &mut dyn std::io::Read| {
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    };
    Output {
        stdout: read(&mut child.stdout.take().unwrap()),
        stderr: read(&mut child.stderr.take().unwrap()),
        exit: status.code().unwrap_or(-1),
    }
}

/// A folder with a declaration, its lock and values.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["iamra.yaml", "iamra.lock", "deployment.yaml"] {
        fs::copy(root().join("tests/data/kpt").join(name), folder.path().join(name)).unwrap();
    }
    folder
}

/// What can stand where a file belongs, and what is said of it.
const KINDS: &[(&str, &str)] = &[
    ("pipe", "is a pipe, not a file"),
    ("socket", "is a socket, not a file"),
    ("device", "is a device, not a file"),
    ("zero", "is a device, not a file"),
    ("folder", "is a folder, not a file"),
    ("large", "is larger than"),
];

/// Puts one of them at a path. A socket stays while what comes back lives.
pub(crate) fn make(kind: &str, path: &Path) -> Option<UnixListener> {
    match kind {
        "pipe" => assert_eq!(run(Command::new("mkfifo").arg(path), b"").exit, 0),
        "socket" => return Some(UnixListener::bind(path).unwrap()),
        "device" => symlink("/dev/null", path).unwrap(),
        "zero" => symlink("/dev/zero", path).unwrap(),
        "folder" => fs::create_dir(path).unwrap(),
        "large" => fs::File::create(path).unwrap().set_len(1 << 40).unwrap(),
        other => panic!("{other}"),
    }
    None
}

#[test]
fn whatever_is_no_file_is_refused_without_waiting() {
    let commands: &[&[&str]] = &[
        &["render", "--values", "it"],
        &["render", "--policy", "it"],
        &["render", "--lock", "it"],
        &["check", "--locked", "--lock", "it"],
        &["status", "--lock", "it"],
        &["lock", "--check", "--lock", "it"],
        &["list", "--lock", "it"],
        &["graph", "--values", "it"],
        &["trust-policy", "--lock", "it"],
        &["can-assume", "payment-service", "payments", "--lock", "it"],
        &["matrix", "--lock", "it"],
        &["matrix", "--trust-policy", "payments=it"],
        &["report", "--lock", "it"],
        &["report", "--output", "it"],
        &["report", "--trust-policy", "payments=it"],
        &["check", "iamra.yaml", "--trust-policy", "payments=it"],
        &["aws", "plan", "--ca-certificate", "it"],
        &["aws", "permissions", "plan", "--policy", "it"],
        &["aws", "adopt", "--policy", "it"],
        &["destroy", "--policy", "it"],
        &["aws", "export", "--format", "terraform", "--ca-certificate", "it"],
        &["role", "create", "x", "--inline-policy", "it", "--without-aws"],
        &["role", "list", "--declaration", "it"],
        &["lock", "--values", "it"],
        &["inject", "it"],
        &["inject", "deployment.yaml", "--declaration", "it"],
        &["strip", "it"],
        &["verify", "it"],
        &["verify", "deployment.yaml", "--without", "it"],
        &["import", "--from", "irsa", "it"],
        &["import", "--from", "iam-ra", "--state", "it"],
        &["doctor", "--objects", "it"],
        &["ca", "show", "it"],
        &["ca", "put-key", "it"],
        &["ca", "put-key", "deployment.yaml", "--certificate", "it"],
        &["init", "--dry-run", "--policy", "it"],
        &["ca", "rotation", "--objects", "it"],
        &["ca", "rotate", "--objects", "it"],
        &["ca", "rotation", "--trust-anchor", "it"],
        &["ca", "crl", "--certificate", "it", "--key", "deployment.yaml", "--serial", "1"],
        &["ca", "crl", "--certificate", "deployment.yaml", "--key", "it", "--serial", "1"],
        &["ca", "crl", "--certificate", "deployment.yaml", "--key", "deployment.yaml", "it"],
        &["doctor", "--certificate", "it", "--key", "it", "--workload", "payment-service"],
        &["check", "it"],
        &["list", "it"],
        &["view", "--declaration", "it"],
        &["k8s", "onboard", "x", "--declaration", "it"],
        &["argocd", "parameters", "--lock", "it"],
        &["argocd", "parameters", "--values", "it"],
        &["argocd", "parameters", "--policy", "it"],
    ];
    for (kind, words) in KINDS {
        let folder = folder();
        let _socket = make(kind, &folder.path().join("it"));
        for args in commands {
            // A folder may contain the declaration or manifests.
            let may_be_folder =
                ["check", "list", "verify", "k8s"].contains(&args[0]) || args.contains(&"--declaration");
            if *kind == "folder" && may_be_folder && !args.contains(&"--lock") {
                continue;
            }
            let output = in_time(iamra(folder.path()).args(*args).env("IAMRA_KUSTOMIZE", "/bin/true"));
            assert!(output.exit == 3 && output.stdout.is_empty(), "{kind} {args:?}: {output:?}");
            assert!(output.stderr.contains(words), "{kind} {args:?}: {}", output.stderr);
        }
    }
}

#[test]
fn no_declaration_and_no_lock_is_waited_for() {
    for (kind, words) in KINDS.iter().filter(|(kind, _)| *kind != "folder") {
        for name in ["iamra.yaml", "iamra.lock"] {
            let folder = folder();
            let path = folder.path().join(name);
            fs::remove_file(&path).unwrap();
            let _socket = make(kind, &path);
            for args in [
                &["check"][..],
                &["render"],
                &["list"],
                &["status"],
                &["graph"],
                &["inject", "deployment.yaml"],
                &["doctor"],
            ] {
                let output = in_time(iamra(folder.path()).args(args));
                assert_eq!(output.exit, 3, "{kind} {name} {args:?}: {}", output.stderr);
                assert!(output.stderr.contains(&format!("{name}` {words}")), "{kind} {args:?}: {}", output.stderr);
            }
        }
    }
}

/// It has the right name, so it is not said to be called otherwise; and no declaration further up is taken for it.
#[test]
fn a_folder_or_a_broken_link_called_like_the_declaration_is_named() {
    let above = folder();
    let dir = above.path().join("app");
    for (make, words) in [
        (Box::new(|path: &Path| fs::create_dir(path).unwrap()) as Box<dyn Fn(&Path)>, "is a folder, not a file"),
        (Box::new(|path: &Path| symlink("nowhere", path).unwrap()), "cannot be read: No such file or directory"),
    ] {
        fs::create_dir(&dir).unwrap();
        make(&dir.join("iamra.yaml"));
        for args in [
            &["check"][..],
            &["render"],
            &["list"],
            &["view"],
            &["aws", "plan"],
            &["init", "--without-aws"],
            &["k8s", "setup", "prod"],
            &["k8s", "onboard", "x", "--role", "x"],
            &["argocd", "generate"],
            &["check", "iamra.yaml"],
        ] {
            let output = in_time(iamra(&dir).args(args).env("IAMRA_KUSTOMIZE", "/bin/true"));
            // A broken link may lead out of a repository, of which nothing is told.
            let outside = output.stderr.contains("[outside-repository]");
            assert!(output.exit == 3 || outside && output.exit == 1, "{args:?}: {output:?}");
            assert!(outside || output.stderr.contains(&format!("iamra.yaml` {words}")), "{args:?}: {}", output.stderr);
        }
        fs::remove_file(dir.join("iamra.yaml")).or_else(|_| fs::remove_dir(dir.join("iamra.yaml"))).unwrap();
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 0, "nothing is written");
        fs::remove_dir(&dir).unwrap();
    }
}

/// What is written below a file cannot be; that is known before anything else is written.
#[test]
fn a_file_where_a_folder_belongs_is_named_and_nothing_is_written() {
    for (place, args) in [
        ("argo-cd", &["init", "--without-aws", "--argo-cd"][..]),
        ("iamra", &["init", "--without-aws", "--kustomize-component"]),
        ("iamra/generate", &["init", "--without-aws", "--kustomize-component"]),
        ("demo", &["demo", "demo/x"]),
        ("out", &["build", "--output", "out/rendered/x", "--kustomize", "./kustomize"]),
        ("out", &["build", "--output", "out/x.yaml", "--kustomize", "./kustomize"]),
        ("bin", &["install", "bin/x"]),
        ("new", &["k8s", "setup", "prod", "--declaration", "new/iamra.yaml"]),
        ("new", &["import", "--from", "kube2iam", "pod.yaml", "--output", "new/iamra.yaml"]),
    ] {
        let dir = folder();
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: {iam.amazonaws.com/role: \"arn:aws:iam::111122223333:role/a\"}}\n";
        fs::write(dir.path().join("pod.yaml"), pod).unwrap();
        if args[0] == "build" {
            let script = dir.path().join("kustomize");
            fs::write(&script, "#!/bin/sh\ncat deployment.yaml\n").unwrap();
            fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        } else {
            fs::remove_file(dir.path().join("iamra.yaml")).unwrap();
        }
        let file = dir.path().join(place);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "mine\n").unwrap();
        let before = names(dir.path());
        let output = in_time(iamra(dir.path()).args(args));
        assert!(output.stdout.is_empty() && output.exit != 0, "{args:?}: {output:?}");
        assert!(output.stderr.contains(&format!("{place}` is a file, not a folder")), "{args:?}: {}", output.stderr);
        assert_eq!((names(dir.path()), fs::read_to_string(&file).unwrap()), (before, "mine\n".to_owned()), "{args:?}");
    }
}

/// Everything in a folder and below it.
fn names(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut all = Vec::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            all.extend(names(&path));
        }
        all.push(path);
    }
    all.sort();
    all
}

/// A second reader would get nothing.
#[test]
fn stdin_is_given_once() {
    let folder = folder();
    for args in [
        &["ca", "put-key", "-", "--certificate", "-"][..],
        &["import", "--from", "irsa", "-", "-"],
        &["aws", "plan", "--ca-certificate", "default=-", "--ca-certificate", "-"],
        &["role", "create", "x", "--without-aws", "--inline-policy", "a=-", "--inline-policy", "b=-"],
    ] {
        let pem = fs::read(root().join("tests/data/ca/cert.pem")).unwrap();
        let policy = br#"{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}"#;
        let stdin = if args[0] == "role" { policy.to_vec() } else { pem };
        let output = run(iamra(folder.path()).args(args), &stdin);
        let words =
            "error: stdin is given twice, and can be read once\n  help: name a file in place of all `-` but one\n";
        assert_eq!((output.exit, output.stdout.as_str(), output.stderr.as_str()), (2, "", words), "{args:?}");
    }
}

/// kustomize opens what a kustomization names, wherever that is in the repository. Git itself has sockets, which cannot be
/// opened and keep nobody waiting.
#[test]
fn no_pipe_in_an_application_s_repository_is_waited_for() {
    let repository = tempfile::tempdir().unwrap();
    let (app, base) = (repository.path().join("app"), repository.path().join("base"));
    for folder in [&app, &base, &repository.path().join(".git")] {
        fs::create_dir(folder).unwrap();
    }
    fs::copy(root().join("tests/data/kpt/iamra.yaml"), app.join("iamra.yaml")).unwrap();
    let generate = || in_time(iamra(&app).args(["argocd", "generate"]).env("IAMRA_KUSTOMIZE", "/bin/true"));
    let _socket = make("socket", &base.join("socket"));
    assert!(generate().stderr.contains("error[no-objects]"), "{}", generate().stderr);
    make("pipe", &base.join("resource.yaml"));
    make("pipe", &base.join("second.yaml"));
    let output = generate();
    assert_eq!((output.exit, output.stdout.as_str()), (3, ""));
    assert!(output.stderr.starts_with("error: `base/resource.yaml` is a pipe, not a file\n"), "{}", output.stderr);
}

/// The caller's own pipe is his own business: `<(command)` of a shell is a path below `/dev/fd`. One with a name is not: who
/// knows whether somebody writes to it.
#[test]
fn what_a_shell_hands_over_is_read() {
    let folder = folder();
    let shell = |script: &str| {
        let mut command = Command::new("bash");
        in_time(command.args(["-c", script, "bash"]).arg(iamra_path()).current_dir(folder.path()))
    };
    let expected = in_time(iamra(folder.path()).args(["inject", "deployment.yaml"]));
    assert_eq!(expected.exit, 0, "{}", expected.stderr);
    for script in [
        r#""$1" inject <(cat deployment.yaml)"#,
        r#"cat deployment.yaml | "$1" inject /dev/stdin"#,
        r#"cat deployment.yaml | "$1" inject -"#,
        r#""$1" inject deployment.yaml --values <(echo 'ssm:/a: b')"#,
        r#""$1" inject /dev/stdin <deployment.yaml"#,
    ] {
        assert_eq!(shell(script), expected, "{script}");
    }
    let policy = shell(r#""$1" inject deployment.yaml --policy <(echo 'no: policy')"#);
    assert!(policy.exit == 1 && policy.stderr.contains("error[invalid-policy]"), "{}", policy.stderr);
    // A pipe is not a lock, and a declaration may not name one.
    let lock = shell(r#"echo x | "$1" render --lock /dev/stdin"#);
    assert!(lock.exit == 3 && lock.stderr.contains("`/dev/stdin` is a pipe, not a file"), "{}", lock.stderr);
    let endless = shell(r#""$1" render --values <(cat /dev/zero)"#);
    assert!(endless.exit == 3 && endless.stderr.contains("is larger than 8 MiB"), "{}", endless.stderr);
}

/// Whatever a declaration says of its lock, it is one in the folder of the declaration; and nobody learns what else there is.
#[test]
fn a_declaration_names_no_file_elsewhere() {
    let folder = folder();
    let declaration = folder.path().join("iamra.yaml");
    let text = fs::read_to_string(&declaration).unwrap();
    fs::create_dir(folder.path().join("inside")).unwrap();
    fs::copy(folder.path().join("iamra.lock"), folder.path().join("inside/real.lock")).unwrap();
    for (name, target) in [
        ("there", "/etc/passwd"),
        ("nothing", "/etc/nothing"),
        ("above", "../../../../../../../../etc/passwd"),
        ("folder", "/etc"),
        ("circle", "circle"),
        ("link.lock", "inside/real.lock"),
        ("inside/link.lock", "../inside/real.lock"),
    ] {
        symlink(target, folder.path().join(name)).unwrap();
    }
    let say = |path: &str, args: &[&str]| {
        let lock = format!("annotations:\n    iamra.dev/lock: {path}");
        fs::write(&declaration, text.replacen("annotations:", &lock, 1)).unwrap();
        in_time(iamra(folder.path()).args(args).env("IAMRA_KUSTOMIZE", "/bin/true"))
    };
    let commands: &[&[&str]] = &[
        &["check"],
        &["render"],
        &["status"],
        &["list"],
        &["inject", "deployment.yaml"],
        &["argocd", "generate"],
        &["argocd", "parameters"],
    ];
    for args in commands {
        for path in [
            "/etc/passwd",
            "/etc/nothing",
            "/dev/stderr",
            "/dev/stdin",
            "/proc/self/fd/0",
            "../iamra.lock",
            "inside/../iamra.lock",
            "../../etc/passwd",
        ] {
            let output = say(path, args);
            assert_eq!(output.exit, 1, "{args:?} {path}: {output:?}");
            assert!(
                output.stderr.contains("error[outside-repository]: the path of the lock is absolute or contains `..`"),
                "{args:?} {path}: {}",
                output.stderr
            );
        }
        for path in ["there", "nothing", "above", "folder/passwd", "folder/nothing", "circle"] {
            let output = say(path, args);
            assert_eq!(output.exit, 1, "{args:?} {path}: {output:?}");
            let said = output.stderr.replace(path, "PATH");
            let expected =
                "error[outside-repository]: a file of the declaration is outside the repository\n  --> PATH\n";
            assert!(said.contains(expected), "{args:?} {path}: {}", output.stderr);
        }
    }
    for path in ["inside/real.lock", "./inside/real.lock", "link.lock", "inside/link.lock"] {
        let output = say(path, &["inject", "deployment.yaml"]);
        assert_eq!(output.exit, 0, "{path}: {}", output.stderr);
    }
}

/// What is written replaces a file, never a device.
#[test]
fn no_device_is_replaced() {
    let folder = folder();
    for kind in ["pipe", "socket", "device"] {
        let path = folder.path().join(format!("{kind}.yaml"));
        let _socket = make(kind, &path);
        let before = fs::symlink_metadata(&path).unwrap().file_type();
        let mut command = iamra(folder.path());
        command.args(["import", "--from", "kube2iam", "deployment.yaml", "--force", "--output"]).arg(&path);
        let output = in_time(&mut command);
        assert_ne!(output.exit, 0, "{kind}: {}", output.stderr);
        assert_eq!(fs::symlink_metadata(&path).unwrap().file_type(), before, "{kind}");
    }
}
