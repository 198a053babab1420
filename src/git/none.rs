//! Replaces Git in a build without the cargo feature `git`: the same interface, and no repository.

use std::path::{Path, PathBuf};

/// Whether this build can read repositories.
pub const IS_HERE: bool = false;

/// Whether Git tracks a file, which nothing can tell here.
pub fn is_tracked(_: &Path, _: &[PathBuf]) -> bool {
    false
}

/// A repository that cannot be read as asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// This build cannot read repositories.
    #[error("this build of iamra cannot read Git repositories")]
    NotHere,
}

impl Error {
    /// Why a file cannot be read.
    pub fn why(&self) -> String {
        self.to_string()
    }

    /// What to do.
    pub fn help(&self) -> Option<&'static str> {
        Some("use a build with the cargo feature `git`")
    }

    /// Whether it is wrong usage.
    pub fn is_misuse(&self) -> bool {
        true
    }
}

/// A repository, of which there is none.
pub enum Repository {}

/// Where files are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Version {
    /// What is staged.
    Index,
}

impl Version {
    /// Its name in messages.
    pub fn name(&self) -> &'static str {
        "the index"
    }

    /// The hash of a commit, of which there is none.
    pub fn hash(&self) -> Option<String> {
        None
    }

    /// Whether its files are those on disk.
    pub fn is_on_disk(&self) -> bool {
        false
    }
}

impl Repository {
    /// Finds none.
    pub fn find(_: &Path) -> Result<Self, Error> {
        Err(Error::NotHere)
    }

    /// Where a path of the disk is in the repository.
    pub fn place(&self, _: &Path) -> Result<PathBuf, Error> {
        match *self {}
    }

    /// The last commit.
    pub fn head(&self) -> Result<Version, Error> {
        match *self {}
    }

    /// The commit of this name.
    pub fn commit(&self, _: &str) -> Result<Version, Error> {
        match *self {}
    }

    /// Where two commits have parted.
    pub fn merge_base(&self, _: &Version, _: &Version) -> Result<Version, Error> {
        match *self {}
    }

    /// What is not committed.
    pub fn uncommitted(&self, _: bool) -> Result<Version, Error> {
        match *self {}
    }

    /// The text of a file.
    pub fn read(&self, _: &Version, _: &Path) -> Result<Option<String>, Error> {
        match *self {}
    }

    /// Where the links of a path lead.
    pub fn followed(&self, _: &Version, _: &Path) -> Result<Option<PathBuf>, Error> {
        match *self {}
    }

    /// The URL of a remote.
    pub fn origin(&self) -> Option<String> {
        match *self {}
    }

    /// The root of the worktree.
    pub fn worktree(&self) -> Option<&Path> {
        match *self {}
    }

    /// The files of a name.
    pub fn named(&self, _: &Version, _: &Path, _: &str) -> Result<Vec<PathBuf>, Error> {
        match *self {}
    }

    /// The declaration that a place means.
    pub fn find_declaration(&self, _: &Version, _: &Path) -> Result<Option<PathBuf>, Error> {
        match *self {}
    }

    /// What a file was called.
    pub fn renamed(&self, _: &Version, _: &Version, _: &Path) -> Result<Option<PathBuf>, Error> {
        match *self {}
    }
}
