//! How fast, and with how much memory: `make bench`, or `make bench GROUP=start` for one group alone.
//!
//! Whole programs are run, the sides of each comparison in turn, and their times are those that the system counted for them.
//! The whole of it writes docs/performance.md and docs/performance.svg.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints its tables, and says what takes long")]
#![expect(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a bench that panics has failed")]
#![expect(clippy::cast_precision_loss, reason = "no figure is that precise")]

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use cache::peer;
use report::Report;

mod argocd;
#[path = "../../tests/it/cache.rs"]
mod cache;
mod chart;
mod container;
mod fleet;
mod mix;
mod pipes;
mod report;
mod run;
mod serve;
mod start;

/// That of the program, so that the plain parse-and-print is not slower for another's sake.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The argument with which this program is that side of the comparison.
const PARSE_AND_PRINT: &str = "parse-and-print";

type Group = fn(&Bench, &mut Report);

const GROUPS: [(&str, Group); 9] = [
    ("size", pipes::sizes),
    ("lines", pipes::lines),
    ("shape", pipes::shapes),
    ("workloads", pipes::workloads),
    ("start", start::start),
    ("fleet", fleet::fleet),
    ("kustomize", argocd::kustomize),
    ("container", container::container),
    ("serve", serve::serve),
];

/// The version that is measured.
const KUSTOMIZE: &str = "kustomize-5.8.2";

fn main() {
    let args: Vec<_> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|arg| arg == PARSE_AND_PRINT) {
        return parse_and_print();
    }
    // `cargo test --benches` asks harness-less benches to run too; measuring is for `cargo bench`.
    if !args.iter().any(|arg| arg == "--bench") {
        return;
    }
    let asked: Vec<_> = args.iter().filter(|arg| !arg.starts_with("--")).collect();
    let names = GROUPS.map(|(name, _)| name);
    if let Some(unknown) = asked.iter().find(|name| !names.contains(&name.as_str())) {
        panic!("no group is called {unknown}; there are {}", names.join(", "));
    }
    let bench = Bench { dir: tempfile::tempdir().expect("a temporary folder"), is_whole: asked.is_empty() };
    let mut report = Report::default();
    for (name, group) in GROUPS {
        if asked.is_empty() || asked.iter().any(|it| *it == name) {
            group(&bench, &mut report);
        }
    }
    println!("{}{}", report.targets(), machine());
    if bench.is_whole() {
        write("docs/performance.md", &page(&report));
    }
}

/// What all groups need.
struct Bench {
    dir: tempfile::TempDir,
    /// All groups.
    is_whole: bool,
}

impl Bench {
    /// A folder that goes.
    fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Another one, inside.
    fn folder(&self, name: &str) -> PathBuf {
        let path = self.dir().join(name);
        fs::create_dir_all(&path).expect("a folder");
        path
    }

    fn is_whole(&self) -> bool {
        self.is_whole
    }
}

/// The program that is measured.
fn iamra() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_iamra"))
}

/// This program.
fn this() -> PathBuf {
    std::env::current_exe().expect("it has a path")
}

/// So many, or as many as `ROUNDS` says, for a quick look.
fn rounds(usual: usize) -> usize {
    std::env::var("ROUNDS").map_or(usual, |text| text.parse().expect("ROUNDS is a number"))
}

/// A file of the repository.
fn write(name: &str, text: &str) {
    fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(name), text).expect("the file is written");
}

/// The side that reads a list into values and prints them again.
fn parse_and_print() {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).expect("its input");
    let value: serde_yaml::Value = serde_yaml::from_str(&text).expect("the list is YAML");
    let printed = serde_yaml::to_string(&value).expect("it can be printed");
    std::io::stdout().write_all(printed.as_bytes()).expect("its output");
}

/// Where it was measured, and when.
fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(':').map(str::trim));
        line.unwrap_or("unknown").to_owned()
    };
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let kilobytes = field(&read("/proc/meminfo"), "MemTotal").trim_end_matches(" kB").parse().unwrap_or(0.0);
    let load = read("/proc/loadavg").split(' ').nth(2).unwrap_or("unknown").to_owned();
    let kernel = read("/proc/sys/kernel/osrelease");
    let rust =
        Command::new("rustc").arg("--version").output().map(|it| String::from_utf8_lossy(&it.stdout).into_owned());
    let rust = rust.unwrap_or_default();
    let rounds = std::env::var("ROUNDS").map_or_else(|_| String::new(), |rounds| format!(" Rounds: {rounds}."));
    format!(
        "{processors} processors ({}), {} of memory, Linux {}; {}; iamra {}, {KUSTOMIZE}; {}. Of the fifteen minutes before the end, \
         {load} processes were running or waiting on average.{rounds}\n",
        field(&read("/proc/cpuinfo"), "model name"),
        report::megabytes(kilobytes * 1024.0),
        kernel.trim(),
        rust.split(" (").next().unwrap_or_default().trim(),
        env!("CARGO_PKG_VERSION"),
        time::OffsetDateTime::now_utc().date(),
    )
}

fn page(report: &Report) -> String {
    let mut text = String::from(
        "# Performance\n\n`make bench` has written this page; [benches/](../benches/README.md) says how it measures.\n\n",
    );
    let _ = write!(
        text,
        "{}\nThe program is a release build (`cargo install`). Each figure is the median of some rounds, in which the sides run in \
         turn; each `x` is the median of the rounds' ratios to the first row, with the least and the greatest. CPU is what the \
         system counts for the whole process and those that it starts, on all processors. The clock begins before the process \
         does and ends when its output has been read. Memory is the most that the process had resident.\n\n{}\
         ![CPU time by number of objects](performance.svg)\n\n{}",
        machine(),
        report.targets(),
        report.text
    );
    format!("{}\n", text.trim_end())
}
