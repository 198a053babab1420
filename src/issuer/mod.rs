//! The issuers of the workloads' certificates: one file per kind, which sets all properties of an [`Issuer`]. No other
//! code distinguishes the kinds.

// The kinds; each file begins with its field in the declaration.
pub mod aws_private_ca;
pub mod ca_external;
pub mod ca_in_cluster;
pub mod ca_parameters;
pub mod ca_secret;
pub mod existing;
// Shared by the kinds.
mod ca;
mod cert_manager;
mod issuer_ref;
mod object;
mod scope;
mod value;

pub use ca::{Reach, secret};
pub use cert_manager::{CERT_MANAGER, CONTROLLER, CSI_DRIVER, home_of_cert_manager};
pub use issuer_ref::{GROUP, IssuerRef, KIND};
pub use object::{CA_SECRET_AT, Contents, IssuerObject, ObjectKind, Part, is_cluster_wide, object_kind, resources};
pub use scope::{CaId, DEFAULT_SCOPE, MOST_TRUSTED};
pub use value::Issuer;
