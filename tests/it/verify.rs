//! `iamra verify`: whoever rendered it, it is what was declared, and nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::kustomize::{overlay_tree, without_iamra};
use crate::support::{Output, iamra, root, run};

/// The image that the overlay's own registry has in the official one's place.
const MIRRORED: &str = "mirror.example.com/credential-helper:1.8.1-2026.04.09.16.01";

fn verify(dir: &Path, args: &[&str], rendered: &str) -> Output {
    let mut command = iamra(dir);
    command.args(["verify", "--declaration", "iamra/declaration", "--sidecar-image", MIRRORED]).args(args);
    run(&mut command, rendered.as_bytes())
}

/// Behind a prefix, a suffix, a hash, labels, another registry and a patch of kustomize.
#[test]
fn what_kustomize_has_renamed_is_recognised() {
    let (dir, rendered) = overlay_tree();
    let output = verify(dir.path(), &[], &rendered);
    assert_eq!((output.exit, output.stderr.as_str()), (0, "iamra/declaration/iamra.yaml: no problem\n"));
    let without = without_iamra(dir.path());
    fs::write(dir.path().join("without.yaml"), &without).unwrap();
    let output = verify(dir.path(), &["--without", "without.yaml"], &rendered);
    assert_eq!(output.exit, 0, "{}", output.stderr);
    // The same without iamra in the build at all.
    let output = verify(dir.path(), &[], &without);
    assert_eq!(output.exit, 1);
    assert!(output.stderr.contains("error[workload-not-found]"), "{}", output.stderr);
}

/// Every row of the table is one thing that somebody could have done to the rendered manifests.
#[test]
fn whatever_is_tampered_with_is_found() {
    let (dir, rendered) = overlay_tree();
    let without = without_iamra(dir.path());
    fs::write(dir.path().join("without.yaml"), without).unwrap();
    let table = fs::read_to_string(root().join("tests/tampering.yaml")).unwrap();
    let table: serde_yaml::Value = serde_yaml::from_str(&table).unwrap();
    for row in table.as_sequence().unwrap() {
        let text = |field: &str| row[field].as_str().unwrap_or_else(|| panic!("{row:?} lacks {field}"));
        assert!(rendered.contains(text("replace")), "{}: nothing to replace in\n{rendered}", text("what"));
        let tampered = rendered.replacen(text("replace"), text("with"), 1);
        let said = |args: &[&str]| {
            let output = verify(dir.path(), args, &tampered);
            assert_eq!(output.exit, 1, "{}: {}", text("what"), output.stderr);
            assert!(output.stderr.contains(&format!("error[{}]", text("code"))), "{}: {}", text("what"), output.stderr);
        };
        said(&["--without", "without.yaml"]);
        // Undeclared objects may also be in the build without iamra.
        if text("code") == "undeclared-identity" {
            said(&[]);
        }
    }
}

/// Every row of the table is one way to an identity, or looks like one.
#[test]
fn whoever_reaches_for_an_identity_is_found() {
    let data = root().join("tests/data/verify");
    let workloads = fs::read_to_string(data.join("workloads.yaml")).unwrap();
    let rendered = |declaration: &str| {
        let dir = tempfile::tempdir().unwrap();
        fs::copy(data.join(declaration).with_extension("yaml"), dir.path().join("iamra.yaml")).unwrap();
        let output = run(iamra(dir.path()).args(["inject", "-"]), workloads.as_bytes());
        assert_eq!(output.exit, 0, "{}", output.stderr);
        (dir, output.stdout)
    };
    let streams: BTreeMap<_, _> = ["own", "external", "cluster"].map(|name| (name, rendered(name))).into();
    let table = fs::read_to_string(root().join("tests/reaching.yaml")).unwrap();
    let table: serde_yaml::Value = serde_yaml::from_str(&table).unwrap();
    let mut wrong = Vec::new();
    for row in table.as_sequence().unwrap() {
        let text = |field: &str| row.get(field).and_then(|value| value.as_str());
        let what = text("what").unwrap();
        let (dir, stream) = &streams[text("with").unwrap_or("own")];
        let stream = match (text("add"), text("replace")) {
            (Some(object), None) => format!("{stream}---\n{object}"),
            (None, Some(old)) => {
                assert!(stream.contains(old), "{what}: nothing to replace in\n{stream}");
                stream.replace(old, text("by").unwrap())
            }
            _ => panic!("{what}: neither `add` nor `replace`, or both"),
        };
        let output = run(iamra(dir.path()).args(["verify", "-"]), stream.as_bytes());
        let is = |field: &str| row.get(field).is_some();
        let (exit, words) = match (is("harmless"), is("warning")) {
            (true, _) => (0, "no problem"),
            (_, true) => (0, "warning[undeclared-identity]"),
            _ => (1, "error["),
        };
        if output.exit != exit || !output.stderr.contains(words) {
            wrong.push(format!("{what}: exit {}\n{}", output.exit, output.stderr));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every row of the table is a role and who has it.
#[test]
fn whoever_can_read_a_key_is_found() {
    let data = root().join("tests/data/verify");
    let dir = tempfile::tempdir().unwrap();
    fs::copy(data.join("own.yaml"), dir.path().join("iamra.yaml")).unwrap();
    let workloads = fs::read(data.join("workloads.yaml")).unwrap();
    let injected = run(iamra(dir.path()).args(["inject", "-"]), &workloads);
    assert_eq!(injected.exit, 0, "{}", injected.stderr);
    let table = fs::read_to_string(root().join("tests/exposure.yaml")).unwrap();
    let table: serde_yaml::Value = serde_yaml::from_str(&table).unwrap();
    let mut wrong = Vec::new();
    for row in table.as_sequence().unwrap() {
        let text = |field: &str| row.get(field).and_then(|value| value.as_str());
        let stream = format!("{}---\n{}", injected.stdout, text("add").unwrap());
        let output = run(iamra(dir.path()).args(["verify", "-"]), stream.as_bytes());
        let (exit, words) = match (text("error"), text("warning")) {
            (Some(words), _) => (1, ["error[exposed-secret]", words]),
            (None, Some(words)) => (0, ["warning[exposed-secret]", words]),
            (None, None) => (0, ["no problem", ""]),
        };
        if output.exit != exit || !words.iter().all(|words| output.stderr.contains(words)) {
            wrong.push(format!("{}: exit {}\n{}", text("what").unwrap(), output.exit, output.stderr));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whoever has put another registry into the sidecar is vouched for, or is not ours.
#[test]
fn another_registry_is_vouched_for_or_refused() {
    let (dir, rendered) = overlay_tree();
    let output = run(iamra(dir.path()).args(["verify", "--declaration", "iamra/declaration"]), rendered.as_bytes());
    assert_eq!(output.exit, 1, "{}", output.stderr);
    for words in ["error[not-injected]", "initContainers[0].image", "allow it with `--sidecar-image IMAGE`"] {
        assert!(output.stderr.contains(words), "{}", output.stderr);
    }
    // An image that the declaration names needs no `--sidecar-image`.
    let declaration = dir.path().join("iamra/declaration/iamra.yaml");
    let text = fs::read_to_string(&declaration).unwrap();
    fs::write(
        &declaration,
        text.replace("spec:\n", &format!("spec:\n  defaults: {{sidecar: {{image: {MIRRORED}}}}}\n")),
    )
    .unwrap();
    let output = run(iamra(dir.path()).args(["verify", "--declaration", "iamra/declaration"]), rendered.as_bytes());
    assert_eq!(output.exit, 0, "{}", output.stderr);
}

/// What has the same words and gives nobody an identity.
#[test]
fn who_does_not_reach_for_a_key_is_left_alone() {
    let (dir, rendered) = overlay_tree();
    let harmless = [
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: elsewhere}\nspec: {volumes: [{name: a, secret: {secretName: payment-service-cert}}]}\n",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop}\nspec: {volumes: [{name: a, secret: {secretName: iam-ra-ca, items: [{key: tls.crt, path: ca}]}}]}\n",
        "apiVersion: trust.cert-manager.io/v1alpha1\nkind: Bundle\nmetadata: {name: a}\nspec: {sources: [{secret: {name: iam-ra-ca, key: tls.crt}}]}\n",
        "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: ca, namespace: shop}\nspec: {isCA: true, commonName: ca, secretName: iam-ra-ca, issuerRef: {name: selfsigned}}\n",
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: iam-ra-ca, namespace: shop}\nspec: {secretStoreRef: {name: vault}, target: {name: iam-ra-ca}}\n",
        "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: web, namespace: shop}\nspec: {commonName: payment-service, secretName: web, issuerRef: {name: letsencrypt, kind: ClusterIssuer}}\n",
        "apiVersion: v1\nkind: Service\nmetadata: {name: payment-service-cert, namespace: shop, labels: {issuer: prod-iam-ra-eu}}\nspec: {}\n",
    ];
    for object in harmless {
        let output = verify(dir.path(), &[], &format!("{rendered}---\n{object}"));
        assert_eq!(output.exit, 0, "{object}: {}", output.stderr);
    }
}

/// An object more, less, or twice.
#[test]
fn objects_that_are_missing_left_over_or_there_twice() {
    let (dir, rendered) = overlay_tree();
    fs::write(dir.path().join("without.yaml"), without_iamra(dir.path())).unwrap();
    let documents: Vec<_> = rendered.split("---\n").collect();
    for (number, document) in documents.iter().enumerate() {
        let mut fewer = documents.clone();
        fewer.remove(number);
        let output = verify(dir.path(), &["--without", "without.yaml"], &fewer.join("---\n"));
        assert_eq!(output.exit, 1, "{document}");
        let more = [documents.clone(), vec![document]].concat().join("---\n");
        let marks = ["iamra.dev/workload", "iamra.dev/generated-for", "iamra.dev/scope"];
        let is_ours = marks.iter().any(|mark| document.contains(mark));
        if is_ours {
            let output = verify(dir.path(), &[], &more);
            assert_eq!(output.exit, 1, "{document}\n{}", output.stderr);
        }
    }
    // A workload was removed from the declaration, but the manifests were not rendered again.
    let declaration = dir.path().join("iamra/declaration/iamra.yaml");
    let text = fs::read_to_string(&declaration).unwrap();
    fs::write(&declaration, text.replace("payment-service:", "other-service:")).unwrap();
    let output = verify(dir.path(), &[], &rendered);
    assert!(output.exit == 1 && output.stderr.contains("error[undeclared-identity]"), "{}", output.stderr);
}

/// A folder with a file for each object, as `iamra build --output` writes it.
#[test]
fn a_folder_is_read_whole() {
    let (dir, rendered) = overlay_tree();
    let folder = dir.path().join("rendered");
    fs::create_dir(&folder).unwrap();
    for (number, document) in rendered.split("---\n").enumerate() {
        fs::write(folder.join(format!("{number}.yaml")), document).unwrap();
    }
    fs::write(folder.join(".iamra-output"), "not a manifest\n").unwrap();
    let whole = || verify(dir.path(), &["rendered"], "");
    assert_eq!(whole().exit, 0, "{}", whole().stderr);
    // Files that Flux and kubectl would apply, whatever their folder and name.
    let thief = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"volumes": [{"name": "a", "secret": {"secretName": "iam-ra-ca"}}]}}"#;
    for name in ["deep/down/thief.yaml", "thief.json", ".thief.yml"] {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, thief).unwrap();
        let output = whole();
        assert!(output.exit == 1 && output.stderr.contains("error[undeclared-identity]"), "{name}: {}", output.stderr);
        fs::remove_file(&path).unwrap();
    }
}
