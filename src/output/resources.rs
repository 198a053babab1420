//! How AWS differs from the declaration, for people and for scripts.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::provision::{Comparison, Difference, Verb};
use crate::quote::line;

/// The version of the JSON document. Adding a field does not change it; changing the meaning of a field does.
const SCHEMA_VERSION: u32 = 1;

/// Each difference in lines of its own, escalations first, and their number.
pub fn resources(comparison: &Comparison) -> String {
    let mut text = String::new();
    for it in comparison.differences.iter().filter(|it| it.verb != Verb::Refuse) {
        let mark = match it.verb {
            _ if it.is_escalation => '!',
            Verb::Create => '+',
            Verb::Change | Verb::Adopt => '~',
            Verb::Delete => '-',
            Verb::Leave | Verb::Refuse => '=',
        };
        let _ = writeln!(text, "{mark} {} {}, {}", it.verb.word(), it.key, place(comparison, it));
        for words in &it.words {
            let _ = writeln!(text, "    {}", line(words));
        }
    }
    text
}

/// The number of differences of each kind, or that there is nothing to do, in these words.
pub fn resources_summary(comparison: &Comparison, nothing: &str) -> String {
    let count = |verb| comparison.differences.iter().filter(|it| it.verb == verb).count();
    let counts = [Verb::Create, Verb::Change, Verb::Delete, Verb::Adopt].map(|verb| (count(verb), verb.word()));
    let counts: Vec<_> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} to {word}")).collect();
    let escalations = comparison.differences.iter().filter(|it| it.is_escalation).count();
    match (counts.as_slice(), escalations) {
        ([], _) => nothing.to_owned(),
        (counts, 0) => counts.join(", "),
        (counts, 1) => format!("{}; 1 lets somebody do more than before (!)", counts.join(", ")),
        (counts, many) => format!("{}; {many} let somebody do more than before (!)", counts.join(", ")),
    }
}

/// `account 111122223333, eu-central-1`
fn place(comparison: &Comparison, it: &Difference) -> String {
    let account = comparison.accounts.get(&it.key.site).map_or("", String::as_str);
    let region = it.key.site.region.as_deref().map_or_else(String::new, |region| format!(", {region}"));
    format!("account {account}{region}")
}

/// The differences with a schema version.
pub fn resources_json(comparison: &Comparison) -> String {
    let of = |it: &Difference| -> Value {
        json!({
            "action": it.verb.word(),
            "kind": it.key.kind.words(),
            "name": it.key.name,
            "arn": it.arn,
            "account": comparison.accounts.get(&it.key.site),
            "region": it.key.site.region,
            "profile": it.key.site.profile,
            "clusters": it.clusters,
            "escalation": it.is_escalation,
            "calls": it.calls(),
            "reasons": it.words,
        })
    };
    let differences: Vec<_> = comparison.differences.iter().map(of).collect();
    let document =
        json!({"schemaVersion": SCHEMA_VERSION, "differs": comparison.differs(), "differences": differences});
    format!("{document:#}\n")
}
