//! The declarations that extend one base: they are one with it, and each sees only itself and the base.

use std::path::{Path, PathBuf};

use super::declaration::File;
use super::error::Error;
use super::io::Io;
use super::paths::display;
use crate::config::{self, Binding, Claims, Config};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::disk;
use crate::git::{Repository, Version};
use crate::quote::quote;

/// All declarations in and below the folder of a base that extend it.
pub(super) struct Delegated {
    /// In the order of their paths; but the one that was asked about is the last one.
    pub(super) files: Vec<File>,
    /// Why one below the base cannot be read, if that is so.
    unread: Option<Error>,
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
        let is_own = |it: &File| same(&it.path, &file.path);
        let is_meant = |it: &File| it.extends() && same(&it.root, &file.root) || it.may_extend() && !is_own(it);
        let (mut files, mut unread) = (Vec::new(), None);
        for path in &paths {
            match open(path) {
                Ok(file) if is_meant(&file) => files.push(file),
                Ok(_) => {}
                Err(error) => unread = unread.or(Some(error)),
            }
        }
        // One further up comes first.
        files.sort_by_key(|it| (same(&it.path, &file.path), it.path.parent().map(Path::to_owned)));
        Ok(Self { files, unread })
    }

    /// The same, unless one cannot be read.
    pub(super) fn whole(self) -> Result<Self, Error> {
        match self {
            Self { unread: Some(error), .. } => Err(error),
            whole => Ok(whole),
        }
    }

    /// The others that share the base of a declaration on disk.
    pub(super) fn others(file: &File) -> Result<Vec<File>, Error> {
        Ok(Self::of(file, None)?.whole()?.beside(file).collect())
    }

    /// Their names, as far as they can be read.
    pub(super) fn names(file: &File) -> Vec<String> {
        Self::of(file, None).map_or_else(|_| Vec::new(), |all| all.beside(file).map(|it| it.name).collect())
    }

    fn beside(self, file: &File) -> impl Iterator<Item = File> {
        self.files.into_iter().filter(|it| !disk::is_same(&it.path, &file.path))
    }

    /// What is wrong with one of them, without what its base is told already.
    pub(super) fn own(file: &File, report: Report) -> Report {
        // Nobody else tells what is wrong between it and its base.
        if file.is_broken() { report } else { report.of_document(0) }
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
                        report.push(clash);
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

/// Says which declarations extend one whose output does not have them.
pub(super) fn remark(file: &File, version: Option<(&Repository, &Version)>, io: &mut Io) -> Result<(), Error> {
    if file.extends() {
        return Ok(());
    }
    let all = Delegated::of(file, version)?.files;
    let folders = all.iter().map(|it| quote(&display(it.path.parent().unwrap_or(&it.path))).to_string());
    let folders: Vec<_> = folders.collect();
    let (some, more) = folders.split_at(folders.len().min(NAMED));
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    let (extend, folder) =
        if folders.len() == 1 { ("extends", "that folder") } else { ("extend", "one of these folders") };
    let some = some.join(", ");
    if folders.is_empty() {
        return Ok(());
    }
    io.remark(&format_args!(
        "not shown: the workloads of {some}{more}, which {extend} this declaration; pass {folder}\n"
    ))
}

/// How many folders are named.
const NAMED: usize = 3;

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
