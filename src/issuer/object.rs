//! Objects that stand beside Certificates, and what is known of every object of their kinds.

use serde_json::Value;

use super::issuer_ref::{GROUP, KIND};
use crate::krm::Gvk;

/// Where cert-manager's issuers name the Secret with the CA that they sign with, as a JSON pointer.
/// <https://cert-manager.io/docs/configuration/ca/>
pub const CA_SECRET_AT: &str = "/spec/ca/secretName";

/// A kind of object that stands beside Certificates.
#[derive(Debug, PartialEq, Eq)]
pub struct ObjectKind {
    /// What it is.
    pub gvk: Gvk,
    /// What it is there for.
    pub part: Part,
    /// Where it names the Secret with the CA that it signs with, as a JSON pointer.
    pub secret_at: Option<&'static str>,
}

/// What an object is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// It is, or it makes, the Secret of its name with the CA.
    Secret,
    /// It signs: Certificates name it.
    Signer,
}

/// Gives each kind a name, and makes a list of all of them.
macro_rules! object_kinds {
    ($($(#[$doc:meta])* $name:ident = $kind:expr;)*) => {
        $($(#[$doc])* pub(super) static $name: ObjectKind = $kind;)*
        static OBJECT_KINDS: &[&ObjectKind] = &[$(&$name),*];
    };
}

object_kinds! {
    /// The Secret with a CA's certificate and key.
    CA_SECRET = ObjectKind {
        gvk: Gvk { group: "", version: "v1", kind: "Secret" },
        part: Part::Secret,
        secret_at: None,
    };
    /// cert-manager's Issuer that signs with such a Secret.
    CA_ISSUER = ObjectKind {
        gvk: Gvk { group: GROUP, version: "v1", kind: KIND },
        part: Part::Signer,
        secret_at: Some(CA_SECRET_AT),
    };
}

/// The kind of this name, when objects of it stand beside Certificates.
pub fn object_kind(kind: &str) -> Option<&'static ObjectKind> {
    OBJECT_KINDS.iter().copied().find(|known| known.gvk.kind == kind)
}

/// An object that must stand beside the Certificates of a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerObject {
    /// What it is one of.
    pub kind: &'static ObjectKind,
    /// Its name.
    pub name: String,
    /// What is in it.
    pub contents: Contents,
}

/// What is in an object beside Certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contents {
    /// The certificate and key of the CA, once they are looked up.
    KeyPair,
    /// Its `spec`.
    Spec(Value),
}

impl IssuerObject {
    /// The Secret that it signs with, which may be somebody else's.
    pub fn reads(&self) -> Option<&str> {
        let Contents::Spec(spec) = &self.contents else { return None };
        spec.pointer(self.kind.secret_at?.strip_prefix("/spec")?)?.as_str()
    }
}
