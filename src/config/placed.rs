//! Settings with the fields that they come from, used by every reader of the declaration.

use crate::diag::{Code, Diagnostic, Place, Report};
use crate::yaml::FieldPath;

/// A value and the field it comes from.
pub(super) type Placed<T> = Option<(T, FieldPath)>;

/// The value of the last layer that sets one, and its place.
pub(super) fn pick<L, T: Clone>(layers: &[&L], field: impl Fn(&L) -> &Placed<T>) -> Placed<T> {
    layers.iter().rev().find_map(|layer| field(layer).clone())
}

/// Reports an invalid value.
pub(super) fn invalid(report: &mut Report, at: &FieldPath, why: impl Into<String>) {
    report.push(Diagnostic::error(Code::InvalidValue, why).at(Place::Config(at.clone())));
}
