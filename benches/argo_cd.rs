//! A large application in Argo CD: plain `kustomize build`, `iamra argocd generate`, and iamra as a transformer function, in
//! one run. Minutes long, nearly all of it kustomize's own.
//!
//! Needs what `tests/peers/build kustomize` has built.

#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::expect_used, reason = "a bench that panics has failed")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

mod peer;

const OBJECTS: usize = 5_000;
const WORKLOADS: usize = 50;

fn main() {
    // `cargo test --benches` asks harness-less benches to run too; measuring is for `cargo bench`.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let dir = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("a file is written");
    write("objects.yaml", &objects());
    write("iamra.lock", &lock());
    write("iamra.yaml", &declaration());
    let iamra = Path::new(env!("CARGO_BIN_EXE_iamra"));
    let kustomize = peer::kustomize();
    println!("{OBJECTS} objects, {WORKLOADS} workloads patched; {}, one run each", peer::KUSTOMIZE);

    write("kustomization.yaml", "resources: [objects.yaml]\n");
    let plain = timed(Command::new(&kustomize).args(["build", "."]).current_dir(dir.path()));
    let mut generate = Command::new(iamra);
    generate.args(["argocd", "generate", "--kustomize"]).arg(&kustomize).current_dir(dir.path());
    let generated = timed(&mut generate);

    write("kustomization.yaml", "resources: [objects.yaml]\ntransformers: [iamra.yaml]\n");
    let path = format!("{}:{}", folder(iamra).display(), std::env::var("PATH").expect("there is a PATH"));
    let mut transform = Command::new(&kustomize);
    transform.args(["build", "--enable-alpha-plugins", "--enable-exec", "."]).current_dir(dir.path()).env("PATH", path);
    let transformed = timed(&mut transform);

    for (what, (time, output)) in
        [("kustomize build", &plain), ("iamra argocd generate", &generated), ("iamra as a transformer", &transformed)]
    {
        let sidecars = String::from_utf8_lossy(&output.stdout).matches("name: iam-ra-sidecar\n").count();
        let ratio = time.as_secs_f64() / plain.0.as_secs_f64();
        println!("{what:24} {:8.2} s  {ratio:5.2} x plain  {sidecars} sidecars", time.as_secs_f64());
    }
}

fn timed(command: &mut Command) -> (Duration, Output) {
    let start = Instant::now();
    let output = command.output().expect("the program starts");
    let time = start.elapsed();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (time, output)
}

fn folder(program: &Path) -> &Path {
    program.parent().expect("a program is in a folder")
}

fn objects() -> String {
    let mut text = String::new();
    for n in 0..OBJECTS {
        let head = |kind: &str| {
            format!("---\napiVersion: {kind}\nmetadata:\n  name: object-{n}\n  namespace: team-{}\n", n % 40)
        };
        if n < WORKLOADS {
            text.push_str(&head("apps/v1\nkind: Deployment"));
            text.push_str("spec:\n  selector:\n    matchLabels: {app: a}\n  template:\n    metadata:\n      labels: {app: a}\n    spec:\n      containers:\n      - name: app\n        image: registry.example/app:1.2.3\n");
        } else {
            text.push_str(&head("v1\nkind: ConfigMap"));
            writeln!(text, "data:\n  key: value of {n}\n  script: |\n    echo one\n    echo two").expect("memory");
        }
    }
    text
}

fn declaration() -> String {
    let mut text = String::from(
        "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata:\n  name: bench\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {path: iamra}\nspec:\n  roles:\n    app: {}\n  workloads:\n",
    );
    for n in 0..WORKLOADS {
        writeln!(text, "    object-{n}: {{role: app, namespace: team-{}}}", n % 40).expect("memory");
    }
    text
}

fn lock() -> String {
    let arn = "arn:aws:rolesanywhere:eu-central-1:111122223333";
    let id = "6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d";
    format!(
        "apiVersion: iamra.dev/v1alpha1\nkind: Lock\nreferences:\n  ssm:/iam-ra/default/scopes/default/trust-anchor-arn:\n    value: {arn}:trust-anchor/{id}\n  ssm:/iam-ra/default/roles/app/profile-arn:\n    value: {arn}:profile/{id}\n  ssm:/iam-ra/default/roles/app/role-arn:\n    value: arn:aws:iam::111122223333:role/app\n"
    )
}
