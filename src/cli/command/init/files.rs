//! The files beside the declaration.

use std::path::{Path, PathBuf};

use crate::cli::error::Error;
use crate::cli::io::Io;
use crate::cli::paths::{display, from_here, in_diff};
use crate::disk;
use crate::output;

/// Which files are written.
#[derive(clap::Args)]
pub(super) struct Layout {
    /// Write the declaration into a kustomize component, DIR/iamra, for builds that run iamra as a function
    #[arg(long = "kustomize-component")]
    kustomize: bool,
    /// Write the kustomize component that adds iamra to Argo CD's repo server, DIR/argo-cd
    #[arg(long)]
    argo_cd: bool,
}

/// The component, which is documented in `kustomize/README.md`.
const COMPONENT: &[(&str, &str)] = &[
    ("kustomization.yaml", include_str!("../../../../kustomize/components/iamra/kustomization.yaml")),
    ("name-reference.yaml", include_str!("../../../../kustomize/components/iamra/name-reference.yaml")),
    (
        "declaration/kustomization.yaml",
        include_str!("../../../../kustomize/components/iamra/declaration/kustomization.yaml"),
    ),
    ("generate/kustomization.yaml", include_str!("../../../../kustomize/components/iamra/generate/kustomization.yaml")),
    (
        "transform/kustomization.yaml",
        include_str!("../../../../kustomize/components/iamra/transform/kustomization.yaml"),
    ),
];

/// The config management plugin, which is documented in `kustomize/argo-cd/README.md`.
const ARGO_CD: &[(&str, &str)] = &[
    ("kustomization.yaml", include_str!("../../../../kustomize/argo-cd/sidecar/kustomization.yaml")),
    ("plugin.yaml", include_str!("../../../../kustomize/argo-cd/sidecar/plugin.yaml")),
    ("repo-server.yaml", include_str!("../../../../kustomize/argo-cd/sidecar/repo-server.yaml")),
];

/// The folder of the component.
const FOLDER: &str = "iamra";

const PRE_COMMIT: &str = ".pre-commit-config.yaml";

/// The hooks, as `docs/checks.md` has them, in this version.
const HOOKS: &str = concat!(
    "- repo: https://github.com/iamra/iamra\n",
    "  rev: v",
    env!("CARGO_PKG_VERSION"),
    "\n",
    "  hooks:\n",
    "  - id: iamra-check # every rule, as staged; milliseconds\n",
    "  - id: iamra-lock-check # the lock answers everything\n",
);

impl Layout {
    /// The folder of the declaration.
    pub(super) fn declaration(&self, dir: &Path) -> PathBuf {
        if self.kustomize { dir.join(FOLDER).join("declaration") } else { dir.to_owned() }
    }
}

/// Files that are not there yet, and what to do by hand.
pub(super) struct Files {
    new: Vec<(PathBuf, String)>,
    by_hand: Vec<String>,
}

/// The files that are missing. None is overwritten.
pub(super) fn missing(layout: &Layout, dir: &Path) -> Result<Files, Error> {
    let component = COMPONENT.iter().filter(|_| layout.kustomize).map(|it| (dir.join(FOLDER), it));
    let argo_cd = ARGO_CD.iter().filter(|_| layout.argo_cd).map(|it| (dir.join("argo-cd"), it));
    let mut files = Files { new: Vec::new(), by_hand: Vec::new() };
    for (folder, (name, text)) in component.chain(argo_cd) {
        let path = folder.join(name);
        if !disk::is_taken(&path) {
            // Known before anything is written.
            disk::check_place(&path)?;
            files.new.push((path, (*text).to_owned()));
        }
    }
    let config = pre_commit(dir);
    match disk::read_if_there(&config)? {
        None if !disk::is_taken(&config) => files.new.push((config, format!("repos:\n{HOOKS}"))),
        Some(text) if text.contains("iamra-check") => {}
        _ => files.by_hand.push(format!("{}: add this under `repos`:\n{HOOKS}", display(&config))),
    }
    if layout.kustomize {
        files
            .by_hand
            .push(format!("list the folder {} under `components:` of each overlay\n", display(&dir.join(FOLDER))));
    }
    Ok(files)
}

/// The configuration of pre-commit, which is at the root of a working copy.
fn pre_commit(dir: &Path) -> PathBuf {
    let whole = dir.canonicalize().ok();
    let root = whole.as_deref().and_then(disk::working_copy).map(from_here);
    root.unwrap_or_else(|| dir.to_owned()).join(PRE_COMMIT)
}

impl Files {
    /// Writes them, or shows them.
    pub(super) fn commit(&self, dry_run: bool, io: &mut Io) -> Result<(), Error> {
        for (path, text) in &self.new {
            if dry_run {
                let diff = output::unified(&in_diff(path).0, "", text);
                io.data(|out| out.write_all(diff.as_bytes()))?;
            } else {
                disk::write(path, text)?;
            }
            let not_written = if dry_run { " (not written)" } else { "" };
            io.words(&format_args!("{}{not_written}: a new file\n", display(path)))?;
        }
        self.by_hand.iter().try_for_each(|words| io.words(words))
    }
}
