//! Names that are derived from a scope, and from which of its CAs it is.

/// The default scope.
pub const DEFAULT_SCOPE: &str = "default";

/// How many certificates of CAs a scope's trust anchor can hold.
/// <https://docs.aws.amazon.com/general/latest/gr/rolesanywhere.html>
pub const MOST_TRUSTED: usize = 2;

/// One of the CAs that a scope has had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaId<'s> {
    /// The scope.
    pub scope: &'s str,
    /// Its number: 1 for the first, whose objects have no number in their names. A CA keeps it, so that no object gets
    /// another name when the CA before it goes.
    pub generation: u32,
}

impl<'s> CaId<'s> {
    /// The first CA of a scope.
    pub fn first(scope: &'s str) -> Self {
        Self { scope, generation: 1 }
    }

    /// `BASE`, and `BASE.N` after the first generation. No scope has a dot in its name.
    pub(super) fn numbered(self, base: &str) -> String {
        if self.generation == 1 { base.to_owned() } else { format!("{base}.{}", self.generation) }
    }

    /// `BASE`, `BASE-SCOPE` beyond the default scope, and either with the number after the first generation.
    pub(super) fn scoped(self, base: &str) -> String {
        self.numbered(&scoped(base, self.scope))
    }
}

/// `BASE`, and `BASE-SCOPE` beyond the default scope.
pub(super) fn scoped(base: &str, scope: &str) -> String {
    if scope == DEFAULT_SCOPE { base.to_owned() } else { format!("{base}-{scope}") }
}
