//! A large application in the ways that there are: plain `kustomize build`, `iamra build`, `iamra argocd generate`, and iamra as
//! a transformer function. Nearly all of it is kustomize's own.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::mix::{Mix, Shape, lock};
use crate::report::Report;
use crate::run::{Side, in_turn, run};
use crate::{Bench, KUSTOMIZE};

const OBJECTS: usize = 500;
const WORKLOADS: usize = 50;

pub(crate) fn kustomize(bench: &Bench, report: &mut Report) {
    report.section("kustomize", "One kustomization, 50 of whose objects are workloads that are patched. kustomize's own cost, most of all that of a transformer, grows faster than the number of objects.");
    let mix = Mix::new(OBJECTS, WORKLOADS);
    // A transformer is named by the kustomization, and iamra builds it without.
    let [plain, transformed] = ["", "transformers: [iamra.yaml]\n"].map(|transformers| {
        let dir = bench.folder(if transformers.is_empty() { "plain" } else { "transformed" });
        mix.write(Shape::Documents, &dir.join("objects.yaml")).expect("the objects are written");
        let function = "metadata:\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {path: iamra}\n";
        let kustomization = format!("resources: [objects.yaml]\n{transformers}");
        for (name, text) in [
            ("iamra.yaml", mix.declaration().replacen("metadata:\n", function, 1)),
            ("iamra.lock", lock()),
            ("kustomization.yaml", kustomization),
        ] {
            fs::write(dir.join(name), text).expect("a file is written");
        }
        dir
    });
    let kustomize = crate::peer(KUSTOMIZE);
    let folder = crate::iamra().parent().expect("a program is in a folder");
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").expect("there is a PATH"));
    let iamra = |args: &[&str]| {
        let mut command = Command::new(crate::iamra());
        command.args(args).current_dir(&plain).env("IAMRA_KUSTOMIZE", &kustomize);
        command
    };
    let build = |dir: &Path, flags: &[&str]| {
        let mut command = Command::new(&kustomize);
        command.arg("build").args(flags).arg(".").current_dir(dir).env("PATH", &path);
        command
    };
    let exec = ["--enable-alpha-plugins", "--enable-exec"];
    for mut command in [iamra(&["build", "."]), iamra(&["argocd", "generate"]), build(&transformed, &exec)] {
        let output = command.output().expect("it starts");
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        let sidecars = String::from_utf8_lossy(&output.stdout).matches("name: iam-ra-sidecar\n").count();
        assert_eq!(sidecars, WORKLOADS, "{command:?}");
    }
    let sides = [
        Side::new("kustomize build", || run(&mut build(&plain, &[]), None)),
        Side::new("iamra build", || run(&mut iamra(&["build", "."]), None)),
        Side::new("iamra argocd generate", || run(&mut iamra(&["argocd", "generate"]), None)),
        Side::new("iamra as a transformer", || run(&mut build(&transformed, &exec), None)),
    ];
    let costs = in_turn(crate::rounds(3), &sides);
    report.table(&format!("{OBJECTS} objects, {WORKLOADS} patched"), &sides, &costs);
}
