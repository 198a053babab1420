//! `iamra diff`: what a reviewer is told, and in every shape that a repository can have.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use iamra::diag::Report;
use iamra::diff::{ChangeKind, Snapshot, compare};
use iamra::pipeline::{Request, snapshot};
use iamra::reference::Query;
use iamra::resolve::{Answers, Lookup};
use iamra::secret::Secret;
use iamra::yaml::Document;
use serde_yaml::Value;

use crate::support::{Output, expect_file, iamra, root, run};

/// Answers every reference by an ARN made of its name, but for those that it is told.
struct Told(BTreeMap<String, String>);

impl Lookup for Told {
    fn answer(&self, queries: &BTreeSet<Query>) -> Answers {
        let arn = |name: &str| {
            let role = name.rsplit('/').nth(1).unwrap();
            match name.rsplit('/').next().unwrap() {
                "role-arn" => format!("arn:aws:iam::111122223333:role/{role}"),
                what => format!(
                    "arn:aws:rolesanywhere:eu-central-1:111122223333:{}/00000000-0000-0000-0000-000000000001",
                    what.trim_end_matches("-arn")
                ),
            }
        };
        let value = |query: &Query| self.0.get(&query.reference).cloned().unwrap_or_else(|| arn(&query.reference));
        queries.iter().map(|query| (query.clone(), Ok(Secret::new(value(query)).into()))).collect()
    }
}

fn read(spec: &Value, answers: BTreeMap<String, String>) -> Snapshot {
    let text = format!(
        "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata: {{name: acme}}\nspec: {}\n",
        spec.as_str().unwrap()
    );
    let document = Document::parse(&text).unwrap();
    let mut report = Report::default();
    let request = Request { mode: Some(iamra::config::Mode::Transform), ..Request::default() };
    let snapshot = snapshot(document.root(), request, Some(&Told(answers)), &mut report);
    snapshot.filter(|_| !report.has_errors()).unwrap_or_else(|| panic!("{text}\n{report:?}"))
}

#[test]
fn a_reviewer_is_told_what_changes() {
    let text = fs::read_to_string(root().join("tests/diff.yaml")).unwrap();
    let table: Value = serde_yaml::from_str(&text).unwrap();
    let mut shown = BTreeSet::new();
    for row in table.as_sequence().unwrap() {
        let why = row["why"].as_str().unwrap();
        let lock = row["lock"].as_mapping().into_iter().flatten();
        let lock = lock.map(|(name, value)| (name.as_str().unwrap().to_owned(), value.as_str().unwrap().to_owned()));
        let (base, head) = (read(&row["base"], BTreeMap::new()), read(&row["head"], lock.collect()));
        let changes = compare(&base, &head);
        shown.extend(changes.iter().map(|change| change.kind));
        let is_object = |kind: ChangeKind| kind >= ChangeKind::ObjectAdded;
        let said = changes.iter().filter(|change| !is_object(change.kind)).map(|change| {
            let mark = if change.escalation { "! " } else { "" };
            let clusters =
                if change.clusters.is_empty() { String::new() } else { format!(" [{}]", change.clusters.join(", ")) };
            format!("{mark}{}: {}{clusters}", change.kind.name(), change.message)
        });
        let expected: Vec<_> =
            row["changes"].as_sequence().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect();
        assert_eq!(said.collect::<Vec<_>>(), expected, "{why}");
        // Rendered objects never change without a described change, and equal snapshots have none.
        assert!(!(changes.iter().any(|it| is_object(it.kind)) && expected.is_empty()), "{why}: {changes:?}");
        assert_eq!(compare(&head, &head), [], "{why}");
    }
    let silent: Vec<_> = ChangeKind::all().filter(|kind| !shown.contains(kind)).map(ChangeKind::name).collect();
    assert!(silent.is_empty(), "no row shows {silent:?}");
}

/// Objects that come and go are told beside the words about them.
#[test]
fn objects_and_pods_are_told() {
    let role = "{roles: {pay: {}, more: {}}, workloads: ";
    let of = |workloads: &str| read(&Value::String(format!("{role}{workloads}}}")), BTreeMap::new());
    let messages = |base: &str, head: &str| {
        let changes = compare(&of(base), &of(head)).into_iter().filter(|change| change.kind >= ChangeKind::ObjectAdded);
        changes.map(|change| change.message).collect::<Vec<_>>()
    };
    let one = "{api: {role: pay}}";
    assert_eq!(
        messages("{}", one),
        ["Certificate api-cert is added", "ConfigMap api-iam-ra-config is added", "Issuer iam-ra is added"]
    );
    assert_eq!(messages(one, "{}").len(), 3);
    assert_eq!(
        messages(one, "{api: {role: more}}"),
        ["ConfigMap api-iam-ra-config is changed", "the pods of `api` are replaced"]
    );
}

/// A repository with a declaration and its lock.
pub(crate) struct Repository(tempfile::TempDir);

const PAYMENTS: &str = "  workloads:\n    payments: {role: readonly}\n";

fn declaration(workloads: &str) -> String {
    format!(
        "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata: {{name: acme}}\nspec:\n  region: eu-central-1\n  roles:\n    readonly: {{policies: ['arn:aws:iam::aws:policy/ReadOnlyAccess']}}\n    admin: {{policies: ['arn:aws:iam::aws:policy/AdministratorAccess']}}\n{workloads}"
    )
}

fn lock() -> String {
    let mut text = "apiVersion: iamra.dev/v1alpha1\nkind: Lock\nreferences:\n".to_owned();
    let anywhere = "arn:aws:rolesanywhere:eu-central-1:111122223333";
    let mut add = |name: &str, value: String| {
        writeln!(text, "  ssm:/iam-ra/default/{name}: {{value: '{value}', version: 1}}").unwrap();
    };
    add("scopes/default/trust-anchor-arn", format!("{anywhere}:trust-anchor/00000000-0000-0000-0000-000000000001"));
    for role in ["readonly", "admin"] {
        add(&format!("roles/{role}/role-arn"), format!("arn:aws:iam::111122223333:role/{role}"));
        add(&format!("roles/{role}/profile-arn"), format!("{anywhere}:profile/00000000-0000-0000-0000-000000000001"));
    }
    text
}

/// The git program with nobody's settings.
pub(crate) fn git_in(dir: &Path, args: &[&str]) {
    let mut git = Command::new("git");
    git.current_dir(dir).env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", "/nonexistent");
    let settings = [
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_AUTHOR_NAME", "A"),
        ("GIT_AUTHOR_EMAIL", "a@example.com"),
        ("GIT_COMMITTER_NAME", "A"),
        ("GIT_COMMITTER_EMAIL", "a@example.com"),
    ];
    let output = run(git.envs(settings).args(["-c", "protocol.file.allow=always"]).args(args), b"");
    assert_eq!(output.exit, 0, "git {args:?}: {}", output.stderr);
}

impl Repository {
    /// Without a commit.
    pub(crate) fn new() -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    /// With `payments` as `readonly` committed on `main`.
    pub(crate) fn with_payments() -> Self {
        let repository = Self::new();
        repository.write("iamra.yaml", &declaration(PAYMENTS));
        repository.write("iamra.lock", &lock());
        repository.commit("payments");
        repository
    }

    pub(crate) fn dir(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn git(&self, args: &[&str]) {
        git_in(self.dir(), args);
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.dir().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    /// The hash of the last commit.
    pub(crate) fn head(&self) -> String {
        let head = Command::new("git").current_dir(self.dir()).args(["rev-parse", "HEAD"]).output().unwrap();
        String::from_utf8(head.stdout).unwrap().trim().to_owned()
    }

    /// `payments` becomes `admin` on disk.
    fn escalate(&self) {
        self.write("iamra.yaml", &declaration(&PAYMENTS.replace("readonly", "admin")));
    }

    fn diff(&self, args: &[&str]) -> Output {
        diff_in(self.dir(), args)
    }
}

fn diff_in(dir: &Path, args: &[&str]) -> Output {
    run(iamra(dir).arg("diff").args(args), b"")
}

const MOVED: &str = "role-moved  `payments` moves from role `readonly` to `admin`\n";

#[track_caller]
fn moved(output: &Output) {
    assert_eq!(output.exit, 4, "{}", output.stderr);
    assert!(output.stdout.contains(MOVED), "{}{}", output.stdout, output.stderr);
}

#[track_caller]
fn unchanged(output: &Output) {
    assert_eq!(output.exit, 0, "{}{}", output.stdout, output.stderr);
    assert!(output.stdout.contains("no changes"), "{}", output.stdout);
}

#[track_caller]
fn refused(output: &Output, exit: i32, words: &str) {
    assert_eq!((output.exit, output.stdout.as_str()), (exit, ""), "{}", output.stderr);
    assert!(output.stderr.contains(words) && output.stderr.contains("help:"), "{}", output.stderr);
}

#[test]
fn the_worktree_the_index_and_revisions() {
    let repository = Repository::with_payments();
    unchanged(&repository.diff(&[]));
    repository.escalate();
    moved(&repository.diff(&[]));
    unchanged(&repository.diff(&["--staged"]));
    repository.git(&["add", "iamra.yaml"]);
    moved(&repository.diff(&["--staged"]));
    // The file on disk no longer matters.
    repository.write("iamra.yaml", &declaration(PAYMENTS));
    moved(&repository.diff(&["--staged"]));
    unchanged(&repository.diff(&[]));
    repository.git(&["commit", "--quiet", "--message", "admin"]);
    moved(&repository.diff(&["HEAD~1..HEAD"]));
    moved(&repository.diff(&["HEAD~1.."]));
    unchanged(&repository.diff(&["HEAD~1"]));
    refused(&repository.diff(&["nowhere..HEAD"]), 2, "`nowhere` is not a revision");
    refused(&repository.diff(&["."]), 2, "iamra diff HEAD DIR");
}

#[test]
fn only_escalations_when_asked() {
    let repository = Repository::with_payments();
    repository.write("iamra.yaml", &declaration("  workloads: {}\n"));
    let output = repository.diff(&[]);
    assert_eq!(output.exit, 4);
    assert!(output.stdout.contains("role-lost") && !output.stdout.contains("escalations"), "{}", output.stdout);
    unchanged(&repository.diff(&["--escalations"]));
}

/// Every format, to be read as its reader would.
#[test]
fn the_formats_read_as_recorded() {
    let repository = Repository::with_payments();
    let workloads = |rest: &str| format!("  clusters: {{lab: {{}}, prod: {{}}}}\n  workloads:\n{rest}");
    let base = "    payments: {role: readonly, clusters: [lab, prod]}\n";
    let head = "    payments:\n      role: admin\n      clusters: [lab, prod]\n      certificate: {renewBefore: 3h}\n    reports: {role: admin, clusters: [lab]}\n";
    repository.write("iamra.yaml", &declaration(&workloads(base)));
    repository.commit("clusters");
    repository.write("iamra.yaml", &declaration(&workloads(head)));
    let mut failures = Vec::new();
    for (format, file) in
        [("human", "human.txt"), ("json", "changes.json"), ("markdown", "comment.md"), ("sarif", "changes.sarif")]
    {
        let output = repository.diff(&["--format", format]);
        assert_eq!(output.exit, 4, "{}", output.stderr);
        let text = output
            .stdout
            .replace(concat!("\"version\": \"", env!("CARGO_PKG_VERSION"), "\""), "\"version\": \"VERSION\"");
        failures.extend(expect_file(&root().join("tests/data/diff").join(file), &text).err());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_renamed_file_is_the_same_declaration() {
    let repository = Repository::with_payments();
    fs::create_dir(repository.dir().join("aws")).unwrap();
    repository.git(&["mv", "iamra.yaml", "iamra.lock", "aws"]);
    unchanged(&repository.diff(&["HEAD", "aws"]));
    unchanged(&repository.diff(&["HEAD", "aws", "--staged"]));
    repository.write("aws/iamra.yaml", &declaration(&PAYMENTS.replace("readonly", "admin")));
    moved(&repository.diff(&["HEAD", "aws"]));
    repository.commit("moved");
    moved(&repository.diff(&["HEAD~1..HEAD", "aws"]));
    // From its old location, too.
    moved(&repository.diff(&["HEAD~1..HEAD"]));
    // Also without `git mv`: to git, the new file is untracked.
    fs::rename(repository.dir().join("aws"), repository.dir().join("identities")).unwrap();
    unchanged(&repository.diff(&["HEAD", "identities"]));
}

#[test]
fn a_branch_is_compared_with_where_it_left() {
    let repository = Repository::with_payments();
    repository.git(&["checkout", "--quiet", "-b", "feature"]);
    repository.write("README", "feature\n");
    repository.commit("feature");
    repository.git(&["checkout", "--quiet", "main"]);
    repository.escalate();
    repository.commit("admin on main");
    // The branch changed nothing, but compared with main as it is now, it reverts something.
    unchanged(&repository.diff(&["main...feature"]));
    assert!(repository.diff(&["main..feature"]).stdout.contains("from role `admin` to `readonly`"));
    repository.git(&["merge", "--quiet", "--no-ff", "--message", "merge", "feature"]);
    unchanged(&repository.diff(&["HEAD^1..HEAD"]));
    moved(&repository.diff(&["HEAD^2..HEAD"]));
    moved(&repository.diff(&["feature...main"]));
    // Unrelated histories.
    repository.git(&["checkout", "--quiet", "--orphan", "other"]);
    repository.commit("other");
    refused(&repository.diff(&["main...other"]), 3, "no commit in common");
    unchanged(&repository.diff(&["main..other"]));
}

#[test]
fn a_conflict_is_not_guessed_at() {
    let repository = Repository::with_payments();
    repository.git(&["checkout", "--quiet", "-b", "feature"]);
    repository.escalate();
    repository.commit("admin");
    repository.git(&["checkout", "--quiet", "main"]);
    repository.write("iamra.yaml", &declaration("  workloads:\n    payments: {role: readonly, namespace: shop}\n"));
    repository.commit("namespace");
    let mut merge = Command::new("git");
    merge.current_dir(repository.dir()).args([
        "-c",
        "user.name=A",
        "-c",
        "user.email=a@example.com",
        "merge",
        "feature",
    ]);
    assert_ne!(run(&mut merge, b"").exit, 0);
    refused(&repository.diff(&["--staged"]), 3, "has conflicts in the index");
    // The file on disk has conflict markers, which are not YAML.
    let output = repository.diff(&[]);
    assert_eq!((output.exit, output.stdout.as_str()), (1, ""), "{}", output.stderr);
    assert!(output.stderr.contains("--> iamra.yaml in the worktree:"), "{}", output.stderr);
}

#[test]
fn a_detached_head_a_shallow_clone_a_worktree_and_a_bare_repository() {
    let repository = Repository::with_payments();
    repository.escalate();
    repository.commit("admin");
    repository.git(&["checkout", "--quiet", "--detach", "HEAD~1"]);
    repository.escalate();
    moved(&repository.diff(&[]));
    moved(&repository.diff(&["HEAD..main"]));
    repository.git(&["checkout", "--quiet", "--force", "main"]);
    let beside = tempfile::tempdir().unwrap();
    let origin = format!("file://{}", repository.dir().display());

    git_in(beside.path(), &["clone", "--quiet", "--depth=1", &origin, "shallow"]);
    let shallow = beside.path().join("shallow");
    unchanged(&diff_in(&shallow, &[]));
    refused(&diff_in(&shallow, &["HEAD~1..HEAD"]), 2, "is not a revision of this shallow clone");

    let linked = beside.path().join("linked");
    repository.git(&["worktree", "add", "--quiet", linked.to_str().unwrap(), "HEAD~1"]);
    unchanged(&diff_in(&linked, &[]));
    fs::write(linked.join("iamra.yaml"), declaration(&PAYMENTS.replace("readonly", "admin"))).unwrap();
    moved(&diff_in(&linked, &[]));
    unchanged(&diff_in(&linked, &["--staged"]));
    git_in(&linked, &["add", "iamra.yaml"]);
    moved(&diff_in(&linked, &["--staged"]));
    unchanged(&repository.diff(&["--staged"]));

    git_in(beside.path(), &["clone", "--quiet", "--bare", &origin, "bare.git"]);
    let bare = beside.path().join("bare.git");
    moved(&diff_in(&bare, &["main~1..main"]));
    refused(&diff_in(&bare, &[]), 2, "the repository is bare");
}

#[test]
fn no_commit_yet_and_no_repository_at_all() {
    let repository = Repository::new();
    refused(&repository.diff(&[]), 2, "there is no `iamra.yaml`");
    repository.write("iamra.yaml", &declaration(PAYMENTS));
    repository.write("iamra.lock", &lock());
    let output = repository.diff(&[]);
    assert_eq!(output.exit, 4, "{}", output.stderr);
    assert!(output.stdout.contains("`payments` gains role `readonly`"), "{}", output.stdout);
    repository.git(&["add", "--all"]);
    assert_eq!(repository.diff(&["--staged"]).stdout, output.stdout.replace("the worktree", "the index"));
    refused(&repository.diff(&["HEAD"]), 2, "`HEAD` is not a revision");
    let nowhere = tempfile::tempdir().unwrap();
    refused(&diff_in(nowhere.path(), &[]), 3, "is not in a Git repository");
}

#[test]
fn a_file_that_is_not_there_at_the_base_or_not_any_more() {
    let repository = Repository::new();
    repository.write("README", "first\n");
    repository.commit("first");
    repository.write("prod/iamra.yaml", &declaration(PAYMENTS));
    repository.write("prod/iamra.lock", &lock());
    repository.commit("declared");
    let added = repository.diff(&["HEAD~1..HEAD", "prod"]);
    assert_eq!(added.exit, 4, "{}", added.stderr);
    assert!(added.stdout.contains("gains role `readonly`"), "{}", added.stdout);
    assert!(added.stderr.contains("note: there is no declaration in HEAD~1"), "{}", added.stderr);
    repository.git(&["rm", "--quiet", "-r", "prod"]);
    repository.commit("gone");
    let gone = repository.diff(&["HEAD~1..HEAD", "prod"]);
    assert!(gone.exit == 4 && gone.stdout.contains("loses role `readonly`"), "{}{}", gone.stdout, gone.stderr);
    // A declaration further up is a different one, and must not hide that this one was removed.
    repository.write("iamra.yaml", &declaration("  workloads: {}\n"));
    repository.commit("another");
    let gone = repository.diff(&["HEAD~2..HEAD", "prod"]);
    assert!(gone.exit == 4 && gone.stdout.contains("loses role `readonly`"), "{}{}", gone.stdout, gone.stderr);
}

#[test]
fn a_submodule_is_a_repository_of_its_own() {
    let inner = Repository::with_payments();
    let outer = Repository::new();
    outer.git(&["submodule", "--quiet", "add", inner.dir().to_str().unwrap(), "apps"]);
    outer.commit("apps");
    fs::write(outer.dir().join("apps/iamra.yaml"), declaration(&PAYMENTS.replace("readonly", "admin"))).unwrap();
    moved(&outer.diff(&["HEAD", "apps"]));
    moved(&diff_in(&outer.dir().join("apps"), &[]));
    refused(&outer.diff(&[]), 2, "there is no `iamra.yaml`");
}

#[test]
fn two_thousand_commits() {
    let repository = Repository::new();
    let mut stream = String::new();
    for number in 1..=2000 {
        let text = declaration(&PAYMENTS.replace("readonly", if number < 2000 { "readonly" } else { "admin" }));
        let text = format!("# {number}\n{text}");
        writeln!(stream, "commit refs/heads/main\ncommitter A <a@example.com> {number} +0000\ndata 2\nx\n").unwrap();
        write!(stream, "M 100644 inline iamra.yaml\ndata {}\n{text}\n", text.len()).unwrap();
        write!(stream, "M 100644 inline iamra.lock\ndata {}\n{}\n", lock().len(), lock()).unwrap();
    }
    let mut import = Command::new("git");
    let output = run(import.current_dir(repository.dir()).args(["fast-import", "--quiet"]), stream.as_bytes());
    assert_eq!(output.exit, 0, "{}", output.stderr);
    moved(&repository.diff(&["main~1999..main"]));
    moved(&repository.diff(&["main~1999...main"]));
    unchanged(&repository.diff(&["main~1999..main~1"]));
}

/// A lock that does not cover one side leaves the rest of the comparison.
#[test]
fn a_lock_that_is_not_there_is_said() {
    let repository = Repository::with_payments();
    repository.git(&["rm", "--quiet", "iamra.lock"]);
    repository.escalate();
    let output = repository.diff(&[]);
    moved(&output);
    assert!(output.stderr.contains("note: iamra.lock does not exist in the worktree"), "{}", output.stderr);
    let comment = repository.diff(&["--format", "markdown"]);
    assert!(comment.stdout.contains("\n> iamra.lock does not exist in the worktree"), "{}", comment.stdout);
}

/// A lock that goes, and comes again with another role in it: neither step is a step of nothing.
#[test]
fn what_only_one_side_knows_is_no_sameness() {
    let repository = Repository::with_payments();
    repository.git(&["rm", "--quiet", "iamra.lock"]);
    repository.commit("without a lock");
    let gone = repository.diff(&["main~1..main", "--escalations"]);
    assert!(gone.exit == 4 && gone.stderr.contains("note: iamra.lock does not exist in main"), "{}", gone.stderr);
    repository.write("iamra.lock", &lock().replace("role/readonly", "role/admin"));
    repository.commit("with another role");
    assert_eq!(repository.diff(&["main~1..main", "--escalations"]).exit, 4);
    // With live rendering, neither snapshot has a lock, which is reported.
    repository.git(&["rm", "--quiet", "iamra.lock"]);
    repository.commit("live");
    repository.write("more.txt", "");
    repository.commit("something else");
    let live = repository.diff(&["main~1..main"]);
    assert!(live.exit == 0 && live.stderr.contains("ARNs and objects are not compared"), "{}", live.stderr);
}

#[test]
fn a_link_is_followed_and_one_that_leads_out_is_not() {
    let repository = Repository::with_payments();
    let link = |target: &str, name: &str| std::os::unix::fs::symlink(target, repository.dir().join(name)).unwrap();
    fs::create_dir(repository.dir().join("prod")).unwrap();
    link("../iamra.yaml", "prod/iamra.yaml");
    link("../iamra.lock", "prod/iamra.lock");
    fs::create_dir(repository.dir().join("out")).unwrap();
    link("../../somewhere.yaml", "out/iamra.yaml");
    repository.commit("links");
    repository.escalate();
    repository.commit("admin");
    moved(&repository.diff(&["HEAD~1..HEAD", "prod"]));
    let output = repository.diff(&["HEAD~1..HEAD", "out"]);
    assert_eq!((output.exit, output.stdout.as_str()), (3, ""), "{}", output.stderr);
    assert!(output.stderr.contains("points outside the repository"), "{}", output.stderr);
}

/// Nothing of the repository is written, not even the index's cache.
#[test]
fn it_only_reads() {
    let repository = Repository::with_payments();
    repository.escalate();
    let snapshot = || {
        let mut files: BTreeMap<PathBuf, (Vec<u8>, std::time::SystemTime)> = BTreeMap::new();
        let mut folders = vec![repository.dir().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let modified = entry.metadata().unwrap().modified().unwrap();
                    files.insert(path.clone(), (fs::read(path).unwrap(), modified));
                }
            }
        }
        files
    };
    let before = snapshot();
    for args in [&[][..], &["--staged"], &["HEAD"], &["HEAD...HEAD"]] {
        let _ = repository.diff(args);
    }
    assert!(snapshot() == before);
}
