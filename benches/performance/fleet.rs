//! A fleet of 60 applications in three clusters, with one declaration and one lock: what iamra adds to kustomize's own work, for
//! one application and for all of them.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::report::{Limit, Report, factor, milliseconds};
use crate::run::{Cost, Side, in_turn, run};
use crate::{Bench, KUSTOMIZE};

const APPS: usize = 60;
/// Each is an AWS account.
const CLUSTERS: [(&str, &str); 3] = [("dev", "111122223333"), ("prod", "222233334444"), ("staging", "333344445555")];

pub(crate) fn fleet(bench: &Bench, report: &mut Report) {
    report.section(
        "Fleet",
        "60 applications in three clusters, each with an overlay and an AWS account: 180 builds with one declaration and one lock.",
    );
    let dir = bench.folder("fleet");
    write(&dir);
    let kustomize = crate::peer(KUSTOMIZE);
    let iamra = |args: &[&str]| {
        let mut command = Command::new(crate::iamra());
        command.args(args).current_dir(&dir).env("IAMRA_KUSTOMIZE", &kustomize);
        run(&mut command, None)
    };
    let plain = |build: &str| run(Command::new(&kustomize).args(["build", build]).current_dir(&dir), None);
    let app = "apps/app-30/overlays/prod";
    let sides = [
        Side::new("kustomize build", || plain(app)),
        Side::new("iamra build", || iamra(&["build", app])),
        Side::new("iamra matrix, of the whole fleet", || iamra(&["matrix"])),
    ]
    .map(|side| side.repeated(10));
    let costs = in_turn(crate::rounds(5), &sides);
    report.table("one application", &sides, &costs);
    let more = costs[1].more(&costs[0], Cost::clock);
    report.target(
        "iamra build of one of 60 applications above kustomize, clock",
        more,
        milliseconds,
        Limit::AtMost(20e-3),
    );
    let builds: Vec<_> =
        (0..APPS).flat_map(|app| CLUSTERS.map(|(cluster, _)| format!("apps/app-{app}/overlays/{cluster}"))).collect();
    let sides = [
        Side::new("kustomize build, two at a time", || all(&builds, plain)),
        Side::new("iamra check --builds", || iamra(&["check", "--builds"])),
    ];
    let costs = in_turn(crate::rounds(15), &sides);
    report.table(&format!("all {} builds", builds.len()), &sides, &costs);
    let ratio = costs[1].ratio(&costs[0], Cost::clock);
    let what = format!("iamra check --builds of {} builds, clock beside kustomize two at a time", builds.len());
    report.target(&what, ratio, factor, Limit::AtMost(1.05));
}

/// All builds, on two processors.
fn all(builds: &[String], plain: impl Fn(&str) -> Cost + Sync) -> Cost {
    let (next, costs) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(build) = builds.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let cost = plain(build);
                    costs.lock().expect("no thread panics").push(cost);
                }
            });
        }
    });
    Cost::beside(costs.into_inner().expect("no thread panics"), start.elapsed())
}

fn write(dir: &Path) {
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
