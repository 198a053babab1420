//! The values file, and the parts that it shares with the lock.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, PathBuf};

use super::lookup::{Answer, Answers, Lookup, NoAnswer};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::Position;
use crate::quote::quote;
use crate::reference::Query;
use crate::secret::{Secret, private_key};
use crate::yaml::{Document, FieldPath, NodeRef};

/// Values by reference, from `--values FILE`: one mapping, `ssm:/name: value`.
#[derive(Debug, Default)]
pub struct Values {
    name: String,
    values: BTreeMap<String, Secret>,
}

impl Values {
    /// Reads a values file named `name` in messages. It may hold keys, unless it is committed.
    pub fn read(name: &str, text: &str, is_committed: bool, report: &mut Report) -> Self {
        if let Some(committed) = committed_key(name, text).filter(|_| is_committed) {
            report.push(committed);
        }
        let values = read_document(name, text, report, |node, report| {
            if let Some(outputs) = of_stacks(node) {
                return outputs;
            }
            // What Terraform prints of all outputs, of which one has the values.
            let values = node.get(OUTPUT).and_then(|output| output.get("value")).unwrap_or(node);
            entries(name, node, values, report, |entry| entry.text().map(str::to_owned))
        });
        Self { name: name.to_owned(), values }
    }
}

/// The output of Terraform with values by reference.
const OUTPUT: &str = "iamra";

/// The values in the outputs of CloudFormation's stacks, as DescribeStacks has them: those that say which reference they are for.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Output.html>
fn of_stacks(node: NodeRef<'_>) -> Option<BTreeMap<String, Secret>> {
    let stacks = node.get("Stacks")?;
    let outputs = stacks.items().filter_map(|stack| stack.get("Outputs")).flat_map(NodeRef::items);
    let values = outputs.filter_map(|output| {
        let (reference, value) = (output.get("Description")?.text()?, output.get("OutputValue")?.text()?);
        let is_reference = ["ssm:", "rolesanywhere:"].iter().any(|kind| reference.starts_with(kind));
        is_reference.then(|| (reference.to_owned(), Secret::new(value)))
    });
    Some(values.collect())
}

impl Lookup for Values {
    fn answer(&self, queries: &BTreeSet<Query>) -> Answers {
        answers(queries, |query| {
            let value = self.values.get(&query.name()).or_else(|| self.values.get(&query.reference));
            value.cloned().map(Answer::from).ok_or_else(|| NoAnswer {
                code: Code::UnresolvedReference,
                why: format!("{} has no value in {}", quote(&query.reference), self.name),
                help: format!("add a line for it to {}", self.name),
            })
        })
    }
}

pub(super) fn answers(queries: &BTreeSet<Query>, one: impl Fn(&Query) -> Result<Answer, NoAnswer>) -> Answers {
    queries.iter().map(|query| (query.clone(), one(query))).collect()
}

pub(super) fn read_document<T: Default>(
    name: &str,
    text: &str,
    report: &mut Report,
    read: impl FnOnce(NodeRef<'_>, &mut Report) -> T,
) -> T {
    match Document::parse(text) {
        Ok(document) => read(document.root(), report),
        Err(error) => {
            let line = Position::of(text, error.offset).line;
            report.push(
                Diagnostic::error(Code::InvalidLock, format!("{name} cannot be read: {}", error.message))
                    .at(Place::File(name.to_owned(), Some(line))),
            );
            T::default()
        }
    }
}

/// The error for a private key in a file that is committed.
pub(super) fn committed_key(name: &str, text: &str) -> Option<Diagnostic> {
    let line = Position::of(text, private_key(text)?).line;
    let committed = Diagnostic::error(Code::CommittedKey, format!("{name} has a private key"));
    let help = "replace the key, which is not secret any more; keep the new one in Parameter Store, or in a file that Git ignores";
    Some(committed.at(Place::File(name.to_owned(), Some(line))).help(help))
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
        let line = Position::of(text, node.span().start).line;
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
                // `aws ssm get-parameter > file` leaves a trailing newline.
                values.insert(key.to_owned(), Secret::new(value.trim_end_matches('\n')));
            }
            _ => wrong(key),
        }
    }
    values
}

/// The default name of the lock in the declaration's folder.
pub const LOCK_NAME: &str = "iamra.lock";

/// The annotation that says where the lock is when iamra runs as a function.
pub const LOCK_ANNOTATION: &str = "iamra.dev/lock";

/// The lock's path as the declaration's annotation gives it; `None` when it has none.
///
/// # Errors
/// The path may be outside the declaration's folder: the author of a declaration must not be able to select arbitrary
/// files.
pub fn lock_path(declaration: NodeRef<'_>) -> Result<Option<PathBuf>, Box<Diagnostic>> {
    let at = FieldPath::keys("metadata.annotations").key(LOCK_ANNOTATION);
    let Some(path) = declaration.at(&at).and_then(NodeRef::text).map(PathBuf::from) else { return Ok(None) };
    if path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Ok(Some(path));
    }
    let message = "the path of the lock is absolute or contains `..`";
    Err(Diagnostic::error(Code::OutsideRepository, message)
        .at(Place::Config(at))
        .help("use a file in the folder of the declaration or below it")
        .into())
}
