//! Line and column numbers, for many positions in one text.

use std::fmt;

/// A position in a text: line and column count from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character in the line.
    pub column: usize,
}

impl Position {
    /// The place of the byte at `offset`.
    pub fn of(text: &str, offset: usize) -> Self {
        Lines::of(text).position(offset)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Characters are counted in blocks of this many bytes, so that positions in very long lines are found quickly.
const BLOCK: usize = 256;

/// Where the lines of a text are.
#[derive(Debug)]
pub struct Lines<'t> {
    text: &'t str,
    /// Where each line starts.
    starts: Vec<usize>,
    /// How many characters start before each block.
    characters: Vec<usize>,
}

impl<'t> Lines<'t> {
    /// Counts the lines of a text.
    pub fn of(text: &'t str) -> Self {
        let after = memchr::memchr_iter(b'\n', text.as_bytes()).map(|newline| newline + 1);
        let mut count = 0;
        let before = |block: &[u8]| {
            let before = count;
            count += starting(block);
            before
        };
        let characters = text.as_bytes().chunks(BLOCK).map(before).collect();
        Self { text, starts: std::iter::once(0).chain(after).collect(), characters }
    }

    /// The place of the byte at `offset`, or of the character that it is in.
    pub fn position(&self, offset: usize) -> Position {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or_default();
        Position { line, column: self.characters_before(offset) - self.characters_before(start) + 1 }
    }

    fn characters_before(&self, offset: usize) -> usize {
        let block = (offset / BLOCK).min(self.characters.len().saturating_sub(1));
        let whole = self.characters.get(block).copied().unwrap_or_default();
        whole + starting(self.text.as_bytes().get(block * BLOCK..offset).unwrap_or_default())
    }
}

/// How many characters start among the bytes.
fn starting(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0b1100_0000 != 0b1000_0000).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_that_people_count() {
        let long = "ä€x🎉".repeat(200);
        for text in ["", "\n", "a", "a\nb", "a\n\nbc\n", "ä\nö🎉ü\n", &long, &format!("{long}\n{long}")] {
            let lines = Lines::of(text);
            for offset in 0..=text.len() + 1 {
                let mut at = offset.min(text.len());
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                let before = text.get(..at).unwrap();
                let last = before.rsplit('\n').next().unwrap_or_default();
                let expected = Position { line: before.matches('\n').count() + 1, column: last.chars().count() + 1 };
                assert_eq!(lines.position(offset), expected, "{offset} in {text:?}");
            }
        }
    }
}
