//! Every example does what its README says.

use std::fs;

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
