//! What people do wrong on their first day: each mistake is answered by what to do instead.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use serde_yaml::Value;

use crate::support::{Output, files_below, iamra_path, root, run};

fn text<'v>(value: &'v Value, what: &str) -> &'v str {
    value.as_str().unwrap_or_else(|| panic!("{what} is text"))
}

/// The file that a row means: one of those at the top, or its own text.
fn content<'v>(whole: &'v Value, row: &'v Value) -> &'v str {
    let said = text(row, "a file");
    if ["declaration", "deployment"].contains(&said) { text(&whole[said], said) } else { said }
}

/// The folder of a row.
fn set_up(dir: &Path, whole: &Value, row: &Value) {
    if let Some(replaced) = row["declared"].as_mapping() {
        let mut declaration = text(&whole["declaration"], "the declaration").to_owned();
        for (from, to) in replaced {
            let from = text(from, "what is replaced");
            assert!(declaration.contains(from), "the declaration has no {from:?}");
            declaration = declaration.replacen(from, text(to, "what replaces it"), 1);
        }
        fs::write(dir.join("iamra.yaml"), declaration).unwrap();
    }
    for (name, file) in row["files"].as_mapping().into_iter().flatten() {
        let path = dir.join(text(name, "a name"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content(whole, file)).unwrap();
    }
    for (name, encoding) in row["encoded"].as_mapping().into_iter().flatten() {
        let path = dir.join(text(name, "a name"));
        let there = fs::read_to_string(&path).unwrap();
        fs::write(path, encoded(&there, text(encoding, "an encoding"))).unwrap();
    }
}

/// A text as Windows writes it: `UTF-16LE` or `UTF-16BE`, and with a byte order mark if that is said behind it.
fn encoded(text: &str, encoding: &str) -> Vec<u8> {
    let mark = if encoding.ends_with(" with a byte order mark") { "\u{feff}" } else { "" };
    let bytes = if encoding.starts_with("UTF-16LE") { u16::to_le_bytes } else { u16::to_be_bytes };
    assert!(encoding.starts_with("UTF-16"), "{encoding}");
    mark.encode_utf16().chain(text.encode_utf16()).flat_map(bytes).collect()
}

/// The programs of a row, and those of every system, without what is beside them on this one.
fn programs(bin: &Path, row: &Value) {
    symlink(iamra_path(), bin.join("iamra")).unwrap();
    for name in ["bash", "cat", "false", "iconv", "sh"] {
        symlink(Path::new("/usr/bin").join(name), bin.join(name)).unwrap();
    }
    for (name, script) in row["programs"].as_mapping().into_iter().flatten() {
        let path = bin.join(text(name, "a name"));
        fs::write(&path, format!("#!/bin/sh\n{}\n", text(script, "a script"))).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

fn answer(dir: &Path, whole: &Value, row: &Value) -> Output {
    let bin = tempfile::tempdir().unwrap();
    programs(bin.path(), row);
    let mut shell = Command::new("/bin/bash");
    shell.args(["-c", text(&row["typed"], "what is typed")]).current_dir(dir).env_clear().env("PATH", bin.path());
    let stdin = if row["stdin"].is_null() { "" } else { content(whole, &row["stdin"]) };
    run(&mut shell, stdin.as_bytes())
}

#[test]
fn every_mistake_is_answered_by_its_mend() {
    let whole = fs::read_to_string(root().join("tests/first_contact.yaml")).unwrap();
    let whole: Value = serde_yaml::from_str(&whole).unwrap();
    let rows = whole["rows"].as_sequence().unwrap();
    let mistakes: BTreeSet<_> = rows.iter().map(|row| text(&row["mistake"], "a mistake")).collect();
    assert!(mistakes.len() == rows.len() && rows.len() >= 40, "{} rows", rows.len());
    let only = std::env::var("CASE").unwrap_or_default();
    let mut wrong = Vec::new();
    for row in rows.iter().filter(|row| text(&row["mistake"], "a mistake").contains(&only)) {
        let dir = tempfile::tempdir().unwrap();
        set_up(dir.path(), &whole, row);
        let before = files_below(dir.path());
        let output = answer(dir.path(), &whole, row);
        let said = output.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        let expected: Vec<_> = row["says"].as_sequence().unwrap().iter().map(|it| text(it, "what is said")).collect();
        assert!(!expected.is_empty());
        let missing: Vec<_> = expected.into_iter().filter(|part| !said.contains(part)).collect();
        let is_right = missing.is_empty() && Some(i64::from(output.exit)) == row["exit"].as_i64();
        if !is_right || files_below(dir.path()) != before {
            wrong.push(format!(
                "{}: `{}` lacks {missing:?}, exit code {}\n{}",
                text(&row["mistake"], "a mistake"),
                text(&row["typed"], "what is typed"),
                output.exit,
                output.stderr
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {} mistakes:\n\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}
