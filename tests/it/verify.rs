//! `iamra verify`: whoever rendered it, it is what was declared, and nothing else.

use std::fs;
use std::path::Path;

use crate::kustomize::{overlay_tree, without_iamra};
use crate::support::{Output, iamra, root, run};

fn verify(dir: &Path, args: &[&str], rendered: &str) -> Output {
    run(iamra(dir).args(["verify", "--declaration", "iamra/declaration"]).args(args), rendered.as_bytes())
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
    // And what was never rendered with iamra at all.
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
        let output = verify(dir.path(), &["--without", "without.yaml"], &tampered);
        assert_eq!(output.exit, 1, "{}: {}", text("what"), output.stderr);
        assert!(output.stderr.contains(&format!("error[{}]", text("code"))), "{}: {}", text("what"), output.stderr);
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
        let is_ours =
            document.contains("app.kubernetes.io/managed-by: iamra") || document.contains("iamra.dev/workload");
        if is_ours {
            let output = verify(dir.path(), &[], &more);
            assert_eq!(output.exit, 1, "{document}\n{}", output.stderr);
        }
    }
    // A workload that was taken out of the declaration, and whose render was forgotten.
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
    let output = run(iamra(dir.path()).args(["verify", "rendered", "--declaration", "iamra/declaration"]), b"");
    assert_eq!(output.exit, 0, "{}", output.stderr);
}
