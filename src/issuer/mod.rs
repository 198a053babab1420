//! Who signs the workloads' certificates: a file a kind, and every fact of an issuer is a value that its kind's file gives it.
//! Nobody else tells the kinds apart.

// The kinds, by the field of the declaration that each is written under.
pub mod ca_parameters;
pub mod ca_secret;
pub mod existing;
// What they stand on.
mod ca;
mod issuer_ref;
mod object;
mod scope;
mod value;

pub use ca::secret;
pub use issuer_ref::{GROUP, IssuerRef, KIND};
pub use object::{CA_SECRET_AT, Contents, IssuerObject, ObjectKind, Part, object_kind};
pub use scope::DEFAULT_SCOPE;
pub use value::Issuer;
