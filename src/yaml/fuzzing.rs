//! What the fuzzer in `fuzz` asks for and nobody else: whether the two readers agree. Exists under the feature `fuzzing` alone.

use super::{Document, simple};

/// Whether the simple reader gives the parser's tree, node for node and span for span; `None` when it leaves the text to
/// the parser.
///
/// # Errors
/// How they differ.
pub fn readers_agree(text: &str) -> Option<Result<(), String>> {
    let read = simple::read(text)?;
    let parsed = match Document::parse_any(text) {
        Ok(parsed) => parsed,
        Err(error) => return Some(Err(format!("the parser refuses it: {error:?}"))),
    };
    let (read, parsed) = (read.reading(), parsed.reading());
    Some(if read == parsed { Ok(()) } else { Err(format!("{read:?}\nis for the parser\n{parsed:?}")) })
}
