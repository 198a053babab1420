//! Settings and the fields that they come from: what every reader of the declaration stands on.

use crate::diag::{Code, Diagnostic, Place, Report};
use crate::yaml::FieldPath;

/// A value and the field it comes from.
pub(super) type Placed<T> = Option<(T, FieldPath)>;

/// What the last of several layers says that says something, and where.
pub(super) fn pick<L, T: Clone>(layers: &[&L], field: impl Fn(&L) -> &Placed<T>) -> Placed<T> {
    layers.iter().rev().find_map(|layer| field(layer).clone())
}

/// Says that a field's value cannot be.
pub(super) fn invalid(report: &mut Report, at: &FieldPath, why: impl Into<String>) {
    report.push(Diagnostic::error(Code::InvalidValue, why).at(Place::Config(at.clone())));
}
