//! Folders by patterns, as a shell writes them.

use std::path::{Component, Path, PathBuf};

use glob::{MatchOptions, Pattern};

use super::walk::{entries, folders_below};
use super::{Error, is_missing};

/// A folder that a pattern matches, and the parts of its path that wildcards stand for.
pub(super) type Match = (PathBuf, PathBuf);

/// As in a shell: a name that begins with a dot must be written so.
const OPTIONS: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// Any number of folders.
const ANY: &str = "**";

/// Whether a path is a pattern: it has a wildcard, and does not exist as it is written.
pub fn is_pattern(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '[']) && !path.exists()
}

/// Why nothing can be said about the matches of a pattern.
#[derive(Debug)]
pub enum NoMatches {
    /// What is wrong with the pattern.
    Syntax(&'static str),
    /// A folder that cannot be read.
    Folder(Error),
}

impl From<Error> for NoMatches {
    fn from(error: Error) -> Self {
        Self::Folder(error)
    }
}

/// The folders that a pattern matches, in order.
///
/// # Errors
/// The pattern is wrong, or a folder cannot be read: one that matches, or one in which there may be matches.
pub fn matching(pattern: &Path) -> Result<Vec<Match>, NoMatches> {
    let mut found = vec![Match::default()];
    for part in pattern.components() {
        let text = part.as_os_str().to_string_lossy();
        found = match part {
            Component::Normal(_) if text == ANY => all(&found, any)?,
            Component::Normal(_) if text.contains(['*', '?', '[']) => {
                let pattern = Pattern::new(&text).map_err(|error| NoMatches::Syntax(error.msg))?;
                all(&found, |it| named(it, &pattern))?
            }
            _ => all(&found, |(folder, parts)| {
                let path = folder.join(part);
                Ok(if is_folder(&path)? { vec![(path, parts.clone())] } else { Vec::new() })
            })?,
        };
    }
    for (folder, _) in &found {
        entries(folder)?;
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn is_folder(path: &Path) -> Result<bool, Error> {
    match path.metadata() {
        Err(error) if is_missing(&error) => Ok(false),
        Err(error) => Err(Error::Read(path.to_owned(), error)),
        Ok(found) => Ok(found.is_dir()),
    }
}

fn all(found: &[Match], below: impl Fn(&Match) -> Result<Vec<Match>, Error>) -> Result<Vec<Match>, Error> {
    Ok(found.iter().map(below).collect::<Result<Vec<_>, _>>()?.concat())
}

/// Whether the parts may be those of a match of the pattern, were it there.
pub fn could_match(pattern: &Path, parts: &Path) -> bool {
    let texts = |path: &Path| path.iter().map(|part| part.to_string_lossy().into_owned()).collect::<Vec<_>>();
    let (mut wildcards, parts) = (texts(pattern), texts(parts));
    wildcards.retain(|part| part.contains(['*', '?', '[']));
    let fits = |(wildcard, part): (&String, &String)| {
        Pattern::new(wildcard).is_ok_and(|pattern| pattern.matches_with(part, OPTIONS))
    };
    wildcards.iter().any(|part| part == ANY) || wildcards.len() == parts.len() && wildcards.iter().zip(&parts).all(fits)
}

/// The folders in a folder whose names match.
fn named((folder, parts): &Match, pattern: &Pattern) -> Result<Vec<Match>, Error> {
    let at = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let names = entries(at)?.into_iter().filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name());
    let names = names.filter(|name| name.to_str().is_some_and(|name| pattern.matches_with(name, OPTIONS)));
    Ok(names.map(|name| (folder.join(&name), parts.join(&name))).collect())
}

/// The folder itself and all below it.
fn any((folder, parts): &Match) -> Result<Vec<Match>, Error> {
    let at = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let below = folders_below(at)?.into_iter();
    let below = below.filter_map(|it| it.strip_prefix(at).map(Path::to_owned).ok());
    Ok(below.map(|below| (folder.join(&below), parts.join(&below))).collect())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_parts_are_what_wildcards_stand_for() {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["apps/a/overlays/prod", "apps/b/overlays/lab", "apps/.c/overlays/prod", "apps/b/overlays/prod"] {
            fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        fs::write(dir.path().join("apps/file"), "").unwrap();
        let found = |pattern: &str| {
            let found = matching(&dir.path().join(pattern)).unwrap();
            found.into_iter().map(|(_, parts)| parts.display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(found("apps/*/overlays/prod"), ["a", "b"]);
        assert_eq!(found("apps/*/overlays/*"), ["a/prod", "b/lab", "b/prod"]);
        assert_eq!(found("apps/[a]/overlays/p?od"), ["a/prod"]);
        assert_eq!(found("apps/**/prod"), ["a/overlays", "b/overlays"]);
        assert_eq!(found("apps/x*"), [""; 0]);
        assert!(matching(Path::new("a[")).is_err() && is_pattern(Path::new("a[")) && !is_pattern(Path::new("a")));
        let pattern = Path::new("apps/*/overlays/*");
        assert!(could_match(pattern, Path::new("x/prod")) && !could_match(pattern, Path::new("x")));
    }
}
