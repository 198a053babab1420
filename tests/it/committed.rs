//! A private key in a file that others read is an error, and no part of it is said.

use std::fs;
use std::path::Path;

use crate::diff::Repository;
use crate::support::{Output, iamra, root, run};

/// The files of a case whose values file has the key of a CA.
fn files() -> impl Iterator<Item = (&'static str, String)> {
    let input = root().join("tests/cases/render/inline-ca/input");
    let names = ["iamra.lock", "iamra.yaml", "values.yaml"];
    names.into_iter().map(move |name| (name, fs::read_to_string(input.join(name)).unwrap()))
}

fn render(dir: &Path, values: &str) -> Output {
    run(iamra(dir).args(["render", "--values", values]), b"")
}

fn is_refused(output: &Output) {
    assert_eq!((output.exit, output.stdout.as_str()), (1, ""), "{}", output.stderr);
    assert!(output.stderr.contains("error[committed-key]: "), "{}", output.stderr);
    assert!(!output.stderr.contains("MIG"), "{}", output.stderr);
}

/// A values file may have keys where Git does not have it: on a machine that renders, or ignored.
#[test]
fn a_values_file_with_a_key_is_an_error_where_git_tracks_it() {
    let repository = Repository::new();
    for (name, text) in files() {
        repository.write(name, &text);
    }
    repository.write("keys/values.yaml", &files().last().unwrap().1);
    let dir = repository.dir();
    assert_eq!(render(dir, "values.yaml").exit, 0, "nobody has added it");
    // What is staged will be committed.
    repository.git(&["add", "values.yaml"]);
    let output = render(dir, "values.yaml");
    is_refused(&output);
    assert!(output.stderr.contains("--> values.yaml:"), "{}", output.stderr);
    assert_eq!(run(iamra(dir).args(["check", "--values", "values.yaml"]), b"").exit, 1);
    is_refused(&render(dir, &dir.join("values.yaml").display().to_string()));
    // A link leads to what is committed, and another file beside it is not.
    std::os::unix::fs::symlink("values.yaml", dir.join("link.yaml")).unwrap();
    is_refused(&render(dir, "link.yaml"));
    assert_eq!(render(dir, "keys/values.yaml").exit, 0);
    repository.git(&["rm", "--quiet", "--cached", "values.yaml"]);
    assert_eq!(render(dir, "values.yaml").exit, 0, "it is no longer tracked");
}

/// What Argo CD's plugin server has unpacked is from a repository, which is not there.
#[test]
fn a_values_file_that_argo_cd_has_unpacked_is_committed() {
    let work = tempfile::tempdir().unwrap();
    let app = work.path().join("_cmp_server/0a1b/app");
    fs::create_dir_all(&app).unwrap();
    for (name, text) in files() {
        fs::write(app.join(name), text).unwrap();
    }
    is_refused(&render(&app, "values.yaml"));
    // One that the operator has mounted is not.
    fs::rename(app.join("values.yaml"), work.path().join("values.yaml")).unwrap();
    assert_eq!(render(&app, &work.path().join("values.yaml").display().to_string()).exit, 0);
}
