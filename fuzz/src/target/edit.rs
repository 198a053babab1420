//! Edits change what they say and nothing else, and go back without a trace: the laws of `tests/yaml_edit.rs`.

use iamra::yaml::Document;
use iamra::yaml::edit::{Edit, apply};

use crate::edits::{check, path, random};
use crate::oracle;

/// The numbers choose places and values.
pub fn run([a, b, c, d]: [usize; 4], text: &str) {
    let Ok(doc) = Document::parse(text) else { return };
    let choices = [(a, b), (c, d)];
    let choices = &choices[..1 + (b >> 4) % 2];
    let additions = random::additions(&doc, choices);
    let mut removals = random::removals(&doc, &[a, c][..1 + (d >> 4) % 2]);
    // Nothing is taken out of what goes as a whole, or twice.
    removals.sort_by(|left, right| path(left).cmp(path(right)));
    removals.dedup_by(|next, before| path(next).steps().starts_with(path(before).steps()));
    let words = ["y", "a: b", "x", "", " 1", "it's", "#", "0x1"];
    let set = |edit: &Edit| Edit::Set { at: path(edit).clone(), text: words[d % words.len()].to_owned() };
    let settings: Vec<_> = random::removals(&doc, &[a]).iter().map(set).collect();
    let can_compare = is_comparable(&doc, text);
    for edits in [additions, removals, settings] {
        if !can_compare {
            let _ = apply(&doc, edits);
        } else if let Err(failure) = check(text, &edits) {
            panic!("{text:?}\n{edits:?}\n{failure}");
        }
    }
}

/// Whether the other reader reads it, and as the same: it has other rules for some of what is rare.
fn is_comparable(doc: &Document<'_>, text: &str) -> bool {
    let plain = text.trim_start_matches('\u{feff}');
    !text.contains("!own")
        && !text.contains(['!', '%'])
        && serde_yaml::from_str::<serde_json::Value>(plain).is_ok_and(|other| other == doc.root().to_value())
        && oracle::saphyr(plain).is_some()
}
