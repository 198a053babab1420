//! Where the real programs are that `tests/peers/build` has built. Benches read this file too.

use std::path::{Path, PathBuf};

/// Where `tests/peers/build` puts what it builds.
pub(crate) fn cache() -> PathBuf {
    std::env::var_os("IAMRA_PEERS").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache/iamra-peers"),
        PathBuf::from,
    )
}

/// A program that the package registries have: without it the test fails.
pub(crate) fn peer(name: &str) -> PathBuf {
    of_cache(&Path::new("bin").join(name))
}

/// A file that a peer brings.
pub(crate) fn of_cache(name: &Path) -> PathBuf {
    let path = cache().join(name);
    assert!(path.is_file(), "{} is not there: run tests/peers/build", path.display());
    path
}
