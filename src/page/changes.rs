//! What has changed since a revision.

use serde_json::{Value, json};

use super::{Page, Since};
use crate::diff::Change;

pub(super) fn changes(page: &Page<'_>, since: &Since<'_>) -> Value {
    let mut changes = Vec::new();
    for declaration in page.declarations() {
        let positions = declaration.sources.positions();
        changes.extend(declaration.changes.iter().map(|change| {
            let place = positions(&change.place).map(|(file, at)| page.links.place(file, Some(at.line)));
            (!change.escalation, shown(change, place.as_ref()))
        }));
    }
    changes.sort_by_key(|(is_no_escalation, _)| *is_no_escalation);
    let changes: Vec<_> = changes.into_iter().map(|(_, shown)| shown).collect();
    json!({"base": since.base, "changes": changes, "notes": since.notes})
}

fn shown(change: &Change, place: Option<&Value>) -> Value {
    json!({
        "kind": change.kind.name(),
        "summary": change.kind.summary(),
        "escalation": change.escalation,
        "message": change.message,
        "clusters": change.clusters.join(", "),
        "place": place,
    })
}
