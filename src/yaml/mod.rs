//! The only reader and printer of YAML.
//!
//! A [`Document`] is one YAML document as a tree of nodes that know where in the text they stand. Everything
//! else here works on that tree: [`edit`] changes text and leaves every other byte alone, [`emit`] prints
//! objects that are ours, [`scalar`] knows what YAML 1.1 and 1.2 readers make of a plain scalar, and a
//! [`FieldPath`] names a place. Nothing here knows Kubernetes.

mod ambiguous;
mod builder;
mod document;
pub mod edit;
pub mod emit;
mod index;
mod path;
pub mod scalar;
mod spans;
mod value;

pub use ambiguous::{has_unknown_alias, line_break, repeated_key};
pub(crate) use document::tag_name;
pub use document::{Document, Flow, NodeId, NodeKind, NodeRef, Span, Style, SyntaxError};
pub use path::{FieldPath, Step};
pub use spans::{is_inside, spans};
