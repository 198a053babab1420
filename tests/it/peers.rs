//! The real programs that tests talk to, and the images.

use std::process::Command;
use std::sync::LazyLock;

pub(crate) use crate::cache::{of_cache, peer};
use crate::support::{iamra_path, root};

/// The images under test: those with the tag in `IAMRA_IMAGES`, or else, made once a run, the program under test in images
/// like the published ones.
static IMAGES: LazyLock<[String; 2]> = LazyLock::new(|| {
    succeeds(&mut Command::new(root().join("tests/peers/docker")));
    let tag = std::env::var("IAMRA_IMAGES").unwrap_or_else(|_| {
        let mut build = Command::new(root().join("tests/image"));
        succeeds(build.arg("test").arg(peer("kustomize-5.8.2")).arg(iamra_path()));
        "test".to_owned()
    });
    ["iamra", "iamra-cmp"].map(|name| format!("{name}:{tag}"))
});

fn succeeds(script: &mut Command) {
    let output = script.output().expect("the script is there");
    assert!(output.status.success(), "{script:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The function's image.
pub(crate) fn image() -> &'static str {
    &IMAGES[0]
}

/// The image of the sidecar in Argo CD's repo server.
pub(crate) fn cmp_image() -> &'static str {
    &IMAGES[1]
}
