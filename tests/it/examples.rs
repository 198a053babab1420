//! Every example does what its README says, and every function configuration works as it is checked in.

use std::fs;

use crate::kustomize::{build, copy, objects, use_image_under_test};
use crate::peers::peer;
use crate::support::{expect_file, folders, iamra, root, run};

#[test]
fn every_example_gives_what_it_shows() {
    let kustomize = peer("kustomize-5.8.2").display().to_string();
    for example in folders(&root().join("examples")) {
        let readme = fs::read_to_string(example.join("README.md")).unwrap();
        let command = readme.lines().find(|line| line.starts_with("iamra ")).expect("an example shows a command");
        let args = command.split(' ').skip(1);
        let output = run(iamra(&example).args(args).args(["--kustomize", &kustomize]).env("HOME", "/nonexistent"), b"");
        assert_eq!(output.exit, 0, "{}: {}", example.display(), output.stderr);
        expect_file(&example.join("expected/manifests.yaml"), &output.stdout).unwrap();
    }
}

/// Generator, transformer and validator beside each other in one kustomization, without the component.
fn function_configurations(flavour: &str, flags: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    copy(&root().join("fn-config").join(flavour), dir.path());
    copy(&root().join("tests/data/kustomize/overlay/base"), &dir.path().join("base"));
    for name in ["generator.yaml", "transformer.yaml", "validator.yaml"] {
        use_image_under_test(&dir.path().join(name));
    }
    let lock = root().join("kustomize/components/iamra/declaration/iamra.lock");
    fs::copy(lock, dir.path().join("iamra.lock")).unwrap();
    let kustomization = dir.path().join("kustomization.yaml");
    let all = "namespace: shop\nresources: [base]\ngenerators: [generator.yaml]\ntransformers: [transformer.yaml]\n\
               validators: [validator.yaml]\n";
    fs::write(&kustomization, all).unwrap();
    let args = [&["build", "--enable-alpha-plugins"], flags, &["."]].concat();
    for version in ["kustomize-5.0.3", "kustomize-5.8.2"] {
        let output = build(&peer(version), &args, dir.path());
        assert_eq!(output.exit, 0, "{version}: {}", output.stderr);
        let objects = objects(&output.stdout);
        let deployment = &objects["Deployment payment-service"];
        assert_eq!(deployment["spec"]["template"]["spec"]["initContainers"][0]["name"], "iam-ra-sidecar");
        for name in ["Issuer iam-ra", "Certificate payment-service-cert", "ConfigMap payment-service-iam-ra-config"] {
            assert_eq!(objects[name]["metadata"]["namespace"], "shop", "{version}: {name}");
        }
    }
    // Without the transformer, the validator has something to say.
    fs::write(&kustomization, all.replace("transformers: [transformer.yaml]\n", "")).unwrap();
    let output = build(&peer("kustomize-5.8.2"), &args, dir.path());
    assert!(output.exit != 0 && output.stderr.contains("error[not-injected]"), "{}", output.stderr);
}

#[test]
fn the_function_configurations_for_exec() {
    function_configurations("exec", &["--enable-exec"]);
}

#[test]
fn the_function_configurations_for_a_container() {
    function_configurations("container", &[]);
}

/// One file under both `generators:` and `transformers:`, without a mode.
#[test]
fn one_declaration_may_be_both() {
    let dir = tempfile::tempdir().unwrap();
    copy(&root().join("tests/data/kustomize/overlay/base"), &dir.path().join("base"));
    fs::copy(root().join("kustomize/components/iamra/declaration/iamra.lock"), dir.path().join("iamra.lock")).unwrap();
    let generator = fs::read_to_string(root().join("fn-config/exec/generator.yaml")).unwrap();
    fs::write(dir.path().join("iamra.yaml"), generator.replace("  mode: generate\n", "")).unwrap();
    let both = "namespace: shop\nresources: [base]\ngenerators: [iamra.yaml]\ntransformers: [iamra.yaml]\n";
    fs::write(dir.path().join("kustomization.yaml"), both).unwrap();
    let args = ["build", "--enable-alpha-plugins", "--enable-exec", "."];
    let output = build(&peer("kustomize-5.8.2"), &args, dir.path());
    assert_eq!(output.exit, 0, "{}", output.stderr);
    let objects = objects(&output.stdout);
    assert_eq!(objects.len(), 6, "{:?}", objects.keys());
    assert!(objects.values().all(|object| object["metadata"]["namespace"] == "shop"));
}
