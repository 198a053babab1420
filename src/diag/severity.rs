//! How bad a diagnostic is.

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is written; the run fails.
    Error,
    /// The run succeeds, but will probably cause problems.
    Warning,
    /// Nothing is wrong with it, and people should know.
    Note,
}

impl Severity {
    /// The word as KRM `results` spell it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}
