//! Real kpt, where there is one: no package registry has it. `tests/peers/report` says whether these tests did anything.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::peers::image;
use crate::support::{Output, iamra, iamra_path, path_with_iamra, root, run};

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

/// A package for one mode; what validates has been rendered before.
fn package_for(mode: &str) -> tempfile::TempDir {
    let dir = package();
    if mode == "validate" {
        let rendered = kpt(&["fn", "render", "--allow-exec"], dir.path()).map(|output| output.exit);
        assert!(rendered.is_none_or(|exit| exit == 0));
        edit(&dir.path().join("Kptfile"), "mutators", "validators");
    }
    edit(&dir.path().join("iamra.yaml"), "spec:\n", &format!("spec:\n  mode: {mode}\n"));
    dir
}

fn edit(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{}", file.display());
    fs::write(file, text.replacen(from, to, 1)).unwrap();
}

fn is_lock(name: &str) -> bool {
    Path::new(name).ends_with("iamra.lock")
}

/// How people call a function on a package, and where its files are then.
fn call(way: &str, dir: &Path) -> Option<Output> {
    let eval = ["fn", "eval", "--exec", "iamra", "--fn-config", "iamra.yaml"];
    match way {
        "render" => kpt(&["fn", "render", "--allow-exec"], dir),
        "eval" => kpt(&eval, dir),
        "unwrap" => kpt(&[&eval[..], &["--output", "unwrap"]].concat(), dir),
        _ => {
            let source = kpt(&["fn", "source", ".", "--fn-config", "iamra.yaml"], dir)?;
            let list = run(&mut iamra(dir), source.stdout.as_bytes());
            assert_eq!(list.exit, 0, "{}", list.stderr);
            fs::create_dir(dir.join("sink")).unwrap();
            let mut sink = Command::new("kpt");
            sink.args(["fn", "sink", "out"]).current_dir(dir.join("sink"));
            Some(run(&mut sink, list.stdout.as_bytes()))
        }
    }
}

/// kpt deletes the file of what a function does not return.
#[test]
fn every_mode_leaves_every_file_of_the_package() {
    for mode in ["generate", "transform", "all", "validate"] {
        for way in ["render", "eval", "unwrap", "sink"] {
            let dir = package_for(mode);
            let before = files(dir.path());
            let Some(output) = call(way, dir.path()) else { return };
            assert_eq!(output.exit, 0, "{mode}, {way}: {}", output.stderr);
            if way == "unwrap" {
                let kinds = |text: &str| text.lines().filter(|line| line.starts_with("kind: ")).count();
                // To kpt, the lock is not a manifest, so it is not printed.
                let there: usize = before.iter().filter(|(name, _)| !is_lock(name)).map(|(_, text)| kinds(text)).sum();
                assert!(kinds(&output.stdout) >= there, "{mode}: {}", output.stdout);
                assert_eq!(files(dir.path()), before, "{mode}: what is printed is not written");
                continue;
            }
            let place = if way == "sink" { dir.path().join("sink/out") } else { dir.path().to_owned() };
            let after: BTreeMap<_, _> = files(&place).into_iter().collect();
            for (name, text) in &before {
                let name = place.join(Path::new(name).strip_prefix(dir.path()).unwrap());
                let changes = name.ends_with("deployment.yaml") && ["transform", "all"].contains(&mode);
                // To kpt, the lock is not a manifest: it neither reads nor writes it.
                if way == "sink" && name.ends_with("iamra.lock")
                    || changes && after.contains_key(name.to_str().unwrap())
                {
                    continue;
                }
                assert_eq!(after.get(name.to_str().unwrap()), Some(text), "{mode}, {way}: {}", name.display());
            }
            let is_new = if ["transform", "validate"].contains(&mode) { 0 } else { 3 };
            let lock = usize::from(way == "sink");
            let inside = after.keys().filter(|name| !name.contains("/sink/") || way == "sink").count();
            assert_eq!(inside + lock, before.len() + is_new, "{mode}, {way}: {:?}", after.keys());
        }
    }
}

/// Its only item is the function's own configuration, as it is when kustomize calls a generator.
#[test]
fn a_package_of_nothing_but_the_declaration_keeps_it() {
    let dir = tempfile::tempdir().unwrap();
    for file in ["iamra.yaml", "iamra.lock"] {
        fs::copy(root().join("tests/data/kpt").join(file), dir.path().join(file)).unwrap();
    }
    edit(&dir.path().join("iamra.yaml"), "spec:\n", "spec:\n  mode: generate\n");
    let before = files(dir.path());
    let Some(output) = call("eval", dir.path()) else { return };
    assert_eq!(output.exit, 0, "{}", output.stderr);
    let after = files(dir.path());
    assert!(before.iter().all(|file| after.contains(file)), "{after:?}");
    assert_eq!(after.len(), before.len() + 3, "{after:?}");
}

/// Marks that only kustomize writes are text like any other, and an author may write them too.
#[test]
fn a_validator_leaves_files_with_marks_of_kustomize() {
    for way in ["render", "eval", "unwrap", "sink"] {
        let dir = package_for("validate");
        mark(dir.path());
        let before = files(dir.path());
        let Some(output) = call(way, dir.path()) else { return };
        assert_eq!(output.exit, 0, "{way}: {}", output.stderr);
        if way == "unwrap" {
            assert!(output.stdout.contains("kind: Deployment"), "{}", output.stdout);
        }
        if way == "sink" {
            assert!(dir.path().join("sink/out/deployment.yaml").is_file());
        } else {
            assert_eq!(files(dir.path()), before, "{way}");
        }
    }
}

/// Items that come on stdin are of no file.
#[test]
fn a_validator_passes_on_what_kpt_read_from_stdin() {
    let dir = package_for("validate");
    mark(dir.path());
    let Some(list) = kpt(&["fn", "source", "."], dir.path()) else { return };
    let mut eval = Command::new("kpt");
    eval.args(["fn", "eval", "-", "--exec", "iamra", "--fn-config", "iamra.yaml"]);
    let output = run(eval.current_dir(dir.path()).env("PATH", path_with_iamra()), list.stdout.as_bytes());
    assert_eq!(output.exit, 0, "{}", output.stderr);
    assert!(output.stdout.contains("kind: Deployment"), "{}", output.stdout);
}

/// Gives every object of a package what kustomize writes on those that it hands to a validator.
fn mark(dir: &Path) {
    let id = "kustomize.config.k8s.io/id: x\n    config.kubernetes.io/function: |\n      exec: {path: iamra}\n    config.kubernetes.io/local-config: 'true'";
    for (file, _) in files(dir).iter().filter(|(name, _)| !is_lock(name) && !Path::new(name).ends_with("Kptfile")) {
        let text = fs::read_to_string(file).unwrap().replace("    config.kubernetes.io/local-config: \"true\"\n", "");
        let is_annotated = text.contains("\n  annotations:\n");
        let (place, head) =
            if is_annotated { ("\n  annotations:\n", "") } else { ("\nmetadata:\n", "  annotations:\n") };
        fs::write(file, text.replacen(place, &format!("{place}{head}    {id}\n"), 1)).unwrap();
    }
}

#[test]
fn a_validator_that_fails_leaves_the_package() {
    let dir = package();
    edit(&dir.path().join("iamra.yaml"), "spec:\n", "spec:\n  mode: validate\n");
    for way in ["render", "eval"] {
        let before = files(dir.path());
        let Some(output) = call(way, dir.path()) else { return };
        assert!(
            output.exit != 0 && output.stderr.contains("does not have its declared identity"),
            "{way}: {}",
            output.stderr
        );
        assert_eq!(files(dir.path()), before, "{way}");
    }
}

#[test]
fn doc_says_how_to_use_the_function() {
    let dir = package();
    // kpt looks up names without a slash in its own catalog.
    let name = format!("localhost/{}", image());
    assert_eq!(run(Command::new("docker").args(["tag", image(), &name]), b"").exit, 0);
    let Some(output) = kpt(&["fn", "doc", "--image", &name], dir.path()) else { return };
    assert_eq!(output.exit, 0, "{}", output.stderr);
    for said in ["As a KRM function", "functionConfig", "kpt fn eval", "workload=", "Exit codes"] {
        assert!(output.stdout.contains(said), "no `{said}` in:\n{}", output.stdout);
    }
}
