//! Splits a text into documents.

use std::ops::Range;

use memchr::memmem;

use super::layout::{lines, next_line};

/// The documents of a text that are not empty.
pub(super) struct Documents {
    /// Each with the marker before it.
    pub(super) found: Vec<Range<usize>>,
    /// Whether the text ends with directives, so that an appended document would get them.
    pub(super) open: bool,
}

/// Finds the documents. Markers are at column 0, where a multi-line scalar cannot have such a line.
pub(super) fn documents(text: &str) -> Documents {
    let bytes = text.as_bytes();
    let body = body(text);
    let starts_line = |at: usize| at == body || matches!(bytes.get(..at).and_then(<[u8]>::last), Some(b'\n' | b'\r'));
    let mut markers: Vec<usize> = memmem::find_iter(bytes, "---").chain(memmem::find_iter(bytes, "...")).collect();
    markers.retain(|at| *at >= body && starts_line(*at) && is_marker(text, *at));
    markers.sort_unstable();
    let mut found = Vec::new();
    let mut start = body;
    for at in markers {
        let end = if bytes.get(at) == Some(&b'.') { next_line(text, at) } else { at };
        match holds(text, start..at) {
            Holds::Content => found.push(start..end),
            Holds::Directives if end == at => continue,
            Holds::Directives | Holds::Nothing => {}
        }
        start = end;
    }
    let rest = holds(text, start..text.len());
    if rest == Holds::Content {
        found.push(start..text.len());
    }
    Documents { found, open: rest == Holds::Directives }
}

/// The start of the text after a byte order mark.
pub(super) fn body(text: &str) -> usize {
    if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 }
}

/// Whether a line with `---` or `...`, optionally followed by a comment or node, starts at `at`.
/// <https://yaml.org/spec/1.2.2/#912-document-markers>
pub(super) fn is_marker(text: &str, at: usize) -> bool {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    (rest.starts_with(b"---") || rest.starts_with(b"..."))
        && matches!(rest.get(3), None | Some(b' ' | b'\t' | b'\n' | b'\r'))
}

/// What a part of a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Nothing,
    /// Directives whose document has not begun.
    Directives,
    Content,
}

fn holds(text: &str, part: Range<usize>) -> Holds {
    let mut directives = false;
    let mut marked = false;
    for (start, line) in lines(text, part) {
        let behind_marker = line.strip_prefix("---").filter(|_| is_marker(text, start));
        let separates = behind_marker.is_some();
        match behind_marker.unwrap_or(line).trim().as_bytes().first() {
            None | Some(b'#') => {}
            Some(b'%') if !marked && !separates => directives = true,
            Some(_) => return Holds::Content,
        }
        marked |= separates;
    }
    // After its marker, a document with directives may be as empty as any other.
    if directives && !marked { Holds::Directives } else { Holds::Nothing }
}
