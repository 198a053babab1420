//! Reads revisions, the index and the worktree of a Git repository. It writes nothing, and does not run `git`. `none`
//! replaces this room in a build without the cargo feature `git`.

mod tracked;

use std::path::{Component, Path, PathBuf};

use git2::{
    Delta, Diff, DiffFindOptions, ErrorCode, ObjectType, Oid, RepositoryOpenFlags, TreeWalkMode, TreeWalkResult,
};

use crate::disk;
use crate::encoding::{self, Encoding};
use crate::quote::quote;

pub use tracked::is_tracked;

/// Whether this build can read repositories.
pub const IS_HERE: bool = true;

/// How many links a path may have.
const LINKS: usize = 8;
/// The mode that Git gives a symbolic link.
/// <https://git-scm.com/book/en/v2/Git-Internals-Git-Objects>
const LINK: u32 = 0o120_000;
/// The limit of files that are compared to detect renames; libgit2's own default is 1000.
/// <https://github.com/libgit2/libgit2/blob/main/include/git2/diff.h>
const RENAMES: usize = 2000;

/// A repository that cannot be read as asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no repository.
    #[error("{} is not in a Git repository", quote(&.0.display()))]
    NoRepository(PathBuf),
    /// There is no such commit, or it is not in this clone.
    #[error("{} is not a revision{place}", quote(&name), place = if *.shallow { " of this shallow clone" } else { "" })]
    NoRevision {
        /// What was asked for.
        name: String,
        /// Whether the clone has only a part of the history.
        shallow: bool,
    },
    /// Two commits with nothing in common.
    #[error("{} and {} have no commit in common{place}", quote(&base), quote(&head), place = if *.shallow { " in this shallow clone" } else { "" })]
    NoMergeBase {
        /// One commit.
        base: String,
        /// The other.
        head: String,
        /// Whether the clone has only a part of the history.
        shallow: bool,
    },
    /// A bare repository has neither worktree nor index.
    #[error("the repository is bare: it has no files beside its commits")]
    Bare,
    /// The path is outside the worktree.
    #[error("{} is not in the repository's worktree", quote(&.0.display()))]
    Outside(PathBuf),
    /// A merge is unfinished.
    #[error("{} has conflicts in the index", quote(&.0.display()))]
    Conflict(PathBuf),
    /// A link that is dangling or points outside the repository.
    #[error("{} is a link that points outside the repository or forms a loop", quote(&.0.display()))]
    Link(PathBuf),
    /// The file is not text.
    #[error("{} is not UTF-8", quote(&.0.display()))]
    NotText(PathBuf),
    /// A file of the worktree.
    #[error(transparent)]
    Disk(#[from] disk::Error),
    /// Whatever else libgit2 says.
    #[error("the Git repository cannot be read")]
    Git(#[from] git2::Error),
}

impl Error {
    /// Whether it is wrong usage.
    pub fn is_misuse(&self) -> bool {
        matches!(self, Self::NoRevision { .. } | Self::Bare)
    }

    /// Why a file cannot be read, without its name.
    pub fn why(&self) -> String {
        match self {
            Self::Disk(error) => error.why(),
            Self::NotText(_) => "is not UTF-8".to_owned(),
            Self::Conflict(_) => "has conflicts in the index".to_owned(),
            _ => self.to_string(),
        }
    }

    /// What to do.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::NoRepository(_) => Some("run it in a clone, or pass a folder in one"),
            Self::NoRevision { shallow: true, .. } | Self::NoMergeBase { shallow: true, .. } => {
                Some("fetch the rest of the history: `git fetch --unshallow`, or `fetch-depth: 0` of a checkout in CI")
            }
            Self::NoRevision { .. } => Some(
                "`git log` and `git branch -a` list the revisions; of `iamra diff`, a folder is the second argument: \
                 `iamra diff HEAD DIR`",
            ),
            Self::NoMergeBase { .. } => Some("compare them directly: `iamra diff BASE..HEAD`"),
            Self::Bare => Some("pass two revisions: `iamra diff BASE..HEAD`"),
            Self::Conflict(_) => Some("finish the merge"),
            Self::Disk(disk::Error::Encoded(..)) => Some(encoding::HELP),
            // Like git, libgit2 refuses repositories of other users.
            Self::Git(error) if error.code() == ErrorCode::Owner => {
                Some("it belongs to another user: `git config --global --add safe.directory FOLDER`")
            }
            _ => None,
        }
    }
}

/// A repository.
pub struct Repository(git2::Repository);

/// Where files are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Version {
    /// Before the first commit: there is no file.
    Nothing,
    /// The files of a commit, and how the commit was asked for.
    Commit {
        /// Its tree.
        tree: Oid,
        /// Its own hash.
        commit: Oid,
        /// What it was called.
        name: String,
    },
    /// What is staged.
    Index,
    /// The files on disk.
    Worktree,
}

impl Version {
    /// Its name in messages.
    pub fn name(&self) -> &str {
        match self {
            Self::Nothing => "nothing",
            Self::Commit { name, .. } => name,
            Self::Index => "the index",
            Self::Worktree => "the worktree",
        }
    }

    /// The hash of the commit, if it is one.
    pub fn hash(&self) -> Option<String> {
        if let Self::Commit { commit, .. } = self { Some(commit.to_string()) } else { None }
    }

    /// Whether its files are those on disk.
    pub fn is_on_disk(&self) -> bool {
        *self == Self::Worktree
    }
}

impl Repository {
    /// The repository that `path` is in, or the one that Git's own variables name, as in a hook.
    ///
    /// # Errors
    /// There is none, or it is not ours to read.
    pub fn find(path: &Path) -> Result<Self, Error> {
        Self::find_below(path, &[])
    }

    /// The same, if it is below all of these folders around the path.
    fn find_below(path: &Path, ceilings: &[PathBuf]) -> Result<Self, Error> {
        let start = path.ancestors().find(|path| path.is_dir()).unwrap_or_else(|| Path::new("."));
        let found = git2::Repository::open_ext(start, RepositoryOpenFlags::FROM_ENV, ceilings);
        found.map(Self).map_err(|error| match error.code() {
            ErrorCode::NotFound => Error::NoRepository(path.to_owned()),
            _ => Error::Git(error),
        })
    }

    /// The path as Git writes it: from the root of the repository. In a bare repository it is that already.
    ///
    /// # Errors
    /// It is not in the worktree.
    pub fn place(&self, path: &Path) -> Result<PathBuf, Error> {
        let outside = || Error::Outside(path.to_owned());
        let Some(root) = self.0.workdir() else { return plain(path).ok_or_else(outside) };
        let root = root.canonicalize().map_err(|_| outside())?;
        let absolute = path.canonicalize().or_else(|_| std::path::absolute(path)).map_err(|_| outside())?;
        absolute.strip_prefix(root).map(Path::to_owned).map_err(|_| outside())
    }

    /// The last commit; nothing when there is none yet.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn head(&self) -> Result<Version, Error> {
        match self.0.head() {
            Ok(_) => self.commit("HEAD"),
            Err(error) if error.code() == ErrorCode::UnbornBranch => Ok(Version::Nothing),
            Err(error) => Err(error.into()),
        }
    }

    /// The commit of this name: a branch, a tag, a hash, `HEAD~3`.
    ///
    /// # Errors
    /// There is none, or it is not in this clone.
    pub fn commit(&self, name: &str) -> Result<Version, Error> {
        let found = self.0.revparse_single(name).and_then(|object| object.peel_to_commit());
        let commit = found.map_err(|_| Error::NoRevision { name: name.to_owned(), shallow: self.0.is_shallow() })?;
        Ok(Version::Commit { tree: commit.tree_id(), commit: commit.id(), name: name.to_owned() })
    }

    /// The commit in which two histories parted: what a pull request is compared with.
    ///
    /// # Errors
    /// There is none, or it is not in this clone.
    pub fn merge_base(&self, base: &Version, head: &Version) -> Result<Version, Error> {
        let (Version::Commit { commit: one, name, .. }, Version::Commit { commit: other, name: second, .. }) =
            (base, head)
        else {
            return Ok(base.clone());
        };
        let parted = self.0.merge_base(*one, *other).map_err(|_| Error::NoMergeBase {
            base: name.clone(),
            head: second.clone(),
            shallow: self.0.is_shallow(),
        })?;
        let commit = self.0.find_commit(parted)?;
        Ok(Version::Commit { tree: commit.tree_id(), commit: parted, name: name.clone() })
    }

    /// The files that are staged, or on disk.
    ///
    /// # Errors
    /// The repository is bare.
    pub fn uncommitted(&self, staged: bool) -> Result<Version, Error> {
        match (self.0.is_bare(), staged) {
            (true, _) => Err(Error::Bare),
            (false, true) => Ok(Version::Index),
            (false, false) => Ok(Version::Worktree),
        }
    }

    /// The text of a file, links followed; `None` when there is no such file.
    ///
    /// # Errors
    /// It cannot be read, or is not UTF-8.
    pub fn read(&self, version: &Version, path: &Path) -> Result<Option<String>, Error> {
        if *version == Version::Worktree {
            let root = self.0.workdir().ok_or(Error::Bare)?;
            let path = root.join(path);
            return Ok(if path.is_dir() { None } else { disk::read_if_there(&path)? });
        }
        let at = plain(path).ok_or_else(|| Error::Outside(path.to_owned()))?;
        match self.file(version, at)? {
            Some((_, text)) => Ok(text),
            None => Err(Error::Link(path.to_owned())),
        }
    }

    /// The path of a file, links followed, whether there is one or not; `None` when it leads out of the repository.
    ///
    /// # Errors
    /// It cannot be read, or is not UTF-8.
    pub fn followed(&self, version: &Version, path: &Path) -> Result<Option<PathBuf>, Error> {
        let Some(at) = plain(path) else { return Ok(None) };
        Ok(self.file(version, at)?.map(|(at, _)| at))
    }

    /// Where the links of a path lead, and the text of the file there; `None` when they lead out.
    fn file(&self, version: &Version, path: PathBuf) -> Result<Option<(PathBuf, Option<String>)>, Error> {
        let mut at = path.clone();
        for _ in 0..LINKS {
            let Some((blob, mode)) = self.blob(version, &at)? else { return Ok(Some((at, None))) };
            if self.0.odb()?.read_header(blob)?.0 as u64 > disk::LARGEST {
                return Err(disk::Error::TooLarge(path, disk::LARGEST >> 20).into());
            }
            let blob = self.0.find_blob(blob)?;
            if let Some(other) = Encoding::other(blob.content()) {
                return Err(disk::Error::Encoded(path, other).into());
            }
            let text = std::str::from_utf8(blob.content()).map_err(|_| Error::NotText(path.clone()))?;
            if mode != LINK {
                return Ok(Some((at, Some(text.to_owned()))));
            }
            let target = at.parent().unwrap_or_else(|| Path::new("")).join(text);
            let Some(target) = plain(&target) else { return Ok(None) };
            at = target;
        }
        Ok(None)
    }

    /// The URL of the remote `origin`, if there is one.
    pub fn origin(&self) -> Option<String> {
        let remote = self.0.find_remote("origin").ok()?;
        std::str::from_utf8(remote.url_bytes()).ok().map(str::to_owned)
    }

    /// The root of the worktree, if there is one.
    pub fn worktree(&self) -> Option<&Path> {
        self.0.workdir()
    }

    /// The paths of all files of this name in and below a folder, in order; links are left out.
    ///
    /// # Errors
    /// The version cannot be read.
    pub fn named(&self, version: &Version, folder: &Path, name: &str) -> Result<Vec<PathBuf>, Error> {
        let is_meant = |path: &Path| path.starts_with(folder) && path.file_name().is_some_and(|it| it == name);
        let mut found = Vec::new();
        match version {
            Version::Nothing | Version::Worktree => {}
            Version::Index => {
                let index = self.0.index()?;
                let entries = index.iter().filter(|entry| entry.mode != LINK);
                let paths = entries.filter_map(|entry| String::from_utf8(entry.path).ok()).map(PathBuf::from);
                found.extend(paths.filter(|path| is_meant(path)));
            }
            Version::Commit { tree, .. } => {
                self.0.find_tree(*tree)?.walk(TreeWalkMode::PreOrder, |above, entry| {
                    let path = Path::new(above).join(entry.name().unwrap_or_default());
                    let is_link = entry.filemode_raw().cast_unsigned() == LINK;
                    if entry.kind() == Some(ObjectType::Blob) && !is_link && is_meant(&path) {
                        found.push(path);
                    }
                    TreeWalkResult::Ok
                })?;
            }
        }
        found.sort();
        found.dedup();
        Ok(found)
    }

    /// Finds the declaration for a path: the file itself, or `iamra.yaml` in the folder or the nearest one above it.
    ///
    /// # Errors
    /// The version cannot be read.
    pub fn find_declaration(&self, version: &Version, place: &Path) -> Result<Option<PathBuf>, Error> {
        // The root has an empty path, which cannot be read.
        if !place.as_os_str().is_empty() && self.read(version, place)?.is_some() {
            return Ok(Some(place.to_owned()));
        }
        for folder in place.ancestors() {
            let candidate = folder.join(disk::DECLARATION);
            if self.read(version, &candidate)?.is_some() {
                return Ok(Some(candidate));
            }
        }
        Ok(None)
    }

    fn blob(&self, version: &Version, path: &Path) -> Result<Option<(Oid, u32)>, Error> {
        match version {
            Version::Nothing | Version::Worktree => Ok(None),
            Version::Commit { tree, .. } => match self.0.find_tree(*tree)?.get_path(path) {
                Ok(entry) if entry.kind() == Some(ObjectType::Blob) => {
                    Ok(Some((entry.id(), entry.filemode_raw().cast_unsigned())))
                }
                Ok(_) => Ok(None),
                Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
                Err(error) => Err(error.into()),
            },
            Version::Index => {
                let index = self.0.index()?;
                if let Some(entry) = index.get_path(path, 0) {
                    return Ok(Some((entry.id, entry.mode)));
                }
                let is_conflict = (1..=3).any(|stage| index.get_path(path, stage).is_some());
                if is_conflict { Err(Error::Conflict(path.to_owned())) } else { Ok(None) }
            }
        }
    }

    /// The name in one version of a file that has a different name in the other; `None` when it does not exist under
    /// any name.
    ///
    /// # Errors
    /// The versions cannot be compared.
    pub fn renamed(&self, base: &Version, head: &Version, path: &Path) -> Result<Option<PathBuf>, Error> {
        let Some(mut diff) = self.diff(base, head)? else { return Ok(None) };
        diff.find_similar(Some(DiffFindOptions::new().renames(true).for_untracked(true).rename_limit(RENAMES)))?;
        let other = diff.deltas().filter(|delta| delta.status() == Delta::Renamed).find_map(|delta| {
            let (old, new) = (delta.old_file().path()?, delta.new_file().path()?);
            if new == path { Some(old) } else { (old == path).then_some(new) }.map(Path::to_owned)
        });
        Ok(other)
    }

    fn diff(&self, base: &Version, head: &Version) -> Result<Option<Diff<'_>>, Error> {
        let Version::Commit { tree, .. } = base else { return Ok(None) };
        let base = self.0.find_tree(*tree)?;
        Ok(Some(match head {
            Version::Nothing => return Ok(None),
            Version::Commit { tree, .. } => {
                self.0.diff_tree_to_tree(Some(&base), Some(&self.0.find_tree(*tree)?), None)?
            }
            Version::Index => self.0.diff_tree_to_index(Some(&base), None, None)?,
            Version::Worktree => {
                let mut options = git2::DiffOptions::new();
                // To Git, a file moved with plain `mv` is new.
                options.include_untracked(true).recurse_untracked_dirs(true).show_untracked_content(true);
                self.0.diff_tree_to_workdir_with_index(Some(&base), Some(&mut options))?
            }
        }))
    }
}

/// The path without `.` and `..`; `None` when it leads out.
fn plain(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => plain.push(name),
            Component::ParentDir => plain.pop().then_some(())?,
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(plain)
}
