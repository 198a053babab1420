//! The credential server: gets sessions of IAM Roles Anywhere with a certificate and serves their credentials on the loopback
//! interface, as the metadata service of EC2 and as container credentials.
//!
//! `keeper` decides when to ask, without a clock of its own; `pair` reads certificate and key; `token` makes and checks tokens;
//! `credentials` is what AWS gave; `guard` says which requests are answered at all; `answer` what; `server` moves bytes;
//! `check` is the probe; `stand_in` answers as AWS in a demonstration. `none` replaces this room in a build without the cargo feature `serve`.

mod answer;
mod check;
mod credentials;
mod guard;
mod keeper;
mod pair;
mod server;
mod settings;
mod stand_in;
mod token;

pub use check::check;
pub use server::{once, run};
pub use settings::{Account, Error, Files, HOP_LIMIT, Metadata, Role, Settings, World};
pub use stand_in::stand_in;

/// Whether this build can serve.
pub const IS_HERE: bool = true;
