//! The programs of a release, which `make release` builds: on every case, that for arm64 prints what that for x86-64 prints.
//! Debian's qemu-user runs the former.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that panics has failed")]
#![allow(dead_code, clippy::allow_attributes, reason = "most of `support` is for the other tests")]

#[path = "it/support.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Case, Output, cases, run};

/// The program in the only archive for a processor, unpacked.
fn program(into: &Path, processor: &str) -> PathBuf {
    let dist = support::root().join(std::env::var("IAMRA_DIST").expect("IAMRA_DIST is where the archives are"));
    let name = format!("iamra-{}-{processor}-unknown-linux-musl", env!("CARGO_PKG_VERSION"));
    let mut tar = Command::new("tar");
    let output = run(tar.arg("-xzf").arg(dist.join(format!("{name}.tar.gz"))).arg("-C").arg(into), b"");
    assert_eq!(output.exit, 0, "{}", output.stderr);
    into.join(name).join("iamra")
}

fn run_on(case: &Case, mut command: Command) -> Output {
    command.args(&case.args).current_dir(case.input()).env_clear().envs(&case.environment);
    command.env("PATH", std::env::var_os("PATH").unwrap());
    command.env("GIT_CEILING_DIRECTORIES", support::root().join("tests"));
    run(&mut command, case.stdin.as_deref().unwrap_or_default())
}

#[test]
fn both_processors_give_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let [intel, arm] = ["x86_64", "aarch64"].map(|processor| program(dir.path(), processor));
    let mut different = Vec::new();
    // A new CA is never the same one.
    let all: Vec<_> = cases().into_iter().filter(|case| !case.except.contains_key("determinism")).collect();
    for case in &all {
        let mut emulated = Command::new("qemu-aarch64-static");
        emulated.arg(&arm);
        let [one, other] = [Command::new(&intel), emulated].map(|command| run_on(case, command));
        // With empty variables, the program starts itself again, and what that starts is not emulated.
        let is_emulated = case.environment.values().all(|value| !value.is_empty());
        if one != case.run() || is_emulated && one != other {
            different.push(case.name.clone());
        }
    }
    assert!(all.len() > 200, "only {} cases", all.len());
    assert!(different.is_empty(), "{different:?}");
}
