//! Creates CAs and signs with them; the only user of rcgen.

mod crl;
mod mint;

pub use crl::{CrlError, Revocations, Serial};
pub use mint::{Algorithm, Error, Subject, certify, issue, mint};
