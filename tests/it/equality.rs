//! Whatever the manifests, kustomize and kpt give the same objects with and without iamra, apart from what iamra adds. As
//! values, for a reader that is not ours.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Deserialize as _;
use serde_yaml::Value;

use crate::peers::peer;
use crate::support::{Output, folders, iamra_path, path_with_iamra, root, run};

/// Objects by kind, namespace and name.
fn objects(text: &str) -> BTreeMap<String, Value> {
    let documents = serde_yaml::Deserializer::from_str(text).map(|one| Value::deserialize(one).unwrap());
    let key = |object: &Value| {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        let metadata = &object["metadata"];
        [text(object.get("kind")), text(metadata.get("namespace")), text(metadata.get("name"))].join(" ")
    };
    documents.filter(|object| !object.is_null()).map(|object| (key(&object), object)).collect()
}

/// Whether all of it is there: entries may be more, in mappings and in lists.
fn is_there(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Mapping(before), Value::Mapping(after)) => {
            before.iter().all(|(key, value)| after.get(key).map_or(value.is_null(), |after| is_there(value, after)))
        }
        (Value::Sequence(before), Value::Sequence(after)) => {
            let mut after = after.iter();
            before.iter().all(|value| after.any(|after| is_there(value, after)))
        }
        (Value::Null, _) => true,
        (before, after) => before == after,
    }
}

/// Compares what came out without and with iamra; returns how many objects were patched.
fn compare(name: &str, before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) -> usize {
    let is_ours = |object: &Value| serde_yaml::to_string(object).unwrap().contains("iamra.dev/");
    let mut patched = 0;
    for (key, object) in before {
        let Some(now) = after.get(key) else { panic!("{name}: {key} is gone") };
        if now == object {
            continue;
        }
        assert!(is_ours(now) && is_there(object, now), "{name}: {key} was\n{object:#?}\nand is\n{now:#?}");
        patched += 1;
    }
    for (key, object) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
        assert!(is_ours(object), "{name}: where does {key} come from?");
    }
    patched
}

/// How kustomize calls us with the declaration beside.
const TRANSFORMER: &str = "resources: [iamra.yaml]\npatches:\n- target: {kind: RolesAnywhere}\n  patch: |\n    \
    - {op: add, path: /metadata/annotations, value: {config.kubernetes.io/function: 'exec: {path: iamra}', \
    iamra.dev/lock: iamra/iamra.lock}}\n    - {op: add, path: /spec/mode, value: transform}\n";

/// What kustomize makes of the folder's resources, without and with the declaration in `iamra/`.
fn built(dir: &Path, resources: &[String]) -> [Output; 2] {
    let resources = resources.join(", ");
    ["", "transformers: [iamra]\n"].map(|transformers| {
        fs::write(dir.join("kustomization.yaml"), format!("resources: [{resources}]\n{transformers}")).unwrap();
        let mut command = Command::new(peer("kustomize-5.8.2"));
        command.args(["build", "--enable-alpha-plugins", "--enable-exec"]).current_dir(dir);
        run(command.env("PATH", path_with_iamra()), b"")
    })
}

fn declare(dir: &Path, declaration: &str, lock: &Path) {
    fs::create_dir_all(dir.join("iamra")).unwrap();
    fs::write(dir.join("iamra/kustomization.yaml"), TRANSFORMER).unwrap();
    fs::write(dir.join("iamra/iamra.yaml"), declaration).unwrap();
    fs::copy(lock, dir.join("iamra/iamra.lock")).unwrap();
}

/// Those cases whose manifests kustomize takes, and whose declaration needs nothing beside it.
#[test]
fn kustomize_gives_the_same_for_the_manifests_of_every_case() {
    let (mut seen, mut patched) = (0, 0);
    for case in folders(&root().join("tests/cases")).iter().flat_map(|group| folders(group)) {
        let input = case.join("input");
        let files = ["manifests.yaml", "iamra.yaml", "iamra.lock"].map(|name| input.join(name));
        if !files.iter().all(|file| file.is_file()) {
            continue;
        }
        let [manifests, declaration, lock] = files;
        let dir = tempfile::tempdir().unwrap();
        fs::copy(manifests, dir.path().join("m.yaml")).unwrap();
        declare(dir.path(), &fs::read_to_string(declaration).unwrap(), &lock);
        let [without, with] = built(dir.path(), &["m.yaml".to_owned()]);
        if without.exit == 0 && with.exit == 0 {
            patched += compare(&case.display().to_string(), &objects(&without.stdout), &objects(&with.stdout));
            seen += 1;
        }
    }
    assert!(seen >= 70 && patched >= 100, "only {seen}, of which {patched} patched");
}

/// Deployments as many hands write them, each with a name of its own, and a declaration of all of them.
fn styles() -> (Vec<(String, String)>, String) {
    let all = fs::read_to_string(root().join("tests/data/yaml/deployments.txt")).unwrap();
    let documents = all.split("\n=== ").skip(1).map(|part| part.split_once('\n').unwrap());
    // What two places share cannot be changed in one of them, and iamra says so.
    let documents = documents.filter(|(name, _)| !name.starts_with("alias") && !name.starts_with("anchor in"));
    let mut styles = Vec::new();
    for (number, (_, text)) in documents.enumerate() {
        let name = format!("w{number}");
        let named = text.replacen("name: w\n", &format!("name: {name}\n"), 1);
        let named = named.replacen("name: w}", &format!("name: {name}}}"), 1);
        if named != text {
            let text = if number % 3 == 0 { named.replace('\n', "\r\n") } else { named };
            styles.push((name, text));
        }
    }
    assert!(styles.len() >= 20, "only {}", styles.len());
    let workloads: String = styles.iter().map(|(name, _)| format!("    {name}: {{role: app}}\n")).collect();
    let head = "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata: {name: w}\nspec:\n  roles: {app: {}}\n";
    (styles, format!("{head}  workloads:\n{workloads}"))
}

fn lock() -> std::path::PathBuf {
    root().join("tests/cases/function/transform/input/iamra.lock")
}

#[test]
fn kustomize_gives_the_same_for_every_style() {
    let (styles, declaration) = styles();
    let dir = tempfile::tempdir().unwrap();
    declare(dir.path(), &declaration, &lock());
    let mut resources = Vec::new();
    for (name, text) in &styles {
        fs::write(dir.path().join(format!("{name}.yaml")), text).unwrap();
        resources.push(format!("{name}.yaml"));
    }
    let [without, with] = built(dir.path(), &resources);
    assert_eq!((without.exit, with.exit), (0, 0), "{}{}", without.stderr, with.stderr);
    assert_eq!(compare("styles", &objects(&without.stdout), &objects(&with.stdout)), styles.len());
}

/// kpt writes the files again, with a function that changes nothing and with ours.
#[test]
fn kpt_gives_the_same_for_every_style_and_every_awkward_manifest() {
    if Command::new("kpt").arg("version").output().is_err() {
        return;
    }
    let (styles, declaration) = styles();
    let [without, with] = ["/bin/cat", &iamra_path().display().to_string()].map(|function| {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("fn.yaml"), &declaration).unwrap();
        let package = dir.path().join("package");
        fs::create_dir(&package).unwrap();
        for (name, text) in &styles {
            fs::write(package.join(format!("{name}.yaml")), text).unwrap();
        }
        for entry in fs::read_dir(root().join("tests/data/kustomize/awkward/base")).unwrap().map(Result::unwrap) {
            // kpt takes no resource without a name, as one of those in `odd.yaml` is.
            if !["kustomization.yaml", "odd.yaml"].iter().any(|name| entry.file_name() == *name) {
                fs::copy(entry.path(), package.join(entry.file_name())).unwrap();
            }
        }
        fs::copy(lock(), dir.path().join("iamra.lock")).unwrap();
        let mut kpt = Command::new("kpt");
        kpt.args(["fn", "eval", "package", "--fn-config", "fn.yaml", "--exec", function]).current_dir(dir.path());
        let output = run(&mut kpt, b"");
        assert_eq!(output.exit, 0, "{function}: {}", output.stderr);
        dir
    });
    // Not joined: a marker behind a text that keeps its line breaks would need one more.
    let read = |dir: &tempfile::TempDir| -> BTreeMap<String, Value> {
        let files = fs::read_dir(dir.path().join("package")).unwrap().map(|it| it.unwrap().path());
        files.flat_map(|file| objects(fs::read_to_string(file).unwrap().trim_start_matches('\u{feff}'))).collect()
    };
    assert_eq!(compare("kpt", &read(&without), &read(&with)), styles.len());
}
