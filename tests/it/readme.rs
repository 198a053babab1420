//! README.md, for somebody who has iamra, kustomize and what every system has: what is pasted and typed there is run in an
//! empty folder, and prints what stands there.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::peers::peer;
use crate::support::{iamra_path, root};
use crate::walk::walk;

/// What is shown and not run here: it takes minutes, and what it downloads.
const NOT_RUN: &[&str] = &[
    // CI builds the same program with the same lock file.
    "cargo install --locked --path .",
    // `make image` builds the images that are published.
    "docker build -t iamra .",
];

/// The programs that the page calls, and no Docker.
const PROGRAMS: &[&str] = &["bash", "cat", "cp", "diff", "git", "grep", "ls", "mkdir"];

#[test]
fn the_readme_works_as_it_is_pasted() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    for name in ["bin", "home", "work"] {
        fs::create_dir(at(name)).unwrap();
    }
    // The clone beside the folder.
    symlink(root(), at("iamra")).unwrap();
    symlink(iamra_path(), at("bin/iamra")).unwrap();
    symlink(peer("kustomize-5.8.2"), at("bin/kustomize")).unwrap();
    for name in PROGRAMS {
        symlink(Path::new("/usr/bin").join(name), at("bin").join(name)).unwrap();
    }
    walk(&root().join("README.md"), || {
        let mut command = Command::new("/usr/bin/bash");
        command.current_dir(at("work")).env_clear().env("PATH", at("bin")).env("HOME", at("home"));
        command.env("LC_ALL", "C.UTF-8");
        command
    });
}

/// Nothing in the page is a command that no test knows.
#[test]
fn what_the_readme_does_not_run_is_said() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let mut blocks = readme.split("```").skip(1).step_by(2).map(|block| block.split_once('\n').unwrap());
    let languages: BTreeSet<_> = blocks.clone().map(|(language, _)| language).collect();
    assert_eq!(languages, BTreeSet::from(["bash", "console", "sh"]));
    let lines = blocks.find(|(language, _)| *language == "bash").unwrap().1.lines();
    let shown: Vec<_> = lines.map(|line| line.split(" #").next().unwrap().trim()).collect();
    assert_eq!(shown, NOT_RUN);
}

/// Every file that a page of this repository points at is there.
#[test]
fn links_lead_to_files() {
    let mut pages = vec![root().join("README.md"), root().join("CONTRIBUTING.md"), root().join("ARCHITECTURE.md")];
    let docs = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    pages.extend(docs.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    let mut broken = Vec::new();
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let pictures = text.split("src=\"").skip(1).chain(text.split("srcset=\"").skip(1));
        let targets = targets.chain(pictures.filter_map(|rest| rest.split('"').next()));
        for target in targets.filter(|target| !target.contains("://") && !target.contains(char::is_whitespace)) {
            let file = target.split('#').next().unwrap();
            if !file.is_empty() && !page.parent().unwrap().join(file).exists() {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
