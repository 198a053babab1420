//! The kinds of value on a line of YAML.

use std::ops::Range;

/// The value on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// Nothing, or a comment: the value is on the following lines, or null.
    Empty,
    /// The header of a literal or folded block.
    Block,
    /// A plain scalar, which the next lines may continue.
    Plain,
    /// A quoted scalar that ends on this line.
    Quoted(Range<usize>),
    /// A flow collection that ends on this line.
    Flow,
    /// A quoted scalar or a flow collection that ends on a later line.
    Open,
    /// An anchor, an alias or a tag.
    Property,
}
