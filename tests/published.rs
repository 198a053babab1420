//! What is asked of the published images alone: `make image` builds them and runs this. Everything else about images is asked
//! in `tests/it`, of these too where `IAMRA_IMAGES` names them.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// One of the images with the tag in `IAMRA_IMAGES`.
fn image(name: &str) -> String {
    format!("{name}:{}", std::env::var("IAMRA_IMAGES").expect("IAMRA_IMAGES is the tag that `tests/image` was given"))
}

fn stdout(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What a registry would keep and a node would pull.
fn compressed(name: &str) -> usize {
    let script = "set -o pipefail; docker save \"$1\" | gzip -6 | wc -c";
    stdout("bash", &["-c", script, "compressed", &image(name)]).trim().parse().unwrap()
}

#[test]
fn they_are_small() {
    let (iamra, cmp) = (compressed("iamra"), compressed("iamra-cmp"));
    assert!(iamra < 8_000_000, "{iamra} bytes");
    // kustomize accounts for most of it.
    assert!(cmp < 14_000_000, "{cmp} bytes");
}

/// What is in the image is what `Cargo.lock` pins, and nothing of this machine.
#[test]
fn it_tells_what_it_is_made_of() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let name = format!("iamra-sbom-{}", std::process::id());
    stdout("docker", &["create", "--name", &name, &image("iamra")]);
    let file = stdout("docker", &["cp", &format!("{name}:/usr/share/sbom/iamra.cdx.json"), "-"]);
    stdout("docker", &["rm", &name]);
    let beside = std::fs::read_to_string(root.join("target/iamra.cdx.json")).unwrap();
    assert!(file.contains(&beside) && !beside.contains(&root.display().to_string()));
    let bill: Value = serde_json::from_str(&beside).unwrap();
    assert_eq!(bill["bomFormat"], "CycloneDX");
    let lock = std::fs::read_to_string(root.join("Cargo.lock")).unwrap();
    let components = bill["components"].as_array().unwrap();
    assert!(components.len() > 50, "{}", components.len());
    for component in components {
        let [name, version] = ["name", "version"].map(|field| component[field].as_str().unwrap());
        let pinned = format!("name = \"{name}\"\nversion = \"{version}\"\n");
        assert!(lock.contains(&pinned), "{pinned}");
    }
}
