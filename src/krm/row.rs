//! A sequence of JSON objects, as printed by jq and others: kubectl reads a text that begins with a brace as such a
//! sequence.

use serde::de::IgnoredAny;
use serde_json::Deserializer;

use super::error::ReadError;
use super::lines::Position;
use std::ops::Range;

/// JSON's whitespace.
/// <https://www.rfc-editor.org/rfc/rfc8259#section-2>
const SPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// The objects of a text that consists only of JSON objects, each with the whitespace before it; `None` for any other
/// text.
pub(super) fn objects(text: &str) -> Result<Option<Vec<Range<usize>>>, ReadError> {
    let is_object = |text: &str| text.trim_start_matches(SPACE).starts_with('{');
    if !is_object(text) {
        return Ok(None);
    }
    let mut values = Deserializer::from_str(text).into_iter::<IgnoredAny>();
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    while let Some(value) = values.next() {
        match value {
            Ok(_) if text.get(start..).is_some_and(is_object) => {
                let end = values.byte_offset();
                found.push(start..end);
                start = end;
            }
            // After JSON objects, one that is not JSON.
            Err(error) if !found.is_empty() && text.get(start..).is_some_and(is_object) => {
                let message = format!("JSON object number {} in a row is truncated or is not JSON", found.len() + 1);
                let at = Position { line: error.line(), column: error.column().max(1) };
                return Err(ReadError::Syntax { message, at });
            }
            _ => return Ok(None),
        }
    }
    Ok(Some(found))
}
