//! Every example does what its README says.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::kustomize::copy;
use crate::lessons::renewed;
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
    let mut shell = Command::new("/bin/bash");
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
        let type_here = |command: &str| {
            let output = type_in(command, dir.path());
            assert_eq!((output.exit, output.stderr.contains("error")), (0, false), "{command}: {}", output.stderr);
            output.stdout
        };
        let readme = fs::read_to_string(example.join("README.md")).unwrap();
        expect_file(&example.join("README.md"), &renewed(&example, &readme, type_here)).unwrap();
        assert!(readme.contains("**What you learn:**"), "{}", example.display());
    }
}

/// The lines of a page's list of lessons, from the link on, in their order.
fn listed(page: &str, folder: &str) -> Vec<String> {
    let page = fs::read_to_string(root().join(page)).unwrap();
    let rows = page.lines().filter_map(|line| line.split_once(". [")).map(|(_, row)| format!("[{row}"));
    rows.filter(|row| row.contains(&format!("]({folder}0"))).map(|row| row.replace(folder, "")).collect()
}

#[test]
fn the_lessons_are_listed_in_their_order() {
    let there = listed("examples/README.md", "./");
    assert_eq!(listed("README.md", "./examples/"), there);
    let lessons = folders(&root().join("examples"));
    assert_eq!(there.len(), lessons.len());
    for (row, lesson) in there.iter().zip(lessons) {
        let readme = fs::read_to_string(lesson.join("README.md")).unwrap();
        let title = readme.lines().next().unwrap().trim_start_matches("# ");
        let link = format!("[{title}]({}): ", lesson.file_name().unwrap().display());
        assert!(row.starts_with(&link), "{link} is listed as {row}");
    }
}

/// The lesson about undoing is only right if nothing of iamra is left.
#[test]
fn undone_is_what_kustomize_prints() {
    let example = root().join("examples/06-undo");
    let plain = type_in("kustomize build base", &example);
    assert_eq!(plain.stdout, fs::read_to_string(example.join("expected/manifests.yaml")).unwrap());
}
