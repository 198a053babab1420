//! What has changed since a revision.

use serde_json::{Value, json};

use super::{Page, Since};

pub(super) fn changes(page: &Page<'_>, since: &Since<'_>) -> Value {
    let positions = page.sources.positions();
    let changes = since.changes.iter().map(|change| {
        let place = positions(&change.place).map(|(file, at)| page.links.place(file, Some(at.line)));
        json!({
            "kind": change.kind.name(),
            "summary": change.kind.summary(),
            "escalation": change.escalation,
            "message": change.message,
            "clusters": change.clusters.join(", "),
            "place": place,
        })
    });
    json!({"base": since.base, "changes": changes.collect::<Vec<_>>(), "notes": since.notes})
}
