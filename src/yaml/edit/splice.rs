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

    /// The text with all pieces changed.
    pub(super) fn join(mut self, lines: &Lines<'_>) -> Result<String, Refusal> {
        let text = lines.text;
        // At the same position, lines of inner collections come first, and insertions come before deletions.
        self.0.sort_by_key(|(range, piece)| {
            let outwards = if let Piece::Insert(_, depth) = piece { usize::MAX - depth } else { usize::MAX };
            (range.start, outwards)
        });
        self.keep_last_line_open(lines);
        let added = |piece: &Piece| if let Piece::Insert(piece, _) = piece { piece.len() } else { 0 };
        let mut out = String::with_capacity(text.len() + self.0.iter().map(|(_, piece)| added(piece)).sum::<usize>());
        let mut done = 0;
        for (range, piece) in &self.0 {
            if range.start < done {
                return Err(Refusal::new("two edits overlap", range.clone()));
            }
            out.push_str(text.get(done..range.start).ok_or_else(|| outside(range.clone()))?);
            if let Piece::Insert(piece, _) = piece {
                out.push_str(piece);
            }
            done = range.end;
        }
        out.push_str(text.get(done..).ok_or_else(|| outside(done..done))?);
        Ok(out)
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

fn outside(range: Range<usize>) -> Refusal {
    Refusal::new("an edit is outside the text", range)
}
