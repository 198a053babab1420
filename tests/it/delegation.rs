//! Declarations that extend another one: what they can say, and what they cannot whatever they try.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use serde_yaml::Value;

use crate::kustomize::copy;
use crate::paths::make;
use crate::peers::peer;
use crate::support::{Output, iamra, root, run};

const BASE: &str = "\
apiVersion: iamra.dev/v1alpha1
kind: RolesAnywhere
metadata: {name: platform}
spec:
  scopes:
    default: {trustAnchor: 'arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d'}
  roles:
    readonly: {profileArn: 'arn:aws:rolesanywhere:eu-central-1:111122223333:profile/6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d'}
    admin: {}
  clusters:
    prod:
      workloads:
        canary: {role: readonly, namespace: front}
    staging: {}
  namespaces:
    front: {roles: [readonly], paths: [apps/front]}
    payments: {roles: [admin], paths: [apps/payments]}
    shared: {roles: [readonly], paths: [apps/front]}
  workloads:
    gateway: {role: readonly, namespace: shared, clusters: [prod]}
";

const LOCK: &str = "\
apiVersion: iamra.dev/v1alpha1
kind: Lock
references:
  ssm:/iam-ra/default/roles/admin/profile-arn: {value: 'arn:aws:rolesanywhere:eu-central-1:111122223333:profile/6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d'}
  ssm:/iam-ra/default/roles/admin/role-arn: {value: 'arn:aws:iam::111122223333:role/admin'}
  ssm:/iam-ra/default/roles/readonly/role-arn: {value: 'arn:aws:iam::111122223333:role/readonly'}
";

/// A Deployment that says which role it has, if it says so.
fn deployment(name: &str, role: Option<&str>) -> String {
    let annotations = role.map_or_else(String::new, |role| format!(", annotations: {{iamra.dev/role: {role}}}"));
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: front}}\nspec:\n  selector: {{matchLabels: \
         {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}{annotations}}}\n    spec: {{containers: [{{name: \
         app, image: app}}]}}\n"
    )
}

fn declaration(extends: &str, spec: &str) -> String {
    format!(
        "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata: {{name: front}}\nspec:\n  extends: {extends}\n  {spec}\n"
    )
}

/// A repository with a base, and a file outside of it.
struct Tree {
    folder: tempfile::TempDir,
}

impl Tree {
    fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir_all(tree.path().join(".git")).unwrap();
        fs::write(tree.folder.path().join("outside.yaml"), BASE).unwrap();
        tree.write("iamra.yaml", BASE);
        for (name, text) in files {
            tree.write(name, text);
        }
        tree
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("repository")
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn run(&self, folder: &str, args: &[&str], stdin: &str) -> Output {
        // Instead of kustomize: what it would print.
        let kustomize = self.folder.path().join("kustomize");
        fs::write(&kustomize, format!("#!/bin/sh\ncat <<'EOF'\n{}EOF\n", deployment("mine", None))).unwrap();
        fs::set_permissions(&kustomize, fs::Permissions::from_mode(0o755)).unwrap();
        let dir = self.path().join(folder);
        run(iamra(&dir).args(args).env("IAMRA_KUSTOMIZE", kustomize), stdin.as_bytes())
    }
}

/// Commands that read a declaration, with its folder or its file as `@`.
const COMMANDS: &[&[&str]] = &[
    &["render", "@", "--cluster", "prod"],
    &["inject", "-", "--declaration", "@", "--cluster", "prod"],
    &["build", "@", "--cluster", "prod"],
    &["check", "@"],
    &["verify", "-", "--declaration", "@", "--cluster", "prod"],
    &["status", "@"],
    &["lock", "@", "--explain-calls"],
    &["k8s", "onboard", "new", "--role", "readonly", "--cluster", "prod", "--declaration", "@"],
    &["k8s", "offboard", "mine", "--declaration", "@"],
    &["doctor", "@", "--explain-calls", "--cluster", "prod"],
];

#[test]
fn every_attack_is_refused_by_every_command() {
    let table = fs::read_to_string(root().join("tests/delegation.yaml")).unwrap();
    let rows: Vec<Value> = serde_yaml::from_str(&table).unwrap();
    let mut failures = Vec::new();
    for row in &rows {
        failures.extend(failures_of(row));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(rows.len() > 35, "{}", rows.len());
}

fn failures_of(row: &Value) -> Vec<String> {
    let entries = |field: &str| {
        let entries = row[field].as_mapping().cloned().unwrap_or_default();
        entries.into_iter().map(|(key, value)| (key.as_str().unwrap().to_owned(), value.as_str().unwrap().to_owned()))
    };
    let tree = Tree::new(&[("iamra.lock", LOCK)]);
    let own = row["own"].as_str().unwrap_or("workloads: {mine: {role: readonly, namespace: front, clusters: [prod]}}");
    let text = declaration(row["extends"].as_str().unwrap_or("../../iamra.yaml"), own);
    tree.write("apps/front/iamra.yaml", &text);
    entries("files").for_each(|(name, text)| tree.write(&name, &text));
    for (name, target) in entries("links") {
        let link = tree.path().join(name);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(target, link).unwrap();
    }
    for (kind, name) in entries("make") {
        let _ = make(&kind, &tree.path().join(name));
    }
    let folder = row["from"].as_str().unwrap_or("apps/front");
    let (attack, objects) = (row["attack"].as_str().unwrap(), deployment("mine", None));
    let mut failures = Vec::new();
    for command in COMMANDS {
        let args: Vec<_> = command.iter().map(|arg| if *arg == "@" { folder } else { arg }).collect();
        let output = tree.run("", &args, &objects);
        let silent = row["says"].as_sequence().unwrap().iter().map(|words| words.as_str().unwrap());
        let silent: Vec<_> = silent.filter(|words| !output.stderr.contains(words)).collect();
        if output.exit != 1 || !output.stdout.is_empty() || !silent.is_empty() || output.stderr.contains("hunter2") {
            failures.push(format!("{attack}: {args:?} does not say {silent:?}\n{output:?}"));
        }
        let is_unchanged =
            row["from"].is_string() || fs::read_to_string(tree.path().join(folder).join("iamra.yaml")).unwrap() == text;
        assert!(is_unchanged, "{attack}: {args:?}");
    }
    // In the folder itself, as Argo CD's plugin runs.
    let output = tree.run(folder, &["argocd", "generate"], "");
    if output.exit == 0 || !output.stdout.is_empty() {
        failures.push(format!("{attack}: {output:?}"));
    }
    failures
}

/// An annotation is as good as a declaration, and not better.
#[test]
fn an_annotation_takes_no_role_that_the_base_does_not_give() {
    let tree = Tree::new(&[
        ("iamra.lock", LOCK),
        ("apps/front/iamra.yaml", &declaration("../../iamra.yaml", "workloads: {}")),
    ]);
    let inject = |role| tree.run("apps/front", &["inject", "-", "--cluster", "prod"], &deployment("new", Some(role)));
    let allowed = inject("readonly");
    assert!(allowed.exit == 0 && allowed.stdout.contains("name: new-cert"), "{allowed:?}");
    let refused = inject("admin");
    assert_eq!((refused.exit, refused.stdout.as_str()), (1, ""), "{refused:?}");
    for words in
        ["error[role-not-allowed]", "annotated with role `admin`", "(`../../iamra.yaml:16`)", "Deployment front/new"]
    {
        assert!(refused.stderr.contains(words), "{words}: {}", refused.stderr);
    }
}

#[test]
fn a_declaration_has_what_its_bases_say() {
    let team = declaration(
        "../iamra.yaml",
        "defaults: {certificate: {duration: 12h}, sidecar: {port: 9300, env: {A: a, B: b}}}",
    );
    let app = declaration(
        "../iamra.yaml",
        "defaults: {sidecar: {env: {B: null}}}\n  workloads: {mine: {role: readonly, namespace: front, clusters: [prod], \
         certificate: {renewBefore: 3h}}}",
    );
    let tree = Tree::new(&[("iamra.lock", LOCK), ("apps/iamra.yaml", &team), ("apps/front/iamra.yaml", &app)]);
    let output = tree.run("apps/front", &["inject", "-", "--cluster", "prod"], &deployment("mine", None));
    // Those of the base are in other builds.
    assert!(output.exit == 0 && output.stderr.starts_with("note[workload-not-found]: "), "{output:?}");
    for words in ["duration: 12h", "renewBefore: 3h", "--port=9300", "{name: A, value: a}", "role/readonly"] {
        assert!(output.stdout.contains(words), "{words}: {}", output.stdout);
    }
    assert!(!output.stdout.contains("{name: B,") && !output.stdout.contains("gateway"), "{}", output.stdout);
    let status = tree.run("apps/front", &["status"], "");
    assert!(status.stdout.contains("\n../../iamra.lock: 3 references locked"), "{}", status.stdout);
}

/// A base does not know who extends it, and its lock answers them all.
#[test]
fn the_lock_of_a_base_is_for_everybody() {
    let app =
        declaration("../../iamra.yaml", "workloads: {mine: {role: admin, namespace: payments, clusters: [prod]}}");
    let tree = Tree::new(&[("apps/payments/iamra.yaml", &app)]);
    let calls = |folder: &str| tree.run("", &["lock", folder, "--explain-calls"], "");
    let base = calls(".");
    assert!(base.exit == 0 && base.stdout.contains("/iam-ra/default/roles/admin/role-arn"), "{base:?}");
    assert_eq!(base, calls("apps/payments"));
}

#[test]
fn without_namespaces_any_folder_may_declare_workloads() {
    let app = declaration("../../iamra.yaml", "workloads: {mine: {role: admin, clusters: [prod]}}");
    let tree = Tree::new(&[("iamra.lock", LOCK), ("apps/any/iamra.yaml", &app)]);
    let (before, after) = BASE.split_once("  namespaces:\n").unwrap();
    let workloads = after.split_once("  workloads:\n").unwrap().1;
    tree.write("iamra.yaml", &format!("{before}  workloads:\n{workloads}"));
    let output = tree.run("apps/any", &["render", "--cluster", "prod"], "");
    assert!(output.exit == 0 && output.stdout.contains("name: mine-cert"), "{output:?}");
}

#[test]
fn without_a_repository_nothing_above_is_extended() {
    let app =
        declaration("../../iamra.yaml", "workloads: {mine: {role: readonly, namespace: front, clusters: [prod]}}");
    let tree = Tree::new(&[("apps/front/iamra.yaml", &app)]);
    fs::remove_dir(tree.path().join(".git")).unwrap();
    let output = tree.run("apps/front", &["render", "--cluster", "prod"], "");
    assert_eq!((output.exit, output.stdout.as_str()), (1, ""));
    assert!(
        output.stderr.contains("error[outside-repository]")
            && output.stderr.contains("there is no Git repository around this folder"),
        "{output:?}"
    );
}

/// Argo CD may pass a part of the repository.
#[test]
fn in_argo_cd_a_base_that_was_not_passed_is_explained() {
    let app =
        declaration("../../iamra.yaml", "workloads: {mine: {role: readonly, namespace: front, clusters: [prod]}}");
    let tree = Tree::new(&[]);
    let call = "_cmp_server/2b1c/apps/front";
    tree.write(&format!("{call}/iamra.yaml"), &app);
    let output = tree.run(call, &["argocd", "generate"], "");
    assert_eq!((output.exit, output.stdout.as_str()), (1, ""));
    assert!(output.stderr.contains("error[invalid-base]: there is no `../../iamra.yaml`"), "{output:?}");
    assert!(output.stderr.contains("`argocd.argoproj.io/manifest-generate-paths`"), "{output:?}");
    // With it, the lock beside it is used.
    tree.write("_cmp_server/2b1c/iamra.yaml", BASE);
    tree.write("_cmp_server/2b1c/iamra.lock", LOCK);
    let kustomized = tree.run(call, &["argocd", "generate", "--cluster", "prod"], "");
    assert!(kustomized.exit == 0 && kustomized.stdout.contains("role/readonly"), "{kustomized:?}");
}

/// Two teams see only the base; the platform sees both.
/// A role trusts the workloads of all declarations: one that nobody can read must not be taken for one that declares nothing.
#[test]
fn a_declaration_that_cannot_be_read_is_never_left_out() {
    let source = root().join("examples/09-monorepo");
    let text = fs::read_to_string(source.join("apps/reports/iamra.yaml")).unwrap();
    let utf_16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let rows: &[(&str, Vec<u8>)] = &[
        ("a mark of a merge", format!("{text}<<<<<<< HEAD\n").into()),
        ("an open bracket", format!("{text}foo: [\n").into()),
        ("UTF-16", utf_16),
        ("Latin-1", [text.as_bytes(), b"# \xfc\n"].concat()),
        ("a tab", text.replace("  workloads:", "\tworkloads:").into()),
        ("a list of bases", text.replace("../../iamra.yaml", "[../../iamra.yaml]").into()),
        ("nothing", Vec::new()),
        ("two documents", format!("{text}---\n{text}").into()),
        ("a circle", text.replace("../../iamra.yaml", "../circle/iamra.yaml").into()),
    ];
    for (what, bytes) in rows {
        let tree = tempfile::tempdir().unwrap();
        copy(&source, tree.path());
        fs::create_dir(tree.path().join(".git")).unwrap();
        fs::write(tree.path().join("apps/reports/iamra.yaml"), bytes).unwrap();
        if *what == "a circle" {
            fs::create_dir(tree.path().join("apps/circle")).unwrap();
            let other = text.replace("../../iamra.yaml", "../reports/iamra.yaml");
            fs::write(tree.path().join("apps/circle/iamra.yaml"), other).unwrap();
        }
        for command in [
            "check",
            "report",
            "matrix",
            "trust-policy readonly --cluster prod",
            "can-assume front readonly --cluster prod",
            "aws export --format terraform --cluster prod",
        ] {
            let output = run(iamra(tree.path()).args(command.split(' ')), b"");
            assert_ne!(output.exit, 0, "{what}: iamra {command}: {}{}", output.stdout, output.stderr);
            let is_named =
                ["reports", "circle"].iter().any(|it| output.stderr.contains(&format!("apps/{it}/iamra.yaml")));
            assert!(is_named, "{what}: iamra {command}: {}", output.stderr);
            if command != "report" && command != "check" {
                assert_eq!(output.stdout, "", "{what}: iamra {command}");
            }
        }
    }
}

#[test]
fn siblings_are_compared_where_the_whole_is_seen() {
    let web = "workloads: {web: {role: readonly, namespace: front, clusters: [prod]}}";
    let one = declaration("../../../iamra.yaml", web);
    let tree = Tree::new(&[("iamra.lock", LOCK), ("apps/front/a/iamra.yaml", &one), ("apps/front/b/iamra.yaml", &one)]);
    let claimed = |place: &str| format!("error[claimed-twice]: workload `web` is already declared in `{place}`");
    let whole = tree.run("", &["check"], "");
    assert!(whole.exit == 1 && whole.stderr.contains(&claimed("apps/front/a/iamra.yaml:6")), "{whole:?}");
    assert!(whole.stderr.contains("--> apps/front/b/iamra.yaml:6:15"), "{whole:?}");
    // What a team changes is compared with what there is, from wherever it is checked.
    let part = tree.run("apps/front/a", &["check"], "");
    assert!(part.exit == 1 && part.stderr.contains(&claimed("../../../apps/front/b/iamra.yaml:6")), "{part:?}");
    tree.write("apps/front/b/iamra.yaml", &declaration("../../../iamra.yaml", "workloads: {}"));
    assert_eq!(tree.run("", &["check"], "").exit, 0);
}

#[test]
fn commands_that_edit_leave_the_base_alone() {
    let app =
        declaration("../../iamra.yaml", "workloads:\n    mine: {role: readonly, namespace: front, clusters: [prod]}");
    let tree = Tree::new(&[("iamra.lock", LOCK), ("apps/front/iamra.yaml", &app)]);
    let edit = |words: &str| {
        let args: Vec<_> = ["k8s"].into_iter().chain(words.split(' ')).collect();
        tree.run("apps/front", &args, "")
    };
    let onboarded = edit("onboard new --role readonly --cluster prod --k8s-namespace front --no-sample-pod");
    assert!(onboarded.exit == 0 && onboarded.stdout.contains("name: new-cert"), "{onboarded:?}");
    assert!(!onboarded.stdout.contains("mine"), "{onboarded:?}");
    let said = [
        ("onboard new --role root --cluster prod", "role `root` is not declared"),
        ("onboard gateway --role admin --cluster prod", "workload `gateway` is declared in `../../iamra.yaml:20`"),
        ("offboard gateway", "workload `gateway` is declared in `../../iamra.yaml:20`"),
        ("setup dev", "clusters are up to the base, `../../iamra.yaml`"),
        ("teardown staging", "clusters are up to the base, `../../iamra.yaml`"),
        (
            "onboard other --role readonly --cluster prod --k8s-namespace payments",
            "namespace `payments`, which `../../iamra.yaml:17`",
        ),
    ];
    for (words, expected) in said {
        let output = edit(words);
        assert!(
            output.exit == 1 && output.stdout.is_empty() && output.stderr.contains(expected),
            "{words}: {output:?}"
        );
    }
    assert_eq!(edit("offboard new").exit, 0);
    assert_eq!(fs::read_to_string(tree.path().join("apps/front/iamra.yaml")).unwrap(), app);
    assert_eq!(fs::read_to_string(tree.path().join("iamra.yaml")).unwrap(), BASE);
}

/// Whatever is read, the base is read with it: from the same revision, or from the index.
#[cfg(feature = "git")]
#[test]
fn a_base_is_read_from_the_same_revision() {
    let app =
        declaration("../../iamra.yaml", "workloads: {mine: {role: readonly, namespace: front, clusters: [prod]}}");
    let tree = Tree::new(&[("iamra.lock", LOCK), ("apps/front/iamra.yaml", &app)]);
    fs::remove_dir(tree.path().join(".git")).unwrap();
    let git = |words: &str| crate::diff::git_in(&tree.path(), &words.split(' ').collect::<Vec<_>>());
    ["init --quiet", "add .", "commit --quiet --message=one"].into_iter().for_each(git);
    let role = "    readonly: {profileArn";
    tree.write("iamra.yaml", &BASE.replace(role, "    readonly: {sessionDuration: 2h, profileArn"));
    ["add .", "commit --quiet --message=two"].into_iter().for_each(git);
    fs::remove_file(tree.path().join("iamra.yaml")).unwrap();
    let diff = tree.run("", &["diff", "HEAD~1..HEAD", "apps/front", "--format", "json"], "");
    assert!(
        diff.exit == 4 && diff.stdout.contains("2h") && diff.stdout.contains("\"file\": \"iamra.yaml\""),
        "{diff:?}"
    );
    let worktree = tree.run("", &["diff", "HEAD", "apps/front"], "");
    assert!(
        worktree.exit == 1 && worktree.stderr.contains("error[invalid-base]: there is no `iamra.yaml`"),
        "{worktree:?}"
    );
    let staged = tree.run("", &["check", "--staged", "apps/front"], "");
    assert_eq!(staged.exit, 0, "{staged:?}");
    symlink("../../../outside.yaml", tree.path().join("apps/front/link.yaml")).unwrap();
    tree.write("apps/front/iamra.yaml", &app.replace("../../iamra.yaml", "link.yaml"));
    git("add .");
    let outside = tree.run("", &["check", "--staged", "apps/front"], "");
    assert!(
        outside.exit == 1 && outside.stderr.contains("error[outside-repository]: the base is outside the repository"),
        "{outside:?}"
    );
}

/// The path of a file is of the file itself, not of links to it.
#[test]
fn the_folder_of_a_declaration_is_where_it_is() {
    let app =
        declaration("../../iamra.yaml", "workloads: {mine: {role: readonly, namespace: front, clusters: [prod]}}");
    let tree = Tree::new(&[("iamra.lock", LOCK), ("apps/front/iamra.yaml", &app)]);
    let linked = Path::new("linked");
    symlink("apps/front", tree.path().join(linked)).unwrap();
    let output = tree.run("", &["render", "linked", "--cluster", "prod"], "");
    assert_eq!(output.exit, 0, "{output:?}");
}

/// Every workload must be in a build, whoever declares it, and each is said to be missing once.
#[test]
fn all_builds_are_those_of_every_declaration() {
    let deployment = |name: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec: {{containers: [{{name: app, image: \"registry.example.com/app:1\"}}]}}\n"
        )
    };
    let base = "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata: {name: acme}\nspec:\n  scopes:\n    default: {trustAnchor: \"arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/6a5b4c3d-2e1f-4a0b-9c8d-7e6f5a4b3c2d\"}\n  roles:\n    app: {roleArn: \"arn:aws:iam::111122223333:role/app\", profileArn: \"arn:aws:rolesanywhere:eu-central-1:111122223333:profile/0d1e2f30-4152-4637-8495-a6b7c8d9e0f1\"}\n  workloads:\n    infra: {role: app}\n    beside-front: {role: app}\n    nowhere: {role: app}\n";
    let front = "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata: {name: front}\nspec:\n  extends: ../../iamra.yaml\n  workloads:\n    front: {role: app}\n    fronted: {role: app}\n";
    let tree = Tree::new(&[
        ("infra/kustomization.yaml", "resources: [infra.yaml]\n"),
        ("infra/infra.yaml", &deployment("infra")),
        ("apps/front/overlays/prod/kustomization.yaml", "resources: [front.yaml, beside.yaml]\n"),
        ("apps/front/overlays/prod/front.yaml", &deployment("front")),
        ("apps/front/overlays/prod/beside.yaml", &deployment("beside-front")),
    ]);
    tree.write("iamra.yaml", base);
    tree.write("apps/front/iamra.yaml", front);
    let check = || {
        let mut command = iamra(&tree.path());
        run(command.args(["check", "--builds"]).env("IAMRA_KUSTOMIZE", peer("kustomize-5.8.2")), b"")
    };
    let output = check();
    assert_eq!((output.exit, output.stderr.matches("error[").count()), (1, 2), "{}", output.stderr);
    for words in ["no workload named `nowhere` is in any build\n  --> iamra.yaml:12:5", "no workload named `fronted`"] {
        assert!(output.stderr.contains(words), "{}", output.stderr);
    }
    // Without builds of its own, the base's workloads are still looked for.
    fs::remove_dir_all(tree.path().join("infra")).unwrap();
    let output = check();
    assert!(output.stderr.contains("`infra` is in any build"), "{}", output.stderr);
    tree.write("iamra.yaml", &base.replace("    infra: {role: app}\n", "").replace("    nowhere: {role: app}\n", ""));
    tree.write("apps/front/iamra.yaml", &front.replace("    fronted: {role: app}\n", ""));
    let output = check();
    assert_eq!((output.exit, output.stdout.lines().count()), (0, 3), "{}", output.stderr);
}

/// Who edits the base sees what those who extend it have declared.
#[test]
fn the_base_is_not_edited_as_if_nobody_extended_it() {
    let base = "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata: {name: acme}\nspec:\n  parameterPrefix: /iam-ra\n  roles:\n    app: {}\n  clusters:\n    prod: {}\n    staging: {}\n  workloads:\n    base: {role: app, namespace: shared, clusters: [prod]}\n";
    let front = declaration(
        "../../iamra.yaml",
        "workloads: {front: {role: app, namespace: shared, clusters: [staging, prod]}}",
    );
    let tree = Tree::new(&[("apps/front/iamra.yaml", &front)]);
    tree.write("iamra.yaml", base);
    let k8s = |args: &[&str]| run(iamra(&tree.path()).arg("k8s").args(args), b"");
    let teardown = k8s(&["teardown", "staging"]);
    assert_eq!(teardown.exit, 1, "{teardown:?}");
    for words in [
        "error[cluster-in-use]: workload `front` of apps/front/iamra.yaml is declared for cluster `staging`",
        "`iamra k8s offboard front --cluster staging --declaration apps/front/iamra.yaml`",
    ] {
        assert!(teardown.stderr.contains(words), "{}", teardown.stderr);
    }
    // Neither the base nor a neighbour takes what another one declares.
    let back = declaration("../../iamra.yaml", "workloads: {}");
    tree.write("apps/back/iamra.yaml", &back);
    for (file, text) in [("iamra.yaml", base), ("apps/back/iamra.yaml", back.as_str())] {
        let args = ["onboard", "front", "--role", "app", "--k8s-namespace", "shared", "--cluster", "prod"];
        let onboard = k8s(&[&args[..], &["--declaration", file]].concat());
        let clash = "error[claimed-twice]: workload `front` is already declared in `apps/front/iamra.yaml`";
        let place = format!("--> {file} after the change:");
        assert!(onboard.exit == 1 && onboard.stdout.is_empty(), "{onboard:?}");
        assert!(onboard.stderr.contains(clash) && onboard.stderr.contains(&place), "{}", onboard.stderr);
        assert_eq!(fs::read_to_string(tree.path().join(file)).unwrap(), text);
    }
    fs::remove_file(tree.path().join("apps/back/iamra.yaml")).unwrap();
    let offboard = k8s(&["offboard", "base"]);
    assert_eq!(offboard.exit, 0, "{offboard:?}");
    assert!(offboard.stderr.contains("certificate/base-cert"), "{}", offboard.stderr);
    for words in ["ssuer", "no workload uses it"] {
        assert!(!offboard.stderr.contains(words), "{words}: {}", offboard.stderr);
    }
    assert!(!fs::read_to_string(tree.path().join("iamra.yaml")).unwrap().contains("base:"));

    tree.write("iamra.yaml", &base.replace("    staging: {}\n", ""));
    tree.write("apps/front/iamra.yaml", &front.replace(", clusters: [staging, prod]", ""));
    let setup = k8s(&["setup", "staging"]);
    let words = "workloads of apps/front/iamra.yaml must now say where they run, with `clusters`";
    assert!(setup.exit == 0 && setup.stderr.contains(words), "{setup:?}");
    tree.write("apps/front/iamra.yaml", "a: [\n");
    assert_eq!(k8s(&["offboard", "base"]).exit, 1, "nobody knows what it declares");
}
