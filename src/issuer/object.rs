//! Objects that Certificates need, and the properties of their kinds.

use serde_json::Value;

use super::issuer_ref::{GROUP, KIND};
use crate::krm::Gvk;

/// The JSON pointer to the name of the CA's Secret in cert-manager's issuers.
/// <https://cert-manager.io/docs/configuration/ca/>
pub const CA_SECRET_AT: &str = "/spec/ca/secretName";

/// A kind of object that Certificates need.
#[derive(Debug, PartialEq, Eq)]
pub struct ObjectKind {
    /// What it is.
    pub gvk: Gvk,
    /// Its purpose.
    pub part: Part,
    /// The JSON pointer to the name of the Secret with the CA that it signs with.
    pub secret_at: Option<&'static str>,
}

/// The purpose of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// It is, or creates, the Secret with the CA under its own name.
    Secret,
    /// It signs: Certificates refer to it.
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

/// The kind of this name, if Certificates need objects of it.
pub fn object_kind(kind: &str) -> Option<&'static ObjectKind> {
    OBJECT_KINDS.iter().copied().find(|known| known.gvk.kind == kind)
}

/// An object that the Certificates of a scope need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerObject {
    /// Its kind.
    pub kind: &'static ObjectKind,
    /// Its name.
    pub name: String,
    /// What is in it.
    pub contents: Contents,
}

/// The content of an issuer object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contents {
    /// The certificate and key of the CA, once they are looked up.
    KeyPair,
    /// Its `spec`.
    Spec(Value),
}

impl IssuerObject {
    /// The Secret that it signs with, which iamra may not have created.
    pub fn reads(&self) -> Option<&str> {
        let Contents::Spec(spec) = &self.contents else { return None };
        spec.pointer(self.kind.secret_at?.strip_prefix("/spec")?)?.as_str()
    }
}
