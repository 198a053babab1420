//! Real kpt, where there is one: no package registry has it. `tests/peers/report` says whether these tests did anything.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::peers::image;
use crate::support::{Output, iamra_path, path_with_iamra, root, run};

fn kpt(args: &[&str], dir: &Path) -> Option<Output> {
    let installed = Command::new("kpt").arg("version").output().is_ok();
    installed.then(|| run(Command::new("kpt").args(args).current_dir(dir).env("PATH", path_with_iamra()), b""))
}

/// A package with comments, a declaration in it, and a pipeline that calls us.
fn package() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let data = root().join("tests/data/kpt");
    for entry in fs::read_dir(data).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
    }
    dir
}

fn files(dir: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            files.extend(self::files(&entry.path()));
        } else {
            files.push((entry.path().display().to_string(), fs::read_to_string(entry.path()).unwrap()));
        }
    }
    files.sort();
    files
}

#[test]
fn a_second_render_changes_nothing_and_comments_stay() {
    let dir = package();
    let Some(first) = kpt(&["fn", "render", "--allow-exec"], dir.path()) else { return };
    assert_eq!(first.exit, 0, "{}", first.stderr);
    let deployment = fs::read_to_string(dir.path().join("deployment.yaml")).unwrap();
    assert!(deployment.contains("iam-ra-sidecar") && deployment.contains("# two, for the night"), "{deployment}");
    let after_one = files(dir.path());
    assert!(after_one.iter().any(|(_, text)| text.contains("kind: Certificate")));
    let second = kpt(&["fn", "render", "--allow-exec"], dir.path()).unwrap();
    assert_eq!(second.exit, 0, "{}", second.stderr);
    assert_eq!(files(dir.path()), after_one);
}

#[test]
fn a_config_map_on_the_command_line_is_enough() {
    let dir = package();
    let arn = "arn:aws:rolesanywhere:eu-central-1:111122223333";
    let id = "6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d";
    let (anchor, profile) = (format!("trustAnchor={arn}:trust-anchor/{id}"), format!("profileArn={arn}:profile/{id}"));
    let role = "roleArn=arn:aws:iam::111122223333:role/payments";
    let exec = iamra_path().display().to_string();
    let args = ["fn", "eval", "--exec", &exec, "--", "workload=payment-service", &anchor, &profile, role];
    let Some(output) = kpt(&args, dir.path()) else { return };
    assert_eq!(output.exit, 0, "{}", output.stderr);
    assert!(fs::read_to_string(dir.path().join("deployment.yaml")).unwrap().contains("iam-ra-sidecar"));
}

#[test]
fn a_failure_shows_the_reason_and_leaves_the_package() {
    let dir = package();
    let declaration = dir.path().join("iamra.yaml");
    let text = fs::read_to_string(&declaration).unwrap();
    fs::write(&declaration, text.replace("role: payments", "role: paymants")).unwrap();
    let before = files(dir.path());
    let Some(output) = kpt(&["fn", "render", "--allow-exec"], dir.path()) else { return };
    assert_ne!(output.exit, 0);
    assert!(output.stderr.contains("did you mean `payments`?"), "{}", output.stderr);
    let deployment =
        |files: &[(String, String)]| files.iter().find(|(name, _)| name.ends_with("deployment.yaml")).cloned();
    assert_eq!(deployment(&files(dir.path())), deployment(&before));
}

/// Runs git in a package, which is a repository with everything committed at first.
fn git(args: &[&str], dir: &Path) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=test", "-c", "user.email=test@localhost"]).args(args).current_dir(dir);
    let output = run(&mut command, b"");
    assert_eq!(output.exit, 0, "git {args:?}: {}", output.stderr);
    output.stdout
}

/// What a reviewer sees: additions in the Deployment, new files, no line of the author's taken away; then nothing.
#[test]
fn git_sees_additions_and_the_second_time_nothing() {
    let eval = ["fn", "eval", "--exec", "iamra", "--fn-config", "iamra.yaml"];
    for args in [&["fn", "render", "--allow-exec"][..], &eval] {
        let dir = package();
        git(&["init", "--quiet"], dir.path());
        git(&["add", "--all"], dir.path());
        git(&["commit", "--quiet", "--message", "package"], dir.path());
        let Some(first) = kpt(args, dir.path()) else { return };
        assert_eq!(first.exit, 0, "{args:?}: {}", first.stderr);
        let counts = git(&["diff", "--numstat"], dir.path());
        let deployment = counts.lines().find(|line| line.ends_with("deployment.yaml")).unwrap();
        let (added, removed) = deployment.split_once('\t').unwrap();
        assert!(added.parse::<u32>().unwrap() > 40 && removed.starts_with("0\t"), "{args:?}: {deployment}");
        for untouched in ["iamra.yaml", "iamra.lock"] {
            assert!(!counts.contains(untouched), "{args:?}: {counts}");
        }
        git(&["add", "--all"], dir.path());
        git(&["commit", "--quiet", "--message", "rendered"], dir.path());
        let second = kpt(args, dir.path()).unwrap();
        assert_eq!(second.exit, 0, "{args:?}: {}", second.stderr);
        assert_eq!(git(&["diff"], dir.path()), "", "{args:?}");
        assert_eq!(git(&["status", "--porcelain"], dir.path()), "", "{args:?}");
    }
}

#[test]
fn doc_says_how_to_use_the_function() {
    let dir = package();
    // A name without a slash is one of kpt's own catalog.
    let name = format!("localhost/{}", image());
    assert_eq!(run(Command::new("docker").args(["tag", image(), &name]), b"").exit, 0);
    let Some(output) = kpt(&["fn", "doc", "--image", &name], dir.path()) else { return };
    assert_eq!(output.exit, 0, "{}", output.stderr);
    for said in ["As a KRM function", "functionConfig", "kpt fn eval", "workload=", "Exit codes"] {
        assert!(output.stdout.contains(said), "no `{said}` in:\n{}", output.stdout);
    }
}
