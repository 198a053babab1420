//! Each folder under `tests/cases` is run and must give what its `expected` folder says.

use std::collections::BTreeSet;

use iamra::diag::Code;
use iamra::krm::{Item, Stream, group_of};
use iamra::workload::KINDS;

use crate::support::{cases, expect_file, root};

#[test]
fn every_case_gives_what_is_expected() {
    let mut failures = Vec::new();
    for case in cases() {
        let output = case.run();
        if output.exit != case.exit {
            failures.push(format!("{}: exit {} instead of {}\n{}", case.name, output.exit, case.exit, output.stderr));
        }
        let expected = case.dir.join("expected");
        for (file, actual) in [("stdout.yaml", &output.stdout), ("stderr.txt", &output.stderr)] {
            failures.extend(expect_file(&expected.join(file), actual).err());
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_kind_of_workload_has_a_case() {
    if std::env::var_os("CASE").is_some() {
        return;
    }
    let input: Vec<_> = cases().iter().filter_map(|case| case.stdin.clone()).collect();
    let objects: Vec<_> = input.iter().filter_map(|text| Stream::from_utf8(text).ok()).collect();
    let idents = objects.iter().flat_map(|stream| &stream.items).filter_map(Item::ident);
    let seen: BTreeSet<_> = idents.map(|ident| (group_of(&ident.api_version), &*ident.kind)).collect();
    let missing: Vec<_> = KINDS.iter().filter(|row| !seen.contains(&(row.group, row.kind))).collect();
    assert!(missing.is_empty(), "no case has {missing:?}");
}

#[test]
fn every_kind_of_workload_is_in_the_documentation() {
    let page = std::fs::read_to_string(root().join("docs/workloads.md")).unwrap();
    let listed = page.split("\n```").next().unwrap();
    let words: BTreeSet<_> = listed.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let missing: Vec<_> = KINDS.iter().filter(|row| row.is_possible() && !words.contains(row.kind)).collect();
    assert!(missing.is_empty(), "docs/workloads.md does not name {missing:?}");
}

/// Codes that no input of a case shows. Those of AWS's answers are in `refusals.rs`, row by row of these tables.
const ELSEWHERE: &[(Code, &str)] = &[
    (Code::InternalError, "src/cli/bug.rs"),
    (Code::SessionRefused, "tests/refusals.yaml"),
    (Code::AwsSetup, "tests/setups.yaml"),
    (Code::TrustPolicy, "tests/setups.yaml"),
    (Code::UnmetPrerequisite, "tests/prerequisites.yaml"),
];

#[test]
fn every_code_is_shown_by_a_case() {
    if std::env::var_os("CASE").is_some() {
        return;
    }
    let said: String = cases()
        .iter()
        .map(|case| std::fs::read_to_string(case.dir.join("expected/stderr.txt")).unwrap_or_default())
        .collect();
    let is_shown = |code: &Code| {
        said.contains(&format!("[{code}]"))
            || ELSEWHERE.iter().any(|(other, table)| other == code && root().join(table).is_file())
    };
    let silent: BTreeSet<_> = Code::all().filter(|code| !is_shown(code)).map(Code::name).collect();
    assert!(silent.is_empty(), "no case shows {silent:?}");
}
