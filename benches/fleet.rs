//! A fleet of 60 applications in three clusters, with one declaration and one lock: what iamra adds to kustomize's own work, for
//! one application and for all of them, in processor time of the same run.
//!
//! Needs what `tests/peers/build kustomize` has built.

#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a bench that panics has failed")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

mod peer;

const APPS: usize = 60;
/// Each is an AWS account.
const CLUSTERS: [(&str, &str); 3] = [("dev", "111122223333"), ("prod", "222233334444"), ("staging", "333344445555")];
const RUNS: usize = 50;

fn main() {
    // `cargo test --benches` asks harness-less benches to run too; measuring is for `cargo bench`.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let dir = tempfile::tempdir().expect("a temporary folder");
    fleet(dir.path());
    let kustomize = peer::kustomize();
    matrix(dir.path(), &kustomize);
    one(dir.path(), &kustomize);
    all(dir.path(), &kustomize);
}

/// Every workload in every cluster against every role.
fn matrix(dir: &Path, kustomize: &Path) {
    let mut judged = Cost::default();
    for _ in 0..RUNS {
        judged.add(|| run(iamra(dir, kustomize).arg("matrix")));
    }
    let (workloads, roles) = (APPS * CLUSTERS.len(), APPS * CLUSTERS.len());
    println!("{workloads} workloads against {roles} roles; means of {RUNS} runs");
    judged.print("iamra matrix", RUNS);
}

/// One application, each side in turn.
fn one(dir: &Path, kustomize: &Path) {
    let app = "apps/app-30/overlays/prod";
    let (mut plain, mut built) = (Cost::default(), Cost::default());
    for _ in 0..RUNS {
        plain.add(|| run(Command::new(kustomize).args(["build", app]).current_dir(dir)));
        built.add(|| run(iamra(dir, kustomize).args(["build", app])));
    }
    println!("one of {APPS} applications in {} clusters; means of {RUNS} runs", CLUSTERS.len());
    plain.print("kustomize build", RUNS);
    built.print("iamra build", RUNS);
    let added = built.processor.saturating_sub(plain.processor);
    println!("iamra adds {:.1} ms of processor time", milliseconds(added, RUNS));
}

/// All builds, each side on two processors.
fn all(dir: &Path, kustomize: &Path) {
    let builds: Vec<_> =
        (0..APPS).flat_map(|app| CLUSTERS.map(|(cluster, _)| format!("apps/app-{app}/overlays/{cluster}"))).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(build) = builds.get(next.fetch_add(1, Ordering::Relaxed)) {
            run(Command::new(kustomize).args(["build", build]).current_dir(dir));
        }
    };
    let (mut plain, mut checked) = (Cost::default(), Cost::default());
    for _ in 0..3 {
        next.store(0, Ordering::Relaxed);
        plain.add(|| std::thread::scope(|scope| (0..2).for_each(|_| drop(scope.spawn(work)))));
        checked.add(|| run(iamra(dir, kustomize).args(["check", "--builds"])));
    }
    println!("all {} builds; means of 3 runs", builds.len());
    plain.print("kustomize build", 3);
    checked.print("iamra check --builds", 3);
    let more = checked.processor.as_secs_f64() / plain.processor.as_secs_f64() - 1.0;
    println!("iamra takes {:.1} % more processor time", 100.0 * more);
}

/// What some runs took together.
#[derive(Default)]
struct Cost {
    /// Of all processors, user and system.
    processor: Duration,
    clock: Duration,
}

impl Cost {
    fn add(&mut self, run: impl FnOnce()) {
        let (processor, clock) = (processor_time(), Instant::now());
        run();
        self.processor += processor_time().saturating_sub(processor);
        self.clock += clock.elapsed();
    }

    fn print(&self, what: &str, runs: usize) {
        let [processor, clock] = [self.processor, self.clock].map(|it| milliseconds(it, runs));
        println!("{what:24} {processor:8.1} ms of processor time {clock:8.1} ms");
    }
}

fn milliseconds(all: Duration, runs: usize) -> f64 {
    all.as_secs_f64() * 1e3 / f64::from(u32::try_from(runs).expect("some runs"))
}

/// Of this process, which starts programs as iamra does, and of its children that have ended: the two times of each, in
/// hundredths of a second.
/// <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux has it");
    let (_, after_name) = stat.rsplit_once(')').expect("the name is in brackets");
    let fields: Vec<_> = after_name.split_whitespace().collect();
    let ticks = |index: usize| fields[index].parse::<u64>().expect("a number");
    Duration::from_millis(10 * (11..=14).map(ticks).sum::<u64>())
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn iamra(dir: &Path, kustomize: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iamra"));
    command.current_dir(dir).env("IAMRA_KUSTOMIZE", kustomize);
    command
}

fn fleet(dir: &Path) {
    let write = |name: &str, text: &str| {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().expect("it is in the folder")).expect("a folder");
        std::fs::write(path, text).expect("a file is written");
    };
    write("iamra.yaml", &declaration());
    write("iamra.lock", &lock());
    for app in 0..APPS {
        let folder = format!("apps/app-{app}");
        write(&format!("{folder}/base/kustomization.yaml"), "resources: [deployment.yaml]\n");
        write(
            &format!("{folder}/base/deployment.yaml"),
            &format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-{app}\nspec:\n  selector:\n    matchLabels:\n      app: app-{app}\n  template:\n    metadata:\n      labels:\n        app: app-{app}\n    spec:\n      containers:\n      - name: app\n        image: registry.example.com/app-{app}:1\n"
            ),
        );
        for (cluster, _) in CLUSTERS {
            let text = "namespace: shop\nresources: [../../base]\n";
            write(&format!("{folder}/overlays/{cluster}/kustomization.yaml"), text);
        }
    }
}

fn declaration() -> String {
    let mut text = "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata:\n  name: acme\nspec:\n  parameterPrefix: /iam-ra/{{ cluster }}\n  roles:\n".to_owned();
    (0..APPS).for_each(|app| writeln!(text, "    app-{app}: {{}}").expect("memory"));
    text.push_str("  clusters:\n");
    for (cluster, _) in CLUSTERS {
        writeln!(text, "    {cluster}: {{region: eu-central-1, aws: {{profile: {cluster}}}}}").expect("memory");
    }
    text.push_str("  workloads:\n");
    (0..APPS).for_each(|app| writeln!(text, "    app-{app}: {{clusters: [prod, staging, dev]}}").expect("memory"));
    text
}

fn lock() -> String {
    let id = "6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d";
    let mut text = "apiVersion: iamra.dev/v1alpha1\nkind: Lock\nreferences: {}\nclusters:\n".to_owned();
    for (cluster, account) in CLUSTERS {
        let arn = format!("arn:aws:rolesanywhere:eu-central-1:{account}");
        let prefix = format!("ssm:/iam-ra/{cluster}");
        writeln!(text, "  {cluster}:\n    references:").expect("memory");
        let mut put = |name: &str, value: &str| {
            writeln!(text, "      {prefix}/{name}:\n        value: {value}\n        version: 1").expect("memory");
        };
        for app in 0..APPS {
            put(&format!("roles/app-{app}/profile-arn"), &format!("{arn}:profile/{id}"));
            put(&format!("roles/app-{app}/role-arn"), &format!("arn:aws:iam::{account}:role/app-{app}"));
        }
        put("scopes/default/trust-anchor-arn", &format!("{arn}:trust-anchor/{id}"));
    }
    text
}
