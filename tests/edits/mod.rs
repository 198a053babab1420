//! The laws of edits, and what is needed to state them.

pub(crate) mod random;

use iamra::yaml::edit::{Edit, apply, empty_source};
use iamra::yaml::{Document, FieldPath, Step};
use serde_json::Value;

/// A path of keys with dots.
pub(crate) fn at(path: &str) -> FieldPath {
    FieldPath::keys(path)
}

/// Holds the laws against `edits` of `text`: the reason when they are refused, an error when a law is broken.
pub(crate) fn check(text: &str, edits: &[Edit]) -> Result<Option<String>, String> {
    let doc = Document::parse(text).map_err(|error| format!("{error:?}"))?;
    let edited = match apply(&doc, edits.to_vec()) {
        Ok(edited) => edited,
        Err(refusal) => return Ok(Some(refusal.why)),
    };
    let other = |text: &str| -> Result<Value, String> {
        // That reader knows neither byte order marks nor tags that are not YAML's own.
        let text = text.trim_start_matches('\u{feff}').replace("!own", "    ");
        serde_yaml::from_str(&text).map_err(|error| format!("{error} in:\n{text}"))
    };
    let mut expected = other(text)?;
    // Positions are those of the old text: what goes goes first, and from the end.
    let mut removed: Vec<&FieldPath> =
        edits.iter().filter(|edit| matches!(edit, Edit::Remove { .. })).map(path).collect();
    removed.sort();
    removed.iter().rev().for_each(|at| remove(&mut expected, at));
    // Several that go to the front of one sequence keep their order.
    let (front, rest): (Vec<_>, Vec<_>) = edits.iter().partition(|edit| matches!(edit, Edit::Prepend { .. }));
    front.iter().rev().chain(&rest).for_each(|edit| perform(&mut expected, edit));
    if other(&edited)? != expected {
        return Err(format!("reads as {}, expected {expected}:\n{edited}", other(&edited)?));
    }
    if !edits.iter().all(is_addition) {
        return Ok(None);
    }
    if edits.iter().all(|edit| empty_source(&doc, path(edit)).is_none()) && !is_subsequence(text, &edited) {
        return Err(format!("old text has changed:\n{edited}"));
    }
    let new = Document::parse(&edited).map_err(|error| format!("{error:?}"))?;
    let undone = apply(&new, reversal(&doc, edits)).map_err(|refusal| format!("{} in:\n{edited}", refusal.why))?;
    if undone == text { Ok(None) } else { Err(format!("{edited:?} goes back to\n{undone:?}\nnot to\n{text:?}")) }
}

fn is_addition(edit: &Edit) -> bool {
    matches!(edit, Edit::Append { .. } | Edit::Prepend { .. } | Edit::AddKeys { .. })
}

pub(crate) fn path(edit: &Edit) -> &FieldPath {
    match edit {
        Edit::Append { at, .. }
        | Edit::Prepend { at, .. }
        | Edit::AddKeys { at, .. }
        | Edit::Remove { at }
        | Edit::Set { at, .. }
        | Edit::Restore { at, .. } => at,
    }
}

/// The edits that take additions to `doc` out of the edited document.
pub(crate) fn reversal(doc: &Document<'_>, edits: &[Edit]) -> Vec<Edit> {
    let mut undo: Vec<Edit> = Vec::new();
    for (index, edit) in edits.iter().enumerate() {
        let at = path(edit).clone();
        // Positions in the edited text: all first entries come before the old ones, earlier last ones after these.
        let count = |edits: &[Edit], of: fn(&Edit) -> usize| -> usize {
            edits.iter().filter(|other| path(other) == &at).map(of).sum()
        };
        let (first, last) = (count(edits, prepended), count(&edits[..index], appended));
        let earlier = count(&edits[..index], prepended);
        let remove = |from: usize, count: usize| -> Vec<Edit> {
            (from..from + count).map(|index| Edit::Remove { at: at.index(index) }).collect()
        };
        let mut back = match (doc.at(&at), empty_source(doc, &at)) {
            (None, _) => vec![Edit::Remove { at: at.clone() }],
            (_, Some(source)) => vec![Edit::Restore { at: at.clone(), source }],
            (Some(node), None) => match edit {
                Edit::AddKeys { entries, .. } => {
                    entries.iter().map(|(key, _)| Edit::Remove { at: at.key(key) }).collect()
                }
                Edit::Prepend { values, .. } => remove(earlier, values.len()),
                Edit::Append { values, .. } => remove(first + node.items().len() + last, values.len()),
                _ => Vec::new(),
            },
        };
        back.retain(|edit| !undo.contains(edit));
        undo.extend(back);
    }
    undo
}

fn appended(edit: &Edit) -> usize {
    if let Edit::Append { values, .. } = edit { values.len() } else { 0 }
}

fn prepended(edit: &Edit) -> usize {
    if let Edit::Prepend { values, .. } = edit { values.len() } else { 0 }
}

/// What an addition means, said without the editor.
fn perform(root: &mut Value, edit: &Edit) {
    let changes = is_addition(edit) || matches!(edit, Edit::Set { .. });
    let Some(target) = changes.then(|| find(root, path(edit), true)).flatten() else { return };
    match edit {
        Edit::Set { text, .. } => *target = Value::String(text.clone()),
        Edit::Append { values, .. } | Edit::Prepend { values, .. } => {
            let items = match target {
                Value::Array(items) => items,
                other => {
                    *other = Value::Array(Vec::new());
                    other.as_array_mut().unwrap()
                }
            };
            let at = if matches!(edit, Edit::Append { .. }) { items.len() } else { 0 };
            items.splice(at..at, values.iter().cloned());
        }
        Edit::AddKeys { entries, .. } => {
            if !target.is_object() {
                *target = Value::Object(serde_json::Map::new());
            }
            target.as_object_mut().unwrap().extend(entries.iter().cloned());
        }
        Edit::Remove { .. } | Edit::Restore { .. } => {}
    }
}

fn remove(root: &mut Value, at: &FieldPath) {
    let Some((holder, last)) = at.split_last() else { return };
    match (find(root, &holder, false), last) {
        (Some(Value::Array(items)), Step::Index(index)) => {
            items.remove(*index);
        }
        (Some(Value::Object(entries)), Step::Key(key)) => {
            entries.shift_remove(key);
        }
        _ => {}
    }
}

fn find<'v>(root: &'v mut Value, path: &FieldPath, make: bool) -> Option<&'v mut Value> {
    path.steps().iter().try_fold(root, |value, step| match step {
        Step::Key(key) if make && value.is_object() => Some(value.as_object_mut()?.entry(key).or_insert(Value::Null)),
        Step::Key(key) => value.get_mut(key),
        Step::Index(index) => value.get_mut(*index),
        Step::Named(name) => value.as_array_mut()?.iter_mut().find(|item| item["name"].as_str() == Some(name)),
    })
}

/// Whether `new` has every byte of `old`, in order.
fn is_subsequence(old: &str, new: &str) -> bool {
    let mut new = new.bytes();
    old.bytes().all(|byte| new.any(|other| other == byte))
}
