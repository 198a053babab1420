//! What an object reaches for, in words.

use super::Object;
use crate::diag::{Code, Diagnostic};
use crate::quote::{quote, quote_object};
use crate::verify::keys::Signer;

/// What an object reaches for.
pub(super) enum Reach<'k> {
    Issuer {
        signer: &'k Signer<'k>,
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
                    "requests a certificate from {}, which signs for declared workloads",
                    quote_object(&signer.kind, name)
                )
            }
            Self::Key { secret, of_ca: false } => {
                format!("uses {}, which has the key of an identity", quote_object("Secret", secret))
            }
            Self::Key { secret, of_ca: true } => {
                format!("uses {}, the CA's key, which can sign for every workload", quote_object("Secret", secret))
            }
            Self::Unknown { kind, name } => {
                format!("has the name of {} in a field whose purpose is not known", quote_object(kind, name))
            }
            Self::Mount { volume } => {
                format!("mounts the volume {}, in which declared workloads have their key", quote(volume))
            }
            Self::Change { container } => {
                format!("changes the container {}, in which declared workloads have their key", quote(container))
            }
            Self::Write { kind, name } => {
                format!("writes {}, which the declaration renders", quote_object(kind, name))
            }
        }
    }

    pub(super) fn diagnostic(&self, object: &Object) -> Diagnostic {
        let declared = if matches!(self, Self::Write { .. }) { "" } else { "is not declared, and " };
        let message = format!("{} {declared}{}", object.words(), self.words());
        match self {
            // Others may use such an issuer too; the conditions of a role tell its certificates apart.
            Self::Issuer { signer, asked: Asked::Other, .. } if !signer.is_own => {
                Diagnostic::warning(Code::UndeclaredIdentity, message)
                    .help("add a condition on the common name to each role, or use a separate issuer for the declaration")
            }
            Self::Issuer { .. } => Diagnostic::error(Code::UndeclaredIdentity, message).help(
                "declare it under `workloads`, or use a different issuer: IAM Roles Anywhere trusts everything that this one signs",
            ),
            Self::Key { .. } => Diagnostic::error(Code::UndeclaredIdentity, message)
                .help("remove the reference: credentials come from the sidecar, and nothing else needs the key"),
            Self::Unknown { .. } => Diagnostic::warning(Code::UndeclaredIdentity, message)
                .help("check whether it gets the key that way; if so, remove it"),
            Self::Change { .. } => Diagnostic::error(Code::UndeclaredIdentity, message)
                .help("exclude the sidecar; its settings belong in the declaration"),
            Self::Mount { .. } => Diagnostic::error(Code::UndeclaredIdentity, message)
                .help("remove it: nothing except the sidecar needs the key"),
            Self::Write { .. } => Diagnostic::error(Code::ChangedObject, message)
                .help("make it use a different name: if two write one object, the last one wins"),
        }
    }
}
