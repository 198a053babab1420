//! Real kustomize, in the versions that we promise to work with, around our function.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_yaml::Value;

use crate::peers::{image, peer};
use crate::support::{Output, iamra, path_with_iamra, root, run};

pub(crate) const VERSIONS: &[&str] = &["kustomize-5.0.3", "kustomize-5.4.3", "kustomize-5.8.2"];

/// A tree from `tests/data/kustomize` with a component of ours in it, in a folder of its own.
pub(crate) fn tree(name: &str, component: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    copy(&root().join("tests/data/kustomize").join(name), dir.path());
    add_component(component, &dir.path().join("iamra"));
    dir
}

pub(crate) fn add_component(component: &str, to: &Path) {
    copy(&root().join("kustomize/components").join(component), to);
    if component == "iamra-container" {
        for part in ["generate", "transform"] {
            use_test_image(&to.join(part).join("kustomization.yaml"));
        }
    }
}

/// The image of this tree in place of the published one.
fn use_test_image(file: &Path) {
    let text = fs::read_to_string(file).unwrap();
    let published = format!("image: ghcr.io/iamra/iamra:{}", env!("CARGO_PKG_VERSION"));
    assert!(text.contains(&published), "{} does not name the image of this version", file.display());
    fs::write(file, text.replace(&published, &format!("image: {}", image()))).unwrap();
}

pub(crate) fn copy(from: &Path, to: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::create_dir_all(to).unwrap();
    // A container function runs as `nobody`, who must be able to read it.
    fs::set_permissions(to, fs::Permissions::from_mode(0o755)).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn build(program: &Path, args: &[&str], dir: &Path) -> Output {
    let mut command = Command::new(program);
    command.args(args).current_dir(dir).env("PATH", path_with_iamra());
    run(&mut command, b"")
}

pub(crate) fn exec(program: &Path, dir: &Path) -> Output {
    build(program, &["build", "--enable-alpha-plugins", "--enable-exec", "prod"], dir)
}

/// Objects by kind and name.
pub(crate) fn objects(text: &str) -> BTreeMap<String, Value> {
    let documents = text.split("\n---\n").map(|document| serde_yaml::from_str::<Value>(document).unwrap());
    let key = |object: &Value| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        format!("{} {}", text(&object["kind"]), text(&object["metadata"]["name"]))
    };
    documents.map(|object| (key(&object), object)).collect()
}

fn named<'o>(objects: &'o BTreeMap<String, Value>, prefix: &str) -> (&'o str, &'o Value) {
    let mut found = objects.iter().filter(|(key, _)| key.starts_with(prefix));
    let (key, object) = found.next().unwrap_or_else(|| panic!("no {prefix} in {:?}", objects.keys()));
    assert!(found.next().is_none(), "more than one {prefix}");
    (key.split(' ').nth(1).unwrap(), object)
}

/// Every reference of the tree, followed.
pub(crate) fn check_references(objects: &BTreeMap<String, Value>) {
    let (issuer, _) = named(objects, "Issuer ");
    let (_, certificate) = named(objects, "Certificate ");
    let (config_map, _) = objects.iter().find(|(key, _)| key.contains("-iam-ra-config")).unwrap();
    let (_, deployment) = named(objects, "Deployment ");
    assert_eq!(certificate["spec"]["issuerRef"]["name"], issuer);
    let pod = &deployment["spec"]["template"]["spec"];
    let sidecar = &pod["initContainers"][0];
    assert_eq!(sidecar["name"], "iam-ra-sidecar");
    assert_eq!(pod["volumes"][0]["secret"]["secretName"], certificate["spec"]["secretName"]);
    for index in 0..3 {
        let reference = &sidecar["env"][index]["valueFrom"]["configMapKeyRef"]["name"];
        assert_eq!(format!("ConfigMap {}", reference.as_str().unwrap()), *config_map);
    }
    assert!(objects.values().all(|object| object["metadata"]["namespace"] == "shop"));
    assert!(!objects.keys().any(|key| key.contains("stamp")), "the stamp reached the cluster");
}

/// What kustomize did to our objects in the overlay with everything.
pub(crate) fn check_decoration(objects: &BTreeMap<String, Value>) {
    let (config_map, _) = named(objects, "ConfigMap prod-payment-service-iam-ra-config-eu-");
    assert_eq!(config_map.rsplit('-').next().unwrap().len(), 10, "{config_map} has no hash");
    let (name, issuer) = named(objects, "Issuer ");
    assert_eq!(name, "prod-iam-ra-eu");
    // This Secret is somebody else's, so it keeps its declared name.
    assert_eq!(issuer["spec"]["ca"]["secretName"], "iam-ra-ca");
    let (_, certificate) = named(objects, "Certificate ");
    assert_eq!(certificate["spec"]["revisionHistoryLimit"], 3);
    assert_eq!(certificate["metadata"]["labels"]["team"], "payments");
    let sidecar = &named(objects, "Deployment ").1["spec"]["template"]["spec"]["initContainers"][0];
    assert_eq!(sidecar["image"].as_str().unwrap().split(':').next().unwrap(), "mirror.example.com/credential-helper");
}

/// The generator cannot see it; the transformer adds what it needs, and references are right all the same.
#[test]
fn an_annotated_workload_under_a_prefix() {
    let dir = tree("annotated", "iamra");
    let declaration = dir.path().join("iamra/declaration/iamra.yaml");
    let text = fs::read_to_string(&declaration).unwrap();
    let unlisted = text.split("  workloads:").next().unwrap();
    fs::write(&declaration, unlisted).unwrap();
    let mut outputs = BTreeMap::new();
    for version in VERSIONS {
        let output = exec(&peer(version), dir.path());
        assert_eq!(output.exit, 0, "{version}: {}", output.stderr);
        let objects = objects(&output.stdout);
        check_references(&objects);
        assert_eq!(
            named(&objects, "Certificate ").1["spec"]["commonName"],
            "api",
            "{version}: the prefix is no identity"
        );
        outputs.insert(output.stdout, version);
    }
    assert_eq!(outputs.len(), 1, "{:?}", outputs.values());
}

#[test]
fn the_exec_function_in_an_overlay_with_everything() {
    let dir = tree("overlay", "iamra");
    let mut outputs = BTreeMap::new();
    for version in VERSIONS {
        let output = exec(&peer(version), dir.path());
        assert_eq!(output.exit, 0, "{version}: {}", output.stderr);
        check_references(&objects(&output.stdout));
        check_decoration(&objects(&output.stdout));
        outputs.insert(*version, objects(&output.stdout));
    }
    assert!(outputs.values().all(|objects| *objects == outputs[VERSIONS[0]]), "the versions disagree");
}

#[test]
fn the_container_function_gives_the_same() {
    let exec = exec(&peer("kustomize-5.8.2"), tree("overlay", "iamra").path());
    let dir = tree("overlay", "iamra-container");
    for version in VERSIONS {
        let output = build(&peer(version), &["build", "--enable-alpha-plugins", "prod"], dir.path());
        assert_eq!(output.exit, 0, "{version}: {}", output.stderr);
        assert_eq!(objects(&output.stdout), objects(&exec.stdout), "{version}");
    }
    let kubectl = build(&peer("kubectl"), &["kustomize", "--enable-alpha-plugins", "prod"], dir.path());
    assert_eq!(kubectl.exit, 0, "{}", kubectl.stderr);
    assert_eq!(objects(&kubectl.stdout), objects(&exec.stdout));
}

#[test]
fn a_function_that_was_skipped_fails_the_build() {
    let dir = tree("overlay", "iamra");
    for version in VERSIONS {
        let output = build(&peer(version), &["build", "--enable-alpha-plugins", "prod"], dir.path());
        assert_ne!(output.exit, 0, "{version} built without the function");
        assert!(output.stderr.contains("iamra-stamp"), "{version}: {}", output.stderr);
    }
    // kubectl has no `--enable-exec`.
    let kubectl = build(&peer("kubectl"), &["kustomize", "--enable-alpha-plugins", "prod"], dir.path());
    assert!(kubectl.exit != 0 && kubectl.stderr.contains("iamra-stamp"), "{}", kubectl.stderr);
}

/// The same tree without the function, and with the command line instead: the same objects, but for what only the
/// pipeline inside kustomize can do: labels, images and the patch on what iamra adds, and the hash in a name.
#[test]
fn the_command_line_gives_the_same_objects() {
    let dir = tree("overlay", "iamra");
    let with = objects(&exec(&peer("kustomize-5.8.2"), dir.path()).stdout);
    let kustomization = dir.path().join("prod/kustomization.yaml");
    let text = fs::read_to_string(&kustomization).unwrap();
    let plain = text.replace("components:\n- ../iamra\n", "");
    fs::write(&kustomization, plain.split("patches:").next().unwrap()).unwrap();
    let declaration = dir.path().join("iamra/declaration");
    let text = fs::read_to_string(declaration.join("iamra.yaml")).unwrap();
    let renamed = text.replace(
        "      role: payments\n",
        "      role: payments\n      namespace: shop\n      target: {name: prod-payment-service-eu}\n",
    );
    fs::write(declaration.join("iamra.yaml"), renamed).unwrap();
    let kustomize = peer("kustomize-5.8.2").display().to_string();
    let args = ["build", "prod", "--kustomize", &kustomize, "--declaration", "iamra/declaration"];
    let output = run(iamra(dir.path()).args(args).env("HOME", dir.path()), b"");
    assert_eq!(output.exit, 0, "{}", output.stderr);
    let without = objects(&output.stdout);
    let undecorated = |text: String| text.replace("prod-", "").replace("-eu", "").replace("-h555hmf79k", "");
    let kinds = |objects: &BTreeMap<String, Value>| objects.keys().cloned().map(undecorated).collect::<Vec<_>>();
    let (mut a, mut b) = (kinds(&with), kinds(&without));
    a.sort();
    b.sort();
    assert_eq!(a, b);
    let pod = |objects: &BTreeMap<String, Value>| {
        let text = serde_json::to_string(&named(objects, "Deployment ").1["spec"]["template"]["spec"]).unwrap();
        undecorated(text)
            .replace("mirror.example.com/credential-helper", "public.ecr.aws/rolesanywhere/credential-helper")
    };
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&pod(&with)).unwrap(),
        serde_json::from_str::<serde_json::Value>(&pod(&without)).unwrap()
    );
    // `render` prints what `build` adds.
    let rendered = run(iamra(dir.path()).args(["render", "iamra/declaration"]), b"");
    assert_eq!(rendered.exit, 0, "{}", rendered.stderr);
    for (key, object) in objects(&rendered.stdout) {
        assert_eq!(without.get(&key), Some(&object), "{key}");
    }
}

/// kustomize makes the same of everybody else's objects, whether iamra is there or not.
#[test]
fn awkward_manifests_come_out_the_same() {
    let dir = tree("awkward", "iamra");
    let kustomization = dir.path().join("prod/kustomization.yaml");
    let with = fs::read_to_string(&kustomization).unwrap();
    let patched = "Deployment payment-service";
    for version in VERSIONS {
        fs::write(&kustomization, &with).unwrap();
        let output = exec(&peer(version), dir.path());
        assert_eq!(output.exit, 0, "{version}: {}", output.stderr);
        let after = objects(&output.stdout);
        fs::write(&kustomization, with.replace("components:\n- ../iamra\n", "")).unwrap();
        let output = exec(&peer(version), dir.path());
        assert_eq!(output.exit, 0, "{version}: {}", output.stderr);
        let before = objects(&output.stdout);
        assert!(before.len() >= 15, "{:?}", before.keys());
        for (key, object) in before.iter().filter(|(key, _)| *key != patched) {
            assert_eq!(after.get(key), Some(object), "{version}: {key}");
        }
        assert!(after[patched] != before[patched] && after.len() == before.len() + 3, "{version}");
    }
}

#[test]
fn a_secret_in_the_build_is_found_under_its_new_name() {
    let dir = tree("ca-secret", "iamra");
    for version in VERSIONS {
        let output = exec(&peer(version), dir.path());
        assert_eq!(output.exit, 0, "{version}: {}", output.stderr);
        let objects = objects(&output.stdout);
        let (secret, _) = named(&objects, "Secret prod-iam-ra-ca-");
        for issuer in ["Issuer prod-iam-ra", "ClusterIssuer prod-corporate"] {
            assert_eq!(objects[issuer]["spec"]["ca"]["secretName"], secret, "{version}: {issuer}");
        }
        for (certificate, issuer) in [("prod-web", "prod-corporate"), ("prod-payment-service-cert", "prod-iam-ra")] {
            let reference = &objects[&format!("Certificate {certificate}")]["spec"]["issuerRef"]["name"];
            assert_eq!(reference, issuer, "{version}: {certificate}");
        }
    }
}

#[test]
fn clusters_share_a_declaration() {
    let dir = tempfile::tempdir().unwrap();
    for component in ["iamra-prod", "iamra-staging"] {
        add_component("iamra", &dir.path().join(component));
    }
    copy(&root().join("tests/data/kustomize/clusters"), dir.path());
    for version in VERSIONS {
        for (cluster, duration) in [("prod", "48h"), ("staging", "24h")] {
            let args = ["build", "--enable-alpha-plugins", "--enable-exec", cluster];
            let output = build(&peer(version), &args, dir.path());
            assert_eq!(output.exit, 0, "{version}: {}", output.stderr);
            let objects = objects(&output.stdout);
            check_references(&objects);
            assert_eq!(named(&objects, "Certificate ").1["spec"]["duration"], duration, "{version}: {cluster}");
        }
    }
}

/// One file under `generators:` and `transformers:`. What the generator made has been renamed and patched when the
/// transformer comes, and must neither be made again nor be put back.
#[test]
fn without_the_component() {
    let dir = tempfile::tempdir().unwrap();
    copy(&root().join("tests/data/kustomize/without-component"), dir.path());
    for version in VERSIONS {
        let output = exec(&peer(version), dir.path());
        assert_eq!(output.exit, 0, "{version}: {}", output.stderr);
        let objects = objects(&output.stdout);
        assert_eq!(objects.len(), 4, "{version}: {:?}", objects.keys());
        check_references(&objects);
        assert!(objects.values().all(|object| object["metadata"]["labels"]["team"] == "payments"), "{version}");
        assert_eq!(named(&objects, "Certificate prod-").1["spec"]["duration"], "48h", "{version}");
        named(&objects, "ConfigMap prod-payment-service-iam-ra-config-eu-");
    }
    let name_reference = "without-component/prod/name-reference.yaml";
    assert_eq!(
        fs::read_to_string(root().join("tests/data/kustomize").join(name_reference)).unwrap(),
        fs::read_to_string(root().join("kustomize/components/iamra/name-reference.yaml")).unwrap()
    );
}

/// The layout and the commands of `kustomize/README.md`, word for word.
#[test]
fn the_component_is_used_as_its_readme_says() {
    let readme = fs::read_to_string(root().join("kustomize/README.md")).unwrap();
    let between = |before: &str, after: &str| {
        let (_, rest) = readme.split_once(before).unwrap_or_else(|| panic!("no {before:?} in the README"));
        rest.split_once(after).unwrap().0.to_owned()
    };
    let dir = tempfile::tempdir().unwrap();
    copy(&root().join("tests/data/kustomize/overlay"), dir.path());
    let copied = between("`cp -r kustomize/components/iamra my-repo/", "`");
    add_component("iamra", &dir.path().join(copied));
    let component = between("   components:\n   - ", "\n");
    for overlay in ["prod", "lab"] {
        let to = dir.path().join("overlays").join(overlay);
        copy(&dir.path().join("prod"), &to);
        let text = fs::read_to_string(to.join("kustomization.yaml")).unwrap();
        let text = text.replace("- ../iamra\n", &format!("- {component}\n")).replace("- ../base\n", "- ../../base\n");
        fs::write(to.join("kustomization.yaml"), text).unwrap();
    }
    let bash = |command: &str, image: &str| {
        let mut bash = Command::new("bash");
        bash.args(["-c", command]).current_dir(dir.path()).env("PATH", path_with_iamra());
        bash.env("IAMRA_KUSTOMIZE", peer("kustomize-5.8.2")).env("IAMRA_SIDECAR_IMAGE", image);
        run(&mut bash, b"")
    };
    let command = between("4. Run `kustomize ", "`");
    let built = bash(&format!("\"$IAMRA_KUSTOMIZE\" {command}"), "");
    assert_eq!(built.exit, 0, "{}", built.stderr);
    check_decoration(&objects(&built.stdout));
    // The registry mirror of the overlays.
    let image = built.stdout.split("image: ").find_map(|rest| rest.lines().next().filter(|it| it.contains("mirror")));
    let bash = |command: &str| bash(command, image.unwrap());
    let command = between("   `iamra check ", "`");
    let checked = bash(&format!("iamra check {command}"));
    let words = (checked.exit, checked.stderr.lines().last());
    assert_eq!(words, (0, Some("iamra/declaration/iamra.yaml: no problem")), "{}", checked.stderr);
    // Each overlay is built; the declaration's folder alone has no build for a cluster.
    let second = dir.path().join("overlays/prod/base.yaml");
    fs::write(&second, "no kustomization").unwrap();
    let kustomization = dir.path().join("overlays/prod/kustomization.yaml");
    let text = fs::read_to_string(&kustomization).unwrap();
    fs::write(&kustomization, text.replace("- ../../base\n", "- base.yaml\n")).unwrap();
    let checked = bash(&format!("iamra check {command}"));
    assert!(checked.exit == 3 && checked.stderr.contains("error[not-checked]: "), "{}", checked.stderr);
    let alone = bash("iamra check iamra/declaration");
    assert_eq!(alone.exit, 0, "{}", alone.stderr);
}

/// `kustomize create --autodetect` lists the declaration among the resources. Whoever renders leaves it out.
#[test]
fn a_declaration_that_is_listed_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    copy(&root().join("tests/data/kustomize/without-component"), dir.path());
    let (base, prod) = (dir.path().join("base"), dir.path().join("prod"));
    let write = |annotations: &str| {
        let text = fs::read_to_string(prod.join("iamra.yaml")).unwrap();
        let text = text.replacen("  annotations:\n", &format!("  annotations:\n{annotations}"), 1);
        fs::write(base.join("iamra.yaml"), text.replace("mode: ", "# mode: ")).unwrap();
        fs::copy(prod.join("iamra.lock"), base.join("iamra.lock")).unwrap();
        fs::remove_file(base.join("kustomization.yaml")).unwrap();
        let created = build(&peer("kustomize-5.8.2"), &["create", "--autodetect"], &base);
        assert_eq!(created.exit, 0, "{}", created.stderr);
    };
    write("");
    for version in VERSIONS {
        let listed = build(&peer(version), &["build", "base"], dir.path());
        assert!(listed.stdout.contains("kind: RolesAnywhere"), "{version}: {}", listed.stderr);
        let piped = run(iamra(dir.path()).args(["inject", "--declaration", "base"]), listed.stdout.as_bytes());
        assert!(piped.exit == 0 && !piped.stdout.contains("RolesAnywhere"), "{version}: {}", piped.stderr);
        assert!(piped.stderr.starts_with("warning[listed-declaration]: "), "{version}: {}", piped.stderr);
        // As an object of the base that the function transforms.
        let output = exec(&peer(version), dir.path());
        assert_eq!(output.exit, 0, "{version}: {}", output.stderr);
        assert!(!output.stdout.contains("RolesAnywhere"), "{version}: {}", output.stdout);
        assert!(output.stderr.contains("warning[listed-declaration]: "), "{version}: {}", output.stderr);
    }
    write("    config.kubernetes.io/local-config: 'true'\n");
    for version in VERSIONS {
        let listed = build(&peer(version), &["build", "base"], dir.path());
        assert!(listed.exit == 0 && !listed.stdout.contains("RolesAnywhere"), "{version}: {}", listed.stderr);
    }
}

/// kubectl has a kustomize in it; what is built is the same. A program that is named is the only one.
#[test]
fn without_kustomize_kubectl_builds() {
    let folder = root().join("examples/01-one-workload");
    let programs = tempfile::tempdir().unwrap();
    let build = |args: &[&str]| {
        let args = [&["build", "base", "--declaration", "."], args].concat();
        run(iamra(&folder).args(args).env("PATH", programs.path()).env("HOME", programs.path()), b"")
    };
    let kustomize = peer("kustomize-5.8.2").display().to_string();
    let with = build(&["--kustomize", &kustomize]);
    assert_eq!(with.exit, 0, "{}", with.stderr);
    let none = build(&[]);
    assert!(none.exit == 3 && none.stderr.contains("install kustomize or kubectl"), "{}", none.stderr);
    std::os::unix::fs::symlink(peer("kubectl"), programs.path().join("kubectl")).unwrap();
    let without = build(&[]);
    assert_eq!((without.exit, &without.stdout), (0, &with.stdout), "{}", without.stderr);
    assert_eq!(without.stderr, format!("note: there is no kustomize; `kubectl kustomize` is used\n{}", with.stderr));
    let named = build(&["--kustomize", "kustomize"]);
    assert!(named.exit == 3 && named.stderr.contains("`kustomize build` cannot be run"), "{}", named.stderr);
}

/// A tree with the function configurations that we ship.
fn functions(flavour: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    copy(&root().join("tests/data/kustomize/functions"), dir.path());
    copy(&root().join("fn-config").join(flavour), &dir.path().join("prod"));
    if flavour == "container" {
        for name in ["generator.yaml", "transformer.yaml", "validator.yaml"] {
            use_test_image(&dir.path().join("prod").join(name));
        }
    }
    dir
}

#[test]
fn the_function_configurations_work() {
    let exec_dir = functions("exec");
    let mut outputs = Vec::new();
    for version in VERSIONS {
        outputs.push(exec(&peer(version), exec_dir.path()));
    }
    let container_dir = functions("container");
    outputs.push(build(&peer("kubectl"), &["kustomize", "--enable-alpha-plugins", "prod"], container_dir.path()));
    for output in outputs {
        assert_eq!(output.exit, 0, "{}", output.stderr);
        assert_eq!(objects(&output.stdout).len(), 4);
        check_references(&objects(&output.stdout));
    }
    // Without the transformer, the validator sees an unpatched workload.
    for (dir, flags) in [(&exec_dir, &["--enable-exec"][..]), (&container_dir, &[])] {
        let kustomization = dir.path().join("prod/kustomization.yaml");
        let text = fs::read_to_string(&kustomization).unwrap();
        fs::write(&kustomization, text.replace("transformers:\n- transformer.yaml\n", "")).unwrap();
        let args = [&["build", "--enable-alpha-plugins"][..], flags, &["prod"]].concat();
        let output = build(&peer("kustomize-5.8.2"), &args, dir.path());
        assert!(output.exit != 0 && output.stderr.contains("not-injected"), "{}", output.stderr);
    }
}

/// A validator sees what it is called with and changes nothing: neither where kustomize has given no item a path yet, nor
/// behind a function that gave one to the items that it saw, nor where both come together.
#[test]
fn a_validator_changes_nothing() {
    let dir = functions("exec");
    let prod = dir.path().join("prod");
    let over = dir.path().join("over");
    fs::create_dir(&over).unwrap();
    for file in ["validator.yaml", "iamra.lock"] {
        fs::copy(prod.join(file), over.join(file)).unwrap();
    }
    let other = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: other\ndata:\n  a: b\n";
    fs::write(over.join("other.yaml"), other).unwrap();
    let rendered = exec(&peer(VERSIONS[0]), dir.path());
    assert_eq!(rendered.exit, 0, "{}", rendered.stderr);
    fs::write(over.join("rendered.yaml"), &rendered.stdout).unwrap();
    for version in VERSIONS {
        for resources in ["rendered.yaml", "rendered.yaml, other.yaml", "../prod", "../prod, other.yaml"] {
            let build = |validators: &str| {
                fs::write(over.join("kustomization.yaml"), format!("resources: [{resources}]\n{validators}")).unwrap();
                build(&peer(version), &["build", "--enable-alpha-plugins", "--enable-exec", "over"], dir.path())
            };
            let (with, without) = (build("validators: [validator.yaml]\n"), build(""));
            assert_eq!(with.exit, 0, "{version}, {resources}: {}", with.stderr);
            assert_eq!(with.stdout, without.stdout, "{version}, {resources}");
        }
        // A single object: the previous function gave it a path, and no other object reveals the index.
        for file in ["transformer.yaml", "kustomization.yaml"] {
            fs::copy(prod.join(file), over.join(file)).unwrap();
        }
        let kustomization = fs::read_to_string(prod.join("kustomization.yaml")).unwrap();
        let alone = kustomization.replace("generators:\n- generator.yaml\n", "");
        assert_ne!(alone, kustomization);
        fs::write(over.join("kustomization.yaml"), alone).unwrap();
        let output = build(&peer(version), &["build", "--enable-alpha-plugins", "--enable-exec", "over"], dir.path());
        assert_eq!(output.exit, 0, "{version}: {}", output.stderr);
        assert!(output.stdout.contains("iam-ra-sidecar"), "{version}: {}", output.stdout);
        // The validator fails for an unpatched workload.
        fs::write(over.join("kustomization.yaml"), "resources: [plain.yaml]\nvalidators: [validator.yaml]\n").unwrap();
        fs::copy(dir.path().join("base/deployment.yaml"), over.join("plain.yaml")).unwrap();
        let output = build(&peer(version), &["build", "--enable-alpha-plugins", "--enable-exec", "over"], dir.path());
        assert!(output.exit != 0 && output.stderr.contains("not-injected"), "{version}: {}", output.stderr);
    }
}

/// What kustomize makes of the overlay tree.
pub(crate) fn overlay() -> String {
    overlay_tree().1
}

/// The overlay tree, and what kustomize makes of it.
pub(crate) fn overlay_tree() -> (tempfile::TempDir, String) {
    let dir = tree("overlay", "iamra");
    let output = exec(&peer("kustomize-5.8.2"), dir.path());
    assert_eq!(output.exit, 0, "{}", output.stderr);
    (dir, output.stdout)
}

/// What kustomize makes of it when iamra is no part of it.
pub(crate) fn without_iamra(dir: &Path) -> String {
    let kustomization = dir.join("prod/kustomization.yaml");
    let with = fs::read_to_string(&kustomization).unwrap();
    let without = with.replace("components:\n- ../iamra\n", "");
    fs::write(&kustomization, without.split("patches:").next().unwrap()).unwrap();
    let output = exec(&peer("kustomize-5.8.2"), dir);
    fs::write(&kustomization, with).unwrap();
    assert_eq!(output.exit, 0, "{}", output.stderr);
    output.stdout
}

/// A CA that iamra writes into the manifests: its Secret gets the prefix, and the Issuer follows.
#[test]
fn an_emitted_ca_secret_is_found_under_its_new_name() {
    let dir = tree("overlay", "iamra");
    let declaration = dir.path().join("iamra/declaration/iamra.yaml");
    let text = fs::read_to_string(&declaration).unwrap();
    let scope = "  scopes:\n    default:\n      issuer:\n        ca:\n          secret: {ssm: {certificate: 'ssm:/ca/crt', key: 'ssm:/ca/key'}}\n";
    fs::write(&declaration, text.replace("  roles:\n", &format!("{scope}  roles:\n"))).unwrap();
    let values = dir.path().join("values.yaml");
    fs::copy(root().join("tests/cases/render/inline-ca/input/values.yaml"), &values).unwrap();
    let mut command = Command::new(peer("kustomize-5.8.2"));
    command.args(["build", "--enable-alpha-plugins", "--enable-exec", "prod"]).current_dir(dir.path());
    let output = run(command.env("PATH", path_with_iamra()).env("IAMRA_VALUES", values), b"");
    assert_eq!(output.exit, 0, "{}", output.stderr);
    let objects = objects(&output.stdout);
    let (secret, _) = named(&objects, "Secret ");
    assert_eq!(secret, "prod-iam-ra-ca-eu");
    assert_eq!(named(&objects, "Issuer ").1["spec"]["ca"]["secretName"], secret);
    assert!(output.stderr.contains("warning[inline-ca-key]"), "{}", output.stderr);
}

/// A CA for the whole cluster is in no build of kustomize, which would move it into its namespace, whatever calls iamra.
#[test]
fn what_stands_once_in_a_cluster_is_in_no_build_of_kustomize() {
    for version in VERSIONS {
        let dir = tree("overlay", "iamra");
        let declaration = dir.path().join("iamra/declaration/iamra.yaml");
        let text = fs::read_to_string(&declaration).unwrap();
        let scope = "  scopes:\n    default:\n      issuer: {mintPolicy: none, clusterCa: {secret: {inCluster: {}}}}\n";
        fs::write(&declaration, text.replace("  roles:\n", &format!("{scope}  roles:\n"))).unwrap();
        // A transformer that does everything leaves it out, too.
        let transform = dir.path().join("iamra/transform/kustomization.yaml");
        let text = fs::read_to_string(&transform).unwrap();
        fs::write(&transform, text.replace("mode: transform", "mode: all")).unwrap();
        let all = exec(&peer(version), dir.path());
        assert_eq!(all.exit, 0, "{version}: {}", all.stderr);
        let stands_once = |key: &String| key.contains("Issuer ") || key.starts_with("Certificate prod-iam-ra-ca");
        assert!(!objects(&all.stdout).keys().any(stands_once), "{version}: {}", all.stdout);
        fs::write(&transform, text).unwrap();
        let output = exec(&peer(version), dir.path());
        assert_eq!(output.exit, 0, "{version}: {}", output.stderr);
        assert!(output.stderr.contains("note[dangling-reference]"), "{version}: {}", output.stderr);
        let objects = objects(&output.stdout);
        let certificates: Vec<_> = objects.keys().filter(|key| key.starts_with("Certificate ")).collect();
        assert_eq!(certificates, ["Certificate prod-payment-service-cert-eu"], "{version}");
        assert!(!objects.keys().any(|key| key.contains("Issuer ")), "{version}");
        let leaf = &objects["Certificate prod-payment-service-cert-eu"];
        assert_eq!(leaf["spec"]["issuerRef"]["name"], "iam-ra", "{version}");
        let mut command = iamra(dir.path());
        let (_, deployment) = named(&objects, "Deployment ");
        let image = deployment["spec"]["template"]["spec"]["initContainers"][0]["image"].as_str().unwrap();
        command.args(["verify", "--declaration", "iamra/declaration/iamra.yaml", "--sidecar-image", image, "-"]);
        let verified = run(&mut command, output.stdout.as_bytes());
        assert_eq!(verified.exit, 0, "{version}: {}", verified.stderr);
        assert!(verified.stderr.contains("ClusterIssuer iam-ra is not among the objects"), "{}", verified.stderr);
    }
}

/// What is too large to check in, and what kustomize refuses with and without us.
#[test]
fn ten_megabytes_in_one_scalar_and_a_key_that_is_there_twice() {
    let dir = tree("awkward", "iamra");
    let file = dir.path().join("base/big.yaml");
    let line = "0123456789 abcdef: # \"quoted\" - 'and' not\n";
    let text = format!("    {line}").repeat(10_000_000 / line.len());
    fs::write(
        &file,
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: long-lines\ndata:\n  many: |\n{text}"),
    )
    .unwrap();
    let kustomization = dir.path().join("prod/kustomization.yaml");
    let with = fs::read_to_string(&kustomization).unwrap();
    let without = with.replace("components:\n- ../iamra\n", "");
    let program = peer("kustomize-5.8.2");
    let build = |kustomization_text: &str| {
        fs::write(&kustomization, kustomization_text).unwrap();
        exec(&program, dir.path())
    };
    let (a, b) = (build(&with), build(&without));
    assert_eq!((a.exit, b.exit), (0, 0), "{}{}", a.stderr, b.stderr);
    assert_eq!(objects(&a.stdout)["ConfigMap long-lines"], objects(&b.stdout)["ConfigMap long-lines"]);
    fs::write(&file, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: long-lines\ndata: {a: 1, a: 2}\n").unwrap();
    assert!(build(&with).exit != 0 && build(&without).exit != 0);
}

/// `iamra build` finds what kustomize has renamed, as far as the kustomizations say how.
#[test]
fn a_prefix_is_read_from_the_kustomizations() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        fs::create_dir_all(dir.path().join(name).parent().unwrap()).unwrap();
        fs::write(dir.path().join(name), text).unwrap();
    };
    let declaration = "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata: {name: acme}\nspec:\n  scopes:\n    default: {trustAnchor: \"arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d\"}\n  roles:\n    web: {roleArn: \"arn:aws:iam::111122223333:role/web\", profileArn: \"arn:aws:rolesanywhere:eu-central-1:111122223333:profile/0d1e2f30-4152-4637-8495-a6b7c8d9e0f1\"}\n  workloads:\n    web: {}\n";
    let deployment = |name: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec: {{containers: [{{name: web, image: \"registry.example.com/web:1\"}}]}}\n"
        )
    };
    write("iamra.yaml", declaration);
    write("base/web.yaml", &deployment("web"));
    write("base/kustomization.yaml", "resources: [web.yaml]\nnamePrefix: eu-\n");
    write("prod/kustomization.yaml", "resources: [../base]\nnamePrefix: prod-\nnameSuffix: -v2\n");
    for version in VERSIONS {
        let built = || {
            let mut command = iamra(dir.path());
            command.args(["build", "prod", "--declaration", "."]).env("IAMRA_KUSTOMIZE", peer(version));
            run(&mut command, b"")
        };
        write("prod/kustomization.yaml", "resources: [../base]\nnamePrefix: prod-\nnameSuffix: -v2\n");
        let output = built();
        assert_eq!((output.exit, output.stderr.as_str()), (0, ""), "{version}");
        let objects = objects(output.stdout.trim_end());
        let names: Vec<_> = objects.keys().map(String::as_str).collect();
        let added = ["Certificate web-cert", "ConfigMap web-iam-ra-config"];
        assert_eq!(names, [added[0], added[1], "Deployment prod-eu-web-v2", "Issuer iam-ra"], "{version}");
        // With objects of its own, the build has names of two forms, and which one is meant must be said.
        write("prod/job.yaml", &deployment("api"));
        write("prod/kustomization.yaml", "resources: [../base, job.yaml]\nnamePrefix: prod-\n");
        let output = built();
        assert!(output.stderr.contains("found Deployment `prod-eu-web`"), "{}", output.stderr);
        write("iamra.yaml", &declaration.replace("  workloads", "  namePrefix: prod-eu-\n  workloads"));
        assert_eq!(built().exit, 0, "{version}");
        write("iamra.yaml", declaration);
    }
}

/// Without a byte order mark kustomize does not know it, and says something else.
#[test]
fn text_in_utf_16_is_called_what_it_is() {
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    for encode in [u16::to_le_bytes, u16::to_be_bytes] {
        for wide in ["kustomization.yaml", "map.yaml"] {
            let dir = tempfile::tempdir().unwrap();
            for (name, text) in [("kustomization.yaml", "resources: [map.yaml]\n"), ("map.yaml", map)] {
                let bytes = if name == wide {
                    text.encode_utf16().flat_map(encode).collect()
                } else {
                    text.as_bytes().to_vec()
                };
                fs::write(dir.path().join(name), bytes).unwrap();
            }
            fs::copy(root().join("examples/01-one-workload/iamra.yaml"), dir.path().join("iamra.yaml")).unwrap();
            let output = run(iamra(dir.path()).args(["build", "--kustomize"]).arg(peer("kustomize-5.8.2")), b"");
            assert_eq!((output.exit, output.stdout.as_str()), (3, ""), "{wide}");
            for said in ["control characters, as text in UTF-16 has", "help: save it as UTF-8"] {
                assert!(output.stderr.contains(said), "{wide}: {}", output.stderr);
            }
        }
    }
}
