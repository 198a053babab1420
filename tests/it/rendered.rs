//! Rendered manifests: `iamra build --output`, the way of Flux and of plain CI.

use std::fs;
use std::path::Path;

use crate::argocd::repository;
use crate::cluster::{CLUSTER, TRY};
use crate::peers::peer;
use crate::support::{Output, files_below, iamra, iamra_path, run};

fn build(dir: &Path, args: &[&str]) -> Output {
    run(iamra(dir).args(["build", "--kustomize"]).arg(peer("kustomize-5.8.2")).args(args), b"")
}

const PROD: &str = "apps/0/overlays/prod";

#[test]
fn a_file_for_each_object_and_no_other() {
    let repository = repository(1);
    let dir = repository.path();
    let printed = build(dir, &[PROD]);
    for _ in 0..2 {
        let output = build(dir, &[PROD, "--output", "rendered/prod"]);
        assert_eq!((output.exit, output.stdout.as_str()), (0, ""), "{}", output.stderr);
        let mut files = files_below(&dir.join("rendered/prod"));
        assert!(files.remove(".iamra-output").unwrap().contains("replaces this folder"));
        let names: Vec<_> = files.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "shop_apps_v1_deployment_payment-0.yaml",
                "shop_cert-manager.io_v1_certificate_payment-0-cert.yaml",
                "shop_cert-manager.io_v1_issuer_iam-ra.yaml",
                "shop_v1_configmap_payment-0-iam-ra-config.yaml",
            ]
        );
        let mut whole: Vec<_> = printed.stdout.split("---\n").collect();
        let mut parts: Vec<_> = files.values().map(String::as_str).collect();
        whole.sort_unstable();
        parts.sort_unstable();
        assert_eq!(parts, whole);
        // Objects that are no longer declared are removed.
        fs::write(dir.join("rendered/prod/v1_configmap_old.yaml"), "kind: ConfigMap\n").unwrap();
    }
    // A folder of manifests is what Flux and kubectl apply.
    CLUSTER.namespace("shop");
    assert_eq!(build(dir, &[PROD, "--output", "rendered/prod"]).exit, 0);
    let folder = dir.join("rendered/prod").display().to_string();
    let apply: Vec<_> = TRY.iter().map(|arg| if *arg == "-" { folder.as_str() } else { arg }).collect();
    CLUSTER.accepts(&apply, "", "the folder");
    assert_eq!(fs::read_dir(dir.join("rendered")).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn one_file_is_what_is_printed() {
    let repository = repository(1);
    let dir = repository.path();
    assert_eq!(build(dir, &[PROD, "--output", "rendered/prod.yaml"]).exit, 0);
    assert_eq!(fs::read_to_string(dir.join("rendered/prod.yaml")).unwrap(), build(dir, &[PROD]).stdout);
}

#[test]
fn what_fails_and_what_is_foreign_stays() {
    let repository = repository(1);
    let dir = repository.path();
    let foreign = build(dir, &[PROD, "--output", "apps/0/base"]);
    assert!(
        foreign.exit == 2 && foreign.stderr.contains("help: use a folder that holds only these manifests"),
        "{}",
        foreign.stderr
    );
    assert!(dir.join("apps/0/base/kustomization.yaml").is_file());
    assert_eq!(build(dir, &[PROD, "--output", "rendered"]).exit, 0);
    let before = files_below(&dir.join("rendered"));
    let declaration = dir.join("apps/0/iamra.yaml");
    let text = fs::read_to_string(&declaration).unwrap();
    fs::write(&declaration, text.replace("role: payments", "role: paymants")).unwrap();
    assert_eq!(build(dir, &[PROD, "--output", "rendered"]).exit, 1);
    fs::write(dir.join(PROD).join("kustomization.yaml"), "resources: [nowhere]\n").unwrap();
    assert_eq!(build(dir, &[PROD, "--output", "rendered"]).exit, 3);
    assert_eq!(files_below(&dir.join("rendered")), before);
}

#[test]
fn a_name_cannot_lead_out_of_the_folder() {
    let repository = repository(1);
    let dir = repository.path();
    let role =
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: ../../system:a_b\nrules: []\n";
    let base = dir.join("apps/0/base");
    let text = fs::read_to_string(base.join("deployment.yaml")).unwrap();
    fs::write(base.join("deployment.yaml"), format!("{text}---\n{role}")).unwrap();
    let output = build(dir, &["apps/0", "--output", "rendered"]);
    assert_eq!(output.exit, 0, "{}", output.stderr);
    let name = "rbac.authorization.k8s.io_v1_clusterrole_..%2F..%2Fsystem%3Aa%5Fb.yaml";
    assert!(files_below(&dir.join("rendered")).contains_key(name), "{:?}", files_below(&dir.join("rendered")).keys());
}

#[test]
fn kustomize_gets_further_flags() {
    let repository = repository(1);
    let dir = repository.path();
    let kustomization = dir.join(PROD).join("kustomization.yaml");
    fs::write(&kustomization, "resources: [../../base/deployment.yaml]\n").unwrap();
    assert_eq!(build(dir, &[PROD]).exit, 3);
    let output = build(dir, &[PROD, "--", "--load-restrictor", "LoadRestrictionsNone"]);
    assert!(output.exit == 0 && output.stdout.contains("iam-ra-sidecar"), "{}", output.stderr);
}

/// Not even where somebody has named the wrong file.
#[test]
fn a_build_is_not_written_over_what_it_is_made_of() {
    let repository = repository(1);
    let dir = repository.path();
    let base = "apps/0/base/deployment.yaml";
    assert!(dir.join(base).is_file());
    for name in ["apps/0/iamra.yaml", "apps/0/overlays/prod/kustomization.yaml", "apps/0/base/kustomization.yaml", base]
    {
        let before = fs::read_to_string(dir.join(name)).unwrap();
        let output = build(dir, &[PROD, "--output", name]);
        assert_eq!(output.exit, 2, "{name}: {output:?}");
        let words = format!("`{name}` is what the build is made of, and would be replaced by its output");
        assert!(output.stderr.contains(&words), "{}", output.stderr);
        assert_eq!(fs::read_to_string(dir.join(name)).unwrap(), before, "{name}");
    }
    fs::write(dir.join("values.yaml"), "{}\n").unwrap();
    let output = build(dir, &[PROD, "--values", "values.yaml", "--output", "values.yaml"]);
    assert!(output.exit == 2 && output.stderr.contains("`values.yaml` is what the build"), "{output:?}");
}

#[test]
fn a_dash_is_stdout() {
    let repository = repository(1);
    let dir = repository.path();
    let before = files_below(dir);
    let plain = build(dir, &[PROD]);
    assert!(plain.exit == 0 && plain.stdout.contains("iam-ra-sidecar"), "{}", plain.stderr);
    assert_eq!(build(dir, &[PROD, "--output", "-"]), plain);
    let check = build(dir, &[PROD, "--check", "--output", "-"]);
    assert!(check.exit == 2 && check.stderr.contains("`--check` writes nothing to stdout"), "{check:?}");
    let several = build(dir, &["apps/*/overlays/prod", "--output", "-"]);
    assert!(several.exit == 2 && several.stderr.contains("each build gets its own folder"), "{several:?}");
    assert_eq!(files_below(dir), before);
}

/// As a shell's `>` does.
#[test]
fn a_link_leads_to_the_file_that_is_written() {
    let repository = repository(1);
    let dir = repository.path();
    fs::write(dir.join("there.yaml"), "").unwrap();
    std::os::unix::fs::symlink("there.yaml", dir.join("link.yaml")).unwrap();
    let output = build(dir, &[PROD, "--output", "link.yaml"]);
    assert_eq!(output.exit, 0, "{}", output.stderr);
    assert!(dir.join("link.yaml").is_symlink());
    assert!(fs::read_to_string(dir.join("there.yaml")).unwrap().contains("iam-ra-sidecar"));
    assert_eq!(build(dir, &[PROD, "--output", "link.yaml", "--check"]).exit, 0);
    // What the build is made of is not overwritten, by whatever name.
    let base = dir.join("apps/0/base");
    fs::rename(base.join("deployment.yaml"), base.join("real.yaml")).unwrap();
    std::os::unix::fs::symlink("real.yaml", base.join("deployment.yaml")).unwrap();
    fs::write(dir.join("policy.yaml"), "apiVersion: iamra.dev/v1alpha1\nkind: Policy\n").unwrap();
    for (number, file) in ["apps/0/iamra.lock", "apps/0/base/real.yaml", "policy.yaml"].iter().enumerate() {
        let before = fs::read(dir.join(file)).unwrap();
        let link = format!("link-{number}.yaml");
        std::os::unix::fs::symlink(file, dir.join(&link)).unwrap();
        let output = build(dir, &[PROD, "--output", &link, "--policy", "policy.yaml"]);
        assert!(output.exit == 2 && fs::read(dir.join(file)).unwrap() == before, "{file}: {output:?}");
    }
}

/// A container has volumes, and a name may be longer than a file's.
#[test]
fn what_cannot_be_replaced_is_said_with_what_can() {
    let repository = repository(1);
    let dir = repository.path();
    fs::create_dir_all(dir.join("mounted")).unwrap();
    fs::create_dir_all(dir.join("rendered")).unwrap();
    let mounted = |from: &str, to: &str, args: &str| {
        let script = format!(r#"mount --bind {from} {to} && exec "$0" {args} --kustomize "$1""#);
        let mut command = std::process::Command::new("unshare");
        command.args(["--mount", "sh", "-c", &script]).arg(iamra_path()).arg(peer("kustomize-5.8.2"));
        run(command.current_dir(dir), b"")
    };
    let output = mounted("mounted", "rendered", "build apps/0/overlays/prod --output rendered");
    let help = "help: something is mounted there, which cannot be replaced: mount the folder above it";
    assert!(output.exit == 3 && output.stderr.contains(help), "{output:?}");
    assert!(files_below(&dir.join("mounted")).is_empty() && files_below(&dir.join("rendered")).is_empty());
    let map = format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {}}}\n", "a".repeat(250));
    let base = dir.join("apps/0/base/deployment.yaml");
    fs::write(&base, fs::read_to_string(&base).unwrap() + &map).unwrap();
    let output = build(dir, &[PROD, "--output", "long"]);
    let help = "help: a file's name is longer than the file system allows";
    assert!(output.exit == 3 && output.stderr.contains(help) && !dir.join("long").exists(), "{output:?}");
    assert_eq!(build(dir, &[PROD, "--output", "long.yaml"]).exit, 0);
}

/// As Git on Windows checks out what it may convert.
#[test]
fn line_ends_that_somebody_has_converted_are_named() {
    let repository = repository(1);
    let dir = repository.path();
    assert_eq!(build(dir, &[PROD, "--output", "prod.yaml"]).exit, 0);
    let text = fs::read_to_string(dir.join("prod.yaml")).unwrap();
    fs::write(dir.join("prod.yaml"), text.replace('\n', "\r\n")).unwrap();
    let output = build(dir, &[PROD, "--output", "prod.yaml", "--check"]);
    let words = "error[stale-render]: `prod.yaml` has lines that end in CRLF, and what is rendered in LF";
    assert!(output.exit == 4 && output.stderr.contains(words), "{output:?}");
    assert!(output.stderr.contains("--> prod.yaml\n"), "{}", output.stderr);
}
