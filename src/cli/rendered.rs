//! Rendered manifests in files, to be committed: what Flux, or Argo CD without a plugin, applies.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::Error;
use crate::disk;
use crate::krm::{Ident, Item, Stream};

/// Writes manifests to one file, when `path` is named as one, or to a folder with a file for each object.
pub(super) fn write(path: &Path, manifests: &[u8]) -> Result<(), Error> {
    let text = std::str::from_utf8(manifests).expect("it was text when it came");
    if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
        return Ok(disk::write(path, text)?);
    }
    let stream = Stream::read(text).expect("what was written as a stream is one");
    let mut files = BTreeMap::new();
    for item in &stream.items {
        let name = name(item).ok_or(Error::Nameless)?;
        if files.insert(name.clone(), alone(item)).is_some() {
            return Err(Error::Twice(name));
        }
    }
    Ok(disk::replace_folder(path, &files)?)
}

/// The item's document without the line that parts it from the one before.
fn alone<'t>(item: &Item<'t>) -> &'t str {
    item.text().trim_start_matches("---\n")
}

/// `[NAMESPACE_][GROUP_]VERSION_KIND_NAME.yaml`, which is another one for another object.
fn name(item: &Item<'_>) -> Option<String> {
    let Ident { api_version, kind, namespace, name } = Ident::of(item.parse().ok()?.root())?;
    let words = api_version.split('/').map(str::to_lowercase).chain([kind.to_lowercase(), name.into_owned()]);
    let words: Vec<_> = namespace.map(Into::into).into_iter().chain(words).map(|word| plain(&word)).collect();
    Some(format!("{}.yaml", words.join("_")))
}

/// A word that can be part of a file's name anywhere; `_` and `%` are ours.
fn plain(word: &str) -> String {
    let keep = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    word.chars().map(|c| if keep(c) { c.to_string() } else { format!("%{:02X}", u32::from(c)) }).collect()
}
