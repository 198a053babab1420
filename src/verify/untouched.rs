//! Whether everything that is not ours is as it is without iamra.

use std::collections::BTreeMap;

use serde_json::Value;

use super::object::Object;
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::krm::Item;
use crate::splice;
use crate::yaml::FieldPath;

const MORE: &str = "does not exist without iamra, and is not marked as iamra's";

/// Compares a stream from which everything of ours was taken with one that never had it.
pub fn check_untouched(stripped: &[Item<'_>], without: &[Item<'_>], report: &mut Report) {
    let (mut found, wanted) = (by_name(stripped), by_name(without));
    let mut say = |object: &Object, words: &str, at: FieldPath| {
        report.push(
            Diagnostic::error(Code::ChangedObject, format!("{} {words}", object.words()))
                .at(Place::Item(object.resource_ref(), at))
                .help("render both from the same tree with the same flags; iamra only adds to objects"),
        );
    };
    for (name, wanted) in &wanted {
        // Objects with the same name are compared in order, which decides which of them takes effect.
        let mut found = found.remove(name).unwrap_or_default().into_iter();
        for wanted in wanted {
            match found.next() {
                None => say(wanted, "exists without iamra, but not with it", FieldPath::root()),
                Some(found) => {
                    if let Some(at) = difference(&wanted.value, &found.value, &FieldPath::root()) {
                        say(&found, "differs from the same object without iamra", at);
                    }
                }
            }
        }
        found.for_each(|object| say(&object, MORE, FieldPath::root()));
    }
    for object in found.values().flatten() {
        say(object, MORE, FieldPath::root());
    }
}

fn by_name(items: &[Item<'_>]) -> BTreeMap<(String, String), Vec<Object>> {
    let mut objects = BTreeMap::<_, Vec<_>>::new();
    // Declarations are ignored: the reader of the stream may leave them out or not.
    for (index, item) in items.iter().enumerate().filter(|(_, item)| !splice::is_declaration(item)) {
        let Ok(object) = item.parse() else { continue };
        let object = Object::of(index, object.to_value());
        let api_version = object.resource_ref().api_version;
        objects.entry((api_version, object.words())).or_default().push(object);
    }
    objects
}

/// The first place in which two values differ.
pub(super) fn difference(one: &Value, other: &Value, at: &FieldPath) -> Option<FieldPath> {
    missing(one, other, at).or_else(|| missing(other, one, at))
}

/// The first place in which `whole` does not hold what `part` does. Fields that only `whole` has do not count; entries of
/// lists do.
pub(super) fn missing(part: &Value, whole: &Value, at: &FieldPath) -> Option<FieldPath> {
    match (part, whole) {
        (Value::Object(part), Value::Object(whole)) => part.iter().find_map(|(key, value)| {
            let at = at.key(key.as_str());
            match whole.get(key) {
                Some(other) => missing(value, other, &at),
                None => Some(at),
            }
        }),
        (Value::Array(part), Value::Array(whole)) if part.len() == whole.len() => {
            let mut entries = part.iter().zip(whole).enumerate();
            entries.find_map(|(index, (value, other))| missing(value, other, &at.index(index)))
        }
        _ => (part != whole).then(|| at.clone()),
    }
}
