//! What is called after a scope.

/// The scope that is meant where none is named.
pub const DEFAULT_SCOPE: &str = "default";

/// `BASE`, and `BASE-SCOPE` beyond the default scope.
pub(super) fn scoped(base: &str, scope: &str) -> String {
    if scope == DEFAULT_SCOPE { base.to_owned() } else { format!("{base}-{scope}") }
}
