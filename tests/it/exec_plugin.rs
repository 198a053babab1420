//! The legacy exec plugin in real kustomize and kubectl: no Docker, no `--enable-exec`.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::kustomize::{VERSIONS, check_decoration, check_references, copy, exec, objects, tree};
use crate::peers::peer;
use crate::support::{Output, iamra, root, run};

/// A home with the plugin in it, as `iamra install --kustomize-plugin` makes one.
fn plugin_home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let output = run(iamra(home.path()).args(["install", "--kustomize-plugin"]).arg(home.path()), b"");
    assert_eq!((output.exit, output.stdout.as_str()), (0, ""), "{}", output.stderr);
    home
}

/// Everybody who can build: each kustomize, and kubectl.
fn builders() -> Vec<Command> {
    let kustomize = VERSIONS.iter().map(|version| {
        let mut command = Command::new(peer(version));
        command.arg("build");
        command
    });
    let mut kubectl = Command::new(peer("kubectl"));
    kubectl.arg("kustomize");
    kustomize.chain([kubectl]).collect()
}

/// Builds `prod` with plugins of this home. iamra is not on PATH.
fn build(mut builder: Command, dir: &Path, home: &Path) -> Output {
    builder.args(["--enable-alpha-plugins", "prod"]).current_dir(dir).env("KUSTOMIZE_PLUGIN_HOME", home);
    run(&mut builder, b"")
}

#[test]
fn it_gives_what_the_function_gives() {
    let function = objects(&exec(&peer("kustomize-5.8.2"), tree("overlay", "iamra").path()).stdout);
    let (dir, home) = (tree("overlay", "iamra-plugin"), plugin_home());
    for builder in builders() {
        let name = format!("{builder:?}");
        let output = build(builder, dir.path(), home.path());
        assert_eq!(output.exit, 0, "{name}: {}", output.stderr);
        let built = objects(&output.stdout);
        check_references(&built);
        check_decoration(&built);
        assert_eq!(built, function, "{name}");
    }
}

/// Without Docker and without a variable: the plugin is where kustomize looks by itself.
#[test]
fn it_is_found_in_the_home_folder() {
    let (dir, home) = (tree("overlay", "iamra-plugin"), tempfile::tempdir().unwrap());
    let plugins = home.path().join(".config/kustomize/plugin");
    assert_eq!(run(iamra(home.path()).args(["install", "--kustomize-plugin"]).arg(plugins), b"").exit, 0);
    let mut kubectl = Command::new(peer("kubectl"));
    kubectl.args(["kustomize", "--enable-alpha-plugins", "prod"]).current_dir(dir.path());
    kubectl.env_clear().env("HOME", home.path()).env("PATH", "/nonexistent");
    let output = run(&mut kubectl, b"");
    assert_eq!(output.exit, 0, "{}", output.stderr);
    check_references(&objects(&output.stdout));
}

#[test]
fn what_is_wrong_is_told_and_nothing_is_built() {
    let (dir, home) = (tree("overlay", "iamra-plugin"), plugin_home());
    let declaration = dir.path().join("iamra/declaration/iamra.yaml");
    let text = fs::read_to_string(&declaration).unwrap();
    fs::write(&declaration, text.replace("role: payments", "role: paymants")).unwrap();
    for builder in builders() {
        let name = format!("{builder:?}");
        let output = build(builder, dir.path(), home.path());
        assert!(output.exit != 0 && output.stdout.is_empty(), "{name}: {}", output.stdout);
        for said in [
            "error[unknown-role]: workload `payment-service` names role `paymants`, which is not declared",
            "--> functionConfig spec.workloads.payment-service.role",
            "help: did you mean `payments`?",
        ] {
            assert!(output.stderr.contains(said), "{name}: no `{said}` in:\n{}", output.stderr);
        }
    }
}

/// A plugin that is not there is not passed over, as an exec function is.
#[test]
fn without_the_plugin_the_build_fails() {
    let (dir, empty) = (tree("overlay", "iamra-plugin"), tempfile::tempdir().unwrap());
    for builder in builders() {
        let name = format!("{builder:?}");
        let output = build(builder, dir.path(), empty.path());
        assert!(output.exit != 0 && output.stdout.is_empty(), "{name}: {}", output.stdout);
        assert!(output.stderr.contains("iamra.dev/v1alpha1/rolesanywhere/RolesAnywhere"), "{name}: {}", output.stderr);
    }
}

/// One declaration under `generators:`, `transformers:` and `validators:`, and what each of them does with it.
#[test]
fn generator_transformer_and_validator_are_told_apart() {
    let (dir, home) = (tempfile::tempdir().unwrap(), plugin_home());
    copy(&root().join("tests/data/kustomize/functions"), dir.path());
    let prod = dir.path().join("prod");
    for name in ["generator", "transformer", "validator"] {
        let text = fs::read_to_string(root().join(format!("fn-config/exec/{name}.yaml"))).unwrap();
        let function = "  annotations:\n    config.kubernetes.io/function: |\n      exec: {path: iamra}\n";
        assert!(text.contains(function));
        fs::write(prod.join(format!("{name}.yaml")), text.replace(function, "")).unwrap();
    }
    for builder in builders() {
        let name = format!("{builder:?}");
        let output = build(builder, dir.path(), home.path());
        assert_eq!(output.exit, 0, "{name}: {}", output.stderr);
        assert_eq!(objects(&output.stdout).len(), 4, "{name}");
        check_references(&objects(&output.stdout));
    }
    let kustomization = prod.join("kustomization.yaml");
    let whole = fs::read_to_string(&kustomization).unwrap();
    // Without the transformer, the validator sees an unpatched workload.
    fs::write(&kustomization, whole.replace("transformers:\n- transformer.yaml\n", "")).unwrap();
    for builder in builders() {
        let output = build(builder, dir.path(), home.path());
        assert!(output.exit != 0 && output.stderr.contains("error[not-injected]"), "{}", output.stderr);
    }
    // A transformer of a build without objects is not mistaken for a generator.
    let nothing = whole.split("resources:").next().unwrap().to_owned() + "transformers:\n- transformer.yaml\n";
    fs::write(&kustomization, nothing).unwrap();
    for builder in builders() {
        let output = build(builder, dir.path(), home.path());
        assert!(output.exit != 0 && output.stderr.contains("error[workload-not-found]"), "{}", output.stderr);
    }
}

/// Called by hand as kustomize calls it.
#[test]
fn files_that_cannot_be_read_are_told() {
    let home = plugin_home();
    let plugin = home.path().join("iamra.dev/v1alpha1/rolesanywhere/RolesAnywhere");
    let call = |file: &str, stdin: &[u8]| {
        let file = home.path().join(file);
        run(Command::new(&plugin).arg(file).current_dir(home.path()).env_clear(), stdin)
    };
    let missing = call("nowhere", b"");
    assert!(missing.exit == 3 && missing.stderr.contains("cannot be read"), "{}", missing.stderr);
    fs::write(home.path().join("config"), "kind: [\n").unwrap();
    let broken = call("config", b"");
    assert!(broken.exit == 1 && broken.stderr.contains("error[syntax-error]"), "{}", broken.stderr);
    let declaration = root().join("tests/data/kpt/iamra.yaml");
    fs::copy(declaration, home.path().join("config")).unwrap();
    let binary = call("config", b"a: \xff\n");
    assert!(binary.exit == 1 && binary.stdout.is_empty(), "{}", binary.stderr);
    assert!(binary.stderr.contains("error[unreadable-input]"), "{}", binary.stderr);
    // Called as the plugin but with another argument, it is the usual program.
    let help = run(Command::new(&plugin).arg("--version"), b"");
    assert!(help.exit == 0 && help.stdout.starts_with("iamra "), "{}", help.stdout);
}

/// What is the same in the components has one text.
#[test]
fn the_components_differ_in_how_iamra_is_called_only() {
    let text = |component: &str, file: &str| {
        fs::read_to_string(root().join("kustomize/components").join(component).join(file)).unwrap()
    };
    for file in
        ["name-reference.yaml", "declaration/iamra.yaml", "declaration/iamra.lock", "declaration/kustomization.yaml"]
    {
        for component in ["iamra-container", "iamra-plugin"] {
            assert_eq!(text(component, file), text("iamra", file), "{component}/{file}");
        }
    }
}
