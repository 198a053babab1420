//! `iamra k8s`: what the commands do to declarations in many hands' writing, and what they say.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Output, iamra, root, run};

/// A folder with a declaration, and values for all that is looked up in these tests.
pub(crate) struct Tree(tempfile::TempDir);

const ANCHOR: &str =
    "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/01234567-89ab-cdef-0123-456789abcdef";
const PROFILE: &str = "arn:aws:rolesanywhere:eu-central-1:111122223333:profile/01234567-89ab-cdef-0123-456789abcdef";

impl Tree {
    pub(crate) fn new(declaration: Option<&[u8]>) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        if let Some(bytes) = declaration {
            fs::write(tree.declaration(), bytes).unwrap();
        }
        let role = |name: &str| {
            format!(
                "ssm:/iam-ra/default/roles/{name}/role-arn: arn:aws:iam::111122223333:role/{name}\n\
                 ssm:/iam-ra/default/roles/{name}/profile-arn: {PROFILE}\n"
            )
        };
        let anchor = format!("ssm:/iam-ra/default/scopes/default/trust-anchor-arn: {ANCHOR}\n");
        fs::write(tree.dir().join("values.yaml"), [anchor, role("admin"), role("readonly")].concat()).unwrap();
        tree
    }

    pub(crate) fn dir(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn declaration(&self) -> PathBuf {
        self.dir().join("iamra.yaml")
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        fs::read(self.declaration()).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.bytes()).unwrap()
    }

    /// `iamra k8s` with these words.
    pub(crate) fn k8s(&self, words: &str) -> Output {
        let mut command = iamra(self.dir());
        command.arg("k8s").args(words.split_whitespace()).env("IAMRA_VALUES", "values.yaml");
        run(&mut command, b"")
    }

    /// Like [`Self::done`], for those who look at the file.
    pub(crate) fn does(&self, words: &str) {
        let _ = self.done(words);
    }

    pub(crate) fn done(&self, words: &str) -> Output {
        let output = self.k8s(words);
        assert_eq!(output.exit, 0, "{words}: {}", output.stderr);
        output
    }
}

/// A namespace that lists its roles gets no other by a command either, and nothing is written.
#[test]
fn onboard_gives_no_role_that_the_namespace_may_not_have() {
    let declaration = "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nmetadata: {name: acme}\nspec:\n  \
                       roles: {admin: {}, readonly: {}}\n  namespaces:\n    shop: {roles: [readonly]}\n";
    let tree = Tree::new(Some(declaration.as_bytes()));
    for (words, why) in [
        ("onboard api --role admin --k8s-namespace shop", "which `spec.namespaces.shop.roles` does not list"),
        ("onboard api --role readonly --k8s-namespace web", "but namespace `web` is not listed"),
        ("onboard api --role readonly", "--k8s-namespace NS"),
    ] {
        let output = tree.k8s(words);
        assert_eq!((output.exit, tree.text().as_str()), (1, declaration), "{words}");
        assert!(output.stderr.contains("[role-not-allowed]") && output.stderr.contains(why), "{}", output.stderr);
    }
    tree.does("onboard api --role readonly --k8s-namespace shop");
    assert!(tree.text().contains("namespace: shop"), "{}", tree.text());
}

/// The declarations of the corpus, by name.
pub(crate) fn corpus() -> Vec<(String, Vec<u8>)> {
    let folder = root().join("tests/data/declarations");
    let mut all: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap()))
        .collect();
    all.sort();
    all
}

/// Declarations that a command leaves as they are, and what it says. All others are edited.
const REFUSED: &[(&str, &str, &str)] = &[
    ("aliased-entry", "change", "reached through an alias"),
    ("aliased-entry", "setup", "it has an anchor with aliases elsewhere"),
    ("aliased-workloads", "onboard", "reached through an alias"),
    ("aliased-workloads", "setup", "reached through an alias"),
    ("anchored-name", "change", "reached through an alias"),
    ("bad-cut-off", "", "syntax-error"),
    ("bad-duplicate-entry", "", "`web` is set twice"),
    ("bad-duplicate-section", "", "`workloads` is set twice"),
    ("bad-empty", "", "the document is empty"),
    ("bad-flow-spec-without-workloads", "onboard", "`spec` is in flow style and has no `workloads` yet"),
    ("bad-flow-spec-without-workloads", "setup", "`spec` is in flow style and has no `clusters` yet"),
    ("bad-odd-line-break", "", "a raw LINE SEPARATOR (U+2028) outside quotes"),
    ("bad-other-kind", "", "ConfigMap"),
    ("bad-tabs", "", "syntax-error"),
    ("bad-two-documents", "", "a second document"),
    ("bad-unknown-field", "", "unknown field `rol`"),
    ("explicit-keys", "onboard", "its entries do not start on lines of their own"),
    ("explicit-keys", "setup", "its entries do not start on lines of their own"),
    ("flow-empty-roles", "onboard", "its `{}` could not be restored"),
    ("flow-null-clusters", "onboard", "its `~` could not be restored"),
    ("flow-null-clusters", "setup", "its `null` could not be restored"),
    ("merge-key", "", "merge keys"),
    ("null-spec", "", "a parent of"),
    ("role-in-a-block", "change", "it spans several lines"),
    ("role-over-two-lines", "change", "it spans several lines"),
    ("tagged-role", "change", "it has a tag"),
];

fn refusal(name: &str, verb: &str) -> Option<&'static str> {
    let row = REFUSED.iter().find(|(file, of, _)| *file == name && (of.is_empty() || *of == verb));
    row.map(|(_, _, words)| *words)
}

/// Runs a command and says whether it was done; when it was refused, that was foreseen and has changed nothing.
fn is_done(tree: &Tree, name: &str, verb: &str, words: &str) -> bool {
    let before = tree.bytes();
    let dry = tree.k8s(&format!("{words} --dry-run"));
    assert_eq!(tree.bytes(), before, "{name}: a dry run has changed something");
    let output = tree.k8s(words);
    assert_eq!(dry.exit, output.exit, "{name}: {}", dry.stderr);
    match refusal(name, verb) {
        None => assert_eq!(output.exit, 0, "{name}: {words}: {}", output.stderr),
        Some(why) => {
            assert_eq!((output.exit, output.stdout.as_str()), (1, ""), "{name}: {words}: {}", output.stderr);
            assert!(output.stderr.contains(why), "{name}: {words}: {}", output.stderr);
            let is_said_how = output.stderr.contains("\n  help: ") || output.stderr.contains("[syntax-error]");
            assert!(is_said_how, "{name}: {words}: {}", output.stderr);
            assert_eq!(tree.bytes(), before, "{name}: {words}");
            return false;
        }
    }
    let after = tree.bytes();
    assert_ne!(after, before, "{name}: {words}");
    assert!(dry.stdout.starts_with("--- a/iamra.yaml\n+++ b/iamra.yaml\n@@ "), "{name}: {}", dry.stdout);
    if !["offboard", "teardown"].contains(&verb) {
        let again = tree.done(words);
        assert_eq!(tree.bytes(), after, "{name}: {words}: twice is not once");
        assert!(again.stderr.contains("iamra.yaml: nothing to change"), "{name}: {}", again.stderr);
        assert_eq!(again.stdout, output.stdout, "{name}: {words}");
    }
    true
}

fn is_subsequence(old: &[u8], new: &[u8]) -> bool {
    let mut new = new.iter();
    old.iter().all(|byte| new.any(|other| other == byte))
}

/// What is left of both when all that is the same at both ends is gone.
fn difference<'t>(old: &'t [u8], new: &'t [u8]) -> (&'t [u8], &'t [u8]) {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[head..], &new[head..]);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    (&old[..old.len() - tail], &new[..new.len() - tail])
}

#[test]
fn a_workload_comes_and_goes_and_every_other_byte_stays() {
    let corpus = corpus();
    assert!(corpus.len() >= 60, "{} declarations", corpus.len());
    for (name, before) in corpus {
        let tree = Tree::new(Some(&before));
        let cluster = if name == "several-clusters" { "--cluster prod" } else { "" };
        let onboard = format!("onboard new-one --role admin {cluster} --no-sample-pod");
        if !is_done(&tree, &name, "onboard", &onboard) {
            continue;
        }
        let with = tree.bytes();
        assert!(is_subsequence(&before, &with), "{name}:\n{}", tree.text());
        assert!(is_done(&tree, &name, "offboard", "offboard new-one"), "{name}");
        assert_eq!(tree.text(), String::from_utf8(before).unwrap(), "{name}");
    }
}

#[test]
fn a_cluster_comes_and_goes_and_every_other_byte_stays() {
    for (name, before) in corpus() {
        let tree = Tree::new(Some(&before));
        if !is_done(&tree, &name, "setup", "setup new-one --k8s-namespace shop") {
            continue;
        }
        let with = tree.bytes();
        assert!(is_subsequence(&before, &with), "{name}:\n{}", tree.text());
        let is_in_use = tree.done("list --json").stdout.contains("\"cluster\": \"new-one\"");
        if is_in_use && name.starts_with("json") {
            // Nothing records that the workloads were there before the cluster.
            let refused = tree.k8s("teardown new-one");
            assert!(refused.exit == 1 && refused.stderr.contains("cluster-in-use"), "{name}: {}", refused.stderr);
            continue;
        }
        assert!(is_done(&tree, &name, "teardown", "teardown new-one"), "{name}");
        let left = tree.bytes();
        if name.starts_with("json") {
            // JSON has no comments, so nothing records what was added for the second cluster.
            assert!(is_subsequence(&before, &left) && is_subsequence(&left, &with), "{name}");
        } else {
            assert_eq!(tree.text(), String::from_utf8(before).unwrap(), "{name}");
        }
    }
}

/// A cluster goes without the workloads that it has found, and not without those that have come to it.
#[test]
fn the_last_cluster_leaves_the_workloads_of_before() {
    let before = "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nspec:\n  roles: {admin: {}}\n  workloads:\n    web: {role: admin}\n    api: {role: admin}\n";
    let tree = Tree::new(Some(before.as_bytes()));
    let set_up = tree.done("setup prod --k8s-namespace shop");
    assert!(set_up.stderr.contains("`web`, `api`: now in cluster `prod`"), "{}", set_up.stderr);
    assert!(
        tree.text().contains("  # Declared before there was a cluster: web, api\n  clusters:\n"),
        "{}",
        tree.text()
    );
    let torn = tree.done("teardown prod");
    assert!(torn.stderr.contains("`api`, `web`: now in no cluster"), "{}", torn.stderr);
    for gone in ["Issuer shop/iam-ra\n", "Certificate shop/web-cert\n"] {
        assert!(torn.stderr.contains(gone), "{}", torn.stderr);
    }
    assert_eq!(tree.text(), before);
    // If the cluster has no other namespace, all objects are still rendered.
    tree.does("setup prod");
    let torn = tree.done("teardown prod");
    assert!(!torn.stderr.contains("no longer rendered"), "{}", torn.stderr);
    // Through a second cluster and back.
    tree.does("setup prod");
    tree.does("setup staging");
    tree.does("teardown staging");
    tree.does("teardown prod");
    assert_eq!(tree.text(), before);
    // A workload that was added to the cluster, or names it, prevents its removal.
    tree.does("setup prod");
    tree.does("onboard new-one --role admin");
    let refused = tree.k8s("teardown prod");
    assert!(refused.exit == 1 && refused.stderr.contains("for cluster `prod`: `new-one`\n"), "{}", refused.stderr);
    tree.does("offboard new-one");
    fs::write(tree.declaration(), tree.text().replace("web: {role: admin}", "web: {role: admin, clusters: [prod]}"))
        .unwrap();
    let refused = tree.k8s("teardown prod");
    assert!(refused.exit == 1 && refused.stderr.contains("for cluster `prod`: `web`\n"), "{}", refused.stderr);
}

/// Only what `onboard` has declared goes with its last workload, and only while it is as `onboard` wrote it.
#[test]
fn a_role_goes_with_its_last_workload_when_nobody_else_has_made_it() {
    let before = "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nspec:\n  roles: null # to come\n";
    let declared = "  roles: # null # to come\n    # Declared by `iamra k8s onboard`; goes with the last workload that has it.\n    admin: {}\n";
    let tree = Tree::new(Some(before.as_bytes()));
    tree.does("onboard web --role admin");
    assert!(tree.text().contains(declared), "{}", tree.text());
    tree.does("onboard api --role admin");
    let stays = tree.done("offboard web");
    let is_kept = !stays.stderr.contains("role `admin` removed") && !stays.stderr.contains("role `admin` kept");
    assert!(is_kept && tree.text().contains(declared), "{}", stays.stderr);
    let goes = tree.done("offboard api");
    assert!(goes.stderr.contains("role `admin` removed: `onboard` had added it"), "{}", goes.stderr);
    assert_eq!(tree.text(), before);
    for (from, to) in [("admin: {}", "admin: {sessionDuration: 2h}"), ("    # Declared by", "    # Yes, declared by")] {
        tree.does("onboard web --role admin");
        let by_hand = tree.text().replace(from, to);
        assert_ne!(by_hand, tree.text());
        fs::write(tree.declaration(), &by_hand).unwrap();
        let stays = tree.done("offboard web");
        assert!(stays.stderr.contains("role `admin` kept; no workload uses it now"), "{}", stays.stderr);
        assert!(tree.text().contains(to), "{}", tree.text());
        fs::write(tree.declaration(), before).unwrap();
    }
}

/// What was said for the sake of a second cluster goes with it; what says it by itself does not.
#[test]
fn workloads_say_where_they_run_as_long_as_they_must() {
    let before = "apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nspec:\n  roles: {admin: {}}\n  clusters: {prod: {}}\n  workloads:\n    admin: ~ # all by default\n    said: {role: admin, clusters: [prod]}\n    web: {role: admin}\n";
    let tree = Tree::new(Some(before.as_bytes()));
    tree.does("setup staging");
    let with = tree.text();
    for words in [
        "# Since there is a second cluster, these say where they run: admin, web\n",
        "    admin: # ~ # all by default\n",
    ] {
        assert!(with.contains(words), "{with}");
    }
    tree.does("setup dev");
    tree.does("teardown staging");
    assert!(tree.text().contains("web: {role: admin, clusters: [prod]}"), "{}", tree.text());
    tree.does("teardown dev");
    assert_eq!(tree.text(), before);
    // A workload that was moved in the meantime stays where it is.
    tree.does("setup staging");
    fs::write(
        tree.declaration(),
        tree.text().replace("web: {role: admin, clusters: [prod]}", "web: {role: admin, clusters: [prod] }"),
    )
    .unwrap();
    tree.does("onboard web --cluster staging");
    tree.does("offboard web --cluster prod");
    let refused = tree.k8s("teardown staging");
    assert!(refused.exit == 1 && refused.stderr.contains("cluster-in-use"), "{}", refused.stderr);
}

#[test]
fn a_role_changes_alone_and_back() {
    let mut changed = 0;
    for (name, before) in corpus() {
        let has_web = String::from_utf8_lossy(&before).contains("web") && name != "aliased-workloads";
        let tree = Tree::new(Some(&before));
        if !has_web || name == "text-blocks-only" {
            continue;
        }
        let cluster = if name == "several-clusters" { "--cluster staging" } else { "" };
        if !is_done(&tree, &name, "change", &format!("onboard web --role readonly {cluster} --no-sample-pod")) {
            continue;
        }
        let after = tree.bytes();
        let (gone, come) = difference(&before, &after);
        assert_eq!((gone, come), (&b"admin"[..], &b"readonly"[..]), "{name}:\n{}", tree.text());
        assert!(is_done(&tree, &name, "change", &format!("onboard web --role admin {cluster} --no-sample-pod")));
        assert_eq!(tree.text(), String::from_utf8(before).unwrap(), "{name}");
        changed += 1;
    }
    assert!(changed >= 40, "{changed} were changed");
}

/// What a cluster sets for itself is changed in its entry, everything else where all clusters have it.
#[test]
fn what_a_cluster_has_for_itself_is_edited_there() {
    let before = "\
apiVersion: iamra.dev/v1alpha1
kind: RolesAnywhere
spec:
  roles: {admin: {}}
  defaults: {certificate: {commonName: '{{ workload }}.{{ cluster }}'}}
  clusters:
    prod:
      workloads:
        nightly:   # not here
    staging:
      roles:
        readonly: {}   # nobody has it elsewhere
      workloads:
        web: {role: readonly}
        load-test:   # runs here alone
          role: admin
  workloads:
    nightly: {role: admin, clusters: [prod, staging]}
    web: {role: admin, clusters: [prod, staging], namespace: shop}
";
    let tree = Tree::new(Some(before.as_bytes()));
    let edits = |words: &str, from: &str, to: &str| {
        let text = tree.text();
        let done = tree.done(words);
        assert_eq!(tree.text(), text.replacen(from, to, 1), "{words}");
        assert_ne!(tree.text(), text, "{words}");
        assert!(tree.done(words).stderr.contains("nothing to change"), "{words}: {}", done.stderr);
    };
    edits("onboard web --role admin --cluster staging", "web: {role: readonly}", "web: {role: admin}");
    edits("onboard web --role readonly --cluster staging", "web: {role: admin}", "web: {role: readonly}");
    edits("onboard web --k8s-namespace market --cluster staging", "namespace: shop", "namespace: market");
    edits("onboard web --k8s-namespace shop --cluster staging", "namespace: market", "namespace: shop");
    let load_test =
        "    prod:\n      workloads:\n        nightly:   # not here\n        load-test:\n          role: admin\n";
    let without = "    prod:\n      workloads:\n        nightly:   # not here\n";
    edits("onboard load-test --cluster prod", without, load_test);
    let offboard = tree.done("offboard load-test --cluster prod");
    assert!(offboard.stderr.contains("removed from cluster `prod`; it remains in staging"), "{}", offboard.stderr);
    assert_eq!(tree.text(), before);
    let refused = tree.k8s("onboard web --role readonly --cluster prod");
    assert!(refused.exit == 1 && refused.stderr.contains("unknown-role"), "{}", refused.stderr);
    let refused = tree.k8s("onboard nightly --cluster prod");
    assert!(refused.stderr.contains("cluster `prod` removes workload `nightly`"), "{}", refused.stderr);
    assert!(refused.stderr.contains("iamra.yaml:9:16\n"), "{}", refused.stderr);
    let refused = tree.k8s("teardown staging");
    assert!(refused.stderr.contains("cluster-in-use") && refused.stderr.contains("`load-test`"), "{}", refused.stderr);
    assert_eq!(tree.text(), before);
    // All that is said of a workload goes with it, and a cluster goes with all that it has.
    for workload in ["web", "load-test", "nightly"] {
        tree.does(&format!("offboard {workload}"));
    }
    tree.does("teardown prod");
    tree.does("teardown staging");
    let (head, _) = before.split_once("    prod:").unwrap();
    assert_eq!(tree.text(), format!("{head}  workloads:\n"));
}

#[test]
fn no_namespace_is_written_that_nobody_sets() {
    let tree = Tree::new(Some(b"apiVersion: iamra.dev/v1alpha1\nkind: RolesAnywhere\nspec:\n  region: eu-central-1\n"));
    let setup = tree.done("setup prod");
    assert!(setup.stderr.contains("Secret `iam-ra-ca`, which must be in its namespace"), "{}", setup.stderr);
    let onboard = tree.done("onboard admin");
    for output in [&setup, &onboard] {
        let all = format!("{}{}", output.stdout, output.stderr);
        assert!(!all.contains("namespace: ") && !all.contains("namespace `default`"), "{all}");
    }
    let named = tree.done("onboard admin --k8s-namespace default");
    assert!(named.stderr.contains("workload `admin` changed: namespace is now `default`"), "{}", named.stderr);
    assert!(named.stdout.contains("  namespace: default\n"), "{}", named.stdout);
    let offboard = tree.done("offboard admin");
    assert!(offboard.stderr.contains("  kubectl --namespace default delete "), "{}", offboard.stderr);
    tree.does("onboard admin");
    let offboard = tree.done("offboard admin");
    assert!(offboard.stderr.contains("  kubectl delete --ignore-not-found "), "{}", offboard.stderr);
    assert!(offboard.stderr.contains("\n  Certificate admin-cert\n"), "{}", offboard.stderr);
    assert!(offboard.stderr.contains("until you delete it: Secret admin-cert,"), "{}", offboard.stderr);
}

#[test]
fn a_declaration_with_another_end_gets_no_second_one_beside_it() {
    let tree = Tree::new(None);
    fs::write(tree.dir().join("iamra.yml"), "").unwrap();
    let output = tree.k8s("setup prod");
    assert_eq!((output.exit, output.stdout.as_str()), (2, ""));
    assert!(output.stderr.contains("`iamra.yml` is not read"), "{}", output.stderr);
    assert!(!tree.declaration().exists());
}

/// From wherever one stands, with the call that is printed where it is not the plain one.
#[test]
fn git_applies_what_a_dry_run_prints() {
    for (declaration, here, is_repository) in [
        ("iamra.yaml", ".", true),
        ("iamra.yaml", "apps/shop", true),
        ("apps/iamra.yaml", "apps", true),
        ("apps/iamra.yaml", "apps/shop", true),
        ("apps/iamra.yaml", ".", true),
        ("apps/iamra.yaml", "other", true),
        ("my apps/iamra.yaml", ".", true),
        ("iamra.yaml", "apps/shop", false),
    ] {
        for is_new in [false, true] {
            let row = format!("{declaration} from {here}, in a repository: {is_repository}, new: {is_new}");
            let dir = tempfile::tempdir().unwrap();
            for folder in ["apps/shop", "other", "my apps"] {
                fs::create_dir_all(dir.path().join(folder)).unwrap();
            }
            let file = dir.path().join(declaration);
            if !is_new {
                fs::write(&file, iamra::draft::skeleton("shop")).unwrap();
            }
            let here = dir.path().join(here);
            let git = |args: &[&str], stdin: &str| {
                let mut git = std::process::Command::new("git");
                git.args(args).current_dir(&here).env("GIT_CEILING_DIRECTORIES", dir.path().parent().unwrap());
                run(&mut git, stdin.as_bytes())
            };
            if is_repository {
                let made = git(&["-C", dir.path().to_str().unwrap(), "init", "--quiet"], "");
                assert_eq!(made.exit, 0, "{row}: {}", made.stderr);
            }
            let setup = |more: &[&str]| {
                let mut command = iamra(&here);
                command.args(["k8s", "setup", "prod", "--declaration"]).arg(&file).args(more);
                run(&mut command, b"")
            };
            let dry = setup(&["--dry-run"]);
            assert_eq!(dry.exit, 0, "{row}: {}", dry.stderr);
            let call = dry.stderr.split("apply it with `git ").nth(1).and_then(|rest| rest.split('`').next());
            let args: Vec<_> = call.unwrap_or("apply").split(' ').collect();
            let applied = git(&args, &dry.stdout);
            assert_eq!(applied.exit, 0, "{row}: {}\n{}", applied.stderr, dry.stdout);
            let applied = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{row}: {error}"));
            if is_new {
                fs::remove_file(&file).unwrap();
            } else {
                fs::write(&file, iamra::draft::skeleton("shop")).unwrap();
            }
            let _ = setup(&[]);
            assert_eq!(applied, fs::read_to_string(&file).unwrap(), "{row}");
        }
    }
}
