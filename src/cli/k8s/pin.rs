//! Workloads that name no cluster run in the only one. With a second one they must say so, or they would mean nothing; and
//! when it goes again, what was written for its sake goes, too.

use std::collections::BTreeSet;

use serde_json::json;

use super::draft;
use super::section::{self, CLUSTERS, WORKLOADS};
use crate::config::Config;
use crate::quote::{quote, quote_all};
use crate::yaml::edit::{Edit, Refusal, apply, dismiss, introduce, introduction};
use crate::yaml::{Document, FieldPath, NodeRef};

/// Begins the comment that names the workloads.
const SAID: &str = "Since there is a second cluster, these say where they run: ";

/// Lets every workload say where it runs, before a second cluster comes.
pub(super) fn pin(configs: &[Config], text: &str) -> Result<(String, Option<String>), Refusal> {
    let doc = section::read(text)?;
    let [Config { cluster: Some(only), .. }] = configs else { return Ok((text.to_owned(), None)) };
    let is_silent = |name: &&str| doc.at(&place(name)).is_none_or(|clusters| clusters.items().len() == 0);
    let silent: Vec<_> = WORKLOADS.names(&doc).into_iter().filter(is_silent).collect();
    if silent.is_empty() {
        return Ok((text.to_owned(), None));
    }
    let edits: Vec<_> = silent.iter().map(|name| draft::put(&doc, &place(name), json!([only]))).collect();
    let mut text = apply(&doc, &edits)?;
    let mut noted = Vec::new();
    for name in silent.iter().filter(|name| doc.at(&place(name)).is_none() && !name.contains([',', '\n', '\r'])) {
        // Between braces nothing can say how the nothing was written, and what is said stays.
        if let Ok(kept) = section::keep_empty(&doc, &filled(&doc, name), text.clone()) {
            text = kept;
            noted.push(*name);
        }
    }
    if !noted.is_empty() {
        let (doc, words) = (section::read(&text)?, format!("{SAID}{}", noted.join(", ")));
        // JSON has no place for it, and goes on saying where they run.
        let with = above().iter().find_map(|at| introduce(&doc, at, &words).ok());
        text = with.unwrap_or_else(|| doc.text().to_owned());
    }
    let names = quote_all(&silent);
    Ok((text, Some(format!("{names}: still in cluster {}, which is said outright now", quote(&only)))))
}

/// Takes back what [`pin`] has written, when one cluster is left and the workloads still say that they run there.
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
    text = apply(&section::read(&text)?, &edits)?;
    for name in alone {
        text = section::empty(&section::read(&text)?, &WORKLOADS.entry(name))?;
    }
    Ok(text)
}

/// Keys that the comment may stand above: the first of them that has a line of its own.
fn above() -> [FieldPath; 2] {
    [CLUSTERS.path(), FieldPath::keys("spec")]
}

/// Where a workload says in which clusters it runs.
fn place(name: &str) -> FieldPath {
    WORKLOADS.entry(name).key("clusters")
}

/// What is filled when a workload says where it runs: its own entry, when that says nothing yet.
fn filled(doc: &Document<'_>, name: &str) -> FieldPath {
    let entry = WORKLOADS.entry(name);
    // Braces stay where they are.
    if doc.at(&entry).is_some_and(NodeRef::is_map) { entry.key("clusters") } else { entry }
}
