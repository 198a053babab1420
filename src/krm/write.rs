//! Writes a list with changes.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufWriter, Write};
use std::iter;
use std::ops::Range;

use super::item::Item;
use super::json;
use super::layout::{Root, Shape, after, before, line_break, lines};
use super::list::ResourceList;
use crate::yaml::{SyntaxError, edit};

/// The changes to write; items are identified by their position in `items`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Items with another text; like [`Item::text`], it has the dash and the comments.
    pub replaced: BTreeMap<usize, Edited>,
    /// Items that are replaced by another object: block YAML from column 0, which is written in the form of the item.
    pub rewritten: BTreeMap<usize, String>,
    /// Items that are removed.
    pub removed: BTreeSet<usize>,
    /// Objects to add after the last item, in block YAML from column 0.
    pub appended: Vec<String>,
    /// The results, which replace existing ones: a sequence in block YAML from column 0, or `[]`.
    pub results: Option<String>,
}

/// The text of an item that has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edited {
    /// All of it.
    Whole(String),
    /// What is written in place of parts of the old one, in order and apart: an item is much longer than what it gets.
    Parts(Vec<(Range<usize>, String)>),
}

impl Edited {
    /// The whole text, given the old one.
    pub fn text(&self, old: &str) -> String {
        match self {
            Self::Whole(text) => text.clone(),
            Self::Parts(parts) => edit::joined(old, parts),
        }
    }

    /// The same as splices of the input, in which the old text is there.
    pub(super) fn splices(&self, old: Range<usize>) -> Vec<Splice<'_>> {
        match self {
            Self::Whole(text) => vec![Splice::new(old, text.as_str())],
            Self::Parts(parts) => {
                let moved = |at: &Range<usize>| at.start + old.start..at.end + old.start;
                parts.iter().map(|(at, part)| Splice::new(moved(at), part.as_str())).collect()
            }
        }
    }
}

/// A part of the input and what is written in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Splice<'c> {
    at: Range<usize>,
    text: Text<'c>,
    /// The text must begin at the start of a line.
    own_lines: bool,
}

/// What is written.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Text<'c> {
    /// This text.
    Plain(Cow<'c, str>),
    /// Objects in block YAML, at least one, as entries of a block sequence whose dashes are at a column.
    Entries { objects: &'c [String], column: usize, line_break: &'static str },
}

impl Text<'_> {
    /// Whether the text ends a line, when it begins at the start of one or does not.
    fn ends_line(&self, before: bool) -> bool {
        match self {
            Self::Plain(text) => ends_line(text, before),
            Self::Entries { .. } => true,
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Plain(text) => out.write_all(text.as_bytes()),
            Self::Entries { objects, column, line_break } => objects
                .iter()
                .try_for_each(|object| out.write_all(broken(line_break, entry(object, *column)).as_bytes())),
        }
    }
}

impl<'c> Splice<'c> {
    /// Text in place of other text.
    pub(super) fn new(at: Range<usize>, text: impl Into<Cow<'c, str>>) -> Self {
        Self { at, text: Text::Plain(text.into()), own_lines: false }
    }

    /// Lines of their own.
    pub(super) fn lines(at: Range<usize>, text: impl Into<Cow<'c, str>>) -> Self {
        Self { own_lines: true, ..Self::new(at, text) }
    }

    /// Objects on lines of their own, as entries of a sequence.
    fn entries(at: usize, objects: &'c [String], column: usize, text: &str) -> Self {
        let text = Text::Entries { objects, column, line_break: line_break(text) };
        Self { at: at..at, text, own_lines: true }
    }
}

/// The places in a list where changes go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places<'p, 't> {
    /// The whole input.
    pub(super) text: &'p str,
    /// The items of this list.
    pub(super) items: &'p [Item<'t>],
    /// How many items of the input come before them.
    pub(super) first: usize,
    pub(super) shape: &'p Shape,
    pub(super) root: &'p Root,
}

impl Changes {
    /// Whether there are no changes.
    pub fn is_empty(&self) -> bool {
        let items = self.replaced.is_empty() && self.rewritten.is_empty() && self.removed.is_empty();
        items && self.appended.is_empty() && self.results.is_none()
    }

    /// Writes a list with these changes. All other bytes are those of the input.
    pub fn write(&self, list: &ResourceList<'_>, out: impl Write) -> io::Result<()> {
        let places = Places { text: list.text(), items: &list.items, first: 0, shape: &list.shape, root: &list.root };
        let mut splices = self.of_items(places)?;
        self.additions(places, &self.appended, &mut splices)?;
        self.of_results(list, &mut splices)?;
        write_spliced(list.text(), splices, out)
    }

    /// The changes of existing items.
    pub(super) fn of_items(&self, places: Places<'_, '_>) -> io::Result<Vec<Splice<'_>>> {
        let Places { items, first, shape, .. } = places;
        let numbers = first..first + items.len();
        let stays = |number: &usize| !self.removed.contains(number);
        let replaced = self.replaced.range(numbers.clone()).filter(|(number, _)| stays(number));
        let at = |number: &usize| items.get(number.checked_sub(first)?);
        let replaced = replaced.filter_map(|(number, edited)| Some(edited.splices(at(number)?.range())));
        let mut splices: Vec<Splice<'_>> = replaced.flatten().collect();
        let rewritten_items = self.rewritten.range(numbers.clone()).filter(|(number, _)| stays(number));
        for (item, object) in rewritten_items.filter_map(|(number, object)| Some((at(number)?, object))) {
            splices.push(Splice::new(item.range(), rewritten(places, item, object)?));
        }
        let removed = self.removed.range(numbers);
        match shape {
            Shape::Brackets(brackets) => {
                let removed = removed.map(|number| number - first).collect();
                splices.extend(without(places.text, items, &removed, brackets));
            }
            _ => splices.extend(removed.filter_map(at).map(|item| Splice::new(item.range(), ""))),
        }
        Ok(splices)
    }

    /// What is added after the items, or written instead when none is left.
    pub(super) fn additions<'c>(
        &'c self,
        places: Places<'_, '_>,
        appended: &'c [String],
        splices: &mut Vec<Splice<'c>>,
    ) -> io::Result<()> {
        let Places { text, items, first, shape, root } = places;
        let flow = matches!(root, Root::Flow { .. });
        let nothing_left = (first..first + items.len()).all(|number| self.removed.contains(&number));
        match shape {
            Shape::Absent => splices.extend(self.new_items(places)?),
            Shape::Dashes { head, .. } if appended.is_empty() => {
                if nothing_left {
                    splices.push(Splice::new(*head..*head, " []"));
                }
            }
            _ if appended.is_empty() => {}
            Shape::Dashes { column, end, .. } => {
                splices.push(Splice::entries(*end, appended, *column, text));
            }
            Shape::Brackets(brackets) => {
                let at = items.last().map_or(brackets.start + 1, |item| item.range().end);
                let comma = if nothing_left { "" } else { ", " };
                splices.push(Splice::new(at..at, format!("{comma}{}", json_items(appended)?)));
            }
            Shape::Empty { value, .. }
                if text.get(value.clone()).is_some_and(|it| it.starts_with('[')) && !gives_way(text, shape) =>
            {
                splices.push(Splice::new(value.start + 1..value.start + 1, json_items(appended)?));
            }
            Shape::Empty { value, .. } if flow => {
                let space = if value.is_empty() { " " } else { "" };
                splices.push(Splice::new(value.clone(), format!("{space}[{}]", json_items(appended)?)));
            }
            Shape::Empty { value, next_line } => {
                let space = usize::from(
                    text.get(..value.start).is_some_and(|before| before.ends_with(' ')) && !value.is_empty(),
                );
                splices.push(Splice::new(value.start - space..value.end, ""));
                splices.push(Splice::entries(*next_line, appended, column(root), text));
            }
        }
        Ok(())
    }

    /// Adds a missing `items`: without it, an orchestrator would treat the list as an object.
    fn new_items(&self, places: Places<'_, '_>) -> io::Result<Vec<Splice<'_>>> {
        if self.is_empty() {
            return Ok(Vec::new());
        }
        Ok(match *places.root {
            Root::Flow { end } => {
                vec![Splice::new(end..end, format!(", \"items\": [{}]", json_items(&self.appended)?))]
            }
            Root::Block { column, end } => {
                let head = if self.appended.is_empty() { "items: []" } else { "items:" };
                let head = Splice::lines(end..end, like(places.text, indented(head, column)));
                let is_any = !self.appended.is_empty();
                iter::once(head)
                    .chain(is_any.then(|| Splice::entries(end, &self.appended, column, places.text)))
                    .collect()
            }
        })
    }

    fn of_results<'c>(&'c self, list: &ResourceList<'_>, splices: &mut Vec<Splice<'c>>) -> io::Result<()> {
        let Some(results) = &self.results else { return Ok(()) };
        let there = list.results.as_ref().map(Item::range);
        splices.push(match list.root {
            Root::Flow { end } => {
                let json = json::from_block(results).map_err(invalid)?;
                match there {
                    Some(there) if there.is_empty() => Splice::new(there, format!(" {json}")),
                    Some(there) => Splice::new(there, json),
                    None => Splice::new(end..end, format!(", \"results\": {json}")),
                }
            }
            Root::Block { column, end } => {
                let space = if results.trim_start().starts_with("- ") { '\n' } else { ' ' };
                let lines = indented(&format!("results:{space}{results}"), column);
                Splice::lines(there.unwrap_or(end..end), like(list.text(), lines))
            }
        });
        Ok(())
    }
}

/// Writes `text` with the splices made, which must not overlap.
pub(super) fn write_spliced(text: &str, mut splices: Vec<Splice<'_>>, out: impl Write) -> io::Result<()> {
    // At the same position, insertions come before replacements; otherwise the order is as given.
    splices.sort_by_key(|splice| (splice.at.start, splice.at.end));
    // Everything is known before the first byte is written.
    let mut pieces = Vec::with_capacity(splices.len());
    let mut at = 0;
    let mut at_line_start = true;
    for splice in &splices {
        let kept = text.get(at..splice.at.start).ok_or_else(overlap)?;
        at = splice.at.end;
        at_line_start = ends_line(kept, at_line_start);
        let separator = if splice.own_lines && !at_line_start { line_break(text) } else { "" };
        at_line_start = splice.text.ends_line(at_line_start || !separator.is_empty());
        pieces.push((kept, separator, &splice.text));
    }
    let rest = text.get(at..).ok_or_else(overlap)?;
    let mut out = BufWriter::with_capacity(1 << 16, out);
    for (kept, separator, added) in pieces {
        out.write_all(kept.as_bytes())?;
        out.write_all(separator.as_bytes())?;
        added.write(&mut out)?;
    }
    out.write_all(rest.as_bytes())?;
    out.flush()
}

fn overlap() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "changes overlap")
}

fn ends_line(text: &str, before: bool) -> bool {
    text.bytes().next_back().map_or(before, |last| matches!(last, b'\n' | b'\r'))
}

fn column(root: &Root) -> usize {
    if let Root::Block { column, .. } = root { *column } else { 0 }
}

/// Whether ` []` on a line of its own can be replaced by lines with dashes, and be restored when they are removed.
fn gives_way(text: &str, shape: &Shape) -> bool {
    let Shape::Empty { value, next_line } = shape else { return false };
    let is_ended = before(text, *next_line).ends_with(['\n', '\r']);
    text.get(value.clone()) == Some("[]") && before(text, value.start).ends_with(": ") && is_ended
}

/// The object in the place and the form of an entry.
fn rewritten(places: Places<'_, '_>, item: &Item<'_>, object: &str) -> io::Result<String> {
    let Shape::Dashes { column, .. } = places.shape else { return json::from_block(object).map_err(invalid) };
    let own = item.text();
    let dash = lines(own, 0..own.len()).find(|(_, line)| line.trim_start().starts_with('-'));
    let comments = dash.map_or("", |(start, _)| before(own, start));
    let mut entry = entry(object, *column);
    if !own.ends_with(['\n', '\r']) {
        entry.pop();
    }
    Ok(format!("{comments}{}", like(places.text, entry)))
}

/// Removes entries from brackets, each with an adjacent comma.
fn without(text: &str, items: &[Item<'_>], removed: &BTreeSet<usize>, brackets: &Range<usize>) -> Vec<Splice<'static>> {
    let (Some(first), Some(last)) = (items.first(), items.last()) else { return Vec::new() };
    let Some(first_kept) = (0..items.len()).find(|number| !removed.contains(number)) else {
        // A comma after the last entry must be removed too; new entries go between the two.
        let (start, end) = (first.offset(), last.range().end);
        let behind = after(before(text, brackets.end - 1), end);
        let rest = if behind.trim().is_empty() { end..end } else { end..brackets.end - 1 };
        return vec![Splice::new(start..end, ""), Splice::new(rest, "")];
    };
    let cut = removed.iter().filter_map(|number| {
        let item = items.get(*number)?.range();
        Some(if *number < first_kept {
            item.start..items.get(number + 1)?.range().start
        } else {
            items.get(number.checked_sub(1)?)?.range().end..item.end
        })
    });
    cut.map(|range| Splice::new(range, "")).collect()
}

/// An object in block YAML as an entry of a block sequence whose dashes are at `column`.
fn entry(object: &str, column: usize) -> String {
    let mut lines = indented(object, column + 2);
    lines.replace_range(column..=column, "-");
    lines
}

/// The same YAML further to the right, with a line break at the end. Empty lines stay empty.
fn indented(yaml: &str, column: usize) -> String {
    let mut out = String::with_capacity(yaml.len() + yaml.len() / 8 + column + 1);
    for line in yaml.strip_suffix('\n').unwrap_or(yaml).split('\n') {
        if !line.is_empty() {
            out.extend(std::iter::repeat_n(' ', column));
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}

/// Lines with the kind of line breaks that the text has.
pub(super) fn like(text: &str, lines: String) -> String {
    broken(line_break(text), lines)
}

/// Lines with this line break.
fn broken(line_break: &str, lines: String) -> String {
    match line_break {
        "\n" => lines,
        other => lines.replace('\n', other),
    }
}

fn json_items(objects: &[String]) -> io::Result<String> {
    let objects: Result<Vec<String>, _> = objects.iter().map(|object| json::from_block(object)).collect();
    Ok(objects.map_err(invalid)?.join(", "))
}

pub(super) fn invalid(error: SyntaxError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error.message)
}
