//! The only reader and printer of YAML.
//!
//! A [`Document`] is one YAML document as a tree of nodes that know where in the text they stand. Everything else works
//! on that tree: [`edit`] changes text and keeps every other byte, [`emit`] prints values, [`scalar`] knows how YAML
//! 1.1 and 1.2 parsers read a plain scalar, and a [`FieldPath`] identifies a place. Nothing here knows Kubernetes.

mod ambiguous;
mod builder;
mod document;
pub mod edit;
pub mod emit;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod index;
mod path;
pub mod scalar;
mod simple;
mod spans;
mod tree;
mod value;

pub use ambiguous::{has_unknown_alias, line_break, repeated_key};
pub(crate) use document::tag_name;
pub use document::{Document, NodeRef, SyntaxError};
pub use path::{FieldPath, Step};
pub use spans::{is_inside, path_to, spans};
pub use tree::{Flow, NodeId, NodeKind, Span, Style};
pub use value::at;
