//! Replaces the server in a build without the cargo feature `serve`.

mod check;
mod settings;

pub use check::check;
pub use settings::{Account, Error, Files, HOP_LIMIT, Metadata, Role, Settings, World};

/// Whether this build can serve.
pub const IS_HERE: bool = false;

/// Does nothing.
///
/// # Errors
/// Always.
pub fn run(_: Settings, _: World) -> Result<(), Error> {
    Err(Error::NotHere)
}

/// Does nothing.
///
/// # Errors
/// Always.
pub fn once(_: &Settings, _: World) -> Result<String, Error> {
    Err(Error::NotHere)
}

/// Does nothing.
///
/// # Errors
/// Always.
pub fn stand_in(_: Account, _: World) -> Result<String, Error> {
    Err(Error::NotHere)
}
