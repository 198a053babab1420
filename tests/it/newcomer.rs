//! A newcomer with nothing but README.md, a clone of this repository and the programs that the page calls: what is pasted and
//! typed there is run in an empty folder, and prints what stands there. docs/newcomer.md is what was seen.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::peers::{image, of_cache, peer};
use crate::pre_commit::snapshot;
use crate::support::{expect_file, iamra_path, root};
use crate::walk::{Step, walk};

/// What every block calls, and no Docker. The last are what Git's own scripts call.
const PROGRAMS: &[&str] =
    &["bash", "cat", "cp", "diff", "git", "grep", "ls", "mkdir", "basename", "sed", "sh", "uname"];

/// What the published image is called, which the tests' image stands in for.
const PUBLISHED: &str = concat!("ghcr.io/iamra/iamra:", env!("CARGO_PKG_VERSION"));

/// An empty folder, a home of its own, and folders with the programs that are on PATH.
struct Machine {
    folder: TempDir,
}

impl Machine {
    fn new(clone: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["home", "mine", "usual", "docker", "pre-commit", "aws"] {
            fs::create_dir(at(name)).unwrap();
        }
        // A container function runs as `nobody`, who must be able to read it.
        fs::set_permissions(at("mine"), fs::Permissions::from_mode(0o755)).unwrap();
        // The clone beside the folder.
        symlink(clone, at("iamra")).unwrap();
        symlink(iamra_path(), at("usual/iamra")).unwrap();
        symlink(peer("kustomize-5.8.2"), at("usual/kustomize")).unwrap();
        for name in PROGRAMS {
            symlink(Path::new("/usr/bin").join(name), at("usual").join(name)).unwrap();
        }
        symlink(of_cache(Path::new("python/bin/pre-commit")), at("pre-commit/pre-commit")).unwrap();
        symlink(peer("aws"), at("aws/aws")).unwrap();
        let script = format!(
            "#!/usr/bin/bash\nexec '{}' \"${{@/{}/{}}}\"\n",
            on_path("docker").display(),
            PUBLISHED.replace('/', "\\/"),
            image()
        );
        fs::write(at("docker/docker"), script).unwrap();
        fs::set_permissions(at("docker/docker"), fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    /// A bash in the folder, with the usual programs and these.
    fn bash(&self, programs: &[&str]) -> Command {
        let at = |name: &str| self.folder.path().join(name);
        let path: Vec<_> = [&["usual"], programs].concat().into_iter().map(at).collect();
        let mut command = Command::new("/usr/bin/bash");
        command.current_dir(at("mine")).env_clear().env("PATH", std::env::join_paths(path).unwrap());
        command.env("HOME", at("home")).env("LC_ALL", "C.UTF-8");
        command.envs(std::env::var_os("DOCKER_HOST").map(|host| ("DOCKER_HOST", host)));
        command
    }
}

fn on_path(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file()).unwrap()
}

/// The account of the stand-in for AWS, which only looks like an identifier.
const ACCOUNT: &str = "111122223333";

/// Whether letters and digits are others in each run: a port or an identifier.
fn is_changing(word: &str) -> bool {
    let is_number = word.len() >= 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    let is_hex = word.len() >= 16 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    word != ACCOUNT && (is_number || is_hex)
}

/// A line with `…` in place of what is different in each run; `folder` is where it was run.
fn without_changes(line: &str, folder: &str) -> String {
    let line = line.replace(folder, "…");
    let mut text = String::new();
    for word in line.split_inclusive(' ') {
        // As in 2026-11-27T16:44:37Z.
        if word.len() >= 20 && word.get(10..11) == Some("T") && word.get(19..20) == Some("Z") {
            text.push('…');
            text.push_str(&word[20..]);
            continue;
        }
        for part in word.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
            let bare = part.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            text.push_str(if is_changing(bare) { "…" } else { bare });
            text.push_str(&part[bare.len()..]);
        }
    }
    text
}

const START: &str = "\
# What a newcomer sees

Somebody has [README.md](../README.md), a clone of this repository in `../iamra`, an empty folder, and a home that nothing was ever in. Every
command of the page is run in its order, without an AWS account and without a cluster. This is what is typed and what is printed; `…` stands for what
is different each time, and a command behind `!` has to fail.

`tests/it/newcomer.rs` writes this page. The programs are the real ones: kustomize, git, Docker, pre-commit and the AWS CLI. The image is that of this
version, built by the test. Docker, pre-commit and the AWS CLI are on PATH only where README.md speaks of them. [Another page](journey.md) goes on
with an account and a cluster.
";

/// The page: a block for each of the README's, below its headings.
fn transcript(walked: &[Step], folder: &str) -> String {
    let mut page = START.to_owned();
    let mut heading = "";
    let mut is_open = false;
    for step in walked {
        let is_pasted = step.block == "sh";
        if is_open && (is_pasted || step.heading != heading) {
            page.push_str("```\n");
            is_open = false;
        }
        if step.heading != heading {
            heading = &step.heading;
            let _ = write!(page, "\n{heading}\n");
        }
        if is_pasted {
            let _ = write!(page, "\n```sh\n{}```\n", step.command);
            continue;
        }
        if !is_open {
            page.push_str("\n```console\n");
            is_open = true;
        }
        let _ = writeln!(page, "$ {}", step.command.replace('\n', "\n> "));
        for line in &step.prints {
            let _ = writeln!(page, "{}", without_changes(line, folder));
        }
    }
    page.push_str(if is_open { "```\n" } else { "" });
    page
}

#[test]
fn the_readme_is_all_that_a_newcomer_needs() {
    let clone = snapshot();
    let machine = Machine::new(clone.dir());
    let walked = walk(&root().join("README.md"), |programs| machine.bash(programs));
    let doors =
        ["iamra inject", "--enable-exec", "--enable-alpha-plugins image", "argocd generate", "pre-commit", "--serve"];
    for door in doors {
        assert!(walked.iter().any(|step| step.command.contains(door)), "README.md does not show {door}");
    }
    expect_file(&root().join("docs/newcomer.md"), &transcript(&walked, &machine.folder.path().display().to_string()))
        .unwrap();
}
