//! Creates CAs; the only user of rcgen.

mod mint;

pub use mint::{Error, mint};
