//! How fast a list goes through the function, beside `cat` and beside a plain parse-and-print, in one run.
//!
//! `cargo bench` (release build of this tree) prints a table; `benches/README.md` has the figures of one machine.

#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a bench that panics has failed")]

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The list, and how many of its objects are patched.
const OBJECTS: usize = 10_000;
const PATCHED: [usize; 3] = [0, 200, 3_000];
/// Workloads that are a list of their own.
const WORKLOADS: usize = 1_000;
const RUNS: usize = 5;

fn main() {
    // `cargo test --benches` asks harness-less benches to run too; measuring is for `cargo bench`.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let dir = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(dir.path().join("iamra.lock"), lock()).expect("the lock is written");
    let iamra = env!("CARGO_BIN_EXE_iamra");
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).expect("the list is written");
        path
    };
    let through = |program: &str, path: &Path| best(|| through_pipes(program, path, dir.path()));
    for (objects, patched) in [(OBJECTS, PATCHED.as_slice()), (WORKLOADS, &[WORKLOADS])] {
        let list = list(objects, 0);
        let path = write("list.yaml", &list);
        let megabytes = f64::from(u32::try_from(list.len()).expect("a list of some megabytes")) / 1e6;
        println!("{objects} objects, {megabytes:.1} MB; best of {RUNS}");
        let cat = through("cat", &path);
        let row = |what: &str, time: Duration| {
            let ratio = time.as_secs_f64() / cat.as_secs_f64();
            println!("{what:28} {:8.1} ms  {ratio:7.1} x cat", time.as_secs_f64() * 1e3);
        };
        row("cat", cat);
        for patched in patched {
            let path = write("patched.yaml", &self::list(objects, *patched));
            row(&format!("iamra, {patched} of them patched"), through(iamra, &path));
        }
        let printed = best(|| {
            let value: serde_yaml::Value = serde_yaml::from_str(&list).expect("the list is YAML");
            serde_yaml::to_string(&value).expect("it can be printed").len()
        });
        row("parse and print, in memory", printed);
    }
}

fn best<T>(mut run: impl FnMut() -> T) -> Duration {
    let times = (0..RUNS).map(|_| {
        let start = Instant::now();
        std::hint::black_box(run());
        start.elapsed()
    });
    times.min().expect("there are runs")
}

/// `cat FILE | PROGRAM | us`: as kustomize would, with pipes on both sides.
fn through_pipes(program: &str, path: &Path, dir: &Path) -> usize {
    let mut feeder =
        Command::new("cat").stdin(File::open(path).expect("the list")).stdout(Stdio::piped()).spawn().expect("cat");
    let feed = feeder.stdout.take().expect("it is piped");
    let mut child = Command::new(program)
        .current_dir(dir)
        .env_clear()
        .stdin(feed)
        .stderr(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut output = Vec::with_capacity(64 << 20);
    child.stdout.take().expect("it is piped").read_to_end(&mut output).expect("its output");
    assert!(child.wait().expect("it ends").success() && feeder.wait().expect("cat ends").success());
    output.len()
}

fn list(objects: usize, patched: usize) -> String {
    let mut list = String::from("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n");
    for n in 0..objects {
        let kind = if n < patched { "Deployment" } else { ["Deployment", "ConfigMap", "Service"][n % 3] };
        let api_version = if kind == "Deployment" { "apps/v1" } else { "v1" };
        write!(
            list,
            "- apiVersion: {api_version}\n  kind: {kind}\n  metadata:\n    name: object-{n}\n    namespace: team-{}\n    annotations:\n      config.kubernetes.io/index: \"{n}\"\n      internal.config.kubernetes.io/index: \"{n}\"\n",
            n % 40
        )
        .expect("memory");
        if kind == "Deployment" {
            list.push_str("  spec:\n    selector:\n      matchLabels:\n        app: object\n    template:\n      metadata:\n        labels:\n          app: object\n      spec:\n        containers:\n");
            for container in ["main", "proxy"] {
                write!(list, "        - name: {container}\n          image: registry.example.com/team/{container}:1.2.3\n          env:\n").expect("memory");
                for variable in 0..30 {
                    writeln!(
                        list,
                        "          - name: VARIABLE_{variable}\n            value: \"some value, number {variable}\""
                    )
                    .expect("memory");
                }
            }
        } else {
            list.push_str(if kind == "ConfigMap" { "  data:\n    script: |\n" } else { "  spec:\n    note: |\n" });
            for line in 0..60 {
                writeln!(list, "      echo \"line {line}: a script, as ConfigMaps have them\"").expect("memory");
            }
        }
    }
    list.push_str("functionConfig:\n  apiVersion: iamra.dev/v1alpha1\n  kind: RolesAnywhere\n  metadata:\n    name: bench\n  spec:\n    mode: transform\n    roles:\n      app: {}\n    workloads:\n");
    for n in 0..patched {
        writeln!(list, "      object-{n}: {{role: app, namespace: team-{}}}", n % 40).expect("memory");
    }
    list
}

fn lock() -> String {
    let arn = "arn:aws:rolesanywhere:eu-central-1:111122223333";
    let id = "6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d";
    format!(
        "apiVersion: iamra.dev/v1alpha1\nkind: Lock\nreferences:\n  ssm:/iam-ra/default/scopes/default/trust-anchor-arn:\n    value: {arn}:trust-anchor/{id}\n  ssm:/iam-ra/default/roles/app/profile-arn:\n    value: {arn}:profile/{id}\n  ssm:/iam-ra/default/roles/app/role-arn:\n    value: arn:aws:iam::111122223333:role/app\n"
    )
}
