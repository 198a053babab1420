//! Each folder under `tests/cases` is run and must give what its `expected` folder says.

use std::collections::BTreeSet;

use iamra::diag::Code;

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

/// Codes that no input of a case shows. Those of AWS's answers are in `refusals.rs`, row by row of these tables.
const ELSEWHERE: &[(Code, &str)] = &[
    (Code::InternalError, "src/cli/bug.rs"),
    (Code::SessionRefused, "tests/refusals.yaml"),
    (Code::AwsSetup, "tests/setups.yaml"),
    (Code::TrustPolicy, "tests/setups.yaml"),
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
