//! Workloads without `clusters` run in the only cluster, or wherever the declaration is rendered if there is none. A
//! comment notes which of them existed before the first cluster, so that it can be removed without them. A second
//! cluster requires `clusters` in all workloads; when it is removed, the fields that were added for it are removed too.

use std::collections::BTreeSet;

use serde_json::json;

use super::edit::put;
use super::section::{self, CLUSTERS, WORKLOADS};
use crate::config::Config;
use crate::quote::{quote, quote_all};
use crate::yaml::edit::{Edit, Refusal, apply, dismiss, introduce, introduction};
use crate::yaml::{Document, FieldPath, NodeRef};

/// Prefix of the comment that names the workloads.
const SAID: &str = "Since there is a second cluster, these say where they run: ";
/// Prefix of the comment that names the workloads from before the first cluster.
const BEFORE: &str = "Declared before there was a cluster: ";

/// The text with a first cluster and a comment that names the workloads that were there before.
pub(super) fn note(configs: &[Config], text: String) -> Result<(String, Option<String>), Refusal> {
    let [Config { cluster: None, .. }] = configs else { return Ok((text, None)) };
    let doc = section::read(&text)?;
    let names: Vec<_> = WORKLOADS.names(&doc).into_iter().filter(|name| is_plain(name)).collect();
    let (&[only], false) = (CLUSTERS.names(&doc).as_slice(), names.is_empty()) else { return Ok((text, None)) };
    let words = format!("{BEFORE}{}", names.join(", "));
    // JSON has no comments: there, the cluster stays as long as these workloads do.
    let noted = above().iter().find_map(|at| introduce(&doc, at, &words).ok());
    let said = format!("{}: now in cluster {}, the only one", quote_all(&names), quote(&only));
    Ok((noted.unwrap_or_else(|| text.clone()), Some(said)))
}

/// The text without the comment of [`note`], and the workloads in it that have no `clusters`.
pub(super) fn unnote(text: &str) -> Option<(String, BTreeSet<String>)> {
    let doc = section::read(text).ok()?;
    let (words, at) = above().into_iter().find_map(|at| Some((introduction(&doc, &at, BEFORE)?, at)))?;
    let names = words.strip_prefix(BEFORE)?.split(", ").filter(|name| is_silent(&doc, name));
    Some((dismiss(&doc, &at, words)?, names.map(str::to_owned).collect()))
}

/// Whether a workload has no `clusters`.
fn is_silent(doc: &Document<'_>, name: &str) -> bool {
    doc.at(&place(name)).is_none_or(|clusters| clusters.items().len() == 0)
}

/// Whether a name can be part of a list in a comment.
fn is_plain(name: &str) -> bool {
    !name.contains([',', '\n', '\r'])
}

/// Adds `clusters` to every workload, before a second cluster is added.
pub(super) fn pin(configs: &[Config], text: &str) -> Result<(String, Option<String>), Refusal> {
    let doc = section::read(text)?;
    let [Config { cluster: Some(only), .. }] = configs else { return Ok((text.to_owned(), None)) };
    let silent: Vec<_> = WORKLOADS.names(&doc).into_iter().filter(|name| is_silent(&doc, name)).collect();
    if silent.is_empty() {
        return Ok((text.to_owned(), None));
    }
    let edits: Vec<_> = silent.iter().map(|name| put(&doc, &place(name), json!([only]))).collect();
    let mut text = apply(&doc, edits)?;
    let mut noted = Vec::new();
    for name in silent.iter().filter(|name| doc.at(&place(name)).is_none() && is_plain(name)) {
        // In flow style, no comment can record the empty value, and the added field stays.
        if let Ok(kept) = section::keep_empty(&doc, &filled(&doc, name), text.clone()) {
            text = kept;
            noted.push(*name);
        }
    }
    if !noted.is_empty() {
        let (doc, words) = (section::read(&text)?, format!("{SAID}{}", noted.join(", ")));
        // JSON has no comments: there, the workloads keep `clusters`.
        let with = above().iter().find_map(|at| introduce(&doc, at, &words).ok());
        text = with.unwrap_or_else(|| doc.text().to_owned());
    }
    let names = quote_all(&silent);
    Ok((text, Some(format!("{names}: still in cluster {}, which is now explicit", quote(&only)))))
}

/// Reverts [`pin`] when one cluster is left and the workloads still have it as their cluster.
pub(super) fn unpin(text: String) -> Result<String, Refusal> {
    let doc = section::read(&text)?;
    let names = CLUSTERS.names(&doc);
    let introduced = above().into_iter().find_map(|at| Some((introduction(&doc, &at, SAID)?, at)));
    let (&[only], Some((words, at))) = (names.as_slice(), introduced) else { return Ok(text) };
    let Some(mut text) = dismiss(&doc, &at, words) else { return Ok(text) };
    let noted: BTreeSet<_> = words.strip_prefix(SAID).unwrap_or_default().split(", ").collect();
    let says_it = |name: &&str| {
        let said: Vec<_> = doc.at(&place(name)).into_iter().flat_map(NodeRef::items).map(NodeRef::text).collect();
        noted.contains(*name) && said == [Some(only)]
    };
    let pinned: Vec<_> = WORKLOADS.names(&doc).into_iter().filter(says_it).collect();
    let (alone, others): (Vec<_>, Vec<_>) =
        pinned.into_iter().partition(|name| section::is_alone(&doc, &WORKLOADS.entry(name)));
    let edits: Vec<_> = others.iter().map(|name| Edit::Remove { at: place(name) }).collect();
    text = apply(&section::read(&text)?, edits)?;
    for name in alone {
        text = section::empty(&section::read(&text)?, &WORKLOADS.entry(name))?;
    }
    Ok(text)
}

/// Keys that the comment may be above: the first one that has its own line is used.
fn above() -> [FieldPath; 2] {
    [CLUSTERS.path(), FieldPath::keys("spec")]
}

/// The path of a workload's `clusters`.
fn place(name: &str) -> FieldPath {
    WORKLOADS.entry(name).key("clusters")
}

/// The collection that gets the field: the workload's entry, if it is still empty.
fn filled(doc: &Document<'_>, name: &str) -> FieldPath {
    let entry = WORKLOADS.entry(name);
    // An entry `{}` keeps its braces.
    if doc.at(&entry).is_some_and(NodeRef::is_map) { entry.key("clusters") } else { entry }
}
