//! A monorepo as companies have it: one declaration at the root, applications below it, an overlay for each cluster, and an
//! account for each cluster.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::peers::peer;
use crate::support::{Output, iamra, run};

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
    assert!(built.stderr.starts_with(NOTE) && built.stderr.matches("[").count() == 1, "{}", built.stderr);
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
