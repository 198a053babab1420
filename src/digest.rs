//! SHA-256 and SHA-384, for fingerprints, locks and signatures. The only user of the crate sha2.

use sha2::{Digest as _, Sha256, Sha384};

/// SHA-256 of these bytes.
pub fn sha256(bytes: impl AsRef<[u8]>) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// SHA-384 of these bytes.
pub fn sha384(bytes: impl AsRef<[u8]>) -> [u8; 48] {
    Sha384::digest(bytes).into()
}

/// SHA-256 in hexadecimal, in small letters.
pub fn sha256_hex(bytes: impl AsRef<[u8]>) -> String {
    hex(&sha256(bytes))
}

/// Bytes in hexadecimal, in small letters.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
