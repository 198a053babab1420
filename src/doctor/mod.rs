//! Why a workload gets no credentials: compares the cluster and AWS with the declaration. Inputs are data, outputs are
//! text: lines for what is correct, diagnostics for problems. `cli` calls the cluster and AWS.

mod cluster;
mod identity;
mod index;
pub mod prerequisites;
pub mod rotation;
mod session;
mod trust;

pub use cluster::{Wanted, authorities, certificates};
pub use identity::{Known, identity};
pub use session::refused;
pub use trust::policy as trust_policy;
