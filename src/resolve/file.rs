//! Lookups that are files beside the declaration: the lock, and values given by hand.

use std::collections::{BTreeMap, BTreeSet};

use super::lookup::{Answers, Lookup, NoAnswer, Query};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::secret::Secret;
use crate::yaml::{Document, NodeRef};

/// `apiVersion` of the lock file.
const API_VERSION: &str = "iamra.dev/v1alpha1";

/// Values by reference, as `--values FILE` gives them: one mapping, `ssm:/name: value`.
#[derive(Debug, Default)]
pub struct Values {
    name: String,
    values: BTreeMap<String, Secret>,
}

/// `iamra.lock`: recorded answers, never key material.
#[derive(Debug, Default)]
pub struct Lockfile {
    name: String,
    exists: bool,
    values: BTreeMap<String, Secret>,
}

impl Values {
    /// Reads a values file named `name` in messages.
    pub fn read(name: &str, text: &str, report: &mut Report) -> Self {
        let values = read_document(name, text, report, |node, report| {
            entries(name, node, node, report, |entry| entry.text().map(str::to_owned))
        });
        Self { name: name.to_owned(), values }
    }
}

impl Lookup for Values {
    fn answer(&self, queries: &BTreeSet<Query>) -> Answers {
        answers(queries, |query| {
            self.values.get(&query.reference).cloned().ok_or_else(|| NoAnswer {
                code: Code::UnresolvedReference,
                why: format!("`{}` has no value in {}", query.reference, self.name),
                help: format!("add a line for it to {}", self.name),
            })
        })
    }
}

impl Lockfile {
    /// Reads the lock file named `name` in messages; `None` when there is none.
    pub fn read(name: &str, text: Option<&str>, report: &mut Report) -> Self {
        let values = text.map_or_else(BTreeMap::new, |text| {
            read_document(name, text, report, |node, report| {
                let kind = (node.get("apiVersion").and_then(NodeRef::text), node.get("kind").and_then(NodeRef::text));
                if kind != (Some(API_VERSION), Some("Lock")) {
                    let message =
                        format!("{name} is not a lock file: expected `apiVersion: {API_VERSION}`, `kind: Lock`");
                    report.push(
                        Diagnostic::error(Code::InvalidLock, message)
                            .at(Place::File(name.to_owned(), Some(1)))
                            .help("restore it from Git"),
                    );
                    return BTreeMap::new();
                }
                let value = |entry: NodeRef<'_>| entry.get("value").and_then(NodeRef::text).map(str::to_owned);
                node.get("references")
                    .map(|references| entries(name, node, references, report, value))
                    .unwrap_or_default()
            })
        });
        Self { name: name.to_owned(), exists: text.is_some(), values }
    }
}

impl Lookup for Lockfile {
    fn answer(&self, queries: &BTreeSet<Query>) -> Answers {
        answers(queries, |query| {
            if query.secret {
                return Err(NoAnswer {
                    code: Code::UnresolvedReference,
                    why: format!("`{}` is key material, which is never in {}", query.reference, self.name),
                    help: "give it in a values file (`--values FILE`), or use a CA Secret that exists".to_owned(),
                });
            }
            let missing = || {
                let (code, why) = if self.exists {
                    (Code::StaleLock, format!("{} has no entry for `{}`", self.name, query.reference))
                } else {
                    (
                        Code::UnresolvedReference,
                        format!("`{}` has no value: there is no {}", query.reference, self.name),
                    )
                };
                let help = format!("add it to {}, or give it in a values file (`--values FILE`)", self.name);
                NoAnswer { code, why, help }
            };
            self.values.get(&query.reference).cloned().ok_or_else(missing)
        })
    }
}

fn answers(queries: &BTreeSet<Query>, one: impl Fn(&Query) -> Result<Secret, NoAnswer>) -> Answers {
    queries.iter().map(|query| (query.clone(), one(query))).collect()
}

fn read_document<T: Default>(
    name: &str,
    text: &str,
    report: &mut Report,
    read: impl FnOnce(NodeRef<'_>, &mut Report) -> T,
) -> T {
    match Document::parse(text) {
        Ok(document) => read(document.root(), report),
        Err(error) => {
            let line = text[..error.offset.min(text.len())].matches('\n').count() + 1;
            report.push(
                Diagnostic::error(Code::InvalidLock, format!("{name} cannot be read: {}", error.message))
                    .at(Place::File(name.to_owned(), Some(line))),
            );
            T::default()
        }
    }
}

fn entries(
    name: &str,
    root: NodeRef<'_>,
    node: NodeRef<'_>,
    report: &mut Report,
    value: impl Fn(NodeRef<'_>) -> Option<String>,
) -> BTreeMap<String, Secret> {
    let text = root.document().text();
    let mut wrong = |node: NodeRef<'_>| {
        let line = text[..node.span().start].matches('\n').count() + 1;
        report.push(
            Diagnostic::error(Code::InvalidLock, format!("{name} has an entry that is not `reference: value`"))
                .at(Place::File(name.to_owned(), Some(line)))
                .help("write one mapping from references to values"),
        );
    };
    if !node.is_map() {
        wrong(node);
        return BTreeMap::new();
    }
    let mut values = BTreeMap::new();
    for (key, entry) in node.entries() {
        match (key.text(), value(entry)) {
            (Some(key), Some(value)) => {
                // A trailing newline is what `aws ssm get-parameter > file` leaves behind.
                values.insert(key.to_owned(), Secret::new(value.trim_end_matches('\n')));
            }
            _ => wrong(key),
        }
    }
    values
}

/// The place of the lock inside the declaration's folder.
pub const LOCK_NAME: &str = "iamra.lock";

/// The annotation that says where the lock is when iamra runs as a function.
pub const LOCK_ANNOTATION: &str = "iamra.dev/lock";

/// The lock's path as the declaration's annotation gives it, or the default.
pub fn lock_path(declaration: NodeRef<'_>) -> String {
    let annotations = declaration.get("metadata").and_then(|metadata| metadata.get("annotations"));
    let path = annotations.and_then(|annotations| annotations.get(LOCK_ANNOTATION)).and_then(NodeRef::text);
    path.unwrap_or(LOCK_NAME).to_owned()
}
