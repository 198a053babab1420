//! Detects text that other parsers read differently, which therefore cannot be verified.

use std::borrow::Cow;

use super::document::{Document, NodeRef};
use super::path::{FieldPath, Step};
use super::spans::{is_inside, spans};
use super::tree::{NodeKind, Style};

/// Characters that end a line in YAML 1.1 only. <https://yaml.org/spec/1.2.2/#54-line-break-characters>
const LINE_BREAKS: [(char, &str); 3] = [
    ('\u{85}', "NEXT LINE (U+0085)"),
    ('\u{2028}', "LINE SEPARATOR (U+2028)"),
    ('\u{2029}', "PARAGRAPH SEPARATOR (U+2029)"),
];

/// The first character that some parsers treat as a line break, and its name. Inside quotes, it can change only a
/// value; elsewhere, even in a comment, it can change the structure.
pub fn line_break(document: &Document<'_>) -> Option<(usize, &'static str)> {
    let text = document.text();
    let mut quoted = None;
    LINE_BREAKS.into_iter().find_map(|(mark, name)| {
        let mut bytes = [0; 4];
        let mark: &str = mark.encode_utf8(&mut bytes);
        let mut found = memchr::memmem::find_iter(text.as_bytes(), mark);
        let is_quoted = |node: NodeRef<'_>| matches!(node.kind(), NodeKind::Scalar(_, Style::Quoted));
        let at = found.find(|at| !is_inside(quoted.get_or_insert_with(|| spans(document.root(), is_quoted)), *at))?;
        Some((at, name))
    })
}

/// The first key that a mapping has twice: some parsers use the first value, others the last.
pub fn repeated_key(node: NodeRef<'_>) -> Option<FieldPath> {
    let mut steps = repeated(node)?;
    steps.reverse();
    Some(FieldPath::root().then(&steps))
}

/// The way to it from its end.
fn repeated(node: NodeRef<'_>) -> Option<Vec<Step>> {
    let child = |id: u32| node.document().node(id);
    let behind = |mut steps: Vec<Step>, step| {
        steps.push(step);
        steps
    };
    match node.kind() {
        NodeKind::Seq(items, _) => {
            let mut items = items.iter().enumerate();
            items.find_map(|(at, item)| Some(behind(repeated(child(*item))?, Step::Index(at))))
        }
        NodeKind::Map(entries, _) => entries.iter().enumerate().find_map(|(at, [key, value])| {
            let name =
                |key: u32| child(key).text().map_or_else(|| Cow::from(child(key).to_value().to_string()), Cow::from);
            let is_repeated = match child(*key).text() {
                Some(text) => node.position(text, 0) != Some(at),
                None => entries.iter().take(at).any(|[other, _]| name(*other) == name(*key)),
            };
            let step = || Step::Key(name(*key).into_owned());
            if is_repeated { Some(vec![step()]) } else { Some(behind(repeated(child(*value))?, step())) }
        }),
        _ => None,
    }
}

/// Whether an alias stands for something that is not in the text: in another item of the list, for instance.
pub fn has_unknown_alias(node: NodeRef<'_>) -> bool {
    let child = |id: u32| node.document().node(id);
    match node.kind() {
        NodeKind::Dangling => true,
        NodeKind::Seq(items, _) => items.iter().any(|item| has_unknown_alias(child(*item))),
        NodeKind::Map(entries, _) => {
            entries.iter().any(|[key, value]| has_unknown_alias(child(*key)) || has_unknown_alias(child(*value)))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_readers_read_in_two_ways_is_found() {
        let line = |text: &str| line_break(&Document::parse(text).unwrap()).map(|(at, _)| at);
        assert_eq!(line("a: 1 # x\u{2028}  b: 2\n"), Some(8));
        assert_eq!(line("a: x\u{85}y\n"), Some(4));
        assert_eq!(line("a: \"x\u{2029}y\"\n"), None);
        let key = |text: &str| repeated_key(Document::parse(text).unwrap().root()).map(|at| at.to_string());
        assert_eq!(key("a: [{b: 1, \"b\": 2}]\n").as_deref(), Some("a[0].b"));
        assert_eq!(key("a: {b: 1}\nb: {b: 1}\n"), None);
    }
}
