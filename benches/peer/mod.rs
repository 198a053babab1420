//! The real programs that benches run, from the folder that `tests/peers/build` fills.

use std::path::PathBuf;

/// The version that is measured.
pub(crate) const KUSTOMIZE: &str = "kustomize-5.8.2";

/// Its program.
pub(crate) fn kustomize() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache/iamra-peers");
    let program = std::env::var_os("IAMRA_PEERS").map_or_else(home, PathBuf::from).join("bin").join(KUSTOMIZE);
    assert!(program.is_file(), "{} is not there: run tests/peers/build kustomize", program.display());
    program
}
