//! What the fuzzer in `fuzz` asks for and nobody else: whether the two readers agree. Exists under the feature `fuzzing` alone.

use super::{events, scan};

/// Whether the scanner sees a list as the parser does; `None` when one of them does not read it.
///
/// # Errors
/// How they differ.
pub fn readers_agree(text: &str) -> Option<Result<(), String>> {
    let (fast, mut slow) = (scan::scan(text).ok()?, events::read(text).ok()?);
    for (fast, slow) in fast.entries.iter().zip(&mut slow.entries) {
        // The scanner may report no ident, but never a wrong one; and ties that are none, but never miss one.
        if fast.ident.is_none() {
            slow.ident = None;
        }
        slow.tied |= fast.tied;
    }
    Some(if fast == slow { Ok(()) } else { Err(format!("{fast:?}\nis for the parser\n{slow:?}")) })
}
