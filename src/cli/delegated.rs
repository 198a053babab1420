//! The declarations that extend one base: they are one with it, and each sees only itself and the base.

use std::path::{Path, PathBuf};

use super::declaration::File;
use super::error::Error;
use crate::config::{self, Binding, Claims, Config};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::disk;
use crate::git::{Repository, Version};

/// All declarations in and below the folder of a base that extend it.
pub(super) struct Delegated {
    /// In the order of their paths; but the one that was asked about is the last one.
    pub(super) files: Vec<File>,
}

impl Delegated {
    /// The declarations that extend `file`, or what it extends, on disk or in a version of a repository.
    pub(super) fn of(file: &File, version: Option<(&Repository, &Version)>) -> Result<Self, Error> {
        let folder = &file.folder;
        let paths = match version {
            Some((repository, version)) => repository.named(version, folder, disk::DECLARATION)?,
            None => disk::files_named(folder, disk::DECLARATION)?,
        };
        let same = |one: &Path, other: &Path| one == other || version.is_none() && disk::is_same(one, other);
        let open = |path: &PathBuf| match version {
            Some((repository, version)) => File::in_git(repository, version, path),
            None => File::open(path),
        };
        // One whose base is not there may be meant to extend this one. One that cannot be read extends none.
        let is_meant = |it: &File| it.is_broken() || it.extends() && same(&it.root, &file.root);
        let mut files: Vec<_> = paths.iter().filter_map(|path| open(path).ok()).filter(is_meant).collect();
        // One further up comes first.
        files.sort_by_key(|it| (same(&it.path, &file.path), it.path.parent().map(Path::to_owned)));
        Ok(Self { files })
    }

    /// The others that share the base of a declaration on disk.
    pub(super) fn others(file: &File) -> Result<Vec<File>, Error> {
        let all = Self::of(file, None)?.files.into_iter();
        Ok(all.filter(|it| !disk::is_same(&it.path, &file.path)).collect())
    }

    /// What each of them takes from one before it.
    pub(super) fn claims(&self) -> Vec<Report> {
        let seen: Vec<_> = self.files.iter().map(configs).collect();
        let mut claims = Claims::default();
        let mut reports = Vec::new();
        for (index, configs) in seen.iter().enumerate() {
            let mut report = Report::default();
            for config in configs {
                let own = config.bindings.iter().filter(|binding| binding.is_listed && !binding.is_inherited());
                for binding in own {
                    let in_words = |file: usize, other: &Binding| self.in_words(file, other);
                    if let Some(clash) = claims.add(config.cluster.as_deref(), binding, index, in_words) {
                        report.push(clash.at(Place::Config(binding.place.clone())));
                    }
                }
            }
            reports.push(report);
        }
        reports
    }

    fn in_words(&self, file: usize, other: &Binding) -> String {
        let documents = self.files.get(file).and_then(|file| file.documents(&mut Report::default()));
        documents.map_or_else(String::new, |documents| documents.whole().in_words(&other.place))
    }
}

/// The roles' workloads are not all known: this declaration has errors.
pub(super) fn unread(other: &File) -> Diagnostic {
    let message = format!("the roles of the workloads in {} are not known: it has errors", other.name);
    let wrong = Diagnostic::error(Code::TrustPolicy, message).at(Place::File(other.name.clone(), None));
    wrong.help("run `iamra check`, which reports them")
}

/// The declaration for each cluster, as far as it is valid.
fn configs(file: &File) -> Vec<Config> {
    let Some(documents) = file.documents(&mut Report::default()) else { return Vec::new() };
    let declaration = documents.whole();
    config::load_lenient(declaration, &config::clusters(declaration), &mut Report::default())
}
