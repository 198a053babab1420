//! The scripts of a release, and the workflow that calls them. What takes minutes to build is in `make release`.

use std::fs;
use std::path::Path;
use std::process::Command;

use iamra::digest::sha256_hex;

use crate::peers::peer;
use crate::support::{Output, iamra_path, root, run};

const TARGETS: [&str; 2] = ["aarch64-apple-darwin", "x86_64-unknown-linux-musl"];

fn script(name: &str, args: &[&str], dir: &Path) -> Output {
    let mut command = Command::new(root().join("release").join(name));
    run(command.args(args).current_dir(dir).env("SOURCE_DATE_EPOCH", "1767225600"), b"")
}

/// Archives as `release/build` packs them, around a program that says which it is.
fn archives(dist: &Path) {
    for target in TARGETS {
        let name = format!("iamra-1.2.3-{target}");
        let staged = tempfile::tempdir().unwrap();
        let folder = staged.path().join(&name);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("iamra"), format!("#!/bin/sh\necho {target}\n")).unwrap();
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(folder.join("iamra"), executable).unwrap();
        fs::write(folder.join("LICENSE"), "text\n").unwrap();
        let file = dist.join(format!("{name}.tar.gz"));
        let packed = script("pack", &[staged.path().to_str().unwrap(), &name, file.to_str().unwrap()], dist);
        assert_eq!((packed.exit, packed.stderr.as_str()), (0, ""));
    }
}

#[test]
fn the_workflows_are_valid_and_call_what_there_is() {
    let linted = run(Command::new(peer("actionlint")).current_dir(root()), b"");
    assert_eq!((linted.exit, linted.stdout.as_str()), (0, ""), "{}", linted.stderr);
    let workflow = fs::read_to_string(root().join(".github/workflows/release.yml")).unwrap();
    let action = fs::read_to_string(root().join("action.yml")).unwrap();
    let called = [&workflow, &action].into_iter().flat_map(|text| text.split("release/").skip(1));
    let called: Vec<_> = called.map(|rest| rest.split(|c: char| !c.is_ascii_lowercase()).next().unwrap()).collect();
    for name in ["build", "index", "check", "images", "install"] {
        assert!(called.contains(&name), "nothing calls release/{name}");
        assert!(root().join("release").join(name).is_file(), "release/{name}");
    }
    serde_yaml::from_str::<serde_yaml::Value>(&action).unwrap();
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let checks = fs::read_to_string(root().join(".github/workflows/ci.yml")).unwrap();
    assert!(checks.contains("run: .ci/run\n"));
    for name in ["fuzz", "clients", "helm"] {
        assert!(checks.contains(&format!("run: make {name}\n")), "nothing calls make {name}");
        assert!(makefile.contains(&format!("\n{name}:  ## ")), "make {name}");
    }
}

/// docs/design/017-start.md has what it saves at each start.
#[test]
#[cfg(all(target_os = "linux", not(target_feature = "crt-static")))]
fn the_program_has_fixed_addresses() {
    // <https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html>
    const EXECUTABLE: [u8; 2] = [2, 0];
    let program = fs::read(iamra_path()).unwrap();
    assert_eq!((&program[..4], &program[16..18]), (b"\x7fELF".as_slice(), EXECUTABLE.as_slice()));
}

/// What stands beside the program in an archive is what the formula installs.
#[test]
fn an_archive_has_manual_pages_and_completions() {
    let dir = tempfile::tempdir().unwrap();
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let made = script("extras", &[&target, iamra_path().to_str().unwrap(), "."], dir.path());
    assert_eq!((made.exit, made.stdout.as_str(), made.stderr.as_str()), (0, "", ""));
    let index = fs::read_to_string(root().join("release/index")).unwrap();
    for file in ["complete/iamra.bash", "complete/iamra.fish", "complete/_iamra"] {
        assert!(fs::read_to_string(dir.path().join(file)).unwrap().contains("iamra"), "{file}");
        assert!(index.contains(&format!(".install \"{file}\"")), "{file}");
    }
    assert!(dir.path().join("man/iamra-k8s-onboard.1").is_file() && index.contains("Dir[\"man/*.1\"]"));
}

#[test]
fn the_same_files_are_packed_and_listed_as_the_same_bytes() {
    let [one, other] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    for dist in [&one, &other] {
        archives(dist.path());
        let indexed = script("index", &[".", "https://example.com/iamra/releases/download/v1.2.3/"], dist.path());
        assert_eq!((indexed.exit, indexed.stderr.as_str()), (0, ""));
    }
    for entry in fs::read_dir(one.path()).unwrap().map(Result::unwrap) {
        let same = fs::read(other.path().join(entry.file_name())).unwrap();
        assert!(fs::read(entry.path()).unwrap() == same, "{}", entry.path().display());
    }
    let text = |name: &str| fs::read_to_string(one.path().join(name)).unwrap();
    let (formula, krew) = (text("iamra.rb"), text("iamra.krew.yaml"));
    for target in TARGETS {
        let name = format!("iamra-1.2.3-{target}.tar.gz");
        let sum = sha256_hex(fs::read(one.path().join(&name)).unwrap());
        assert!(text("SHA256SUMS").contains(&format!("{sum}  {name}\n")), "{}", text("SHA256SUMS"));
        let url = format!("https://example.com/iamra/releases/download/v1.2.3/{name}");
        assert!(formula.contains(&format!("url \"{url}\"\n      sha256 \"{sum}\"\n")), "{formula}");
        assert!(krew.contains(&format!("uri: {url}\n    sha256: {sum}\n")), "{krew}");
    }
    let krew: serde_yaml::Value = serde_yaml::from_str(&krew).unwrap();
    assert_eq!(krew["spec"]["version"], "v1.2.3");
    assert_eq!(krew["spec"]["homepage"], "https://example.com/iamra");
    assert_eq!(formula.matches(" do\n").count(), formula.matches("end\n").count() - 2, "{formula}");
    fs::write(one.path().join("iamra-1.2.4-x86_64-unknown-linux-musl.tar.gz"), "").unwrap();
    let mixed = script("index", &[".", "https://example.com"], one.path());
    assert!(mixed.exit == 1 && mixed.stderr.contains("archives of 2 versions"), "{}", mixed.stderr);
}

/// As the action for workflows does it, from a folder in place of the host.
#[test]
fn only_what_has_the_listed_checksum_is_installed() {
    let releases = tempfile::tempdir().unwrap();
    let dist = releases.path().join("v1.2.3");
    fs::create_dir(&dist).unwrap();
    archives(&dist);
    assert_eq!(script("index", &[".", "https://example.com"], &dist).exit, 0);
    let install = || {
        let mut command = Command::new(root().join("release/install"));
        command.args(["1.2.3", "bin"]).current_dir(releases.path());
        run(command.env("IAMRA_RELEASES", format!("file://{}", releases.path().display())), b"")
    };
    let installed = install();
    assert_eq!(installed.exit, 0, "{}", installed.stderr);
    let program = releases.path().join("bin/iamra");
    assert_eq!(run(&mut Command::new(&program), b"").stdout, "x86_64-unknown-linux-musl\n");
    fs::remove_file(&program).unwrap();
    let archive = dist.join("iamra-1.2.3-x86_64-unknown-linux-musl.tar.gz");
    let whole = fs::read(&archive).unwrap();
    for wrong in [&whole[..whole.len() - 1], b"", b"<html>"] {
        fs::write(&archive, wrong).unwrap();
        let refused = install();
        assert!(refused.exit != 0 && !program.exists(), "{refused:?}");
    }
    fs::remove_file(&archive).unwrap();
    assert!(install().exit != 0 && !program.exists());
}

/// What is said to be the oldest compiler is the one that everything is built with.
#[test]
fn the_oldest_compiler_is_the_one_that_is_used() {
    let text = |name: &str| fs::read_to_string(root().join(name)).unwrap();
    let oldest = text("Cargo.toml").lines().find_map(|it| it.strip_prefix("rust-version = \"").map(str::to_owned));
    let oldest = oldest.unwrap().trim_end_matches('"').to_owned();
    assert!(text("rust-toolchain.toml").contains(&format!("channel = \"{oldest}.0\"")), "{oldest}");
    assert!(text("Dockerfile").contains(&format!("FROM rust:{oldest}-")), "{oldest}");
    let used = run(Command::new("rustc").arg("--version").current_dir(root()), b"");
    assert!(used.stdout.starts_with(&format!("rustc {oldest}.0 ")), "{}", used.stdout);
}
