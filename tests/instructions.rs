//! How many instructions the program in the images takes for five small runs, beside benches/instructions.yaml: clocks on shared
//! machines say nothing. `make instructions` builds that program and runs this.
//!
//! cachegrind counts. Valgrind shows the program one of a few processors that it knows, so libraries that choose their code by
//! the processor choose the same wherever there is AVX2; what chooses by the number of processors is given one.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that panics has failed")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cache::peer;
use mix::{Content, Mix, Shape, lock};
use tempfile::TempDir;

#[path = "it/cache.rs"]
mod cache;
#[path = "../benches/performance/mix.rs"]
#[expect(dead_code, reason = "lists of every shape are for benches")]
mod mix;

/// So many times what is kept fails.
const MORE: f64 = 1.05;
/// The greatest difference of two runs of the same.
const NOISE: f64 = 0.005;
const KEPT: &str = "benches/instructions.yaml";
const HEAD: &str = "\
# Instructions of five small runs of the program in the images (tests/instructions.rs), on x86_64 with AVX2.
# `make instructions` compares, `BLESS=1 make instructions` writes them anew.
";

struct Run {
    name: &'static str,
    args: &'static [&'static str],
    dir: PathBuf,
    /// What is piped in.
    stdin: Option<PathBuf>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn runs(temporary: &Path) -> [Run; 5] {
    let passed = Mix::new(300, 0);
    let patched = Mix { objects: 40, patched: 20, content: Content::Deployments };
    let stdin = |name: &str, mix: Mix, shape| {
        let path = temporary.join(name);
        mix.write(shape, &path).unwrap();
        Some(path)
    };
    fs::write(temporary.join("iamra.yaml"), patched.declaration()).unwrap();
    fs::write(temporary.join("iamra.lock"), lock()).unwrap();
    let dir = temporary.to_owned();
    // In no repository: what is in that would be read, and differs from one to the next.
    let example = |name: &str| {
        let status = Command::new("cp").arg("-r").arg(root().join("examples").join(name)).arg(temporary).status();
        assert!(status.unwrap().success(), "{name} is copied");
        temporary.join(name)
    };
    let list = stdin("list.yaml", passed, Shape::ResourceList);
    let documents = stdin("documents.yaml", patched, Shape::Documents);
    [
        Run { name: "start", args: &["--version"], dir: dir.clone(), stdin: None },
        Run { name: "render 1 workload", args: &["render"], dir: example("01-one-workload"), stdin: None },
        Run { name: "check two clusters", args: &["check"], dir: example("08-production-and-staging"), stdin: None },
        Run { name: "pass 300 objects", args: &[], dir: dir.clone(), stdin: list },
        Run { name: "patch 20 of 40 Deployments", args: &["inject", "-"], dir, stdin: documents },
    ]
}

/// What `make image` puts into the images, without what valgrind would read for longer than it runs.
fn program(temporary: &Path) -> PathBuf {
    let built = root().join("target/x86_64-unknown-linux-musl/image/iamra");
    assert!(built.is_file(), "{} is not there: `make instructions` builds it", built.display());
    let stripped = temporary.join("iamra");
    let status = Command::new("strip").arg("-o").arg(&stripped).arg(built).status().unwrap();
    assert!(status.success(), "strip: {status}");
    stripped
}

/// The first processor that we may use.
fn processor() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).expect("Linux says it");
    allowed.trim().split(['-', ',']).next().unwrap().to_owned()
}

/// The instructions of a run.
fn count(program: &Path, run: &Run, log: &Path) -> f64 {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", &processor()]).arg(peer("valgrind"));
    command.args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]);
    command.arg(format!("--log-file={}", log.display())).arg(program).args(run.args).current_dir(&run.dir);
    command.env_clear().env("PATH", "/usr/bin:/bin").stdout(Stdio::null());
    command.stdin(run.stdin.as_ref().map_or_else(Stdio::null, |path| File::open(path).unwrap().into()));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}: {}", run.name, String::from_utf8_lossy(&output.stderr));
    let log = fs::read_to_string(log).unwrap();
    let count = log.lines().find_map(|line| line.split_once("I   refs:")).map(|(_, count)| count.replace(',', ""));
    count.and_then(|count| count.trim().parse().ok()).unwrap_or_else(|| panic!("no count in {log}"))
}

#[test]
fn small_runs_take_no_more_instructions_than_before() {
    let has_avx2 = fs::read_to_string("/proc/cpuinfo").unwrap().contains(" avx2 ");
    assert!(has_avx2, "the counts in {KEPT} are those of a processor with AVX2, and this one has none");
    let temporary: TempDir = tempfile::tempdir().unwrap();
    let (program, log) = (program(temporary.path()), temporary.path().join("log"));
    let text = fs::read_to_string(root().join(KEPT)).unwrap_or_default();
    let kept: Option<BTreeMap<String, f64>> = serde_yaml::from_str(&text).unwrap();
    let kept = kept.unwrap_or_default();
    let (mut found, mut slower) = (HEAD.to_owned(), Vec::new());
    for run in runs(temporary.path()) {
        let [once, again] = [(); 2].map(|()| count(&program, &run, &log));
        assert!((once / again - 1.0).abs() <= NOISE, "{}: {once}, and then {again}", run.name);
        writeln!(found, "{}: {once}", run.name).unwrap();
        let before = kept.get(run.name).copied().unwrap_or(0.0);
        let change =
            format!("{}: {once} instructions, {:+.2} % to {before} in {KEPT}", run.name, 100.0 * (once / before - 1.0));
        eprintln!("{change}; a second run differs by {:.3} %", 100.0 * (again / once - 1.0));
        if once > before * MORE {
            slower.push(change);
        }
    }
    if std::env::var_os("BLESS").is_some() {
        fs::write(root().join(KEPT), found).unwrap();
        return;
    }
    assert!(
        slower.is_empty(),
        "more than 5 % more instructions:\n{}\nIf they are worth it, `BLESS=1 make instructions` accepts them; say why in the commit.",
        slower.join("\n")
    );
}
