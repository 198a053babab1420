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

/// The position after the closing quote, from `at` inside the quotes; `None` if it is not on this line.
#[expect(clippy::indexing_slicing, reason = "a place is one in the line, or its end")]
#[inline]
fn after_quoted(line: &[u8], quote: u8, mut at: usize) -> Option<usize> {
    if quote == b'"' {
        loop {
            // A backslash may be the last character: then it is the line break that is escaped.
            at += memchr2(b'"', b'\\', line.get(at..)?)?;
            if line[at] == b'"' {
                return Some(at + 1);
            }
            at += 2;
        }
    }
    loop {
        at += memchr(b'\'', &line[at..])? + 1;
        if line.get(at) != Some(&b'\'') {
            return Some(at);
        }
        at += 1;
    }
}

/// Deeper flow collections are left to the parser.
const DEEPEST: usize = 64;

/// A quoted scalar or a flow collection, as far as it has been read.
#[derive(Debug)]
struct Open {
    /// The quote of a scalar that is not closed.
    quote: Option<u8>,
    /// The brackets and braces that are not closed.
    brackets: [u8; DEEPEST],
    depth: usize,
    /// Quotes and properties have their meaning only at the start of a node.
    is_fresh: bool,
}

impl Open {
    fn new() -> Self {
        Self { quote: None, brackets: [0; DEEPEST], depth: 0, is_fresh: true }
    }

    /// Reads on from `at`: the position after the end of the value, or `None` if it is not on this line.
    #[expect(clippy::indexing_slicing, reason = "a place is one in the line, or its end")]
    fn end(&mut self, line: &[u8], mut at: usize) -> Result<Option<usize>, Doubt> {
        while at < line.len() || self.quote.is_some() {
            if let Some(quote) = self.quote {
                let Some(after) = after_quoted(line, quote, at) else { return Ok(None) };
                (self.quote, self.is_fresh, at) = (None, false, after);
                if self.depth == 0 {
                    return Ok(Some(at));
                }
                continue;
            }
            let byte = line[at];
            match byte {
                b'{' | b'[' => {
                    *self.brackets.get_mut(self.depth).ok_or(Doubt)? = byte;
                    self.depth += 1;
                    self.is_fresh = true;
                }
                b'}' | b']' => {
                    if self.depth == 0 || (self.brackets[self.depth - 1] == b'{') != (byte == b'}') {
                        return Err(Doubt);
                    }
                    self.depth -= 1;
                    self.is_fresh = false;
                    if self.depth == 0 {
                        return Ok(Some(at + 1));
                    }
                }
                b'"' | b'\'' if self.is_fresh => self.quote = Some(byte),
                b',' | b':' => self.is_fresh = true,
                b' ' => {}
                b'"' | b'\'' | b'\t' => return Err(Doubt),
                b'#' if at == 0 || line[at - 1] == b' ' => return Err(Doubt),
                b'&' | b'*' | b'!' | b'|' | b'>' | b'%' | b'@' | b'`' | b'?' if self.is_fresh => return Err(Doubt),
                _ => self.is_fresh = false,
            }
            at += 1;
        }
        Ok(None)
    }
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
        b'"' | b'\'' => match after_quoted(line, *first, at + 1) {
            Some(end) if ends(line, end) => Ok(Value::Quoted(at..end)),
            Some(_) => Err(Doubt),
            None => Ok(Value::Open),
        },
        b'{' | b'[' => match Open::new().end(line, at)? {
            Some(end) if ends(line, end) => Ok(Value::Flow),
            Some(_) => Err(Doubt),
            None => Ok(Value::Open),
        },
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

/// The plain scalar that a line may continue.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Continued {
    #[default]
    None,
    /// One in a collection at this column: lines that are indented deeper continue it.
    In(usize),
    /// One of which only the parser knows where it ends.
    Unclear,
}

/// The state that is kept between lines.
#[derive(Debug, Default)]
pub(super) struct Lexer {
    /// Inside a block scalar: its lines are blank or indented deeper than this column.
    block: Option<usize>,
    /// Inside quotes or brackets.
    open: Option<Box<Open>>,
    plain: Continued,
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

    /// Whether a value in quotes or brackets is not closed.
    #[inline]
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Reads a line inside quotes or brackets, which must be indented deeper than the column of what surrounds them.
    pub(super) fn goes_on(&mut self, line: &[u8], indent: usize, column: usize) -> Result<(), Doubt> {
        let open = self.open.as_mut().filter(|_| indent > column).ok_or(Doubt)?;
        match open.end(line, indent)? {
            Some(end) if !ends(line, end) => return Err(Doubt),
            Some(_) => self.open = None,
            None => {}
        }
        Ok(())
    }

    /// Notes a comment, which ends a plain scalar.
    #[inline]
    pub(super) fn comment(&mut self) {
        if self.plain != Continued::None {
            self.plain = Continued::Unclear;
        }
    }

    /// Notes the value of a key at `column`.
    pub(super) fn opens(&mut self, value: &Value, column: usize) {
        self.block = (*value == Value::Block).then_some(column);
        self.plain = if *value == Value::Plain { Continued::In(column) } else { Continued::None };
    }

    /// Whether the line is text of a plain scalar that began earlier.
    #[expect(clippy::indexing_slicing, reason = "a place is one in the line, or its end")]
    #[inline]
    fn is_continuation(&mut self, line: &[u8], indented: usize) -> bool {
        let Continued::In(column) = self.plain else { return false };
        // With a key in it, it is not YAML, which is for the parser to say.
        if indented <= column || plain_key_end(line, indented) != Ok(None) {
            return false;
        }
        if memmem::find(&line[indented..], b" #").is_some() {
            self.plain = Continued::Unclear;
        }
        true
    }

    /// Notes the value at `at`, in a collection at the column `parent`; whether it has an anchor, an alias or a tag.
    #[inline]
    fn begins(&mut self, line: &[u8], at: usize, value: &Value, parent: usize, may_open: bool) -> Result<bool, Doubt> {
        self.opens(value, parent);
        match value {
            Value::Open => {
                let mut open = Box::new(Open::new());
                if !may_open || open.end(line, at)?.is_some() {
                    return Err(Doubt);
                }
                self.open = Some(open);
            }
            Value::Property => self.opens(&after_properties(line, at)?, parent),
            _ => {}
        }
        Ok(*value == Value::Property)
    }

    /// Reads a line that has content, from the first byte that is not a space on.
    ///
    /// `first` is true on the line with the dash of an item, and `item` is the item that the line is in.
    #[expect(clippy::indexing_slicing, reason = "a place is one in the line, or its end")]
    #[inline]
    pub(super) fn line(
        &mut self,
        line: &[u8],
        indented: usize,
        offset: usize,
        first: bool,
        mut item: Option<&mut Tracker>,
    ) -> Result<(), Doubt> {
        if self.is_continuation(line, indented) {
            return Ok(());
        }
        let may_open = match self.plain {
            Continued::None => true,
            Continued::In(column) => indented <= column,
            Continued::Unclear => false,
        };
        let own = first.then_some(indented);
        let Indicators { at, mut parent, complex } = indicators(line, indented, own, item.as_deref_mut())?;
        let empty = line.get(at).is_none_or(|byte| *byte == b'#');
        if first && let Some(item) = item.as_deref_mut() {
            item.starts_at((!empty).then_some(at));
        }
        if empty {
            self.plain = Continued::None;
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
        let tied = self.begins(line, value_at, &value, parent, may_open)?;
        if value == Value::Plain && value_at == indented {
            // What a value on a line of its own is in was said by another line.
            self.plain = Continued::Unclear;
        }
        if tied && let Some(item) = item.as_deref_mut() {
            item.tied();
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
                // A key is on one line.
                let Some(end) = after_quoted(line, line[at], at + 1) else { return Ok(None) };
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

/// What is before the first node of a line.
struct Indicators {
    /// Where the node starts.
    at: usize,
    /// The column of the innermost block collection on this line.
    parent: usize,
    complex: bool,
}

/// Reads the dashes of a line, and `? key` and `: value`, which is how goyaml writes keys of more than 128 bytes.
#[expect(clippy::indexing_slicing, reason = "a place is one in the line, or its end")]
#[inline]
fn indicators(
    line: &[u8],
    indented: usize,
    own: Option<usize>,
    mut item: Option<&mut Tracker>,
) -> Result<Indicators, Doubt> {
    let (mut at, mut parent, mut complex) = (indented, indented, false);
    while at < line.len() && matches!(line[at], b'-' | b'?' | b':') && stands_alone(line, at) {
        let dash = line[at] == b'-';
        complex |= !dash;
        match item.as_deref_mut() {
            Some(item) => item.indicator(dash, at, own),
            None if !dash => return Err(Doubt),
            None => {}
        }
        parent = at;
        at = skip_spaces(line, at + 1);
        if line.get(at) == Some(&b'\t') {
            return Err(Doubt);
        }
    }
    Ok(Indicators { at, parent, complex })
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
        Value::Property | Value::Open => Err(Doubt),
        Value::Empty => Ok(Value::Empty),
        _ if alias => Err(Doubt),
        value => Ok(value),
    }
}
