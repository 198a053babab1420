//! Reads the block style in which kustomize, Helm, kubectl and most people write objects, line by line.
//!
//! It gives the same tree as the parser, or none: whatever needs more than a look at one line and the indentation of the
//! next is left to the parser (anchors, aliases, tags, values that go on in another line, tabs, unusual indentation). The
//! tests hold it to the parser over all cases, the corpus of styles and random changes of both.

use std::ops::Range;

use memchr::{memchr, memchr2};

use super::document::Document;
use super::tree::{Flow, NodeId, Opened, Style, Tree};

/// Deeper nesting is left to the parser, which has a limit of its own.
const MAX_DEPTH: usize = 64;
/// Longer keys are left to the parser: YAML has a limit for those that are on one line.
/// <https://yaml.org/spec/1.2.2/#742-flow-mappings>
const LONGEST_KEY: usize = 256;

/// What the text means cannot be told line by line.
struct Doubt;

type Read<T> = Result<T, Doubt>;

/// Reads `text` if it is one document in simple block style.
pub(super) fn read(text: &str) -> Option<Document<'_>> {
    let tree = Tree::for_bytes(text.len());
    let line = text.len()..text.len();
    let mut reader = Reader { text, bytes: text.as_bytes(), tree, at: 0, line, column: None, depth: 0 };
    let root = reader.document().ok()?;
    Some(Document { text, tree: reader.tree.done(), root })
}

struct Reader<'t> {
    text: &'t str,
    bytes: &'t [u8],
    tree: Tree,
    /// Where the next token starts, after the indentation of its line.
    at: usize,
    /// The line of the next token, from the token on, without its line break.
    line: Range<usize>,
    /// Its column; `None` at the end of the text.
    column: Option<usize>,
    depth: usize,
}

impl<'t> Reader<'t> {
    fn document(&mut self) -> Read<NodeId> {
        self.find_token(0)?;
        if self.column == Some(0) && self.starts(b"---\n") {
            self.find_token(self.at + 4)?;
        }
        let column = self.column.ok_or(Doubt)?;
        let root = self.block(column)?;
        if self.column.is_none() { Ok(root) } else { Err(Doubt) }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    fn starts(&self, with: &[u8]) -> bool {
        self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(with))
    }

    fn slice(&self, range: Range<usize>) -> Read<&'t str> {
        self.text.get(range).ok_or(Doubt)
    }

    /// The end of the line that `at` is in: the place of its line break, or the end of the text.
    fn line_end(&self, at: usize) -> usize {
        if self.line.start <= at && at <= self.line.end {
            return self.line.end;
        }
        self.line_break(at)
    }

    fn line_break(&self, at: usize) -> usize {
        self.bytes.get(at..).and_then(|rest| memchr(b'\n', rest)).map_or(self.bytes.len(), |found| at + found)
    }

    fn spaces(&self, at: usize) -> usize {
        self.bytes.get(at..).map_or(0, |rest| rest.iter().take_while(|byte| **byte == b' ').count())
    }

    /// Goes to the first token of the lines from `line` on, over comments and empty lines.
    fn find_token(&mut self, mut line: usize) -> Read<()> {
        while line < self.bytes.len() {
            let column = self.spaces(line);
            let at = line + column;
            match self.byte(at) {
                None => break,
                Some(b'\n') => line = at + 1,
                Some(b'#') => {
                    let end = self.line_end(at);
                    self.check_characters(at..end)?;
                    line = end + 1;
                }
                Some(_) => {
                    (self.at, self.column) = (at, Some(column));
                    self.line = at..self.line_break(at);
                    let is_marker = column == 0 && (self.starts(b"---") || self.starts(b"..."));
                    return if is_marker && !(self.tree.len() == 0 && self.starts(b"---\n")) {
                        Err(Doubt)
                    } else {
                        Ok(())
                    };
                }
            }
        }
        (self.at, self.column) = (self.bytes.len(), None);
        Ok(())
    }

    /// Goes on after a value that ended at `at`, on a line that has nothing more than a comment.
    fn end_line(&mut self, at: usize) -> Read<()> {
        let end = self.line_end(at);
        let rest = at + self.spaces(at);
        match self.byte(rest) {
            None | Some(b'\n') => {}
            Some(b'#') if rest > at => self.check_characters(rest..end)?,
            Some(_) => return Err(Doubt),
        }
        self.find_token(end + 1)
    }

    /// Whether each character means itself wherever it is: no tab, no control character, none that ends a line somewhere.
    fn check_characters(&self, range: Range<usize>) -> Read<()> {
        let bytes = self.bytes.get(range).ok_or(Doubt)?;
        if bytes.iter().all(|byte| matches!(byte, b' '..=b'~')) { Ok(()) } else { check_others(bytes, false) }
    }

    /// A scalar that reads as it is written.
    fn plain(&mut self, span: Range<usize>) -> NodeId {
        self.tree.written(span.clone(), &span, Style::Plain)
    }

    /// A collection in block style ends where its last entry does.
    fn close(&mut self, id: NodeId, opened: Opened) -> Read<NodeId> {
        let last = self.tree.last(opened).ok_or(Doubt)?;
        self.tree.close(id, opened, self.tree.span(last).end);
        Ok(id)
    }

    /// A collection at the token, which is in this column.
    fn block(&mut self, column: usize) -> Read<NodeId> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Doubt);
        }
        let id = if self.is_dash() { self.sequence(column, self.at)? } else { self.mapping(column)? };
        self.depth -= 1;
        Ok(id)
    }

    fn is_dash(&self) -> bool {
        self.byte(self.at) == Some(b'-') && matches!(self.byte(self.at + 1), None | Some(b' ' | b'\n'))
    }

    fn sequence(&mut self, column: usize, start: usize) -> Read<NodeId> {
        let (id, opened) = self.tree.open(start, false, Flow::No);
        while self.column == Some(column) && self.is_dash() {
            let spaces = self.spaces(self.at + 1);
            let at = self.at + 1 + spaces;
            let item = match self.byte(at) {
                None => return Err(Doubt),
                Some(b'\n' | b'#') => {
                    self.end_line(self.at + 1)?;
                    let below = self.column.filter(|below| *below > column).ok_or(Doubt)?;
                    self.block(below)?
                }
                Some(b'|') => self.literal(at, column)?,
                Some(_) => {
                    self.at = at;
                    let inner = column + 1 + spaces;
                    self.column = Some(inner);
                    if self.is_dash() || self.key_end(at)?.is_some() {
                        self.block(inner)?
                    } else {
                        self.value(at, column)?
                    }
                }
            };
            self.tree.push(item);
        }
        if self.column.is_some_and(|next| next > column) {
            return Err(Doubt);
        }
        self.close(id, opened)
    }

    fn mapping(&mut self, column: usize) -> Read<NodeId> {
        let (id, opened) = self.tree.open(self.at, true, Flow::No);
        while self.column == Some(column) && !self.is_dash() {
            let colon = self.key_end(self.at)?.ok_or(Doubt)?;
            let (start, is_quoted) = (self.at, matches!(self.byte(self.at), Some(b'"' | b'\'')));
            let key = if is_quoted {
                let (key, end) = self.quoted(start)?;
                if end != colon {
                    return Err(Doubt);
                }
                key
            } else {
                self.check_characters(start..colon)?;
                self.plain(start..colon)
            };
            self.tree.push(key);
            let value = self.mapped(colon, column)?;
            self.tree.push(value);
        }
        // More indentation, or a dash that belongs to nothing.
        if self.column.is_some_and(|next| next >= column) {
            return Err(Doubt);
        }
        self.close(id, opened)
    }

    /// The value after the colon of a key in this column.
    fn mapped(&mut self, colon: usize, column: usize) -> Read<NodeId> {
        let at = colon + 1 + self.spaces(colon + 1);
        match self.byte(at) {
            Some(b'|') => self.literal(at, column),
            None | Some(b'\n' | b'#') => {
                self.end_line(colon + 1)?;
                match self.column {
                    Some(below) if below > column => self.block(below),
                    // For the parser, a sequence that is not indented starts with its first entry.
                    Some(same) if same == column && self.is_dash() => {
                        let first = self.at + 1 + self.spaces(self.at + 1);
                        if matches!(self.byte(first), None | Some(b'\n' | b'#')) {
                            return Err(Doubt);
                        }
                        self.sequence(same, first)
                    }
                    // Null is for the parser this text.
                    _ => Ok(self.tree.made(colon..colon, "~", Style::Plain)),
                }
            }
            Some(_) => self.value(at, column),
        }
    }

    /// A scalar or a flow collection on the rest of the line.
    fn value(&mut self, at: usize, column: usize) -> Read<NodeId> {
        let (id, end) = match self.byte(at) {
            Some(b'"' | b'\'') => self.quoted(at)?,
            Some(b'{' | b'[') => self.flow(at)?,
            _ => {
                let end = self.plain_end(at)?;
                (self.plain(at..end), end)
            }
        };
        self.end_line(end)?;
        // What is indented more would be the rest of it.
        if self.column.is_some_and(|next| next > column) { Err(Doubt) } else { Ok(id) }
    }

    /// Where the key that starts at `at` has its colon; `None` if the line has no key there.
    fn key_end(&self, at: usize) -> Read<Option<usize>> {
        let end = self.line_end(at);
        let is_colon =
            |at: usize| self.byte(at) == Some(b':') && matches!(self.byte(at + 1), None | Some(b' ' | b'\n'));
        match self.byte(at) {
            Some(b'"' | b'\'') => {
                let (_, after) = self.quoted_range(at)?;
                return if is_colon(after) {
                    Ok(Some(after).filter(|colon| colon - at <= LONGEST_KEY))
                } else {
                    Ok(None)
                };
            }
            Some(b'{' | b'[') => return Ok(None),
            Some(first) => check_first(first, self.byte(at + 1))?,
            None => return Err(Doubt),
        }
        let mut from = at;
        while let Some(found) = self.bytes.get(from..end).and_then(|rest| memchr2(b':', b'#', rest)) {
            let found = from + found;
            if self.byte(found) == Some(b'#') {
                if self.byte(found.wrapping_sub(1)) == Some(b' ') {
                    return Ok(None);
                }
            } else if is_colon(found) {
                let is_good = found > at && found - at <= LONGEST_KEY && self.byte(found - 1) != Some(b' ');
                return if is_good { Ok(Some(found)) } else { Err(Doubt) };
            }
            from = found + 1;
        }
        Ok(None)
    }

    /// The end of the plain scalar that starts at `at`, without the spaces after it.
    fn plain_end(&self, at: usize) -> Read<usize> {
        check_first(self.byte(at).ok_or(Doubt)?, self.byte(at + 1))?;
        let line_end = self.line_end(at);
        let (mut end, mut from) = (line_end, at);
        while let Some(found) = self.bytes.get(from..line_end).and_then(|rest| memchr2(b':', b'#', rest)) {
            let found = from + found;
            match (self.byte(found), self.byte(found.wrapping_sub(1)), self.byte(found + 1)) {
                (Some(b'#'), Some(b' '), _) => {
                    end = found;
                    break;
                }
                (Some(b':'), _, None | Some(b' ' | b'\n')) => return Err(Doubt),
                _ => from = found + 1,
            }
        }
        while end > at && self.byte(end - 1) == Some(b' ') {
            end -= 1;
        }
        self.check_characters(at..end)?;
        Ok(end)
    }

    /// What is between the quotes at `at`, and the place after them.
    fn quoted_range(&self, at: usize) -> Read<(Range<usize>, usize)> {
        let quote = self.byte(at).ok_or(Doubt)?;
        let line_end = self.line_end(at);
        let mut from = at + 1;
        loop {
            let rest = self.bytes.get(from..line_end).ok_or(Doubt)?;
            let found = from + memchr2(quote, b'\\', rest).ok_or(Doubt)?;
            match (self.byte(found), quote) {
                (Some(b'\\'), b'"') => from = found + 2,
                (Some(b'\\'), _) => from = found + 1,
                (_, b'\'') if self.byte(found + 1) == Some(b'\'') => from = found + 2,
                _ => return Ok((at + 1..found, found + 1)),
            }
        }
    }

    /// A quoted scalar on one line, and the place after it.
    fn quoted(&mut self, at: usize) -> Read<(NodeId, usize)> {
        let (range, after) = self.quoted_range(at)?;
        self.check_characters(range.clone())?;
        let text = self.slice(range.clone())?;
        let made = match self.byte(at) {
            Some(b'"') if text.contains('\\') => Some(unescaped(text)?),
            Some(b'\'') if text.contains('\'') => Some(text.replace("''", "'")),
            _ => None,
        };
        let id = match made {
            Some(text) => self.tree.made(at..after, &text, Style::Quoted),
            None => self.tree.written(at..after, &range, Style::Quoted),
        };
        Ok((id, after))
    }

    /// A literal block scalar without an indentation indicator, below something in this column.
    fn literal(&mut self, at: usize, column: usize) -> Read<NodeId> {
        let chomping = match (self.byte(at + 1), self.byte(at + 2)) {
            (Some(b'\n'), _) => b'|',
            (Some(sign @ (b'-' | b'+')), Some(b'\n')) => sign,
            _ => return Err(Doubt),
        };
        let first = self.line_end(at) + 1;
        let indent = self.spaces(first);
        if indent <= column || matches!(self.byte(first + indent), None | Some(b'\n')) {
            return Err(Doubt);
        }
        let (mut line, mut text, mut empty) = (first, String::new(), 0);
        while line < self.bytes.len() {
            let (spaces, end) = (self.spaces(line), self.line_end(line));
            // As many spaces as the indentation are an empty line as well; more are content, and fewer are rare.
            if line == end || spaces == indent && line + spaces == end && end < self.bytes.len() {
                empty += 1;
            } else if spaces >= indent {
                let content = line + indent..end;
                check_others(self.bytes.get(content.clone()).ok_or(Doubt)?, true)?;
                text.extend(std::iter::repeat_n('\n', empty));
                empty = 0;
                text.push_str(self.slice(content)?);
                // Whether a line break that is missing at the end of the text is added, parsers decide differently.
                if end == self.bytes.len() {
                    return Err(Doubt);
                }
                text.push('\n');
            } else if line + spaces == end {
                // Some spaces, which are part of it or not.
                return Err(Doubt);
            } else {
                break;
            }
            line = end + 1;
        }
        let line = line.min(self.bytes.len());
        match chomping {
            b'-' if text.ends_with('\n') => drop(text.pop()),
            b'+' => text.extend(std::iter::repeat_n('\n', empty)),
            _ => {}
        }
        let id = self.tree.made(first + indent..line, &text, Style::Block);
        self.find_token(line)?;
        // A comment may be indented more than what comes after it, and what comes after may not.
        if self.column.is_some_and(|next| next > column) { Err(Doubt) } else { Ok(id) }
    }

    /// A flow collection on one line, and the place after it.
    fn flow(&mut self, at: usize) -> Read<(NodeId, usize)> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Doubt);
        }
        let is_map = self.byte(at) == Some(b'{');
        let close = if is_map { b'}' } else { b']' };
        let (id, opened) = self.tree.open(at, is_map, Flow::Yes);
        let mut next = at + 1 + self.spaces(at + 1);
        while self.byte(next) != Some(close) {
            let (first, mut after) = self.flow_node(next)?;
            if is_map {
                if self.byte(after) != Some(b':') || self.byte(after + 1) != Some(b' ') || after - next > LONGEST_KEY {
                    return Err(Doubt);
                }
                if matches!(self.byte(next), Some(b'{' | b'[')) {
                    return Err(Doubt);
                }
                let value;
                self.tree.push(first);
                (value, after) = self.flow_node(after + 1 + self.spaces(after + 1))?;
                self.tree.push(value);
            } else {
                self.tree.push(first);
            }
            after += self.spaces(after);
            next = match self.byte(after) {
                Some(b',') => {
                    let next = after + 1 + self.spaces(after + 1);
                    // A comma at the end is allowed, and rare.
                    if self.byte(next) == Some(close) {
                        return Err(Doubt);
                    }
                    next
                }
                Some(byte) if byte == close => after,
                _ => return Err(Doubt),
            };
        }
        self.tree.close(id, opened, next + 1);
        self.depth -= 1;
        Ok((id, next + 1))
    }

    fn flow_node(&mut self, at: usize) -> Read<(NodeId, usize)> {
        match self.byte(at).ok_or(Doubt)? {
            b'{' | b'[' => self.flow(at),
            b'"' | b'\'' => self.quoted(at),
            _ => {
                let rest = self.bytes.get(at..).ok_or(Doubt)?;
                let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_./=+-".contains(byte);
                let end = at + rest.iter().take_while(|byte| is_plain(byte)).count();
                if end == at || !rest.first().is_some_and(u8::is_ascii_alphanumeric) {
                    return Err(Doubt);
                }
                Ok((self.plain(at..end), end))
            }
        }
    }
}

/// Whether a plain scalar may start with it.
fn check_first(first: u8, second: Option<u8>) -> Read<()> {
    match first {
        b'-' if !matches!(second, None | Some(b' ' | b'\n')) => Ok(()),
        b'-' | b'?' | b':' | b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\''
        | b'"' | b'%' | b'@' | b'`' => Err(Doubt),
        _ => Ok(()),
    }
}

/// Whether each character means itself. A tab does so in a literal.
fn check_others(bytes: &[u8], is_tab_allowed: bool) -> Read<()> {
    let mut before = [0_u8; 2];
    for byte in bytes {
        // Control characters, among them those behind 0xC2, where NEXT LINE is; LINE and PARAGRAPH SEPARATOR; and, with 0xEF,
        // byte order marks and what is no character.
        let is_bad = match byte {
            b'\t' => !is_tab_allowed,
            b' '..=b'~' => false,
            0..0x20 | 0x7f | 0xef => true,
            0x80..=0x9f if before[1] == 0xc2 => true,
            _ => before == [0xe2, 0x80] && matches!(byte, 0xa8 | 0xa9),
        };
        if is_bad {
            return Err(Doubt);
        }
        before = [before[1], *byte];
    }
    Ok(())
}

/// A double-quoted text with the usual escapes.
fn unescaped(text: &str) -> Read<String> {
    let mut all = String::with_capacity(text.len());
    let mut parts = text.split('\\');
    all.push_str(parts.next().ok_or(Doubt)?);
    while let Some(part) = parts.next() {
        let mut rest = part.chars();
        match rest.next() {
            Some('n') => all.push('\n'),
            Some('t') => all.push('\t'),
            Some('"') => all.push('"'),
            // Another backslash is an empty part, and what follows it is plain.
            None => {
                all.push('\\');
                all.push_str(parts.next().ok_or(Doubt)?);
                continue;
            }
            Some(_) => return Err(Doubt),
        }
        all.push_str(rest.as_str());
    }
    Ok(all)
}

#[cfg(test)]
mod tests;
