//! Names that are derived from a scope.

/// The default scope.
pub const DEFAULT_SCOPE: &str = "default";

/// `BASE`, and `BASE-SCOPE` beyond the default scope.
pub(super) fn scoped(base: &str, scope: &str) -> String {
    if scope == DEFAULT_SCOPE { base.to_owned() } else { format!("{base}-{scope}") }
}
