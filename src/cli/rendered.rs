//! Rendered manifests in files, to be committed and applied by Flux or by Argo CD without a plugin.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::Error;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::disk;
use crate::krm::{Ident, Item, Stream};
use crate::quote::{quote, typed};

/// Writes manifests to one file, when `path` is named as one, or to a folder with a file for each object.
pub(super) fn write(path: &Path, manifests: &[u8]) -> Result<(), Error> {
    let text = text(manifests);
    if is_file(path) {
        return Ok(disk::write(path, text)?);
    }
    Ok(disk::replace_folder(path, &files(text)?)?)
}

/// The files that differ from what would be written. `again` is the command that writes them.
pub(super) fn drift(path: &Path, manifests: &[u8], again: &str) -> Result<Report, Error> {
    let text = text(manifests);
    let (wanted, there) = if is_file(path) {
        let there = disk::read_rendered(path)?.map(|text| (path.to_owned(), text));
        (BTreeMap::from([(path.to_owned(), text)]), there.into_iter().collect())
    } else {
        let wanted = files(text)?.into_iter().map(|(name, text)| (path.join(name), text)).collect();
        (wanted, disk::read_folder(path)?)
    };
    let mut report = Report::default();
    let mut say = |file: &Path, line: Option<usize>, words: &str| {
        report.push(
            Diagnostic::error(Code::StaleRender, format!("{} {words}", quote(&file.display())))
                .at(Place::File(file.display().to_string(), line))
                .help(format!("run {} and commit the result", typed(&again))),
        );
    };
    for (file, wanted) in &wanted {
        match there.get(file) {
            None => say(file, None, "does not exist"),
            Some(there) if there == wanted => {}
            Some(there) if there.replace("\r\n", "\n") == *wanted => {
                say(
                    file,
                    None,
                    "has lines that end in CRLF, and what is rendered in LF: keep Git from converting it with `eol=lf`",
                );
            }
            Some(there) => {
                let line = there.lines().zip(wanted.lines()).take_while(|(a, b)| a == b).count() + 1;
                say(file, Some(line), "differs from what would be rendered");
            }
        }
    }
    for file in there.keys().filter(|file| !wanted.contains_key(*file)) {
        say(file, None, "is no longer rendered");
    }
    Ok(report)
}

#[expect(clippy::expect_used, reason = "what came was text, and so is what was put into it")]
fn text(manifests: &[u8]) -> &str {
    std::str::from_utf8(manifests).expect("it was text when it came")
}

/// Whether `path` is named as one file.
pub(super) fn is_file(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// The files of a folder: one for each object.
#[expect(clippy::expect_used, reason = "what is written as a stream is one: the laws hold it to that")]
fn files(text: &str) -> Result<BTreeMap<String, &str>, Error> {
    let stream = Stream::read(text).expect("what was written as a stream is one");
    let mut files = BTreeMap::new();
    for item in &stream.items {
        let name = name(item).ok_or(Error::Nameless)?;
        if files.insert(name.clone(), document_text(item)).is_some() {
            return Err(Error::Twice(name));
        }
    }
    Ok(files)
}

/// The item's document without the preceding `---`.
fn document_text<'t>(item: &Item<'t>) -> &'t str {
    item.text().trim_start_matches("---\n")
}

/// `[NAMESPACE_][GROUP_]VERSION_KIND_NAME.yaml`, which is different for each object.
fn name(item: &Item<'_>) -> Option<String> {
    let Ident { api_version, kind, namespace, name } = item.ident()?.clone();
    let words = api_version.split('/').map(str::to_lowercase).chain([kind.to_lowercase(), name.into_owned()]);
    let words: Vec<_> = namespace.map(Into::into).into_iter().chain(words).map(|word| plain(&word)).collect();
    Some(format!("{}.yaml", words.join("_")))
}

/// A word that is valid in file names on every system; `_` and `%` are reserved.
fn plain(word: &str) -> String {
    let keep = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    word.chars().map(|c| if keep(c) { c.to_string() } else { format!("%{:02X}", u32::from(c)) }).collect()
}
