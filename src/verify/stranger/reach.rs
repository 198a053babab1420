//! What an object reaches for, in words.

use super::Object;
use crate::diag::{Code, Diagnostic};
use crate::quote::{quote, quote_object};
use crate::verify::keys::Signer;

/// What an object reaches for.
pub(super) enum Reach<'k> {
    Issuer {
        signer: &'k Signer,
        name: String,
        asked: Asked,
    },
    Key {
        secret: String,
        of_ca: bool,
    },
    /// It names a Secret or a volume, and nobody knows what for.
    Unknown {
        kind: &'static str,
        name: String,
    },
    /// It has the key mounted in another container.
    Mount {
        volume: String,
    },
    /// It has admission change the sidecar.
    Change {
        container: String,
    },
    /// It has an object written that is ours.
    Write {
        kind: String,
        name: String,
    },
}

/// For which common name a certificate is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// For one that no declared workload has.
    Other,
    /// For a declared one, or nobody can tell.
    Anything,
}

impl Reach<'_> {
    pub(super) fn words(&self) -> String {
        match self {
            Self::Issuer { signer, name, .. } => {
                format!(
                    "asks {}, who signs for declared workloads, for a certificate",
                    quote_object(&signer.kind, name)
                )
            }
            Self::Key { secret, of_ca: false } => {
                format!("reaches for {}, which has the key of an identity", quote_object("Secret", secret))
            }
            Self::Key { secret, of_ca: true } => {
                format!(
                    "reaches for {}, the CA's key: with it every workload can be made",
                    quote_object("Secret", secret)
                )
            }
            Self::Unknown { kind, name } => {
                format!("has the name of {} in a field of which nobody knows what it is for", quote_object(kind, name))
            }
            Self::Mount { volume } => {
                format!("has the volume {} mounted, in which declared workloads have their key", quote(volume))
            }
            Self::Change { container } => {
                format!("changes the container {}, in which declared workloads have their key", quote(container))
            }
            Self::Write { kind, name } => {
                format!("writes {}, which is the declaration's to make", quote_object(kind, name))
            }
        }
    }

    pub(super) fn diagnostic(&self, object: &Object) -> Diagnostic {
        let declared = if matches!(self, Self::Write { .. }) { "" } else { ", and nobody declares that" };
        let message = format!("{} {}{declared}", object.words(), self.words());
        match self {
            // Such an issuer may be there for others, too; a role's conditions tell its certificates apart.
            Self::Issuer { signer, asked: Asked::Other, .. } if !signer.is_own => {
                Diagnostic::warning(Code::UndeclaredIdentity, message)
                    .help("give each role a condition on the common name, or the declaration an issuer of its own")
            }
            Self::Issuer { .. } => Diagnostic::error(Code::UndeclaredIdentity, message).help(
                "declare it under `workloads`, or let another issuer sign it: IAM Roles Anywhere trusts whatever this one signs",
            ),
            Self::Key { .. } => Diagnostic::error(Code::UndeclaredIdentity, message)
                .help("take the reference out: credentials come from the sidecar, and nothing else needs the key"),
            Self::Unknown { .. } => Diagnostic::warning(Code::UndeclaredIdentity, message)
                .help("look whether it gets the key by that; if it does, take it out"),
            Self::Change { .. } => Diagnostic::error(Code::UndeclaredIdentity, message)
                .help("leave the sidecar out of it; what it has is set in the declaration"),
            Self::Mount { .. } => Diagnostic::error(Code::UndeclaredIdentity, message)
                .help("take it out: nothing beside the sidecar needs the key"),
            Self::Write { .. } => Diagnostic::error(Code::ChangedObject, message)
                .help("let it write under another name: of two who write one object the last one counts"),
        }
    }
}
