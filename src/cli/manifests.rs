//! Input manifests: how they are read, named in messages, and diagnosed.

use std::path::Path;

use memchr::memmem;

use super::error::Error;
use super::io::Io;
use crate::diag::{Code, Diagnostic, Place};
use crate::disk;
use crate::encoding::Encoding;
use crate::krm::{Item, Position, ReadError, ResourceList, Stream};
use crate::memory::Bytes;
use crate::quote::quote;
use crate::yaml::NodeRef;

/// The manifests in a file, or on stdin; `call` says how to pipe them in.
pub(super) fn read(path: &Path, call: &'static str) -> Result<Bytes, Error> {
    if path == Path::new("-") { Io::read(call) } else { Ok(disk::read_manifests(path)?) }
}

/// The same of a file that is no manifests, as text.
pub(super) fn text(path: &Path, call: &'static str) -> Result<String, Error> {
    let bytes = read(path, call)?;
    match Encoding::other(&bytes) {
        Some(other) => Err(disk::Error::Encoded(name_of(path).into(), other).into()),
        None => Ok(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// How messages name them.
pub(super) fn name_of(path: &Path) -> &str {
    path.to_str().filter(|name| *name != "-").unwrap_or("stdin")
}

/// The objects of a text, or what the text is instead.
pub(super) fn parse<'t>(name: &str, bytes: &'t [u8]) -> Result<Stream<'t>, Box<Diagnostic>> {
    let stream = Stream::from_utf8(bytes).map_err(|error| {
        let template = error.position().and_then(|at| template(name, &String::from_utf8_lossy(bytes), at));
        template.unwrap_or_else(|| unreadable(name, &error))
    })?;
    let found = templated(name, &stream).or_else(|| no_object(name, &stream));
    found.map_or(Ok(stream), |instead| Err(instead.into()))
}

/// Whether it is the package of an orchestrator such as kpt, which deletes the files of what it does not get back.
pub(super) fn is_package(stream: &Stream<'_>) -> bool {
    memmem::find(stream.text().as_bytes(), b"ResourceList").is_some() && ResourceList::read(stream.text()).is_ok()
}

/// What is wrong with a text that should hold objects, as a diagnostic.
pub(super) fn unreadable(name: &str, error: &ReadError) -> Diagnostic {
    let code = match error {
        ReadError::Empty => Code::EmptyInput,
        ReadError::NotAResourceList { .. } => Code::NotAResourceList,
        _ => Code::UnreadableInput,
    };
    let place = Place::File(name.to_owned(), error.position().map(|at| at.line));
    Diagnostic::error(code, error.to_string()).at(place).help(error.help())
}

/// What stands in a Helm template, and also in texts that manifests quote.
const ACTION: &[u8] = b"{{";

/// The first item that is a template. In YAML, an action outside quotes is an error or a mapping as a key.
fn templated(name: &str, stream: &Stream<'_>) -> Option<Diagnostic> {
    let mark = memmem::Finder::new(ACTION);
    mark.find(stream.text().as_bytes())?;
    let of = |item: &Item<'_>| {
        let at = match item.parse() {
            Err(error) => error.offset,
            Ok(object) => item.offset() + mapping_as_key(object.root())?,
        };
        template(name, stream.text(), Position::of(stream.text(), at))
    };
    stream.items.iter().filter(|item| mark.find(item.text().as_bytes()).is_some()).find_map(of)
}

/// The place in its document of a mapping that is a key, which Kubernetes does not have.
fn mapping_as_key(node: NodeRef<'_>) -> Option<usize> {
    let of_entry = |(key, value): (NodeRef<'_>, NodeRef<'_>)| {
        if key.is_map() { Some(key.span().start) } else { mapping_as_key(value) }
    };
    node.items().find_map(mapping_as_key).or_else(|| node.entries().find_map(of_entry))
}

/// A position where the text cannot be read, if a template's action is there.
fn template(name: &str, text: &str, at: Position) -> Option<Diagnostic> {
    let line = text.lines().nth(at.line.checked_sub(1)?).filter(|line| line.contains("{{"))?;
    let message = format!("expected manifests, found a template: {}", quote(&line.trim()));
    Some(
        Diagnostic::error(Code::UnreadableInput, message)
            .at(Place::File(name.to_owned(), Some(at.line)))
            .help("render it first, such as with `helm template CHART | iamra inject -`"),
    )
}

/// A text of documents none of which is an object: what a program said instead of manifests, above all.
fn no_object(name: &str, stream: &Stream<'_>) -> Option<Diagnostic> {
    if stream.items.is_empty() || stream.items.iter().any(is_object) {
        return None;
    }
    let mut lines = stream.text().lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    let (number, line) = lines.find(|(_, line)| !line.is_empty() && !line.starts_with('#') && *line != "---")?;
    let message = format!("expected manifests, found no object: the text begins with {}", quote(&line));
    Some(
        Diagnostic::error(Code::UnreadableInput, message)
            .at(Place::File(name.to_owned(), Some(number)))
            .help("check that the command before the pipe succeeded, and that the file holds manifests"),
    )
}

/// Whether the item is or was meant to be an object.
fn is_object(item: &Item<'_>) -> bool {
    let says_kind = |line: &str| line.trim_start_matches([' ', '-', '"', '\'']).starts_with("kind");
    item.ident().is_some()
        || match item.parse() {
            Ok(object) => object.root().get("kind").is_some(),
            Err(_) => item.text().lines().any(says_kind),
        }
}
