//! What machines are given, read by other readers than ours.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::peers::of_cache;
use crate::support::{cases, root, run};

/// The recorded output of every case in a format.
fn recorded(format: &str) -> Vec<(String, String)> {
    let cases = cases().into_iter().filter(|case| case.args.iter().any(|arg| arg == format));
    cases.map(|case| (case.name, fs::read_to_string(case.dir.join("expected/stdout.yaml")).unwrap())).collect()
}

/// The types of this reader are made from the schema of SARIF 2.1.0.
#[test]
fn sarif_is_what_its_schema_says() {
    let mut logs = recorded("sarif");
    let changes = fs::read_to_string(root().join("tests/data/diff/changes.sarif")).unwrap();
    logs.push(("changes".to_owned(), changes));
    assert!(logs.len() >= 2);
    for (name, text) in logs {
        let log: Value = serde_json::from_str(&text).unwrap();
        let read: serde_sarif::sarif::Sarif = serde_json::from_str(&text).unwrap_or_else(|why| panic!("{name}: {why}"));
        assert_eq!(serde_json::to_value(read).unwrap(), log, "{name}: something is not of the schema");
        let run = &log["runs"][0];
        for result in run["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"], "{name}");
            assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()), "{name}");
            let place = &result["locations"][0]["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().unwrap();
            assert!(!uri.starts_with('/'), "{name}: {uri}");
            assert!(place["region"]["startLine"].as_u64() > Some(0), "{name}");
        }
    }
}

/// The rules of the schema that Jenkins publishes (`junit-10.xsd`), and sums that are right.
const JUNIT: &str = r#"
import sys, xml.etree.ElementTree as tree
suites = tree.fromstring(sys.stdin.buffer.read())
assert suites.tag == "testsuites" and set(suites.attrib) <= {"name", "time", "tests", "failures", "disabled", "errors"}
for suite in suites:
    assert suite.tag == "testsuite" and suite.attrib["name"]
    known = {"name", "tests", "failures", "errors", "time", "disabled", "skipped", "timestamp", "hostname", "id", "package"}
    assert set(suite.attrib) <= known
    for case in suite:
        assert case.tag == "testcase" and case.attrib["name"] and case.attrib["classname"]
        assert set(case.attrib) <= {"name", "assertions", "time", "classname", "status", "class", "file", "line"}
        assert [child.tag for child in case] in ([], ["failure"], ["system-out"])
        for failure in case.iter("failure"):
            assert set(failure.attrib) == {"message", "type"} and failure.text
    assert int(suite.attrib["tests"]) == len(suite)
    assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
for name in ("tests", "failures"):
    assert int(suites.attrib[name]) == sum(int(suite.attrib[name]) for suite in suites)
print(len(suites))
"#;

#[test]
fn junit_is_what_its_schema_says() {
    let logs = recorded("junit");
    assert!(logs.len() >= 3);
    for (name, text) in logs {
        let mut python = Command::new(of_cache(Path::new("python/bin/python")));
        let output = run(python.args(["-c", JUNIT]), text.as_bytes());
        assert_eq!(output.exit, 0, "{name}: {}", output.stderr);
        assert_ne!(output.stdout, "0\n", "{name}");
    }
}

/// Whatever is in a name, it stays in its place; what nobody would see is written as an escape.
#[test]
fn hostile_names_break_no_format() {
    let dir = tempfile::tempdir().unwrap();
    let name = "a%b,c:d <e>&\"f\" \u{1}g.yaml";
    let text = "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata: {name: x}\nspec:\n  workloads: {api: {role: \"]]>\\n::error::<&%\"}}\n";
    fs::write(dir.path().join(name), text).unwrap();
    let check = |format: &str| {
        let output = run(crate::support::iamra(dir.path()).args(["check", name, "--format", format]), b"");
        assert_eq!(output.exit, 1, "{}", output.stderr);
        output.stdout
    };
    let github = check("github");
    assert_eq!(github.lines().count(), 1, "{github}");
    assert!(github.starts_with("::error file=a%25b%2Cc%3Ad <e>&\"f\" \\u{1}g.yaml,line=5,"), "{github}");
    let mut python = Command::new(of_cache(Path::new("python/bin/python")));
    let output = run(python.args(["-c", JUNIT]), check("junit").as_bytes());
    assert_eq!(output.exit, 0, "{}", output.stderr);
    let sarif: Value = serde_json::from_str(&check("sarif")).unwrap();
    let uri = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(uri, "a%25b%2Cc%3Ad%20%3Ce%3E%26%22f%22%20%5Cu%7B1%7Dg.yaml");
    let json: Value = serde_json::from_str(&check("json")).unwrap();
    assert_eq!(json["diagnostics"][0]["file"], name.replace('\u{1}', "\\u{1}"));
}
