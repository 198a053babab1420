//! The shape that ARCHITECTURE.md promises: who imports whom, and where each heavy crate is named.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::root;

/// A module may name those before it, never one behind it.
const ORDER: &[&str] = &[
    "quote",
    "yaml",
    "krm",
    "diag",
    "name",
    "arn",
    "duration",
    "helper",
    "secret",
    "template",
    "parallel",
    "reference",
    "trust",
    "issuer",
    "config",
    "workload",
    "import",
    "certificate",
    "resolve",
    "plan",
    "render",
    "splice",
    "verify",
    "diff",
    "pipeline",
    "roster",
    "doctor",
    "output",
    "aws",
    "temporary",
    "disk",
    "git",
    "ca",
    "cli",
];

/// Crates (and parts of the standard library) and the only places that may name them.
const DOORS: &[(&str, &[&str])] = &[
    ("granit_parser", &["src/yaml/"]),
    ("git2", &["src/git.rs"]),
    ("k8s_openapi", &["src/render/"]),
    ("minijinja", &["src/template.rs"]),
    ("rcgen", &["src/ca.rs"]),
    ("use ring", &["src/certificate/key.rs"]),
    ("p384", &["src/certificate/key.rs"]),
    ("p521", &["src/certificate/key.rs"]),
    ("percent_encoding", &["src/aws/http.rs"]),
    ("x509_parser", &["src/certificate/", "src/resolve/authority.rs"]),
    ("aws_config", &["src/aws/"]),
    ("aws_sdk", &["src/aws/"]),
    ("aws_runtime", &["src/aws/"]),
    ("aws_smithy", &["src/aws/"]),
    ("aws_types", &["src/aws/"]),
    ("tokio", &["src/aws/"]),
    ("schemars", &["src/config/"]),
    ("clap", &["src/cli/"]),
    ("rustix", &["src/cli/io.rs", "src/disk/", "src/temporary.rs"]),
    ("signal_hook", &["src/cli/signals.rs"]),
    ("similar::", &["src/output/diff.rs"]),
    ("tempfile", &["src/temporary.rs"]),
    ("mimalloc", &["src/main.rs"]),
    ("std::fs", &["src/disk/", "src/temporary.rs"]),
    ("std::env", &["src/cli/"]),
    ("std::process", &["src/cli/", "src/main.rs", "src/temporary.rs"]),
    ("SystemTime", &["src/cli/", "src/aws/"]),
    ("HashMap", &[]),
];

fn sources(dir: &Path, into: &mut Vec<(String, String)>) {
    for path in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
        // What only tests use is another matter.
        if path.ends_with("tests") {
            continue;
        }
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name: PathBuf = path.strip_prefix(root()).unwrap().to_owned();
            let text = fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap().to_owned();
            into.push((name.display().to_string(), text));
        }
    }
}

fn all() -> Vec<(String, String)> {
    let mut all = Vec::new();
    sources(&root().join("src"), &mut all);
    all
}

#[test]
fn imports_point_one_way() {
    let rank = |module: &str| ORDER.iter().position(|name| *name == module);
    for (file, text) in all() {
        let module = file.trim_start_matches("src/").split(['/', '.']).next().unwrap();
        let Some(own) = rank(module) else { continue };
        for named in text.split("crate::").skip(1) {
            let other = named.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
            if let Some(other_rank) = rank(other) {
                assert!(other_rank <= own, "{file} names `{other}`, which comes behind `{module}`");
            }
        }
    }
    let modules = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let declared = modules.lines().filter_map(|line| line.strip_prefix("pub mod ")).map(|it| it.trim_end_matches(';'));
    for module in declared {
        assert!(ORDER.contains(&module), "`{module}` has no place in the order");
    }
}

#[test]
fn every_door_is_the_only_one() {
    for (file, text) in all() {
        for (name, doors) in DOORS {
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            let uses = code.filter(|line| line.contains(name)).count();
            assert!(uses == 0 || doors.iter().any(|door| file.starts_with(door)), "{file} names `{name}`");
        }
    }
}

/// Whatever stands between backticks goes through `quote`; only our own constants may be written there themselves.
#[test]
fn values_are_quoted_in_one_way() {
    let is_ours = |name: &str| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    for (file, text) in all().into_iter().filter(|(file, _)| file != "src/quote.rs") {
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in code.filter(|line| line.contains('`') && line.contains('"')) {
            // Every second part stands between backticks; what is doubled is no place to fill.
            for part in line.replace("{{", "").replace("}}", "").split('`').skip(1).step_by(2) {
                let filled = part.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
                let is_place = |name: &&str| !name.contains([' ', ':', '"']) || name.starts_with(':');
                let foreign: Vec<_> =
                    filled.filter(is_place).filter(|name| !is_ours(name) || name.is_empty()).collect();
                assert!(foreign.is_empty(), "{file} quotes {foreign:?} without `quote`: {line}");
            }
        }
    }
}
