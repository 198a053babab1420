//! The threats of docs/security.md: every test that the page names is there.

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

/// What is named in the last column of the table of threats: `TABLE: ROW`, `case: GROUP/NAME` or `test: FILE::FUNCTION`.
fn named(page: &str) -> Vec<(&str, &str)> {
    let threats = page.split("\n## ").find(|section| section.starts_with("Threats\n")).unwrap();
    let rows = threats.lines().filter_map(|line| line.strip_suffix(" |")?.rsplit_once("| ")).skip(1);
    let spans = rows.flat_map(|(_, shown)| shown.split('`').skip(1).step_by(2));
    spans.map(|span| span.split_once(": ").unwrap_or_else(|| panic!("`{span}` names no test"))).collect()
}

#[test]
fn every_threat_names_tests_that_there_are() {
    let page = fs::read_to_string(root().join("docs/security.md")).unwrap();
    let mut rows = BTreeSet::new();
    for (table, field) in TABLES {
        let text = fs::read_to_string(root().join("tests").join(table)).unwrap();
        let all: Vec<serde_yaml::Value> = serde_yaml::from_str(&text).unwrap();
        rows.extend(all.iter().map(|row| (*table, row[*field].as_str().unwrap().to_owned())));
    }
    let named = named(&page);
    assert!(named.len() > 40, "only {named:?}");
    let is_there = |(kind, name): &(&str, &str)| match *kind {
        "case" => root().join("tests/cases").join(name).join("case.yaml").exists(),
        "test" => {
            let (file, function) = name.split_once("::").unwrap();
            let text = fs::read_to_string(root().join("tests/it").join(format!("{file}.rs"))).unwrap_or_default();
            text.contains(&format!("#[test]\nfn {function}("))
        }
        table => rows.contains(&(table, (*name).to_owned())),
    };
    let gone: Vec<_> = named.iter().filter(|it| !is_there(it)).collect();
    assert!(gone.is_empty(), "docs/security.md names tests that there are not: {gone:?}");
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
