//! Where the real programs are that `tests/peers/build` has built.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use crate::support::root;

/// A program that the package registries have: without it the test fails.
pub(crate) fn peer(name: &str) -> PathBuf {
    of_cache(&Path::new("bin").join(name))
}

/// A file that a peer brings.
pub(crate) fn of_cache(name: &Path) -> PathBuf {
    let cache = std::env::var_os("IAMRA_PEERS").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache/iamra-peers"),
        PathBuf::from,
    );
    let path = cache.join(name);
    assert!(path.is_file(), "{} is not there: run tests/peers/build", path.display());
    path
}

/// The image under test, built once a run from a static binary of this tree.
pub(crate) fn image() -> &'static str {
    static IMAGE: LazyLock<&str> = LazyLock::new(|| {
        for (script, args) in [("tests/peers/docker", None), ("tests/image", Some("iamra:test"))] {
            let output = Command::new(root().join(script)).args(args).output().expect("the script is there");
            assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
        }
        "iamra:test"
    });
    &IMAGE
}
