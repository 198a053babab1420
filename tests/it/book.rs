//! docs/ as a book: which pages it has, those that are generated, and, built by mdBook, where its links lead.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use iamra::diag::Code;

use crate::peers::peer;
use crate::support::{expect_file, root, run};

/// Folders outside docs/ whose pages are all in the book.
const FOLDERS: [&str; 3] = ["examples", "fn-config", "kustomize"];

/// Words that are misspelled on purpose, as examples of mistakes.
const MISSPELLED: &str = "regoin";

/// The Markdown files in and below a folder.
pub(crate) fn pages_below(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(pages_below(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.insert(path);
        }
    }
    found
}

/// A path without `..`, as if there were no links.
fn normal(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut whole, part| {
        if part == Component::ParentDir {
            whole.pop();
        } else {
            whole.push(part);
        }
        whole
    })
}

#[test]
fn every_page_is_in_the_book_once() {
    let docs = root().join("docs");
    let summary = docs.join("SUMMARY.md");
    let text = fs::read_to_string(&summary).unwrap();
    let listed: Vec<_> = text.split("](").skip(1).map(|rest| docs.join(rest.split(')').next().unwrap())).collect();
    let listed: Vec<_> = listed.iter().map(|path| normal(path)).collect();
    let once: BTreeSet<_> = listed.iter().cloned().collect();
    assert_eq!(listed.len(), once.len(), "docs/SUMMARY.md has a page twice");
    let mut wanted = pages_below(&docs);
    wanted.remove(&summary);
    wanted.extend(FOLDERS.iter().flat_map(|folder| pages_below(&root().join(folder))));
    let missing: Vec<_> = wanted.difference(&once).collect();
    assert!(missing.is_empty(), "docs/SUMMARY.md lacks {missing:?}");
    let gone: Vec<_> = once.iter().filter(|page| !page.is_file()).collect();
    assert!(gone.is_empty(), "docs/SUMMARY.md has pages that are not there: {gone:?}");
}

#[test]
fn the_list_of_diagnostics_is_generated() {
    let mut page = "# Diagnostics\n\nEverything that iamra says about its input has one of these codes, in brackets behind `error` or `warning`. \
                    `iamra explain CODE` prints the page of a code, and `iamra explain` this list.\n\n| code | |\n|---|---|\n"
        .to_owned();
    for code in Code::all() {
        let name = code.name();
        let _ = writeln!(page, "| [`{name}`]({name}.md) | {} |", code.summary());
    }
    expect_file(&root().join("docs/diagnostics/README.md"), &page).unwrap();
}

/// What leads from where to where in a folder of HTML, by Python's reader: for each page its anchors and its links.
fn links(folder: &Path) -> BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> {
    let script = "import sys, json, html.parser, pathlib\n\
                  class P(html.parser.HTMLParser):\n\
                  \x20 def __init__(self): super().__init__(); self.ids = []; self.links = []\n\
                  \x20 def handle_starttag(self, tag, attrs):\n\
                  \x20   for name, value in attrs:\n\
                  \x20     if name == 'id' or (tag, name) == ('a', 'name'): self.ids.append(value)\n\
                  \x20     if name in ('href', 'src'): self.links.append(value)\n\
                  \x20     if name == 'srcset': self.links += [it.split()[0] for it in value.split(',')]\n\
                  root = pathlib.Path(sys.argv[1]); pages = {}\n\
                  for page in root.rglob('*.html'):\n\
                  \x20 p = P(); p.feed(page.read_text()); pages[str(page.relative_to(root))] = [p.ids, p.links]\n\
                  print(json.dumps(pages))";
    let output = run(Command::new("python3").args(["-c", script]).arg(folder), b"");
    assert_eq!(output.exit, 0, "{}", output.stderr);
    serde_json::from_str(&output.stdout).unwrap()
}

/// Why a link of a page leads nowhere, if it does.
fn wrong(
    book: &Path,
    repository: &str,
    page: &str,
    link: &str,
    pages: &BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)>,
) -> Option<&'static str> {
    if let Some(file) = link.strip_prefix(repository) {
        let file = file.trim_start_matches("/tree/HEAD/").split('#').next().unwrap();
        let is_page =
            Path::new(file).extension().is_some_and(|it| it == "md") || root().join(file).join("README.md").is_file();
        if !root().join(file).exists() {
            return Some("there is no such file in the repository");
        }
        // The repository's own address, which is on every page, is that of README.md.
        return (is_page && !file.is_empty()).then_some("it is a page: docs/SUMMARY.md can have it");
    }
    if link.starts_with("https://") || link.starts_with("data:") {
        return None;
    }
    let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
    let here = Path::new(page);
    let path = if target.is_empty() { here.to_owned() } else { normal(&here.parent().unwrap().join(target)) };
    if !book.join(&path).is_file() {
        return Some("there is no such file in the book");
    }
    if anchor.is_empty() || path.extension().is_none_or(|extension| extension != "html") {
        return None;
    }
    let (anchors, _) = &pages[path.to_str().unwrap()];
    (!anchors.contains(anchor)).then_some("there is no such heading")
}

#[test]
#[ignore = "mdBook takes minutes to build: `make book` does that and this"]
fn every_link_of_the_book_leads_somewhere() {
    let book = root().join("target/book");
    let built = run(Command::new(root().join("tests/peers/mdbook")).arg("build").arg(root().join("docs")), b"");
    assert_eq!(built.exit, 0, "{}", built.stderr);
    assert!(!built.stderr.contains("WARN") && !built.stderr.contains("ERROR"), "{}", built.stderr);
    let config = fs::read_to_string(root().join("docs/book.toml")).unwrap();
    let repository = config.split_once("git-repository-url = \"").unwrap().1.split('"').next().unwrap();
    let pages = links(&book);
    let mut broken = Vec::new();
    for (page, (_, links)) in &pages {
        for link in links {
            if let Some(why) = wrong(&book, repository, page, link, &pages) {
                broken.push(format!("{page}: {link}: {why}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    let summary = fs::read_to_string(root().join("docs/SUMMARY.md")).unwrap();
    assert!(pages.len() >= summary.matches("](").count(), "{} pages", pages.len());
}

/// Of the pages of the book, as its readers see them.
#[test]
#[ignore = "the dictionary is a peer of `make book`"]
fn the_words_of_the_book_are_spelled_correctly() {
    let docs = root().join("docs");
    let mut pages = pages_below(&docs);
    pages.extend(FOLDERS.iter().flat_map(|folder| pages_below(&root().join(folder))));
    pages.extend(
        ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "CHANGELOG.md", "SECURITY.md"].map(|it| root().join(it)),
    );
    let mut command = Command::new(peer("codespell"));
    let checked = run(command.args(["--builtin", "clear,rare", "--ignore-words-list", MISSPELLED]).args(pages), b"");
    assert_eq!((checked.exit, checked.stdout.as_str()), (0, ""), "{}", checked.stderr);
    // It sees what is wrong.
    let seen = run(Command::new(peer("codespell")).args(["--builtin", "clear,rare", "-"]), b"teh certficate\n");
    assert!(seen.stdout.contains("certificate"), "{seen:?}");
}
