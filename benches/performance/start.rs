//! What a run costs at least, and what it costs to render many workloads from a lock.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Bench;
use crate::mix::lock;
use crate::report::{Limit, Report, milliseconds};
use crate::run::{Cost, Side, in_turn, run};

/// So many workloads, for each of which a Certificate and a ConfigMap are rendered.
const WORKLOADS: usize = 1_000;

pub(crate) fn start(bench: &Bench, report: &mut Report) {
    report.section("Start", "Processes that are new each time, beside `true`, which does nothing.");
    let [one, many] = [1, WORKLOADS].map(|workloads| {
        let dir = bench.folder(&format!("render-{workloads}"));
        fs::write(dir.join("iamra.yaml"), declaration(workloads)).expect("the declaration is written");
        fs::write(dir.join("iamra.lock"), lock()).expect("the lock is written");
        dir
    });
    let iamra = |args: &[&str], dir: &Path| {
        let mut command = Command::new(crate::iamra());
        command.args(args).current_dir(dir).env_clear();
        command
    };
    let certificates = iamra(&["render"], &many).output().expect("it starts").stdout;
    assert_eq!(String::from_utf8_lossy(&certificates).matches("kind: Certificate\n").count(), WORKLOADS);
    let sides = [
        Side::new("true", || run(Command::new("true").env_clear(), None)),
        Side::new("iamra --version", || run(&mut iamra(&["--version"], &one), None)),
        Side::new("iamra check, 1 workload", || run(&mut iamra(&["check"], &one), None)),
        Side::new("iamra render, 1 workload", || run(&mut iamra(&["render"], &one), None)),
        Side::new(format!("iamra render, {WORKLOADS} workloads"), || run(&mut iamra(&["render"], &many), None)),
    ]
    .map(|side| side.repeated(20));
    let costs = in_turn(crate::rounds(9), &sides);
    report.table("", &sides, &costs);
    let more = costs[3].more(&costs[0], Cost::cpu);
    report.target("a cold render above an empty process, CPU", more, milliseconds, Limit::AtMost(2e-3));
    report.target("1 000 workloads from a lock, CPU", costs[4].spread(Cost::cpu), milliseconds, Limit::AtMost(50e-3));
}

fn declaration(workloads: usize) -> String {
    let mut text = String::from(
        "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata:\n  name: bench\nspec:\n  roles:\n    app: {}\n  workloads:\n",
    );
    for number in 0..workloads {
        let _ = writeln!(text, "    object-{number}: {{role: app, namespace: team-{}}}", number % 40);
    }
    text
}
