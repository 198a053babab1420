//! Why credentials do not come: rules over what the cluster and AWS say of what the declaration means.
//!
//! Everything comes in as data and goes out as words: what is well as lines, what is not as diagnostics. Who asks the
//! cluster and AWS is the shell's business.

mod cluster;
mod identity;
mod index;
mod session;
mod trust;

pub use cluster::{Wanted, authorities, certificates};
pub use identity::{Known, identity};
pub use session::refused;
