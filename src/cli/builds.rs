//! Several builds: the folders that the user means, and how a run over all of them ends.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use super::Exit;
use super::at_hand::AtHand;
use super::declaration::File;
use super::error::Error;
use super::{kustomization, paths};
use crate::disk::{self, DECLARATION, NoMatches};

/// A build and the path that it has among others: what the wildcards of its pattern stand for, or its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Build {
    pub(super) folder: PathBuf,
    pub(super) name: PathBuf,
}

/// Whether these are several builds, even if there is only one match.
pub(super) fn are_several(paths: &[PathBuf]) -> bool {
    paths.len() > 1 || paths.iter().any(|path| disk::is_pattern(path))
}

/// The changed files among the paths, if there may be any, without links; and the rest: folders and patterns. What is not there
/// and is named like a file was deleted. Any other name may be a folder's that is spelt wrong, which is an error.
pub(super) fn without_changed(paths: &[PathBuf], may_be_changed: bool) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let is_deleted = |path: &Path| !disk::is_pattern(path) && disk::is_gone(path) && is_named_like_a_file(path);
    let leads_nowhere = |path: &Path| path.is_symlink() && !path.exists();
    let is_changed = |path: &&PathBuf| may_be_changed && (path.is_file() || leads_nowhere(path) || is_deleted(path));
    let (changed, rest): (Vec<_>, Vec<_>) = paths.iter().partition(is_changed);
    (changed.into_iter().map(|path| disk::whole(path)).collect(), rest.into_iter().cloned().collect())
}

/// `.gitignore`, `values.yaml` and what kustomize reads, but not `v1.2`.
fn is_named_like_a_file(path: &Path) -> bool {
    let text = |name: Option<&OsStr>| name.and_then(OsStr::to_str).unwrap_or_default().to_owned();
    let (name, extension) = (text(path.file_name()), text(path.extension()));
    name.starts_with('.')
        || extension.starts_with(|c: char| c.is_ascii_alphabetic())
        || kustomization::FILES.contains(&name.as_str())
}

/// What builds depend on, beside what kustomize reads.
#[derive(Clone, Copy)]
pub(super) struct Inputs<'i> {
    /// The declaration, if the user names it.
    pub(super) declaration: Option<&'i Path>,
    /// What else the user names.
    pub(super) at_hand: &'i AtHand,
}

impl Inputs<'_> {
    /// The files of a declaration, and those that the user names.
    pub(super) fn of(&self, file: &File) -> Vec<PathBuf> {
        self.named().map(Path::to_owned).chain(file.inputs(&self.at_hand.lock)).collect()
    }

    fn named(&self) -> impl Iterator<Item = &Path> {
        self.declaration.into_iter().chain(self.at_hand.named())
    }
}

/// The builds that folders and patterns mean.
pub(super) fn of(paths: &[PathBuf]) -> Result<Vec<Build>, Error> {
    let mut builds = BTreeSet::new();
    for path in paths {
        builds.extend(named(path)?);
    }
    Ok(builds.into_iter().collect())
}

fn named(path: &Path) -> Result<Vec<Build>, Error> {
    if !disk::is_pattern(path) {
        return Ok(vec![Build { folder: path.to_owned(), name: below_here(path)? }]);
    }
    let matches = matches(path)?.into_iter();
    Ok(matches.map(|(folder, name)| Build { folder, name }).collect())
}

/// The kustomizations that a pattern matches, each with what its wildcards stand for.
pub(super) fn matches(path: &Path) -> Result<Vec<(PathBuf, PathBuf)>, Error> {
    let pattern = || path.display().to_string();
    let mut matches = disk::matching(path).map_err(|why| match why {
        NoMatches::Syntax(why) => Error::Pattern(pattern(), why),
        NoMatches::Folder(error) => error.into(),
    })?;
    matches.retain(|(folder, _)| kustomization::is_buildable(folder));
    if matches.is_empty() { Err(Error::Unmatched(pattern())) } else { Ok(matches) }
}

/// A folder's path from the current one.
fn below_here(path: &Path) -> Result<PathBuf, Error> {
    let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    let outside = || Error::Outside(path.to_owned());
    let below = if path.components().all(is_plain) {
        path.components().filter(|part| *part != Component::CurDir).collect()
    } else {
        let here = paths::here().map_err(|_| outside())?;
        let whole = path.canonicalize().map_err(|_| outside())?;
        whole.strip_prefix(here).map_err(|_| outside())?.to_owned()
    };
    if below.as_os_str().is_empty() { Err(outside()) } else { Ok(below) }
}

/// Whether a changed file is at a path or below it.
pub(super) fn is_in(path: &Path, changed: &[PathBuf]) -> bool {
    is_in_whole(&disk::whole(path), changed)
}

/// The same for a path without links.
fn is_in_whole(path: &Path, changed: &[PathBuf]) -> bool {
    changed.iter().any(|file| file.starts_with(path))
}

/// The builds that changed files may have changed; all if there are no such files. What cannot be read may have been changed:
/// who reads it says why it cannot.
pub(super) fn touched(builds: Vec<Build>, changed: &[PathBuf], inputs: Inputs<'_>) -> Vec<Build> {
    if changed.is_empty() || inputs.named().any(|path| is_in(path, changed)) {
        return builds;
    }
    let mut declarations = BTreeMap::new();
    let mut is_declaration_touched = |folder: &Path| {
        let Ok(path) = File::find(inputs.declaration.unwrap_or(folder)) else { return true };
        *declarations.entry(path).or_insert_with_key(|path| {
            let is_any = |paths: Vec<PathBuf>| paths.iter().any(|path| is_in(path, changed));
            File::at(path).map_or(true, |file| file.is_broken() || is_any(file.inputs(&inputs.at_hand.lock)))
        })
    };
    let is_touched = |build: &Build| {
        let folder = disk::whole(&build.folder);
        // A declaration above it, or a lock, which may have any place.
        let is_ours = |file: &PathBuf| {
            let above = file.parent().filter(|_| file.file_name().is_some_and(|name| name == DECLARATION));
            above.is_some_and(|above| folder.starts_with(above)) || file.extension().is_some_and(|it| it == "lock")
        };
        !folder.is_dir()
            || changed.iter().any(is_ours)
            || kustomization::reads(&build.folder).iter().any(|path| is_in_whole(path, changed))
            || is_declaration_touched(&build.folder)
    };
    builds.into_iter().filter(is_touched).collect()
}

/// Makes sure that no build's folder is that of another one or in it.
pub(super) fn check_apart(builds: &[Build]) -> Result<(), Error> {
    let mut sorted: Vec<_> = builds.iter().collect();
    sorted.sort_by(|one, other| one.name.cmp(&other.name));
    for (one, other) in sorted.iter().zip(sorted.iter().skip(1)) {
        if other.name.starts_with(&one.name) {
            return Err(Error::Entangled(one.folder.clone(), other.folder.clone()));
        }
    }
    Ok(())
}

/// How a run over several things ends: as the worst of them. What the input is to blame for counts more than what may be
/// right at the next try.
pub(super) fn worst(exits: impl Iterator<Item = Exit>) -> Exit {
    let order = [Exit::Bug, Exit::Usage, Exit::WrongInput, Exit::Failed, Exit::Differs];
    let exits: Vec<_> = exits.collect();
    order.into_iter().find(|exit| exits.contains(exit)).unwrap_or(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_build_is_written_into_another() {
        let of = |names: [&str; 2]| names.map(|name| Build { folder: name.into(), name: name.into() });
        assert!(check_apart(&of(["a", "ab"])).is_ok());
        assert!(check_apart(&of(["a", "a"])).is_err());
        assert!(check_apart(&of(["a/b", "a"])).is_err());
    }
}
