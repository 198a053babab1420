//! Makes AWS match the declaration: trust anchors, roles, profiles, and the parameters that say where they are.
//!
//! [`desired`] says what should be there, [`observe`] what is there, [`compare`] how to get from one to the other, and
//! [`apply`] does it, through the port [`Provisioner`]. Everything but what stands behind that port is pure. What somebody
//! else has made is never touched: [`Owner`] says by which tags ours is known.

mod action;
mod adopt;
mod apply;
mod authority;
mod changes;
mod compare;
mod declared;
mod desired;
mod difference;
mod export;
mod follow;
mod key;
mod observe;
mod part;
mod permission;
mod rotate;
mod standing;
mod state;
#[cfg(test)]
mod tests;

pub use action::{Action, Encrypted, Failure, Fault, Outcome, Provisioner};
pub use adopt::adoption;
pub use apply::{Stopped, apply};
pub use authority::{Certify, Kept, Present, Putting};
pub use compare::compare;
pub use declared::{Certificates, desired, queries};
pub use desired::Desired;
pub use difference::{Comparison, Difference, Verb};
pub use export::{Program, Unexportable, export};
pub use follow::{TrustChange, trust_changes};
pub use key::{DECLARATION, INSTALLATION, Key, Kind, Owner, Site, Tags};
pub use observe::{Observed, observe, observe_each};
pub use part::{NoPart, Part, part};
pub use permission::{Purpose, policy as permissions};
pub use rotate::Anchor;
pub use standing::{Standing, Stands, standings};
pub use state::{Listed, Source, State};
