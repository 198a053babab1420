//! README.md and the pages around it: what they show is run, and where they point there is something.

use std::collections::BTreeSet;
use std::fs;

use crate::support::root;

/// What is shown and not run here: it takes minutes, and what it downloads.
const NOT_RUN: &[&str] = &[
    // CI builds the same program with the same lock file.
    "cargo install --locked --path .",
    // `make image` builds the images that are published.
    concat!("docker build -t ghcr.io/iamra/iamra:", env!("CARGO_PKG_VERSION"), " ."),
];

/// Nothing in the page is a command that no test knows.
#[test]
fn what_the_readme_does_not_run_is_said() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let mut blocks = readme.split("```").skip(1).step_by(2).map(|block| block.split_once('\n').unwrap());
    let languages: BTreeSet<_> = blocks.clone().map(|(language, _)| language).collect();
    assert_eq!(
        languages,
        BTreeSet::from(["bash", "console", "console aws", "console docker", "console pre-commit", "sh"])
    );
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
