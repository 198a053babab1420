//! The slow reader: finds the parts of any list with the parser.

use std::ops::Range;

use super::error::ReadError;
use super::ident::Ident;
use super::layout::{Entry, Layout, Root, Section, Shape, before, line_start, lines, next_line};
use super::lines::Position;
use crate::quote::quote;
use crate::yaml::{self, Document, Flow, NodeKind, NodeRef, Style, SyntaxError, is_inside, spans};

/// Reads a `ResourceList`.
pub(super) fn read(text: &str) -> Result<Layout<'static>, ReadError> {
    let document = parse(text)?;
    let root = document.root();
    let word = |key| root.get(key).and_then(NodeRef::text);
    let krm = word("apiVersion").is_some_and(|version| version.starts_with("config.kubernetes.io/"));
    if root.text().is_some() && holds_nothing(text) {
        return Err(ReadError::Empty);
    }
    if !krm || word("kind") != Some("ResourceList") {
        return Err(ReadError::NotAResourceList { found: description(root) });
    }
    layout(root)
}

/// Parses one document, and rejects one that other parsers would split into different lines.
pub(super) fn parse(text: &str) -> Result<Document<'_>, ReadError> {
    let document = Document::parse(text).map_err(|error| syntax(text, error))?;
    match yaml::line_break(&document) {
        Some((offset, name)) => Err(ReadError::LineBreak { name, at: Position::of(text, offset) }),
        None => Ok(document),
    }
}

fn syntax(text: &str, error: SyntaxError) -> ReadError {
    if holds_nothing(text) {
        return ReadError::Empty;
    }
    ReadError::Syntax { message: error.message, at: Position::of(text, error.offset) }
}

/// Whether there is nothing but space, comments and markers.
fn holds_nothing(text: &str) -> bool {
    let nothing = |line: &str| line.is_empty() || line.starts_with('#') || line == "---" || line == "...";
    text.trim_start_matches('\u{feff}').lines().all(|line| nothing(line.trim()))
}

/// Describes a document, for messages that expected a different one.
fn description(root: NodeRef<'_>) -> String {
    let word = |key| root.get(key).and_then(NodeRef::text);
    match (word("kind"), word("apiVersion")) {
        (Some(kind), Some(version)) => format!("kind {} of apiVersion {}", quote(&kind), quote(&version)),
        (Some(kind), None) => format!("kind {} without apiVersion", quote(&kind)),
        (None, _) if root.is_map() => "a mapping without kind".into(),
        _ => what(root).into(),
    }
}

fn what(node: NodeRef<'_>) -> &'static str {
    match node.kind() {
        NodeKind::Scalar(..) => "a scalar",
        NodeKind::Seq(..) => "a sequence",
        NodeKind::Map(..) => "a mapping",
        NodeKind::Alias(_) | NodeKind::Dangling => "an alias",
    }
}

/// One key of the list and its value.
#[derive(Clone, Copy)]
struct Pair<'d> {
    key: NodeRef<'d>,
    value: NodeRef<'d>,
    /// The key after this one.
    next: Option<NodeRef<'d>>,
}

/// Finds the parts of a list whose root is a mapping.
pub(super) fn layout(root: NodeRef<'_>) -> Result<Layout<'static>, ReadError> {
    let text = root.document().text();
    let unclear = |offset| ReadError::Unclear(Position::of(text, offset));
    let NodeKind::Map(_, flow) = root.kind() else {
        return Err(ReadError::NotAResourceList { found: description(root) });
    };
    let (Some(first), Some(last)) = (root.entries().next(), root.entries().next_back()) else {
        return Err(ReadError::NotAResourceList { found: "an empty mapping".into() });
    };
    let end = document_end(text, content(root));
    let place = match flow {
        Flow::Yes => Root::Flow { end: value_range(text, last.0, last.1).end },
        Flow::No => {
            let start = key_line(text, first.0).ok_or_else(|| unclear(first.0.span().start))?;
            let end = if safe_end(text, root, end) { end } else { start };
            Root::Block { column: first.0.span().start - start, end }
        }
    };
    let section = |key| match pair(root, key)? {
        None => Ok(None),
        Some(pair) => match &place {
            Root::Flow { .. } => Ok(Some(Section { range: value_range(text, pair.key, pair.value), keyed: false })),
            Root::Block { column, .. } => {
                let range = pair_lines(text, pair, end, *column).ok_or_else(|| unclear(pair.key.span().start))?;
                Ok(Some(Section { range, keyed: true }))
            }
        },
    };
    let (function_config, results) = (section("functionConfig")?, section("results")?);
    let (entries, shape) = match pair(root, "items")? {
        None => (Vec::new(), Shape::Absent),
        Some(pair) => items(text, pair, end, &place)?,
    };
    Ok(Layout { entries, shape, root: place, function_config, results })
}

/// The entry under `key`, which must not appear twice.
fn pair<'d>(root: NodeRef<'d>, name: &'static str) -> Result<Option<Pair<'d>>, ReadError> {
    let mut found: Option<Pair<'d>> = None;
    let mut entries = root.entries().peekable();
    while let Some((key, value)) = entries.next() {
        if key.text() != Some(name) {
            continue;
        }
        if found.is_some() {
            let at = Position::of(root.document().text(), key.span().start);
            return Err(ReadError::DuplicateKey { key: name, at });
        }
        found = Some(Pair { key, value, next: entries.peek().map(|(key, _)| *key) });
    }
    Ok(found)
}

fn items(text: &str, pair: Pair<'_>, end: usize, root: &Root) -> Result<(Vec<Entry<'static>>, Shape), ReadError> {
    let Pair { key, value, next } = pair;
    let unclear = || ReadError::Unclear(Position::of(text, key.span().start));
    let range = value_range(text, key, value);
    let null = matches!(value.kind(), NodeKind::Scalar(text, Style::Plain)
        if matches!(text, "" | "~" | "null" | "Null" | "NULL"));
    let empty = matches!(value.kind(), NodeKind::Seq(entries, _) if entries.is_empty());
    // Where items are added to none, the line after them is as important as it is where there are some.
    let until = match next {
        Some(next) if matches!(root, Root::Block { .. }) => key_line(text, next).ok_or_else(unclear)?,
        _ => end,
    };
    match value.kind() {
        NodeKind::Seq(_, Flow::Yes) if !empty || matches!(root, Root::Flow { .. }) => {
            Ok((flow_entries(text, value), Shape::Brackets(value.span())))
        }
        _ if null || empty => {
            let value = if empty { value.span() } else { range };
            Ok((Vec::new(), Shape::Empty { next_line: next_line(text, value.end), value }))
        }
        NodeKind::Seq(..) if value.is_anchored() || value.tag().is_some() => Err(unclear()),
        NodeKind::Seq(..) => {
            let head = after_colon(text, key).ok_or_else(unclear)?;
            let (entries, column) = block_entries(text, value, head, until).ok_or_else(unclear)?;
            let last = entries.last().map_or(head..until, |entry| entry.range.clone());
            // After a last line without a line break, added entries could not be removed without a trace.
            let end = if before(text, last.end).ends_with(['\n', '\r']) { last.end } else { last.start };
            Ok((entries, Shape::Dashes { column, head, end }))
        }
        _ => Err(ReadError::ItemsNotASequence { found: what(value), at: Position::of(text, range.start) }),
    }
}

/// The entries of a block sequence, and the column of their dashes.
fn block_entries(text: &str, sequence: NodeRef<'_>, head: usize, until: usize) -> Option<(Vec<Entry<'static>>, usize)> {
    let long = spans(sequence, |node| {
        let flow = matches!(node.kind(), NodeKind::Seq(_, Flow::Yes) | NodeKind::Map(_, Flow::Yes));
        let scalar = matches!(node.kind(), NodeKind::Scalar(_, Style::Plain | Style::Quoted));
        (flow || scalar) && text.get(node.span()).is_some_and(|it| it.contains(['\n', '\r']))
    });
    let filled = |line: &str| !line.trim_start().is_empty() && !line.trim_start().starts_with('#');
    let body = next_line(text, head);
    let (_, first) = lines(text, body..until).find(|(_, line)| filled(line))?;
    let column = spaces(first);
    let dashes: Vec<usize> = lines(text, body..until)
        .filter(|(start, line)| {
            let dash = spaces(line) == column && line.get(column..).is_some_and(|rest| rest.starts_with('-'));
            dash && matches!(line.as_bytes().get(column + 1), None | Some(b' ' | b'\t')) && !is_inside(&long, *start)
        })
        .map(|(start, _)| start)
        .collect();
    if dashes.len() != sequence.items().len() {
        return None;
    }
    let mut starts = Vec::with_capacity(dashes.len() + 1);
    for (number, (item, dash)) in sequence.items().zip(dashes.iter().copied()).enumerate() {
        let next = dashes.get(number + 1).copied().unwrap_or(until);
        if number == 0 {
            starts.push(dash);
        }
        // An empty value at its end reaches to what is behind it, past the spaces of that line.
        if !(dash <= item.span().start && item.span().end <= next + column) {
            return None;
        }
        starts.push(content_end(text, content(item).max(dash + 1), next, column));
    }
    let entries = sequence.items().zip(starts.iter().zip(starts.iter().skip(1)));
    Some((entries.map(|(item, (start, end))| entry(item, *start..*end)).collect(), column))
}

/// The entries between brackets.
fn flow_entries(text: &str, sequence: NodeRef<'_>) -> Vec<Entry<'static>> {
    let mut end = sequence.span().start + 1;
    let found = sequence.items().map(|item| {
        let start = skip_flow_space(text, end).min(item.span().start);
        end = item.span().end.max(start);
        entry(item, start..end)
    });
    found.collect()
}

fn entry(item: NodeRef<'_>, range: Range<usize>) -> Entry<'static> {
    let ties = spans(item, |node| {
        node.is_anchored() || node.tag().is_some() || matches!(node.kind(), NodeKind::Alias(_) | NodeKind::Dangling)
    });
    Entry { range, ident: Ident::of(item), tied: !ties.is_empty() }
}

/// The end of the last non-empty content of a node. Empty values have no reliable position.
fn content(node: NodeRef<'_>) -> usize {
    let end = |id: &u32| content(node.document().node(*id));
    match node.kind() {
        NodeKind::Seq(items, Flow::No) => items.iter().map(end).max().unwrap_or_default(),
        NodeKind::Map(entries, Flow::No) => {
            entries.iter().map(|[key, value]| end(key).max(end(value))).max().unwrap_or_default()
        }
        _ if node.span().is_empty() => 0,
        _ => node.span().end,
    }
}

/// The end of the lines that belong to content ending at `end`: `next`, or a comment that belongs to what follows.
fn content_end(text: &str, end: usize, next: usize, column: usize) -> usize {
    let from = line_behind(text, end);
    let mut comment = None;
    for (start, line) in lines(text, from..next) {
        match line.trim_start().as_bytes().first() {
            Some(b'#') if spaces(line) <= column => comment = comment.or(Some(start)),
            Some(b'#') | None => {}
            Some(_) => comment = None,
        }
    }
    comment.unwrap_or(next)
}

/// The lines of a key of a block mapping and its value.
fn pair_lines(text: &str, pair: Pair<'_>, end: usize, column: usize) -> Option<Range<usize>> {
    let next = pair.next.map_or(Some(end), |next| key_line(text, next))?;
    let content = content(pair.value).max(pair.key.span().end);
    Some(key_line(text, pair.key)?..content_end(text, content, next, column))
}

/// The start of a line that begins with this key.
fn key_line(text: &str, key: NodeRef<'_>) -> Option<usize> {
    let at = key.span().start;
    let start = line_start(text, at);
    let mark = if text.get(start..)?.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    // A key after `?` may be a block, or on a line after its `?`; its colon is on yet another line.
    let colon = text.get(key.span().end..)?.trim_start_matches([' ', '\t']).starts_with(':');
    let scalar = matches!(key.kind(), NodeKind::Scalar(_, Style::Plain | Style::Quoted)) && !key.span().is_empty();
    (scalar && colon && text.get(start + mark..at)?.bytes().all(|byte| byte == b' ')).then_some(start + mark)
}

/// The position after a key's colon.
fn after_colon(text: &str, key: NodeRef<'_>) -> Option<usize> {
    let end = key.span().end;
    let rest = text.get(end..)?;
    rest.trim_start().starts_with(':').then(|| end + rest.len() - rest.trim_start().len() + 1)
}

/// Where a value is written, with its anchor and tag; an empty range after the colon if there is no value.
fn value_range(text: &str, key: NodeRef<'_>, value: NodeRef<'_>) -> Range<usize> {
    let colon = after_colon(text, key).unwrap_or(key.span().end);
    let start = skip_flow_space(text, colon);
    if value.span().end <= colon || (value.span().is_empty() && start > value.span().end) {
        return colon..colon;
    }
    start.min(value.span().start)..value.span().end
}

/// Skips spaces, line breaks, comments and commas.
fn skip_flow_space(text: &str, from: usize) -> usize {
    let mut at = from;
    loop {
        match text.as_bytes().get(at) {
            Some(b' ' | b'\t' | b'\n' | b'\r' | b',') => at += 1,
            Some(b'#') => at = next_line(text, at),
            _ => return at,
        }
    }
}

/// Where the document ends whose content ends at `end`: at a marker or with the text.
fn document_end(text: &str, end: usize) -> usize {
    lines(text, line_behind(text, end)..text.len())
        .find(|(_, line)| line.starts_with("..."))
        .map_or(text.len(), |(start, _)| start)
}

/// The first line behind content that ends at `end`: a block scalar ends behind its last line break.
fn line_behind(text: &str, end: usize) -> usize {
    if end > 0 && line_start(text, end) == end { end } else { next_line(text, end) }
}

/// Whether lines can be added at `end` without changing the last value before it.
///
/// A block scalar at the very end without a line break gets one more when a line follows.
fn safe_end(text: &str, node: NodeRef<'_>, end: usize) -> bool {
    let mut last = node;
    loop {
        let child = match last.kind() {
            NodeKind::Seq(items, _) => items.last(),
            NodeKind::Map(entries, _) => entries.last().map(|[_, value]| value),
            NodeKind::Scalar(_, Style::Block) => {
                return text.get(..end).is_some_and(|text| text.ends_with(['\n', '\r']));
            }
            _ => None,
        };
        match child {
            Some(child) => last = node.document().node(*child),
            None => return true,
        }
    }
}

fn spaces(line: &str) -> usize {
    line.bytes().take_while(|byte| *byte == b' ').count()
}
