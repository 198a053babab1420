//! The threats of docs/security.md and the faults of docs/faults.md: every test that the pages name is there.

use std::collections::BTreeSet;
use std::fs;

use crate::support::root;

/// Tables of tests, and the field that names a row.
const TABLES: &[(&str, &str)] = &[
    ("delegation.yaml", "attack"),
    ("exposure.yaml", "what"),
    ("minting.yaml", "what"),
    ("reaching.yaml", "what"),
    ("tampering.yaml", "what"),
    ("trust.yaml", "what"),
];

/// What is named in the last columns of the tables of some sections: `TABLE: ROW`, `case: GROUP/NAME` or `test:
/// FILE::FUNCTION`. Every row names something.
fn named(page: &str, is_meant: impl Fn(&str) -> bool) -> Vec<(&str, &str)> {
    let sections = page.split("\n## ").filter(|section| is_meant(section.lines().next().unwrap_or_default()));
    let rows = sections.flat_map(|section| {
        let rows = section.lines().filter_map(|line| line.strip_suffix(" |")?.rsplit_once("| "));
        rows.filter(|(_, shown)| !shown.starts_with("---")).skip(1)
    });
    let spans = rows.flat_map(|(row, shown)| {
        assert!(shown.contains('`') || shown.starts_with("nothing to stop"), "no test is named by {row}");
        shown.split('`').skip(1).step_by(2)
    });
    spans.map(|span| span.split_once(": ").unwrap_or_else(|| panic!("`{span}` names no test"))).collect()
}

/// The names of a page that lead to nothing.
fn gone<'n>(named: &'n [(&str, &str)]) -> Vec<&'n (&'n str, &'n str)> {
    let mut rows = BTreeSet::new();
    for (table, field) in TABLES {
        let text = fs::read_to_string(root().join("tests").join(table)).unwrap();
        let all: Vec<serde_yaml::Value> = serde_yaml::from_str(&text).unwrap();
        rows.extend(all.iter().map(|row| (*table, row[*field].as_str().unwrap().to_owned())));
    }
    let is_there = |(kind, name): &&(&str, &str)| match *kind {
        "case" => root().join("tests/cases").join(name).join("case.yaml").exists(),
        "test" => {
            let (file, function) = name.split_once("::").unwrap();
            let text = fs::read_to_string(root().join("tests/it").join(format!("{file}.rs"))).unwrap_or_default();
            text.contains(&format!("#[test]\nfn {function}("))
        }
        table => rows.contains(&(table, (*name).to_owned())),
    };
    named.iter().filter(|it| !is_there(it)).collect()
}

#[test]
fn every_threat_names_tests_that_there_are() {
    let page = fs::read_to_string(root().join("docs/security.md")).unwrap();
    let named = named(&page, |title| title == "Threats");
    assert!(named.len() > 40, "only {named:?}");
    let gone = gone(&named);
    assert!(gone.is_empty(), "docs/security.md names tests that there are not: {gone:?}");
}

#[test]
fn every_fault_names_tests_that_there_are() {
    let page = fs::read_to_string(root().join("docs/faults.md")).unwrap();
    let named = named(&page, |title| !title.starts_with('#') && title != "What is not promised");
    assert!(named.len() > 40, "only {named:?}");
    let gone = gone(&named);
    assert!(gone.is_empty(), "docs/faults.md names tests that there are not: {gone:?}");
}

#[test]
fn rows_have_names_of_their_own() {
    for (table, field) in TABLES {
        let text = fs::read_to_string(root().join("tests").join(table)).unwrap();
        let all: Vec<serde_yaml::Value> = serde_yaml::from_str(&text).unwrap();
        let mut known = BTreeSet::new();
        let twice: Vec<_> = all.iter().filter_map(|row| row[*field].as_str()).filter(|it| !known.insert(*it)).collect();
        assert!(twice.is_empty(), "{table} has {twice:?} twice");
    }
}
