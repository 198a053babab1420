//! A signal that ends the program: what it was writing is the old or the new one, and nothing is left beside it. What is left
//! where nobody can clean up goes with the next run.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::{Output, iamra, iamra_path, run};

/// Enough for a signal to come in the middle.
const OBJECTS: usize = 1200;

const SIGNALS: [(&str, i32); 3] = [("INT", 130), ("TERM", 143), ("HUP", 129)];

/// A folder with a declaration and a kustomize that prints many objects of a version once there is a file `go`.
fn tree() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let declaration =
        "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata: {name: acme}\nspec: {region: eu-central-1}\n";
    fs::write(dir.path().join("iamra.yaml"), declaration).unwrap();
    let script = dir.path().join("kustomize");
    fs::write(&script, "#!/bin/sh\nuntil test -e go; do sleep 0.01; done\ncat objects\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(dir.path().join("go"), "").unwrap();
    dir
}

fn objects(dir: &Path, version: usize) {
    let object = |n: usize| {
        format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: map-{n}\ndata:\n  version: v{version}\n")
    };
    fs::write(dir.join("objects"), (0..OBJECTS).map(object).collect::<String>()).unwrap();
}

fn build(dir: &Path) -> Command {
    // Signals that the caller of the tests ignores, as with `nohup`, must not be ignored here.
    let mut command = Command::new("env");
    command.current_dir(dir).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.arg("--default-signal").arg(iamra_path());
    command.args(["build", "--kustomize", "./kustomize", "--output", "out/rendered"]);
    command
}

/// The version that all files of the output have.
fn version(dir: &Path) -> String {
    let mut versions = BTreeSet::new();
    let mut count = 0;
    for entry in fs::read_dir(dir.join("out/rendered")).unwrap().map(Result::unwrap) {
        if entry.file_name() != ".iamra-output" {
            count += 1;
            let text = fs::read_to_string(entry.path()).unwrap();
            versions.insert(text.lines().last().unwrap_or_default().trim().to_owned());
        }
    }
    assert_eq!((count, versions.len()), (OBJECTS, 1), "{versions:?}");
    versions.pop_first().unwrap()
}

/// What is beside the output on its way, and how many files are in it.
fn temporary(folder: &Path) -> Option<usize> {
    let mut entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let found = entries.find(|entry| entry.file_name().to_string_lossy().starts_with(".iamra-"))?;
    Some(fs::read_dir(found.path()).map_or(0, Iterator::count))
}

fn send(signal: &str, child: &Child) {
    let sent = run(Command::new("kill").args(["-s", signal, &child.id().to_string()]), b"");
    // It may have ended a moment ago.
    let _ = sent.exit;
}

fn start(command: &mut Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn end(child: Child) -> Output {
    let output = child.wait_with_output().unwrap();
    Output {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        exit: output.status.code().unwrap_or(-1),
    }
}

/// Waits until so many files are on their way, or the program has ended.
fn until_written(files: usize, folder: &Path, child: &mut Child) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while child.try_wait().unwrap().is_none() && temporary(folder).is_none_or(|count| count < files) {
        assert!(Instant::now() < deadline, "nothing is written");
    }
}

#[test]
fn a_folder_is_the_old_or_the_new_one_and_nothing_is_left() {
    let dir = tree();
    let (dir, out) = (dir.path(), dir.path().join("out"));
    objects(dir, 0);
    assert_eq!(run(&mut build(dir), b"").exit, 0);
    let mut before = version(dir);
    let mut stopped = 0;
    for (index, files) in [0, 1, 10, 100, 300, 500, 700, 800, 900, 1000, 1100, 1200].into_iter().enumerate() {
        objects(dir, index + 1);
        let (signal, exit) = SIGNALS[index % SIGNALS.len()];
        let mut child = start(&mut build(dir));
        until_written(files, &out, &mut child);
        send(signal, &child);
        let output = end(child);
        assert_eq!(temporary(&out), None, "{signal} after {files} files leaves something");
        let found = version(dir);
        if output.exit == exit {
            stopped += 1;
            // A warning may have been printed before.
            let said = format!("error: stopped by signal {} before it finished\n", exit - 128);
            assert!(output.stderr.ends_with(&said), "{}", output.stderr);
        } else {
            assert_eq!((output.exit, &found), (0, &format!("version: v{}", index + 1)), "{}", output.stderr);
        }
        assert!(found == before || found == format!("version: v{}", index + 1), "{found}");
        before = found;
    }
    assert!(stopped > 3, "only {stopped} were stopped in time");
}

#[test]
fn what_was_killed_is_cleaned_up_by_the_next_run() {
    let dir = tree();
    let (dir, out) = (dir.path(), dir.path().join("out"));
    objects(dir, 1);
    fs::create_dir(&out).unwrap();
    let mut left = 0;
    for files in [1, 100, 400] {
        let mut child = start(&mut build(dir));
        until_written(files, &out, &mut child);
        child.kill().unwrap();
        let _ = end(child);
        left += usize::from(temporary(&out).is_some());
    }
    assert!(left > 0, "never killed in time");
    assert_eq!(run(&mut build(dir), b"").exit, 0);
    assert_eq!((temporary(&out), version(dir).as_str()), (None, "version: v1"));
}

#[test]
fn a_signal_while_kustomize_runs_ends_it_and_leaves_nothing() {
    for (signal, exit) in SIGNALS {
        let dir = tree();
        let dir = dir.path();
        objects(dir, 1);
        fs::remove_file(dir.join("go")).unwrap();
        fs::write(dir.join("kustomize"), "#!/bin/sh\necho $$ >pid\nexec sleep 60\n").unwrap();
        let child = start(&mut build(dir));
        let deadline = Instant::now() + Duration::from_mins(1);
        let pid = loop {
            assert!(Instant::now() < deadline, "kustomize does not start");
            if let Some(pid) = fs::read_to_string(dir.join("pid")).ok().filter(|pid| pid.ends_with('\n')) {
                break pid;
            }
        };
        send(signal, &child);
        let output = end(child);
        let words = format!("error: stopped by signal {} before the manifests were written\n", exit - 128);
        assert_eq!((output.exit, output.stderr), (exit, words));
        assert!(!Path::new("/proc").join(pid.trim()).exists(), "kustomize still runs");
        assert!(!dir.join("out").exists());
    }
}

/// As `nohup` starts it.
#[test]
fn a_signal_that_is_to_be_ignored_is_ignored() {
    let dir = tree();
    let dir = dir.path();
    objects(dir, 1);
    fs::remove_file(dir.join("go")).unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' HUP; exec \"$@\"", "sh"]).arg(iamra_path());
    command.args(["build", "--kustomize", "./kustomize", "--output", "out/rendered"]).current_dir(dir);
    let child = start(&mut command);
    let deadline = Instant::now() + Duration::from_mins(1);
    // The handler is installed once the process is iamra and has more than one thread.
    let is_ready = || {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        status.starts_with("Name:\tiamra") && !status.contains("Threads:\t1\n")
    };
    while !is_ready() {
        assert!(Instant::now() < deadline, "it does not start");
    }
    send("HUP", &child);
    fs::write(dir.join("go"), "").unwrap();
    let output = end(child);
    assert_eq!((output.exit, version(dir).as_str()), (0, "version: v1"), "{}", output.stderr);
}

/// Files that are edited in their place, at moments that move through the run.
#[test]
fn a_file_is_the_old_or_the_new_one_and_nothing_is_left() {
    let workloads: String = (0..300).map(|n| format!("    workload-{n}: {{role: admin}}\n")).collect();
    let before = format!(
        "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata: {{name: acme}}\nspec:\n  roles: {{admin: {{}}}}\n  workloads:\n{workloads}"
    );
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("iamra.yaml");
    let offboard = || {
        let mut command = iamra(dir.path());
        command.args(["k8s", "offboard", "workload-7"]);
        command
    };
    fs::write(&file, &before).unwrap();
    let start_of_all = Instant::now();
    assert_eq!(run(&mut offboard(), b"").exit, 0);
    let whole = start_of_all.elapsed();
    let after = fs::read_to_string(&file).unwrap();
    for step in 0..12 {
        fs::write(&file, &before).unwrap();
        let (signal, exit) = SIGNALS[step % SIGNALS.len()];
        let mut child = start(&mut offboard());
        let moment = Instant::now() + whole * u32::try_from(step).unwrap() / 12;
        while Instant::now() < moment && child.try_wait().unwrap().is_none() {
            std::hint::spin_loop();
        }
        send(signal, &child);
        let output = end(child);
        let text = fs::read_to_string(&file).unwrap();
        assert!(text == before || text == after, "{} bytes", text.len());
        // -1: the signal came before the handler was installed.
        assert!([0, exit, -1].contains(&output.exit), "{}: {}", output.exit, output.stderr);
        assert!(output.exit != 0 || text == after, "{}", output.stderr);
        assert_eq!(temporary(dir.path()), None, "{signal} at step {step}");
    }
}

/// A crash leaves no memory on disk, where other programs leave theirs.
#[test]
fn nothing_of_memory_is_dumped() {
    let dir = tree();
    // It ends by itself when nobody is there to end it.
    fs::write(dir.path().join("kustomize"), "#!/bin/sh\nexec sleep 20\n").unwrap();
    let dumps = |program: &str, is_ready: &dyn Fn(&str) -> bool| {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -c unlimited && exec {program}")]).current_dir(dir.path());
        let mut child = start(&mut shell);
        let deadline = Instant::now() + Duration::from_mins(1);
        while !is_ready(&fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default()) {
            assert!(Instant::now() < deadline, "{program} does not start");
        }
        send("ABRT", &child);
        child.wait().unwrap().core_dumped()
    };
    let sleeps = |status: &str| status.starts_with("Name:\tsleep");
    assert!(dumps("sleep 60", &sleeps), "this system writes no core dumps, so nothing can be seen");
    let build = format!("'{}' build --kustomize ./kustomize", iamra_path().display());
    let builds = |status: &str| status.starts_with("Name:\tiamra") && !status.contains("Threads:\t1\n");
    assert!(!dumps(&build, &builds));
}
