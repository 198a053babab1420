//! Analyzes one line of block YAML without a parser. Every function either determines what a line is, or returns
//! [`Doubt`], and then the parser decides.

use std::ops::Range;

use memchr::{memchr, memchr2, memmem};

use super::ident::Tracker;
use super::value::Value;

/// The meaning of the line cannot be determined from the line alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Doubt;

/// Leading spaces of a line, eight at a time.
#[expect(clippy::indexing_slicing, reason = "a place is one in the line, or its end")]
#[inline]
pub(super) fn indent(line: &[u8]) -> usize {
    let mut at = 0;
    while let Some(Ok(eight)) = line.get(at..at + 8).map(<[u8; 8]>::try_from) {
        let other = u64::from_le_bytes(eight) ^ 0x2020_2020_2020_2020;
        if other != 0 {
            return at + (other.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    at + line[at..].iter().take_while(|byte| **byte == b' ').count()
}

/// Whether the indicator (`-`, `?`, `:`) at `at` stands alone.
#[inline]
pub(super) fn stands_alone(line: &[u8], at: usize) -> bool {
    line.get(at + 1).is_none_or(|byte| *byte == b' ')
}

/// The position after the closing quote; [`Doubt`] if it is not on this line.
#[expect(clippy::indexing_slicing, reason = "a place is one in the line, or its end")]
#[inline]
fn after_quoted(line: &[u8], start: usize) -> Result<usize, Doubt> {
    let mut at = start + 1;
    if line[start] == b'"' {
        loop {
            at += memchr2(b'"', b'\\', line.get(at..).ok_or(Doubt)?).ok_or(Doubt)?;
            if line[at] == b'"' {
                return Ok(at + 1);
            }
            at += 2;
        }
    }
    loop {
        at += memchr(b'\'', &line[at..]).ok_or(Doubt)? + 1;
        if line.get(at) != Some(&b'\'') {
            return Ok(at);
        }
        at += 1;
    }
}

/// The position after a flow collection that starts at `start`; [`Doubt`] if it does not end on this line.
#[expect(clippy::indexing_slicing, reason = "a place is one in the line, or its end")]
fn after_flow(line: &[u8], start: usize) -> Result<usize, Doubt> {
    const DEEPEST: usize = 64;
    let mut open = [0_u8; DEEPEST];
    let mut depth = 0;
    let mut at = start;
    // Quotes and properties have their meaning only at the start of a node.
    let mut fresh = true;
    while at < line.len() {
        let byte = line[at];
        match byte {
            b'{' | b'[' => {
                *open.get_mut(depth).ok_or(Doubt)? = byte;
                depth += 1;
                fresh = true;
            }
            b'}' | b']' => {
                if depth == 0 || (open[depth - 1] == b'{') != (byte == b'}') {
                    return Err(Doubt);
                }
                depth -= 1;
                fresh = false;
                if depth == 0 {
                    return Ok(at + 1);
                }
            }
            b'"' | b'\'' if fresh => {
                at = after_quoted(line, at)?;
                fresh = false;
                continue;
            }
            b',' | b':' => fresh = true,
            b' ' => {}
            b'"' | b'\'' | b'\t' => return Err(Doubt),
            b'#' if line[at - 1] == b' ' => return Err(Doubt),
            b'&' | b'*' | b'!' | b'|' | b'>' | b'%' | b'@' | b'`' | b'?' if fresh => return Err(Doubt),
            _ => fresh = false,
        }
        at += 1;
    }
    Err(Doubt)
}

/// Whether nothing but spaces and a comment follows.
#[expect(clippy::indexing_slicing, reason = "a place is one in the line, or its end")]
#[inline]
fn ends(line: &[u8], at: usize) -> bool {
    let spaces = indent(&line[at..]);
    at + spaces == line.len() || (line[at + spaces] == b'#' && spaces > 0)
}

/// The value that starts at `at`, after leading spaces.
#[expect(clippy::indexing_slicing, reason = "a place is one in the line, or its end")]
#[inline]
pub(super) fn value(line: &[u8], at: usize) -> Result<Value, Doubt> {
    let Some(first) = line.get(at) else { return Ok(Value::Empty) };
    match first {
        b'#' => Ok(Value::Empty),
        b'"' | b'\'' => {
            let end = after_quoted(line, at)?;
            if ends(line, end) { Ok(Value::Quoted(at..end)) } else { Err(Doubt) }
        }
        b'{' | b'[' => {
            if ends(line, after_flow(line, at)?) {
                Ok(Value::Flow)
            } else {
                Err(Doubt)
            }
        }
        b'|' | b'>' => {
            // At most one digit for the indentation and one sign for chomping.
            // <https://yaml.org/spec/1.2.2/#81-block-scalar-styles>
            let header = line[at + 1..].iter().take_while(|byte| matches!(byte, b'+' | b'-' | b'1'..=b'9')).count();
            if header <= 2 && ends(line, at + 1 + header) { Ok(Value::Block) } else { Err(Doubt) }
        }
        b'&' | b'*' | b'!' => Ok(Value::Property),
        b'%' | b'@' | b'`' | b'\t' | b'}' | b']' | b',' => Err(Doubt),
        b'?' if stands_alone(line, at) => Err(Doubt),
        _ => Ok(Value::Plain),
    }
}

/// The colon that ends a plain key which starts at `start`, if there is one on this line.
#[expect(clippy::indexing_slicing, reason = "a place is one in the line, or its end")]
#[inline]
pub(super) fn plain_key_end(line: &[u8], start: usize) -> Result<Option<usize>, Doubt> {
    let mut at = start;
    while let Some(found) = memchr(b':', &line[at..]) {
        let colon = at + found;
        match line.get(colon + 1) {
            None | Some(b' ') => {
                // The colon may be part of a comment, or have space before it.
                let key = &line[start..colon];
                let comment = memchr(b'#', key).is_some() && memmem::find(key, b" #").is_some();
                let clear = !comment && !key.ends_with(b" ") && !key.ends_with(b"\t");
                return if clear { Ok(Some(colon)) } else { Err(Doubt) };
            }
            Some(b'\t') => return Err(Doubt),
            Some(_) => at = colon + 1,
        }
    }
    Ok(None)
}

/// The first place at or after `at` that is not a space.
#[expect(clippy::indexing_slicing, reason = "a place is one in the line, or its end")]
#[inline]
pub(super) fn skip_spaces(line: &[u8], at: usize) -> usize {
    at + indent(&line[at..])
}

/// The place of a scalar in the line; `None` for what is not a scalar of one line.
#[expect(clippy::indexing_slicing, reason = "a place is one in the line, or its end")]
pub(super) fn scalar(line: &[u8], at: usize, value: &Value) -> Option<Range<usize>> {
    match value {
        Value::Quoted(range) => Some(range.clone()),
        Value::Plain if memchr(b'\t', &line[at..]).is_none() => {
            let text = memmem::find(&line[at..], b" #").map_or(&line[at..], |comment| &line[at..at + comment]);
            Some(at..at + text.trim_ascii_end().len())
        }
        _ => None,
    }
}

/// The state that is kept between lines.
#[derive(Debug, Default)]
pub(super) struct Lexer {
    /// Inside a block scalar: its lines are blank or indented deeper than this column.
    block: Option<usize>,
}

impl Lexer {
    /// Whether a line with this indentation belongs to a block scalar that began earlier.
    #[inline]
    pub(super) fn in_block(&mut self, indent: usize) -> bool {
        let inside = self.block.is_some_and(|column| indent > column);
        if !inside {
            self.block = None;
        }
        inside
    }

    /// Notes the value of a key at `column`.
    pub(super) fn opens(&mut self, value: &Value, column: usize) {
        if *value == Value::Block {
            self.block = Some(column);
        }
    }

    /// Reads a line that has content, from the first byte that is not a space on.
    ///
    /// `first` is true on the line with the dash of an item, and `item` is the item that the line is in.
    #[expect(clippy::indexing_slicing, reason = "a place is one in the line, or its end")]
    #[inline]
    pub(super) fn line(
        &mut self,
        line: &[u8],
        offset: usize,
        first: bool,
        mut item: Option<&mut Tracker>,
    ) -> Result<(), Doubt> {
        let indented = indent(line);
        let mut at = indented;
        // The column of the innermost block collection on this line.
        let mut parent = indented;
        let mut complex = false;
        // `? key` and `: value` are how goyaml writes keys of more than 128 bytes.
        while at < line.len() && matches!(line[at], b'-' | b'?' | b':') && stands_alone(line, at) {
            let dash = line[at] == b'-';
            complex |= !dash;
            match item.as_deref_mut() {
                Some(item) => item.indicator(dash, at, first.then_some(indented)),
                None if !dash => return Err(Doubt),
                None => {}
            }
            parent = at;
            at = skip_spaces(line, at + 1);
            if line.get(at) == Some(&b'\t') {
                return Err(Doubt);
            }
        }
        let empty = line.get(at).is_none_or(|byte| *byte == b'#');
        if first && let Some(item) = item.as_deref_mut() {
            item.starts_at((!empty).then_some(at));
        }
        if empty {
            return Ok(());
        }
        let key = Self::key(line, at, at > indented)?;
        if key.is_some() {
            if complex {
                return Err(Doubt);
            }
            parent = at;
        }
        let value_at = key.as_ref().map_or(at, |key| skip_spaces(line, key.end + 1));
        let value = value(line, value_at)?;
        match value {
            Value::Block => self.block = Some(parent),
            Value::Property => {
                if let Some(item) = item.as_deref_mut() {
                    item.tied();
                }
                self.opens(&after_properties(line, value_at)?, parent);
            }
            _ => {}
        }
        if let (Some(item), Some(key)) = (item, key) {
            let scalar = || scalar(line, value_at, &value).map(|range| offset + range.start..offset + range.end);
            item.key(&line[key], at, indented, &value, scalar);
        }
        Ok(())
    }

    /// The key that starts at `at`, without its colon.
    #[expect(clippy::indexing_slicing, reason = "a place is one in the line, or its end")]
    #[inline]
    fn key(line: &[u8], at: usize, behind_dash: bool) -> Result<Option<Range<usize>>, Doubt> {
        match line[at] {
            b'"' | b'\'' => {
                let end = after_quoted(line, at)?;
                if line.get(end) == Some(&b':') && stands_alone(line, end) {
                    Ok(Some(at..end))
                } else if ends(line, end) {
                    Ok(None)
                } else {
                    Err(Doubt)
                }
            }
            b'{' | b'[' => Ok(None),
            // If the header of a block scalar has its own line, its parent is elsewhere.
            b'|' | b'>' if behind_dash => Ok(None),
            b'|' | b'>' | b'&' | b'*' | b'!' | b'%' | b'@' | b'`' | b',' | b'}' | b']' => Err(Doubt),
            b'?' if stands_alone(line, at) => Err(Doubt),
            _ => Ok(plain_key_end(line, at)?.map(|end| at..end)),
        }
    }
}

/// The value behind anchors and tags.
#[expect(clippy::indexing_slicing, reason = "a place is one in the line, or its end")]
fn after_properties(line: &[u8], start: usize) -> Result<Value, Doubt> {
    let mut at = start;
    let mut alias = false;
    while at < line.len() && matches!(line[at], b'&' | b'*' | b'!') {
        if alias || line[at..].starts_with(b"!<") {
            return Err(Doubt);
        }
        alias = line[at] == b'*';
        at += memchr(b' ', &line[at..]).unwrap_or(line.len() - at);
        at = skip_spaces(line, at);
    }
    match value(line, at)? {
        Value::Property => Err(Doubt),
        Value::Empty => Ok(Value::Empty),
        _ if alias => Err(Doubt),
        value => Ok(value),
    }
}
