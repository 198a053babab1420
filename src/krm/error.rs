//! Why a text could not be read as Kubernetes objects.

use std::fmt;

use super::lines::Position;
use crate::encoding::{self, Encoding};
use crate::quote::quote;

/// Why a text could not be read as Kubernetes objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadError {
    /// There is nothing but space and comments.
    Empty,
    /// The text is encoded in something else than UTF-8.
    Encoded(Encoding),
    /// The bytes are no text.
    NotUtf8(Position),
    /// The text is not YAML, or its end is missing.
    Syntax {
        /// The error.
        message: String,
        /// Where.
        at: Position,
    },
    /// It is YAML, but not a ResourceList.
    NotAResourceList {
        /// What it is instead, in words.
        found: String,
    },
    /// `items` holds something else than a sequence.
    ItemsNotASequence {
        /// What it holds, in words.
        found: &'static str,
        /// Where.
        at: Position,
    },
    /// A key of the list appears twice.
    DuplicateKey {
        /// The key.
        key: &'static str,
        /// Where the second one is.
        at: Position,
    },
    /// A character that only some parsers treat as a line break.
    LineBreak {
        /// Its name in Unicode.
        name: &'static str,
        /// Where.
        at: Position,
    },
    /// Valid, but formatted so that the items cannot be separated reliably.
    Unclear(Position),
}

impl ReadError {
    /// The position, if there is one.
    pub fn position(&self) -> Option<Position> {
        match self {
            Self::Empty | Self::Encoded(_) | Self::NotAResourceList { .. } => None,
            Self::NotUtf8(at)
            | Self::Unclear(at)
            | Self::Syntax { at, .. }
            | Self::ItemsNotASequence { at, .. }
            | Self::DuplicateKey { at, .. }
            | Self::LineBreak { at, .. } => Some(*at),
        }
    }

    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Empty => "check that the command before the pipe succeeded and printed something",
            Self::Encoded(_) => encoding::HELP,
            Self::NotUtf8(_) => "save the file as UTF-8",
            Self::Syntax { .. } => "check that the input is complete YAML and contains nothing else, such as log lines",
            Self::NotAResourceList { .. } => {
                "a KRM function is run by kustomize or kpt; pipe plain manifests into `iamra inject -`"
            }
            Self::ItemsNotASequence { .. } => "write the objects as a list under `items`, or `items: []` for none",
            Self::DuplicateKey { .. } => "remove one of the two",
            Self::LineBreak { .. } => "put the value in double quotes and write the character as an escape",
            Self::Unclear(_) => "write `items` in block style, with each entry on a line of its own",
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the input is empty"),
            Self::Encoded(encoding) => write!(f, "the input is text in {encoding}, expected UTF-8"),
            Self::NotUtf8(at) => write!(f, "the input is not UTF-8 text: {at}"),
            Self::Syntax { message, at } => write!(f, "the input is not YAML, or is truncated: {message}: {at}"),
            Self::NotAResourceList { found } => write!(f, "expected a ResourceList, found {found}"),
            Self::ItemsNotASequence { found, at } => {
                write!(f, "`items` of the list must be a sequence, found {found}: {at}")
            }
            Self::DuplicateKey { key, at } => write!(f, "the list has {} twice: {at}", quote(&key)),
            Self::LineBreak { name, at } => {
                write!(f, "a raw {name} character, which some YAML parsers treat as a line break: {at}")
            }
            Self::Unclear(at) => write!(f, "cannot tell where the items of the list begin: {at}"),
        }
    }
}

impl std::error::Error for ReadError {}

/// Reads bytes as text.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str, ReadError> {
    if let Some(other) = Encoding::other(bytes) {
        return Err(ReadError::Encoded(other));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let valid =
            bytes.get(..error.valid_up_to()).and_then(|valid| std::str::from_utf8(valid).ok()).unwrap_or_default();
        ReadError::NotUtf8(Position::of(valid, valid.len()))
    })
}
