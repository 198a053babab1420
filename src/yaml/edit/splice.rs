//! Pieces of text to insert and delete.

use std::ops::Range;

use super::Refusal;
use super::text::Lines;

#[derive(Debug)]
enum Piece {
    /// Text to insert, and the depth of the collection that it is for.
    Insert(String, usize),
    /// Text taken out.
    Delete,
    /// Whole lines taken out.
    DeleteLines,
}

/// All changes to a text, by their places in the text as it was.
#[derive(Debug, Default)]
pub(super) struct Splices(Vec<(Range<usize>, Piece)>);

impl Splices {
    pub(super) fn insert(&mut self, at: usize, text: String, depth: usize) {
        self.0.push((at..at, Piece::Insert(text, depth)));
    }

    pub(super) fn delete(&mut self, range: Range<usize>) {
        if !range.is_empty() {
            self.0.push((range, Piece::Delete));
        }
    }

    pub(super) fn delete_lines(&mut self, range: Range<usize>) {
        self.0.push((range, Piece::DeleteLines));
    }

    /// What is written in place of which parts of the text, in order and apart.
    pub(super) fn parts(mut self, lines: &Lines<'_>) -> Result<Vec<(Range<usize>, String)>, Refusal> {
        // At the same position, lines of inner collections come first, and insertions come before deletions.
        self.0.sort_by_key(|(range, piece)| {
            let outwards = if let Piece::Insert(_, depth) = piece { usize::MAX - depth } else { usize::MAX };
            (range.start, outwards)
        });
        self.keep_last_line_open(lines);
        let mut done = 0;
        for (range, _) in &self.0 {
            if range.start < done {
                return Err(Refusal::new("two edits overlap", range.clone()));
            }
            if lines.text.get(done..range.start).is_none() || lines.text.get(range.clone()).is_none() {
                return Err(Refusal::new("an edit is outside the text", range.clone()));
            }
            done = range.end;
        }
        let text = |piece| if let Piece::Insert(text, _) = piece { text } else { String::new() };
        Ok(self.0.into_iter().map(|(range, piece)| (range, text(piece))).collect())
    }

    /// If the last line has no line break and is removed, the line before it loses its own.
    fn keep_last_line_open(&mut self, lines: &Lines<'_>) {
        if lines.text.ends_with('\n') {
            return;
        }
        let mut end = lines.text.len();
        let mut first = None;
        for (range, piece) in self.0.iter_mut().rev() {
            if matches!(piece, Piece::DeleteLines) && range.end == end {
                end = range.start;
                first = Some(range);
            } else if range.start < end {
                break;
            }
        }
        if let Some(range) = first {
            range.start -= lines.loose_break(range.start);
        }
    }
}

/// The text with these parts in place, which are in order and apart.
pub fn joined(text: &str, parts: &[(Range<usize>, String)]) -> String {
    let mut out = String::with_capacity(text.len() + parts.iter().map(|(_, part)| part.len()).sum::<usize>());
    let mut done = 0;
    for (range, part) in parts {
        out.push_str(text.get(done..range.start).unwrap_or_default());
        out.push_str(part);
        done = range.end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}
