//! A monorepo as companies have it: one declaration at the root, applications below it, an overlay for each cluster, and an
//! account for each cluster.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::peers::peer;
use crate::support::{Output, files_below, iamra, iamra_path, run};

const KUSTOMIZATION: &str = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";

/// An ARN in the account of a cluster, which is where it stands among the clusters.
fn arn(account: usize, service: &str, resource: &str) -> String {
    let region = if service == "iam" { "" } else { "eu-central-1" };
    format!("arn:aws:{service}:{region}:{:012}:{resource}", 111_111_111_111 * (account + 1))
}

/// The folder of the overlay of an application for a cluster.
pub(crate) fn overlay(app: usize, cluster: &str) -> PathBuf {
    PathBuf::from(format!("apps/app-{app}/overlays/{cluster}"))
}

/// A repository with `apps` applications, `apps/app-0` and up, each with a base and an overlay for each of these clusters,
/// and one declaration of all of them.
pub(crate) fn fleet(apps: usize, clusters: &[&str]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), Path::new("iamra.yaml"), &declaration(apps, clusters));
    for app in 0..apps {
        let base = PathBuf::from(format!("apps/app-{app}/base"));
        write(dir.path(), &base.join("deployment.yaml"), &deployment(app));
        write(dir.path(), &base.join("kustomization.yaml"), &format!("{KUSTOMIZATION}resources: [deployment.yaml]\n"));
        for cluster in clusters {
            let text = format!("{KUSTOMIZATION}namespace: shop\nresources: [../../base]\n");
            write(dir.path(), &overlay(app, cluster).join("kustomization.yaml"), &text);
        }
    }
    dir
}

fn declaration(apps: usize, clusters: &[&str]) -> String {
    let mut text =
        "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata:\n  name: acme\nspec:\n  roles:\n".to_owned();
    for app in 0..apps {
        let _ = writeln!(text, "    app-{app}: {{}}");
    }
    text.push_str("  clusters:\n");
    for (account, cluster) in clusters.iter().enumerate() {
        let anchor = arn(account, "rolesanywhere", "trust-anchor/6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d");
        let _ =
            writeln!(text, "    {cluster}:\n      scopes: {{default: {{trustAnchor: \"{anchor}\"}}}}\n      roles:");
        for app in 0..apps {
            let role = arn(account, "iam", &format!("role/app-{app}"));
            let profile = arn(account, "rolesanywhere", &format!("profile/0d1e2f30-4152-4637-8495-{app:012}"));
            let _ = writeln!(text, "        app-{app}: {{roleArn: \"{role}\", profileArn: \"{profile}\"}}");
        }
    }
    text.push_str("  workloads:\n");
    for app in 0..apps {
        let _ = writeln!(text, "    app-{app}: {{clusters: [{}]}}", clusters.join(", "));
    }
    text
}

fn deployment(app: usize) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: app-{app}}}\nspec:\n  selector: {{matchLabels: {{app: app-{app}}}}}\n  template:\n    metadata: {{labels: {{app: app-{app}}}}}\n    spec:\n      containers:\n      - name: app\n        image: registry.example.com/app-{app}:1\n"
    )
}

fn write(dir: &Path, name: &Path, text: &str) {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// iamra in a folder, with the newest kustomize.
fn call(dir: &Path, args: &[&str]) -> Output {
    run(iamra(dir).env("IAMRA_KUSTOMIZE", peer("kustomize-5.8.2")).args(args), b"")
}

const NOTE: &str = "note[workload-not-found]: 5 of 6 declared workloads are not in this build\n";

fn objects_of(text: &str) -> Vec<String> {
    let names = text.lines().filter_map(|line| line.strip_prefix("kind: "));
    names.map(str::to_owned).collect()
}

/// What another application needs is in no way in the build.
#[test]
fn a_declaration_above_the_build_speaks_of_more() {
    let fleet = fleet(6, &["prod", "staging"]);
    let built = call(fleet.path(), &["build", "apps/app-3/overlays/staging"]);
    assert_eq!(built.exit, 0, "{}", built.stderr);
    assert!(built.stderr.starts_with(NOTE) && built.stderr.matches('[').count() == 1, "{}", built.stderr);
    assert_eq!(objects_of(&built.stdout), ["Deployment", "Issuer", "Certificate", "ConfigMap"]);
    assert!(built.stdout.contains(&arn(1, "iam", "role/app-3")), "{}", built.stdout);
    let others = (0..6).filter(|app| *app != 3).map(|app| format!("app-{app}"));
    assert!(others.into_iter().all(|other| !built.stdout.contains(&other)), "{}", built.stdout);
    // The same through a pipe, where the current folder is the build's.
    let folder = fleet.path().join("apps/app-3/overlays/staging");
    let mut kustomize = std::process::Command::new(peer("kustomize-5.8.2"));
    let plain = run(kustomize.args(["build"]).arg(&folder), b"");
    let inject = |dir: &Path, args: &[&str]| {
        run(iamra(dir).args(["inject", "--cluster", "staging"]).args(args), plain.stdout.as_bytes())
    };
    for args in [&["--declaration", "../../../.."][..], &["-"]] {
        let piped = inject(&folder, args);
        assert_eq!((piped.exit, &piped.stdout), (0, &built.stdout), "{}", piped.stderr);
        assert!(piped.stderr.starts_with(NOTE), "{}", piped.stderr);
    }
    // In the folder of the declaration, it speaks of exactly what is piped in.
    let beside = inject(fleet.path(), &[]);
    assert_eq!((beside.exit, beside.stderr.matches("error[workload-not-found]").count()), (1, 5), "{}", beside.stderr);
}

/// A build without an identity is nothing strange in a monorepo.
#[test]
fn a_build_of_which_nothing_is_declared_passes() {
    let fleet = fleet(6, &["prod"]);
    let other = fleet.path().join("apps/other");
    let text = deployment(0).replace("app-0", "other");
    write(&other, Path::new("deployment.yaml"), &text);
    write(&other, Path::new("kustomization.yaml"), &format!("{KUSTOMIZATION}resources: [deployment.yaml]\n"));
    let built = call(fleet.path(), &["build", "apps/other"]);
    assert_eq!(built.exit, 0, "{}", built.stderr);
    assert!(!built.stdout.contains("iam-ra"), "{}", built.stdout);
    let note = "note[workload-not-found]: none of the 6 declared workloads is in this build\n";
    assert!(built.stderr.starts_with(note), "{}", built.stderr);
    let checked = call(fleet.path(), &["check", "apps/other"]);
    assert!(checked.exit == 0 && checked.stderr.ends_with("iamra.yaml: 1 note\n"), "{}", checked.stderr);
    // Nor is one of nothing.
    let nothing = run(
        iamra(&other).args(["inject", "--cluster", "prod", "--declaration", "../../", "-"]),
        b"apiVersion: v1\nkind: List\nitems: []\n",
    );
    assert!(nothing.exit == 0 && nothing.stderr.starts_with(note), "{}", nothing.stderr);
}

/// The declaration has the last word, wherever it stands.
#[test]
fn the_declaration_says_what_a_missing_workload_is() {
    let fleet = fleet(3, &["prod"]);
    let declaration = fleet.path().join("iamra.yaml");
    let text = fs::read_to_string(&declaration).unwrap();
    let build = |level: &str, path: &str| {
        fs::write(
            &declaration,
            text.replace("spec:\n", &format!("spec:\n  checks: {{workload-not-found: {level}}}\n")),
        )
        .unwrap();
        let built = call(fleet.path(), &["build", "apps/app-0/overlays/prod", "--declaration", path]);
        let words =
            built.stderr.lines().filter_map(|line| line.split_once('[')).map(|(severity, _)| severity.to_owned());
        (built.exit, words.collect::<Vec<_>>())
    };
    let beside = "apps/app-0/overlays/prod/iamra.yaml";
    std::os::unix::fs::symlink(&declaration, fleet.path().join(beside)).unwrap();
    for path in [".", beside] {
        assert_eq!(build("deny", path), (1, vec!["error".to_owned(); 2]), "{path}");
        assert_eq!(build("warn", path), (0, vec!["warning".to_owned(); 2]), "{path}");
        assert_eq!(build("allow", path), (0, Vec::new()), "{path}");
    }
}

const ALL_PROD: &[&str] = &["build", "apps/*/overlays/prod", "--output", "rendered/prod"];

#[test]
fn a_pattern_builds_each_into_its_own_folder() {
    let fleet = fleet(6, &["prod", "staging"]);
    let dir = fleet.path();
    let built = call(dir, ALL_PROD);
    assert_eq!((built.exit, built.stdout.as_str(), built.stderr.as_str()), (0, "", ""));
    let rendered = files_below(&dir.join("rendered/prod"));
    for app in 0..6 {
        let name = format!("app-{app}/shop_v1_configmap_app-{app}-iam-ra-config.yaml");
        assert!(rendered[&name].contains(&arn(0, "iam", &format!("role/app-{app}"))), "{name}");
    }
    assert_eq!(rendered.len(), 6 * 5, "{:?}", rendered.keys());
    // As one of them by itself gives it.
    let folder = overlay(2, "prod").display().to_string();
    let _ = call(dir, &["build", &folder, "--output", "one"]);
    let one = files_below(&dir.join("one"));
    assert!(one.iter().all(|(name, text)| rendered[&format!("app-2/{name}")] == *text), "{:?}", one.keys());
    // Several wildcards are several folders, each cluster with its account; folders are called by their paths.
    let both = call(dir, &["build", "apps/*/overlays/*", "apps/app-1/base", "--output", "both", "--cluster", "prod"]);
    assert_eq!(both.exit, 0, "{}", both.stderr);
    let both = call(dir, &["build", "apps/*/overlays/*", "--output", "both"]);
    assert_eq!(both.exit, 0, "{}", both.stderr);
    let both = files_below(&dir.join("both"));
    let config = &both["app-4/staging/shop_v1_configmap_app-4-iam-ra-config.yaml"];
    assert!(config.contains(&arn(1, "iam", "role/app-4")), "{config}");
    assert!(both.contains_key("apps/app-1/base/apps_v1_deployment_app-1.yaml"), "{:?}", both.keys());
    let checked = call(dir, &[ALL_PROD, &["--check"]].concat());
    assert_eq!((checked.exit, checked.stderr.as_str()), (0, ""));
    // A plan is printed for each of them, and nothing is written.
    let planned = call(dir, &["build", "apps/*/overlays/prod", "--output", "planned", "--explain-calls"]);
    assert_eq!((planned.exit, planned.stderr.matches("AWS would not be called").count()), (0, 6), "{}", planned.stderr);
    assert!(!dir.join("planned").exists());
}

#[test]
fn one_that_fails_is_named_and_the_others_are_written() {
    let fleet = fleet(6, &["prod"]);
    let dir = fleet.path();
    assert_eq!(call(dir, ALL_PROD).exit, 0);
    let before = files_below(&dir.join("rendered"));
    write(dir, &overlay(1, "prod").join("kustomization.yaml"), "resources: [nowhere]\n");
    let host = deployment(4).replace("    spec:\n", "    spec:\n      hostNetwork: true\n");
    write(dir, Path::new("apps/app-4/base/deployment.yaml"), &host);
    write(dir, Path::new("apps/app-5/base/deployment.yaml"), &deployment(5).replace("app-5:1", "app-5:2"));
    let drift = call(dir, &[ALL_PROD, &["--check"]].concat());
    assert_eq!(drift.exit, 1, "{}", drift.stderr);
    let words = [
        "apps/app-5/overlays/prod:\nerror[stale-render]: ",
        "run `iamra build 'apps/*/overlays/prod' --output rendered/prod` and commit the result",
    ];
    assert!(words.iter().all(|words| drift.stderr.contains(words)), "{}", drift.stderr);
    assert_eq!(files_below(&dir.join("rendered")), before, "a check writes nothing");
    let built = call(dir, ALL_PROD);
    assert_eq!(built.exit, 1, "{}", built.stderr);
    let words = [
        "apps/app-1/overlays/prod:\nError: accumulating resources",
        "apps/app-4/overlays/prod:\nerror[host-network]: ",
        "error: 2 of 6 builds failed: `apps/app-1/overlays/prod`, `apps/app-4/overlays/prod`\n",
    ];
    assert!(words.iter().all(|words| built.stderr.contains(words)), "{}", built.stderr);
    let after = files_below(&dir.join("rendered"));
    let changed: Vec<_> = after.iter().filter(|(name, text)| before[*name] != **text).map(|(name, _)| name).collect();
    assert_eq!(changed, ["prod/app-5/shop_apps_v1_deployment_app-5.yaml"]);
    // What kustomize alone fails at may work the next time.
    write(dir, Path::new("apps/app-4/base/deployment.yaml"), &deployment(4));
    assert_eq!(call(dir, ALL_PROD).exit, 3);
}

#[test]
fn what_is_no_longer_built_is_told() {
    let fleet = fleet(3, &["prod", "lab"]);
    let dir = fleet.path();
    assert_eq!(call(dir, ALL_PROD).exit, 0);
    fs::remove_dir_all(dir.join("apps/app-1/overlays")).unwrap();
    let built = call(dir, ALL_PROD);
    let words = "[stale-render]: `rendered/prod/app-1` is no longer rendered\n";
    assert!(built.exit == 0 && built.stderr.starts_with(&format!("warning{words}")), "{}", built.stderr);
    let checked = call(dir, &[ALL_PROD, &["--check"]].concat());
    assert!(checked.exit == 4 && checked.stderr.starts_with(&format!("error{words}")), "{}", checked.stderr);
    // Who builds some of them says nothing of the others.
    let some = call(dir, &["build", "apps/*2/overlays/prod", "--output", "rendered/prod", "--check"]);
    assert_eq!((some.exit, some.stderr.as_str()), (0, ""));
}

#[test]
fn nothing_is_written_where_builds_would_meet() {
    let fleet = fleet(3, &["prod"]);
    let dir = fleet.path();
    let refused = |args: &[&str], words: &str| {
        let output = call(dir, &[&["build"], args].concat());
        assert!(output.exit == 2 && output.stderr.contains(words), "{args:?}: {}", output.stderr);
        assert!(!dir.join("rendered").exists(), "{args:?}");
    };
    refused(&["apps/*/overlays/prod"], "error: several builds need a folder each");
    refused(&["apps/app-0/base", "apps/app-1/base", "--output", "x.yaml"], "error: several builds need a folder each");
    refused(&["apps/*/overlays/lab", "--output", "rendered"], "no folder with a kustomization matches");
    refused(&["apps/*/*/prod", "apps/*/base", "--output", "rendered"], "would be written into each other's folder");
    refused(&["apps/[/base", "apps/app-0/base", "--output", "rendered"], "is not a pattern");
    assert_eq!(call(dir, &["build", "apps/app-0/overlays/prod", "--output", "rendered"]).exit, 0);
    let output = call(dir, &["build", "apps/*/overlays/prod", "--output", "rendered"]);
    assert!(output.exit == 2 && output.stderr.contains("is the output of one build"), "{}", output.stderr);
}

/// As pre-commit calls it, with the files of the change behind the arguments.
#[test]
fn only_what_a_change_touches_is_built() {
    let fleet = fleet(4, &["prod"]);
    let dir = fleet.path();
    assert_eq!(call(dir, ALL_PROD).exit, 0);
    // Whatever is built fails.
    for app in 0..4 {
        let text = "resources: [../../base, nowhere]\npatches: [{path: ../../../shared/patch.yaml}]\n";
        write(dir, &overlay(app, "prod").join("kustomization.yaml"), text);
    }
    write(dir, Path::new("apps/shared/patch.yaml"), "");
    write(dir, Path::new("README.md"), "");
    let built = |files: &[&str]| {
        let output = call(dir, &[ALL_PROD, &["--check", "--changed"], files].concat());
        output.stderr.matches("Error: accumulating resources").count()
    };
    assert_eq!(built(&["apps/app-1/base/deployment.yaml"]), 1);
    assert_eq!(built(&["apps/app-1/base/deployment.yaml", "apps/app-2/overlays/prod/kustomization.yaml"]), 2);
    assert_eq!(built(&["rendered/prod/app-3/shop_v1_configmap_app-3-iam-ra-config.yaml"]), 1);
    assert_eq!(built(&["README.md"]), 0);
    // As a change lists them, too, that are deleted.
    assert_eq!(built(&["apps/app-1/base/gone.yaml"]), 1);
    assert_eq!(built(&["apps/app-1/base/below/gone.yaml", "apps/app-2/overlays/prod/gone.env"]), 2);
    assert_eq!(built(&["rendered/prod/app-3/gone.yaml"]), 1);
    assert_eq!(built(&["gone.md"]), 0);
    // What may be a folder that is spelt wrong is not passed over.
    let output = call(dir, &[ALL_PROD, &["--check", "--changed", "apps/ap-1"]].concat());
    assert!(output.exit != 0 && output.stderr.contains("`apps/ap-1` cannot be read"), "{}", output.stderr);
    for every in [&[][..], &["iamra.yaml"], &["apps/shared/patch.yaml"]] {
        assert_eq!(built(every), 4, "{every:?}");
    }
}

/// A check of what a change touches is not green where a check of everything is not.
#[test]
fn no_change_that_matters_is_passed_over() {
    let script = |dir: &Path, script: &str| {
        let output = run(Command::new("sh").args(["-ec", script]).current_dir(dir), b"");
        assert_eq!(output.exit, 0, "{script}: {}", output.stderr);
    };
    let prepare = "mv apps/app-1/base real; ln -s ../../real apps/app-1/base
        mv apps/app-2/base/deployment.yaml apps/app-2/base/real.yaml; ln -s real.yaml apps/app-2/base/deployment.yaml
        mv apps/app-3/base/kustomization.yaml apps/app-3/base/Kustomization
        printf 'apiVersion: iamra.dev/v1alpha1\nkind: Policy\n' >policy.yaml";
    // What is done, and how the change names it.
    let rows: &[(&str, &[&str], &[&str])] = &[
        ("rm -r rendered/prod/app-0", &[], &["rendered/prod/app-0/shop_apps_v1_deployment_app-0.yaml"]),
        ("rm -r rendered", &[], &["rendered/prod/app-0/shop_apps_v1_deployment_app-0.yaml"]),
        ("rm iamra.yaml", &[], &["iamra.yaml"]),
        ("echo 'roles: []' >policy.yaml", &["--policy", "policy.yaml"], &["policy.yaml"]),
        ("rm policy.yaml", &["--policy", "policy.yaml"], &["policy.yaml"]),
        ("echo nonsense >values", &["--values", "values"], &["values"]),
        ("echo nonsense >mine", &["--lock", "mine"], &["mine"]),
        ("rm real/deployment.yaml", &[], &["real/deployment.yaml"]),
        ("rm real/deployment.yaml", &[], &["apps/app-1/base/deployment.yaml"]),
        ("rm apps/app-2/base/real.yaml", &[], &["apps/app-2/base/real.yaml"]),
        ("rm apps/app-2/base/real.yaml", &[], &["apps/app-2/base/deployment.yaml"]),
        ("rm apps/app-3/base/Kustomization", &[], &["apps/app-3/base/Kustomization"]),
        ("rm apps/app-0/base/deployment.yaml", &[], &["apps/gone/../app-0/base/deployment.yaml"]),
        ("true", &["apps/typo"], &["README.md"]),
        ("true", &["apps/v1.2"], &["README.md"]),
        ("rm -r apps/app-0/overlays", &["apps/app-0/overlays/prod"], &["apps/app-0/overlays/prod/kustomization.yaml"]),
    ];
    let whole = fleet(4, &["prod"]);
    script(whole.path(), prepare);
    assert_eq!(call(whole.path(), ALL_PROD).exit, 0);
    for (damage, args, files) in rows {
        let copy = tempfile::tempdir().unwrap();
        script(copy.path(), &format!("cp -a '{}/.' .; {damage}", whole.path().display()));
        let check = |more: &[&str]| call(copy.path(), &[ALL_PROD, &["--check"], args, more].concat());
        let everything = check(&[]);
        assert_ne!(everything.exit, 0, "{damage}");
        let touched = check(&[&["--changed"], *files].concat());
        assert_ne!(touched.exit, 0, "{damage}, {files:?}: {}", everything.stderr);
    }
}

/// The base may be called and stand anywhere in the repository.
#[test]
fn a_base_that_changes_touches_what_extends_it() {
    let fleet = fleet(2, &["prod"]);
    let dir = fleet.path();
    let extends = "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata:\n  name: own\nspec:\n  extends: ../../platform.yaml\n";
    fs::rename(dir.join("iamra.yaml"), dir.join("platform.yaml")).unwrap();
    write(dir, Path::new("apps/app-0/iamra.yaml"), extends);
    write(dir, Path::new("README.md"), "");
    assert_eq!(run(Command::new("git").args(["init", "-q"]).current_dir(dir), b"").exit, 0);
    let args = ["build", "apps/app-0/overlays/prod", "--output", "rendered"];
    let built = call(dir, &args);
    assert_eq!(built.exit, 0, "{}", built.stderr);
    let check = |file| call(dir, &[&args[..], &["--check", "--changed", file]].concat());
    fs::remove_dir_all(dir.join("rendered")).unwrap();
    assert_eq!(check("README.md").exit, 0);
    assert_eq!(check("platform.yaml").exit, 4);
    fs::remove_file(dir.join("platform.yaml")).unwrap();
    assert_eq!(check("platform.yaml").exit, 1);
}

/// The whole of it: in which builds each workload is, and what is in none.
#[test]
fn all_builds_are_checked_at_once() {
    let fleet = fleet(6, &["prod", "staging"]);
    let dir = fleet.path();
    let checked = call(dir, &["check", "--builds"]);
    assert_eq!((checked.exit, checked.stderr.as_str()), (0, "iamra.yaml, 12 builds: no problem\n"));
    let rows: Vec<Vec<&str>> = checked.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["WORKLOAD", "CLUSTER", "ROLE", "BUILD", "ANNOTATED"]);
    assert_eq!(rows[1], ["app-0", "prod", "app-0", "apps/app-0/overlays/prod", "-"]);
    assert_eq!(rows.len(), 1 + 12, "{}", checked.stdout);
    // From anywhere below.
    let below = call(&dir.join("apps/app-1"), &["check", "--builds"]);
    assert_eq!((below.exit, below.stdout.lines().count()), (0, 13), "{}", below.stderr);
    let one = call(dir, &["check", "--builds", "--cluster", "staging"]);
    assert!(one.exit == 0 && one.stderr.contains(", 6 builds: no problem"), "{}", one.stderr);
    // A name that is spelt wrong is in no build, and one whose overlay is gone is not in that cluster.
    write(dir, Path::new("apps/app-3/base/deployment.yaml"), &deployment(3).replace("name: app-3", "name: ap-3"));
    fs::remove_dir_all(dir.join(overlay(5, "staging"))).unwrap();
    let checked = call(dir, &["check", "--builds"]);
    assert_eq!(checked.exit, 1, "{}", checked.stderr);
    for cluster in ["prod", "staging"] {
        let words =
            format!("error[workload-not-found]: no workload named `app-3` is in any build of cluster `{cluster}`\n");
        assert!(checked.stderr.contains(&words), "{}", checked.stderr);
    }
    assert!(checked.stderr.contains("help: did you mean `ap-3`?"), "{}", checked.stderr);
    let words = "error[workload-not-found]: no workload named `app-5` is in any build of cluster `staging`\n";
    assert!(checked.stderr.contains(words) && checked.stderr.ends_with("11 builds: 3 errors\n"), "{}", checked.stderr);
    // What a change does not touch is not built; what is in none is a question about all.
    let touched = call(dir, &["check", "--builds", "--changed", "apps/app-1/base/deployment.yaml"]);
    assert!(touched.exit == 0 && touched.stderr.contains(", 2 builds: no problem"), "{}", touched.stderr);
}

/// More builds than processors: each kustomize uses one of them, unless the caller says otherwise.
#[test]
fn builds_share_the_processors() {
    let apps = std::thread::available_parallelism().unwrap().get() + 1;
    let fleet = fleet(apps, &["prod"]);
    let dir = fleet.path();
    let program = dir.join("kustomize");
    let real = peer("kustomize-5.8.2");
    let text =
        format!("#!/bin/sh\necho \"${{GOMAXPROCS:-all}}\" >>'{}/used'\n{} \"$@\"\n", dir.display(), real.display());
    fs::write(&program, text).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let used = |args: &[&str], said: Option<&str>| {
        let mut command = iamra(dir);
        command.env("IAMRA_KUSTOMIZE", &program).args(args).envs(said.map(|it| ("GOMAXPROCS", it)));
        let output = run(&mut command, b"");
        assert_eq!(output.exit, 0, "{}", output.stderr);
        let used = fs::read_to_string(dir.join("used")).unwrap();
        fs::remove_file(dir.join("used")).unwrap();
        used
    };
    let each = |processors: &str| format!("{processors}\n").repeat(apps);
    let pattern = ["build", "apps/*/overlays/prod", "--output", "rendered"];
    assert_eq!(used(&["check", "--builds"], None), each("1"));
    assert_eq!(used(&pattern, None), each("1"));
    assert_eq!(used(&["check", "--builds"], Some("3")), each("3"));
    assert_eq!(used(&["build", "apps/app-0/overlays/prod"], None), "all\n");
}

#[test]
fn a_build_that_cannot_be_looked_at_is_no_green_check() {
    let fleet = fleet(4, &["prod"]);
    let dir = fleet.path();
    write(dir, &overlay(2, "prod").join("kustomization.yaml"), "resources: [nowhere]\n");
    let checked = call(dir, &["check", "--builds"]);
    assert_eq!(checked.exit, 3, "{}", checked.stderr);
    let words = "apps/app-2/overlays/prod:\nerror[not-checked]: the kustomize build was not checked";
    assert!(checked.stderr.contains(words) && !checked.stderr.contains("workload-not-found"), "{}", checked.stderr);
    // An overlay whose cluster nobody says.
    write(dir, Path::new("iamra.yaml"), &declaration(4, &["live", "lab"]));
    write(dir, &overlay(2, "prod").join("kustomization.yaml"), "resources: [../../base]\n");
    let checked = call(dir, &["check", "--builds"]);
    assert!(checked.exit == 1 && checked.stderr.contains("error[ambiguous-cluster]"), "{}", checked.stderr);
}

/// Bases, components and what is rendered are no builds; who opts in is told.
#[test]
fn who_opted_in_is_told() {
    let fleet = fleet(2, &["prod"]);
    let dir = fleet.path();
    let annotations = "    metadata: {annotations: {iamra.dev/role: app-0}, labels: {app: batch}}\n";
    let text = deployment(0).replace("app-0", "batch").replace("    metadata: {labels: {app: batch}}\n", annotations);
    let folder = Path::new("apps/batch/overlays/prod");
    write(dir, &folder.join("deployment.yaml"), &text);
    write(dir, &folder.join("kustomization.yaml"), "namespace: jobs\nresources: [deployment.yaml]\n");
    write(dir, Path::new("unused/kustomization.yaml"), "kind: Component\n");
    assert_eq!(call(dir, ALL_PROD).exit, 0);
    let checked = call(dir, &["check", "--builds", "--format", "json"]);
    assert_eq!(checked.exit, 0, "{}{}", checked.stdout, checked.stderr);
    let json: serde_json::Value = serde_json::from_str(&checked.stdout).unwrap();
    let placements = json["placements"].as_array().unwrap();
    assert_eq!(placements.len(), 3, "{}", checked.stdout);
    let opted_in = placements.iter().find(|it| it["workload"] == "batch").unwrap();
    assert_eq!((&opted_in["role"], &opted_in["annotated"]), (&"app-0".into(), &"Deployment jobs/batch".into()));
}

#[test]
fn progress_is_for_terminals() {
    let fleet = fleet(3, &["prod"]);
    // `script` gives its child a terminal.
    let mut command = std::process::Command::new("script");
    let words = format!("{} check --builds", crate::support::iamra_path().display());
    command.current_dir(fleet.path()).env("IAMRA_KUSTOMIZE", peer("kustomize-5.8.2"));
    let output = run(command.args(["-qec", &words, "/dev/null"]), b"");
    assert_eq!(output.exit, 0, "{}", output.stdout);
    // How many of the steps are drawn depends on how fast they are; the line is gone in the end.
    let drawn = output.stdout.contains(" of 3, ") && output.stdout.contains("`apps/app-");
    let (line, rest) = output.stdout.rsplit_once("\u{1b}[2K").unwrap_or_default();
    assert!(drawn && !line.is_empty() && rest.starts_with("iamra.yaml, 3 builds: no problem"), "{}", output.stdout);
}

/// Every kustomize ends with iamra, and nothing is written.
#[test]
fn a_signal_ends_all_of_them() {
    let fleet = fleet(4, &["prod"]);
    let (dir, pids) = (fleet.path(), fleet.path().join("pids"));
    let slow = dir.join("slow");
    fs::write(&slow, "#!/bin/sh\necho $$ >>pids\nexec sleep 60\n").unwrap();
    fs::set_permissions(&slow, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = iamra(dir);
    command.args(ALL_PROD).arg("--kustomize").arg(&slow);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    let started = || fs::read_to_string(&pids).unwrap_or_default();
    let wanted = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    while started().lines().count() < wanted {
        assert!(Instant::now() < deadline, "kustomize was not started");
        std::thread::yield_now();
    }
    assert_eq!(run(std::process::Command::new("kill").arg(child.id().to_string()), b"").exit, 0);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(143));
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(words, "error: stopped by signal 15 before the manifests were written\n");
    for pid in started().lines() {
        assert!(!Path::new("/proc").join(pid).exists(), "kustomize is still there");
    }
    assert!(
        files_below(&dir.join("apps")).keys().all(|name| !name.contains("iam-ra")) && !dir.join("rendered").exists()
    );
}

/// What is in it nobody knows. Who may read everything is no test of that, so root does without.
#[test]
fn a_folder_that_cannot_be_read_is_named() {
    let fleet = fleet(2, &["prod"]);
    let dir = fleet.path();
    let closed = dir.join("apps/app-1/overlays");
    let allow = |mode| fs::set_permissions(&closed, fs::Permissions::from_mode(mode)).unwrap();
    allow(0);
    let reads_all = fs::read_dir(&closed).is_ok();
    let call = |args: &[&str]| {
        let mut command = iamra(dir);
        if reads_all {
            let without = "-dac_override,-dac_read_search";
            command = std::process::Command::new("setpriv");
            command.args(["--bounding-set", without, "--inh-caps", without]).arg(iamra_path()).current_dir(dir);
        }
        run(command.args(args).env("IAMRA_KUSTOMIZE", peer("kustomize-5.8.2")), b"")
    };
    for args in [
        &["check", "--builds"][..],
        &["build", "apps/*/overlays/prod", "--output", "rendered"],
        &["build", "apps/*/overlays/*", "--output", "rendered"],
        &["build", "**/prod", "--output", "rendered"],
    ] {
        let output = call(args);
        assert_eq!(output.exit, 3, "{args:?}: {output:?}");
        assert!(output.stderr.contains("apps/app-1/overlays") && output.stderr.contains("denied"), "{}", output.stderr);
        assert!(!dir.join("rendered").exists(), "{args:?}");
    }
    allow(0o755);
    assert_eq!(call(&["check", "--builds"]).exit, 0);
}
