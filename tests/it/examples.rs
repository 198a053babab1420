//! Every example does what its README says.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::kustomize::copy;
use crate::peers::peer;
use crate::support::{Output, expect_file, folders, iamra_path, root, run};

/// The commands of a README, and the file whose content they print.
fn lesson(example: &Path) -> (String, String) {
    let readme = fs::read_to_string(example.join("README.md")).unwrap();
    let blocks = readme.split("```console\n").skip(1);
    let commands: String = blocks.map(|block| block.split("```").next().unwrap()).collect();
    assert!(commands.contains("iamra "), "{} shows no command", example.display());
    let shown = readme.split("`expected/").nth(1).expect("the README says what to look at");
    (commands, format!("expected/{}", shown.split('`').next().unwrap()))
}

/// Runs commands as somebody does who has iamra, kustomize, and what every system has.
fn type_in(commands: &str, dir: &Path) -> Output {
    let bin = tempfile::tempdir().unwrap();
    symlink(iamra_path(), bin.path().join("iamra")).unwrap();
    symlink(peer("kustomize-5.8.2"), bin.path().join("kustomize")).unwrap();
    let path = format!("{}:/usr/bin:/bin", bin.path().display());
    let mut shell = Command::new("/bin/sh");
    shell.args(["-euc", commands]).current_dir(dir).env_clear().env("PATH", path).env("HOME", "/nonexistent");
    run(&mut shell, b"")
}

#[test]
fn every_example_gives_what_it_shows() {
    for example in folders(&root().join("examples")) {
        let (commands, shown) = lesson(&example);
        // The working copy must not change.
        let dir = tempfile::tempdir().unwrap();
        copy(&example, dir.path());
        // Each example is its own repository, so nothing above it is read.
        fs::create_dir(dir.path().join(".git")).unwrap();
        let output = type_in(&commands, dir.path());
        assert_eq!(output.exit, 0, "{}: {}", example.display(), output.stderr);
        assert!(!output.stderr.contains("warning["), "{}: {}", example.display(), output.stderr);
        expect_file(&example.join(shown), &output.stdout).unwrap();
        let entries = fs::read_to_string(root().join("examples/README.md")).unwrap();
        let name = example.file_name().unwrap().to_str().unwrap();
        assert!(entries.contains(&format!("[{name}]({name})")), "examples/README.md lacks {name}");
    }
}

/// The lesson about undoing is only right if nothing of iamra is left.
#[test]
fn undone_is_what_kustomize_prints() {
    let example = root().join("examples/06-undo");
    let plain = type_in("kustomize build base", &example);
    assert_eq!(plain.stdout, fs::read_to_string(example.join("expected/manifests.yaml")).unwrap());
}
