//! The protocol of KRM functions: lists of Kubernetes objects as text, which is passed on byte for byte.
//!
//! Read [`ResourceList`] first. Its items, and those of a [`Stream`] of plain documents, are slices of the input that
//! nobody has parsed; [`Changes`] writes the input again with some of them replaced, removed or added. This room does
//! not interpret the objects.

pub mod annotation;
mod brackets;
mod documents;
mod error;
mod events;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod gvk;
mod ident;
mod item;
mod json;
mod layout;
mod lex;
mod lines;
mod list;
mod manifests;
mod result;
mod row;
mod scan;
mod stream;
#[cfg(test)]
mod tests;
mod value;
mod write;

pub use error::ReadError;
pub use gvk::{Gvk, group_of};
pub use ident::{Ident, namespace, stem};
pub use item::{Item, Object};
pub use lines::{Lines, Position};
pub use list::{ResourceList, is_generator_call};
pub use result::{Field, File, ResourceRef, Result, Severity};
pub use stream::Stream;
pub use write::{Changes, Edited};
