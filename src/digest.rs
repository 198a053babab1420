//! SHA-256 in hexadecimal, for fingerprints, locks and signatures. The only user of the crate sha2.

use sha2::{Digest as _, Sha256};

/// SHA-256 of these bytes.
pub fn sha256(bytes: impl AsRef<[u8]>) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The same in hexadecimal, in small letters.
pub fn sha256_hex(bytes: impl AsRef<[u8]>) -> String {
    hex(&sha256(bytes))
}

/// Bytes in hexadecimal, in small letters.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
