//! The hooks, run by the real pre-commit on real repositories.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_yaml::Value;

use crate::diff::Repository;
use crate::peers::{cmp_image, image, of_cache, peer};
use crate::support::{Output, iamra_path, path_with_iamra, root, run};

/// pre-commit in a folder, with a home of its own.
fn pre_commit(dir: &Path, home: &Path, args: &[&str]) -> Output {
    run(&mut command(dir, home, args), b"")
}

fn command(dir: &Path, home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(of_cache(Path::new("python/bin/pre-commit")));
    command.args(args).current_dir(dir).env("PATH", path_with_iamra()).env("HOME", home);
    command.env("PRE_COMMIT_HOME", home.join("cache")).env("PRE_COMMIT_COLOR", "never");
    // Docker and cargo keep their folders.
    let of_user = std::env::var("HOME").unwrap();
    for (name, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        command.env(name, std::env::var(name).unwrap_or_else(|_| format!("{of_user}/{folder}")));
    }
    command.env("IAMRA_KUSTOMIZE", peer("kustomize-5.8.2"));
    command
}

/// A cargo that installs what these tests were built from, with their profile: all dependencies are compiled already.
struct Cargo {
    folder: tempfile::TempDir,
}

impl Cargo {
    fn new() -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let built = iamra_path().parent().unwrap();
        // Beside it, as links do not lead to other file systems.
        let folder = tempfile::tempdir_in(built.parent().unwrap()).unwrap();
        let target = folder.path().join("target").join(built.file_name().unwrap());
        fs::create_dir_all(&target).unwrap();
        for args in [["-a", ".fingerprint"], ["-a", "build"], ["-al", "deps"]] {
            let copied = run(Command::new("cp").args(args).arg(&target).current_dir(built), b"");
            assert_eq!(copied.exit, 0, "{}", copied.stderr);
        }
        let cargo = folder.path().join("cargo");
        let real = env!("CARGO");
        // pre-commit asks for its version first.
        let script = format!(
            "#!/bin/sh\nif [ \"$1\" = install ]; then set -- \"$@\" --debug --locked; fi\nexec '{real}' \"$@\"\n"
        );
        fs::write(&cargo, script).unwrap();
        fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    fn is_used_by(&self, command: &mut Command) {
        command.env("PATH", format!("{}:{}", self.folder.path().display(), path_with_iamra()));
        command.env("CARGO_TARGET_DIR", self.folder.path().join("target"));
    }
}

/// How a hook is run on a repository.
type Try<'t> = &'t dyn Fn(&Repository, &str) -> Output;

fn try_repo(repository: &Repository, hooks: &Path, home: &Path, hook: &str) -> Output {
    let hooks = hooks.display().to_string();
    pre_commit(repository.dir(), home, &["try-repo", &hooks, hook, "--all-files", "--verbose"])
}

/// As users have it: pre-commit installs the hook once and keeps it, while `try-repo` begins anew each time.
fn configured(repository: &Repository, hooks: &Repository, (home, cargo): (&Path, &Cargo), hook: &str) -> Output {
    let (repo, rev) = (hooks.dir().display(), hooks.head());
    let config = format!("repos:\n- repo: {repo}\n  rev: {rev}\n  hooks: [{{id: {hook}}}]\n");
    fs::write(home.join("config.yaml"), config).unwrap();
    let config = home.join("config.yaml").display().to_string();
    let mut command = command(repository.dir(), home, &["run", "--config", &config, "--all-files", "--verbose"]);
    cargo.is_used_by(&mut command);
    run(&mut command, b"")
}

/// This tree as it is now, in a repository that nobody works in.
pub(crate) fn snapshot() -> Repository {
    let list = Command::new("git")
        .current_dir(root())
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .output()
        .unwrap();
    let snapshot = Repository::new();
    for name in String::from_utf8(list.stdout).unwrap().split_terminator('\0') {
        let to = snapshot.dir().join(name);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        // Files that were removed but not staged are still listed.
        if root().join(name).is_file() {
            fs::copy(root().join(name), to).unwrap();
        }
    }
    snapshot.commit("snapshot");
    snapshot
}

/// A tree with a kustomization, what it renders to, and the hook's arguments in the only place for them.
fn rendered_tree() -> Repository {
    let repository = Repository::with_payments();
    repository.write("kustomization.yaml", "resources: [deployment.yaml]\n");
    repository.write(
        "deployment.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: payments}\nspec:\n  selector: {matchLabels: {app: payments}}\n  template:\n    metadata: {labels: {app: payments}}\n    spec:\n      containers:\n      - name: app\n        image: example.com/app:1\n",
    );
    let mut build = crate::support::iamra(repository.dir());
    let output =
        run(build.args(["build", ".", "--output", "rendered", "--kustomize"]).arg(peer("kustomize-5.8.2")), b"");
    assert_eq!(output.exit, 0, "{}", output.stderr);
    repository.commit("rendered");
    repository
}

/// A declaration that names a role which is not there, as staged.
fn misspell(repository: &Repository) {
    let text = fs::read_to_string(repository.dir().join("iamra.yaml")).unwrap();
    repository.write("iamra.yaml", &text.replace("role: readonly", "role: readonle"));
    repository.git(&["add", "--all"]);
}

#[track_caller]
fn passes(output: &Output) {
    assert_eq!(output.exit, 0, "{}{}", output.stdout, output.stderr);
    assert!(output.stdout.contains("Passed"), "{}", output.stdout);
}

#[track_caller]
fn fails(output: &Output, words: &[&str]) {
    assert_eq!(output.exit, 1, "{}{}", output.stdout, output.stderr);
    for word in words {
        assert!(output.stdout.contains(word), "{word} is not in\n{}", output.stdout);
    }
}

/// What all flavours of the two hooks on declarations do.
#[expect(clippy::print_stdout, reason = "how long the hook took, for whoever reads the run")]
fn check_hooks(try_hook: Try<'_>, suffix: &str) {
    let (check, lock) = (format!("iamra-check{suffix}"), format!("iamra-lock-check{suffix}"));
    let repository = Repository::with_payments();
    passes(&try_hook(&repository, &check));
    let output = try_hook(&repository, &lock);
    passes(&output);
    // The hook is installed by now. pre-commit measures the hook itself.
    println!("{lock} {}", output.stdout.lines().find(|line| line.contains("duration")).unwrap_or_default());
    misspell(&repository);
    let words = ["error[unknown-role]", "iamra.yaml:10:22", "did you mean `readonly`?"];
    fails(&try_hook(&repository, &check), &words);
    let repository = Repository::with_payments();
    repository.git(&["rm", "--quiet", "iamra.lock"]);
    passes(&try_hook(&repository, &check));
    fails(&try_hook(&repository, &lock), &["error[stale-lock]: there is no iamra.lock", "--> iamra.lock"]);
}

#[test]
fn the_manifest_has_three_hooks_in_three_flavours() {
    let home = tempfile::tempdir().unwrap();
    for args in [["validate-manifest", ".pre-commit-hooks.yaml"], ["validate-config", ".pre-commit-config.yaml"]] {
        let output = pre_commit(root(), home.path(), &args);
        assert_eq!(output.exit, 0, "{}{}", output.stdout, output.stderr);
    }
    let text = fs::read_to_string(root().join(".pre-commit-hooks.yaml")).unwrap();
    let hooks: Value = serde_yaml::from_str(&text).unwrap();
    let found: Vec<_> = hooks.as_sequence().unwrap().iter().map(|hook| hook["id"].as_str().unwrap()).collect();
    let ids = ["iamra-check", "iamra-lock-check", "iamra-render-check"];
    let expected: Vec<_> =
        ids.iter().flat_map(|id| ["", "-docker", "-system"].map(|flavour| format!("{id}{flavour}"))).collect();
    assert_eq!(found, expected);
    let version = format!(":{} ", env!("CARGO_PKG_VERSION"));
    assert_eq!(text.matches(&version).count(), 3, "the images are those of this version");
}

#[test]
fn the_iamra_on_path() {
    let (home, hooks) = (tempfile::tempdir().unwrap(), snapshot());
    check_hooks(&|repository, hook| try_repo(repository, hooks.dir(), home.path(), hook), "-system");
}

/// Built by `cargo install` in a clone, as pre-commit does it.
#[test]
fn the_iamra_that_cargo_builds() {
    let (home, hooks, cargo) = (tempfile::tempdir().unwrap(), snapshot(), Cargo::new());
    check_hooks(&|repository, hook| configured(repository, &hooks, (home.path(), &cargo), hook), "");
}

/// The image of this tree in place of the published one.
#[test]
fn the_iamra_in_an_image() {
    let (home, hooks) = (tempfile::tempdir().unwrap(), Repository::new());
    let text = fs::read_to_string(root().join(".pre-commit-hooks.yaml")).unwrap();
    let published = |name: &str| format!("ghcr.io/iamra/{name}:{}", env!("CARGO_PKG_VERSION"));
    let text = text.replace(&published("iamra"), image()).replace(&published("iamra-cmp"), cmp_image());
    hooks.write(".pre-commit-hooks.yaml", &text);
    hooks.commit("hooks");
    check_hooks(&|repository, hook| try_repo(repository, hooks.dir(), home.path(), hook), "-docker");
    render_check(hooks.dir(), home.path(), "-docker");
}

#[test]
fn a_forgotten_render_is_found() {
    let home = tempfile::tempdir().unwrap();
    render_check(root(), home.path(), "-system");
}

/// `try-repo` has no place for arguments, so the hook is configured as users do it.
fn render_check(hooks: &Path, home: &Path, suffix: &str) {
    let repository = rendered_tree();
    let text = fs::read_to_string(hooks.join(".pre-commit-hooks.yaml")).unwrap();
    let all: Value = serde_yaml::from_str(&text).unwrap();
    let id = format!("iamra-render-check{suffix}");
    let hook = all.as_sequence().unwrap().iter().find(|hook| hook["id"] == id.as_str()).unwrap();
    let (language, entry) = (hook["language"].as_str().unwrap(), hook["entry"].as_str().unwrap());
    let config = format!(
        "repos:\n- repo: local\n  hooks:\n  - id: {id}\n    name: render\n    language: {language}\n    entry: {entry}\n    args: [., --output, rendered]\n    always_run: true\n    require_serial: true\n"
    );
    repository.write(".pre-commit-config.yaml", &config);
    repository.commit("hooks");
    let check = |files: &str| pre_commit(repository.dir(), home, &["run", files]);
    passes(&check("--all-files"));
    let text = fs::read_to_string(repository.dir().join("iamra.yaml")).unwrap();
    repository.write("iamra.yaml", &text.replace("role: readonly", "role: admin"));
    repository.git(&["add", "--all"]);
    let words = [
        "error[stale-render]",
        "--> rendered/v1_configmap_payments-iam-ra-config.yaml:",
        "run `iamra build . --output rendered`",
    ];
    fails(&check("--all-files"), &words);
}

/// With the hook installed, git decides what is committed: what is staged, and nothing that lies around.
#[test]
fn a_commit_is_judged_by_what_is_staged() {
    let home = tempfile::tempdir().unwrap();
    let repository = Repository::with_payments();
    let hooks = "repos:\n- repo: local\n  hooks:\n  - {id: check, name: check, language: system, entry: iamra check --staged --locked, files: 'iamra\\.(yaml|lock)$'}\n";
    repository.write(".pre-commit-config.yaml", hooks);
    repository.commit("hooks");
    assert_eq!(pre_commit(repository.dir(), home.path(), &["install"]).exit, 0);
    let commit = |args: &[&str]| {
        let mut git = Command::new("git");
        git.current_dir(repository.dir()).args(["-c", "user.name=A", "-c", "user.email=a@example.com", "commit"]);
        git.args(["--quiet", "--message", "x"]).args(args).env("PATH", path_with_iamra()).env("HOME", home.path());
        run(git.env("PRE_COMMIT_HOME", home.path().join("cache")), b"")
    };
    let good = fs::read_to_string(repository.dir().join("iamra.yaml")).unwrap();
    // Wrong in the index, fixed only on disk.
    misspell(&repository);
    repository.write("iamra.yaml", &good);
    let output = commit(&[]);
    assert!(output.exit != 0 && output.stderr.contains("error[unknown-role]"), "{}", output.stderr);
    // Right in the index, broken only on disk.
    repository.write("iamra.yaml", &good.replace("role: readonly", "role: admin"));
    repository.git(&["add", "iamra.yaml"]);
    repository.write("iamra.yaml", "nonsense: [\n");
    let output = commit(&[]);
    assert_eq!(output.exit, 0, "{}{}", output.stdout, output.stderr);
    assert_eq!(fs::read_to_string(repository.dir().join("iamra.yaml")).unwrap(), "nonsense: [\n");
    // `commit --all` uses its own index.
    repository.write("iamra.yaml", &good.replace("role: readonly", "role: readonle"));
    let output = commit(&["--all"]);
    assert!(output.exit != 0 && output.stderr.contains("error[unknown-role]"), "{}", output.stderr);
    // A lock that is on disk and was never added.
    repository.write("iamra.yaml", &good);
    let lock = fs::read_to_string(repository.dir().join("iamra.lock")).unwrap();
    repository.git(&["add", "iamra.yaml"]);
    repository.git(&["rm", "--quiet", "--cached", "iamra.lock"]);
    repository.write("iamra.lock", &lock);
    let output = commit(&[]);
    assert!(output.exit != 0 && output.stderr.contains("there is no iamra.lock"), "{}", output.stderr);
}
