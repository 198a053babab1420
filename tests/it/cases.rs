//! Each folder under `tests/cases` is run and must give what its `expected` folder says.

use std::collections::BTreeSet;

use iamra::diag::Code;

use crate::support::{cases, expect_file};

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
fn every_code_is_shown_by_a_case() {
    if std::env::var_os("CASE").is_some() {
        return;
    }
    let said: String = cases()
        .iter()
        .map(|case| std::fs::read_to_string(case.dir.join("expected/stderr.txt")).unwrap_or_default())
        .collect();
    let silent: BTreeSet<_> = Code::all().filter(|code| !said.contains(&format!("[{code}]"))).map(Code::name).collect();
    assert!(silent.is_empty(), "no case shows {silent:?}");
}
