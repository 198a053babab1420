//! The declarations that a declaration extends, read from where it is itself.

use std::path::{Path, PathBuf};

use super::error::Error;
use super::paths::{self, Repository as Around, display, parent};
use crate::config::{self, Base};
use crate::diag::{Code, Diagnostic, Place};
use crate::disk;
use crate::git::{Repository, Version};
use crate::quote::quote;
use crate::yaml::FieldPath;

/// How many declarations are read as one: that of a platform, of a team and of an application.
const MOST: usize = 3;

/// What is written about plugins that see a part of the repository.
/// <https://argo-cd.readthedocs.io/en/stable/operator-manual/config-management-plugins/>
const ARGO_CD: &str = "Argo CD passes its plugins the whole repository, except with `--plugin-use-manifest-generate-paths`: add \
                       the folder of the base to the annotation `argocd.argoproj.io/manifest-generate-paths`";

/// A tree of files: that of a repository, where it is read.
pub(super) trait Tree {
    /// The path of a file in the tree, without links; `None` when it leads out.
    fn inside(&self, path: &Path) -> Result<Option<PathBuf>, Error>;
    /// The text of a file; `None` when there is none, and why when it cannot be read.
    fn read(&self, path: &Path) -> Result<Result<Option<String>, String>, Error>;
    /// A file or a folder as messages name it, and as it is opened.
    fn name(&self, path: &Path) -> PathBuf;
    /// How to get a file into the tree that is outside or missing.
    fn how_to_get(&self) -> &'static str;
}

/// A declaration in a tree, and what it extends.
pub(super) struct Chain {
    /// Its own folder.
    pub(super) place: PathBuf,
    /// Those that it extends, nearest first.
    pub(super) bases: Vec<Base>,
    /// The last one, as it is opened.
    pub(super) root: Option<PathBuf>,
    /// Why the next one is not there.
    pub(super) problem: Option<Diagnostic>,
    /// Whether its text does not say clearly what it extends.
    pub(super) is_unclear: bool,
}

/// Follows `extends` from a declaration at `path` in the tree.
pub(super) fn follow(tree: &dyn Tree, path: &Path, text: &str) -> Result<Chain, Error> {
    let mut chain = Chain { place: PathBuf::new(), bases: Vec::new(), root: None, problem: None, is_unclear: false };
    let extended = config::base_of(text).unwrap_or_else(|_| {
        chain.is_unclear = true;
        config::extends(text)
    });
    let Some(mut extended) = extended else { return Ok(chain) };
    let Some(own) = tree.inside(path)? else {
        chain.problem = Some(outside("the declaration is outside the repository, and extends another one", 0, tree));
        return Ok(chain);
    };
    chain.place = parent(&own);
    let mut seen = vec![own];
    loop {
        let document = seen.len() - 1;
        let here = seen.last().map(|path| parent(path)).unwrap_or_default();
        let path = match next(tree, &here.join(&extended), &seen)? {
            Ok(path) => path,
            Err(problem) => {
                chain.problem = Some(problem);
                return Ok(chain);
            }
        };
        let name = display(&tree.name(&path));
        let invalid = |words: String| invalid(&words, document);
        let base = match tree.read(&path)? {
            Err(why) => Err(invalid(format!("{} {why}", quote(&name)))),
            Ok(None) => Err(invalid(format!("there is no {}", quote(&name))).help(tree.how_to_get())),
            Ok(Some(text)) => match config::base_of(&text) {
                Ok(next) => Ok((text, next)),
                Err((line, why)) => {
                    let line = line.map_or_else(String::new, |line| format!(":{line}"));
                    Err(invalid(format!("{} {why}", quote(&format_args!("{name}{line}")))))
                }
            },
        };
        let (text, further) = match base {
            Ok(base) => base,
            Err(problem) => {
                chain.problem = Some(problem);
                return Ok(chain);
            }
        };
        chain.root = Some(tree.name(&path));
        chain.bases.push(Base { name, text, folder: parent(&path) });
        seen.push(path);
        let Some(further) = further else { return Ok(chain) };
        extended = further;
    }
}

/// The next declaration, unless there is none to be read.
fn next(tree: &dyn Tree, path: &Path, seen: &[PathBuf]) -> Result<Result<PathBuf, Diagnostic>, Error> {
    let document = seen.len() - 1;
    let Some(path) = tree.inside(path)? else {
        return Ok(Err(outside("the base is outside the repository", document, tree)));
    };
    let names = |paths: &[PathBuf]| {
        let names = paths.iter().chain([&path]).map(|path| quote(&display(&tree.name(path))).to_string());
        names.collect::<Vec<_>>().join(", which extends ")
    };
    if let Some(first) = seen.iter().position(|it| *it == path) {
        let circle = names(seen.get(first..).unwrap_or_default());
        return Ok(Err(invalid(&format!("declarations extend each other in a circle: {circle}"), document)));
    }
    if seen.len() == MOST {
        let words = format!("at most {MOST} declarations can be read as one: {}", names(seen));
        return Ok(Err(invalid(&words, document).help("extend the base itself, or merge two of them")));
    }
    Ok(Ok(path))
}

fn invalid(words: &str, document: usize) -> Diagnostic {
    Diagnostic::error(Code::InvalidBase, words)
        .at(place(document))
        .help("name the file of the declaration to extend, relative to the folder of this one")
}

fn outside(words: &str, document: usize, tree: &dyn Tree) -> Diagnostic {
    Diagnostic::error(Code::OutsideRepository, words).at(place(document)).help(tree.how_to_get())
}

fn place(document: usize) -> Place {
    Place::Config(FieldPath::keys("spec.extends").in_document(document))
}

/// Files on disk.
pub(super) struct OnDisk {
    around: Around,
    names: Names,
}

/// How files are named.
enum Names {
    /// From the current folder.
    Here,
    /// By their whole paths.
    Whole,
    /// From the root of the repository.
    Root,
}

impl OnDisk {
    /// The files around a declaration, and its path among them. `None` when its folder cannot be determined.
    pub(super) fn around(declaration: &Path) -> Option<(Self, PathBuf)> {
        let folder = disk::folder_of(declaration).canonicalize().ok()?;
        let around = Around::of(&folder);
        let place = folder.strip_prefix(&around.root).ok()?.join(declaration.file_name()?);
        let names = if declaration.is_absolute() { Names::Whole } else { Names::Here };
        Some((Self { around, names }, place))
    }

    /// The files of a worktree.
    pub(super) fn worktree(root: &Path) -> Option<Self> {
        let around = Around::of(&root.canonicalize().ok()?);
        Some(Self { around, names: Names::Root })
    }
}

impl Tree for OnDisk {
    fn inside(&self, path: &Path) -> Result<Option<PathBuf>, Error> {
        let root = &self.around.root;
        Ok(disk::inside(root, path).and_then(|path| path.strip_prefix(root).map(Path::to_owned).ok()))
    }

    fn read(&self, path: &Path) -> Result<Result<Option<String>, String>, Error> {
        Ok(disk::read_if_there(&self.around.root.join(path)).map_err(|error| error.why()))
    }

    fn name(&self, path: &Path) -> PathBuf {
        let whole = self.around.root.join(path);
        match self.names {
            Names::Here => paths::from_here(&whole),
            Names::Whole => whole,
            Names::Root => path.to_owned(),
        }
    }

    fn how_to_get(&self) -> &'static str {
        match self.around.kind {
            paths::Kind::Unpacked => ARGO_CD,
            paths::Kind::WorkingCopy => "extend a declaration in the same repository, by its path from this folder",
            paths::Kind::Folder => {
                "there is no Git repository around this folder, so nothing above it is read: run `git init` where the base is"
            }
        }
    }
}

/// Files of a commit, or those that are staged.
pub(super) struct InGit<'r> {
    pub(super) repository: &'r Repository,
    pub(super) version: &'r Version,
}

impl Tree for InGit<'_> {
    fn inside(&self, path: &Path) -> Result<Option<PathBuf>, Error> {
        Ok(self.repository.followed(self.version, path)?)
    }

    fn read(&self, path: &Path) -> Result<Result<Option<String>, String>, Error> {
        Ok(self.repository.read(self.version, path).map_err(|error| error.why()))
    }

    fn name(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }

    fn how_to_get(&self) -> &'static str {
        "extend a declaration in the same repository, by its path from this folder, and `git add` it"
    }
}
