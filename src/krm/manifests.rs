//! Writes a stream with changes, and adjusts the separators when documents are added or removed. New documents go to
//! the end or, if the last line has no line break, before the last document, so that its bytes do not change. Removing
//! them is the exact reverse, so the original text is restored from its form alone.

use std::io::{self, Write};
use std::ops::Range;

use super::documents::{body, is_marker};
use super::json;
use super::layout::{after, before, first_line, line_break, line_start, lines, next_line};
use super::stream::{Form, Stream, StreamDocument};
use super::write::{Changes, Edited, Places, Splice, invalid, like, write_spliced};

impl Changes {
    /// Writes a stream with these changes. All other bytes are those of the input; results are omitted, because plain
    /// manifests cannot have them.
    pub fn write_stream(&self, stream: &Stream<'_>, out: impl Write) -> io::Result<()> {
        let text = stream.text();
        let unmarked = self.unmarked(stream);
        let mut splices = Vec::new();
        for (number, part) in stream.parts.iter().enumerate() {
            let Some((shape, root)) = &part.list else {
                splices.extend(self.of_document(stream, number, part, unmarked == Some(number))?);
                continue;
            };
            if unmarked == Some(number) {
                splices.push(Splice::new(part.range.start..next_line(text, part.range.start), ""));
            }
            let places = Places { text, items: stream.items_of(part), first: part.items.start, shape, root };
            splices.extend(self.of_items(places)?);
            let added = if stream.parts.len() == 1 { self.appended.as_slice() } else { &[] };
            self.additions(places, added, &mut splices)?;
        }
        let into_list = matches!(stream.parts.as_slice(), [only] if only.list.is_some());
        if !into_list && !self.appended.is_empty() {
            splices.extend(self.new_documents(stream)?);
        }
        write_spliced(text, splices, out)
    }

    /// The change of a document that is one object. `unmarked` removes the marker before it.
    fn of_document(
        &self,
        stream: &Stream<'_>,
        number: usize,
        part: &StreamDocument,
        unmarked: bool,
    ) -> io::Result<Vec<Splice<'_>>> {
        let (range, object) = (part.range.clone(), part.items.start);
        if self.removed.contains(&object) {
            return Ok(vec![self.without(stream, number, range)]);
        }
        let own = after(before(stream.text(), range.end), range.start);
        let marker = if unmarked { first_line(own) } else { "" };
        let unmark = unmarked.then(|| Splice::new(range.start..range.start + marker.len(), ""));
        Ok(match (self.rewritten.get(&object), self.replaced.get(&object)) {
            (Some(object), _) => {
                let new = rewritten(stream, own, object)?;
                vec![Splice::new(range, new.strip_prefix(marker).unwrap_or(&new).to_owned())]
            }
            (None, Some(Edited::Whole(new))) => vec![Splice::new(range, new.strip_prefix(marker).unwrap_or(new))],
            (None, Some(edited)) => unmark.into_iter().chain(edited.splices(range)).collect(),
            (None, None) => unmark.into_iter().collect(),
        })
    }

    /// Removes a document, and adds a marker if its neighbours would otherwise be joined.
    fn without(&self, stream: &Stream<'_>, number: usize, range: Range<usize>) -> Splice<'static> {
        let text = stream.text();
        let next = stream.parts.get(number + 1).filter(|next| next.range.start == range.end);
        match next {
            Some(next) if !self.leaves(next) && stream.form != Form::Row => {
                let first = stream.parts.iter().take(number).rev().take_while(|it| self.leaves(it)).last();
                let start = first.map_or(range.start, |first| first.range.start);
                let next = next.range.start;
                let is_parted = is_marker(text, next) || is_ended(text, start);
                let marker = if is_parted { String::new() } else { like(text, separator(text, next).to_owned()) };
                Splice::new(range, marker)
            }
            _ => Splice::new(range, ""),
        }
    }

    /// Whether a document is one object that is removed.
    fn leaves(&self, part: &StreamDocument) -> bool {
        part.list.is_none() && self.removed.contains(&part.items.start)
    }

    /// The document whose marker is removed together with the documents before it, because the text begins with one of
    /// them without a marker: see [`Self::new_documents`].
    fn unmarked(&self, stream: &Stream<'_>) -> Option<usize> {
        let (text, parts) = (stream.text(), &stream.parts);
        let first = parts.first()?.range.start;
        let (kept, kept_part) = parts.iter().enumerate().find(|(_, part)| !self.leaves(part))?;
        let is_bare = first == body(text) && !is_marker(text, first) && !starts_anew(text, first);
        let mut pairs = parts.iter().zip(parts.iter().skip(1)).take(kept);
        let joined = pairs.all(|(part, next)| part.range.end == next.range.start);
        let is_marked = after(text, kept_part.range.start).starts_with(&like(text, "---\n".to_owned()));
        // New objects of the same run may be inserted before it.
        (self.appended.is_empty() && kept > 0 && is_bare && joined && is_marked && stream.form != Form::Row)
            .then_some(kept)
    }

    /// The new objects, as separate documents.
    fn new_documents(&self, stream: &Stream<'_>) -> io::Result<Vec<Splice<'_>>> {
        let text = stream.text();
        let last = stream.parts.last().map_or(text.len()..text.len(), |part| part.range.clone());
        let open = match stream.form {
            Form::Row => {
                let row = |object: &String| {
                    let json = json::from_block(object).map_err(invalid)?;
                    Ok(Splice::new(last.end..last.end, like(text, format!("\n{json}"))))
                };
                return self.appended.iter().map(row).collect();
            }
            Form::Documents { open } => open,
        };
        if text.ends_with(['\n', '\r']) && !open {
            return Ok(self.documents(text, text.len(), "---\n", ""));
        }
        let at = last.start;
        let is_marked = is_marker(text, at);
        // The first document may have no marker; then the new first one has none either.
        let (head, tail) = if !is_marked && at == body(text) && !starts_anew(text, at) {
            ("", "---\n")
        } else {
            ("---\n", if is_marked { "" } else { "...\n" })
        };
        Ok(self.documents(text, at, head, tail))
    }

    /// The new objects as documents at this place, with something before the first and behind the last.
    fn documents(&self, text: &str, at: usize, head: &'static str, tail: &'static str) -> Vec<Splice<'_>> {
        let put = |lines: &str| Splice::new(at..at, like(text, lines.to_owned()));
        let mut splices = vec![put(head)];
        for (number, object) in self.appended.iter().enumerate() {
            if number > 0 {
                splices.push(put("---\n"));
            }
            splices.push(match line_break(text) {
                "\n" => Splice::new(at..at, object.as_str()),
                _ => put(object),
            });
            if !object.ends_with('\n') {
                splices.push(put("\n"));
            }
        }
        splices.push(put(tail));
        splices
    }
}

/// The separator before a document that has no marker of its own.
fn separator(text: &str, next: usize) -> &'static str {
    if starts_anew(text, next) { "...\n" } else { "---\n" }
}

/// Whether the document at `at` has directives or a byte order mark, which are allowed after comments but not after a
/// document without an end marker.
fn starts_anew(text: &str, at: usize) -> bool {
    let mut lines = lines(text, at..text.len()).map(|(_, line)| line);
    let first = lines.find(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    first.is_some_and(|line| line.starts_with(['%', '\u{feff}']))
}

/// Whether nothing continues at `at`: the text begins there, or the line before is `...`.
fn is_ended(text: &str, at: usize) -> bool {
    let before = before(text, at).trim_end_matches(['\n', '\r']);
    let start = line_start(before, before.len()).max(body(text));
    at == body(text) || after(before, start).starts_with("...") && is_marker(before, start)
}

/// The object in the place and the form of the item with the text `own`.
fn rewritten(stream: &Stream<'_>, own: &str, object: &str) -> io::Result<String> {
    if stream.form == Form::Row {
        let space = own.strip_suffix(own.trim_start()).unwrap_or_default();
        return Ok(format!("{space}{}", json::from_block(object).map_err(invalid)?));
    }
    let is_head = |start: usize, line: &str| {
        line.trim().is_empty()
            || line.trim_start().starts_with(['#', '%'])
            || is_marker(own, start) && line.get(3..).is_some_and(|rest| rest.trim().is_empty())
    };
    let first = lines(own, 0..own.len()).find(|(start, line)| !is_head(*start, line));
    let (start, line) = first.unwrap_or((own.len(), ""));
    let marker = if line.starts_with("---") && is_marker(own, start) { "---\n" } else { "" };
    let tail = lines(own, start..own.len()).last().filter(|(at, line)| line.starts_with("...") && is_marker(own, *at));
    let tail = tail.map_or("", |(at, _)| after(own, at));
    let object = object.strip_suffix('\n').unwrap_or(object);
    let end = if tail.is_empty() && !own.ends_with(['\n', '\r']) { "" } else { "\n" };
    Ok(format!("{}{}{tail}", before(own, start), like(stream.text(), format!("{marker}{object}{end}"))))
}
