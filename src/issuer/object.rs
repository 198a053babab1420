//! Objects that Certificates need, and the properties of their kinds.

use serde_json::Value;

use super::issuer_ref::{CLUSTER_KIND, GROUP, KIND, PRIVATE_CA_GROUP};
use crate::arn::Arn;
use crate::krm::{Gvk, group_of};
use crate::yaml;

/// The JSON pointer to the name of the CA's Secret in cert-manager's issuers.
/// <https://cert-manager.io/docs/configuration/ca/>
pub const CA_SECRET_AT: &str = "/spec/ca/secretName";

/// The JSON pointer to the name of the Secret with the access key of an issuer of AWS Private CA.
/// <https://github.com/cert-manager/aws-privateca-issuer/blob/main/pkg/api/v1beta1/awspcaissuer_types.go>
const ACCESS_KEY_AT: &str = "/spec/secretRef/name";

/// A kind of object that Certificates need.
#[derive(Debug, PartialEq, Eq)]
pub struct ObjectKind {
    /// What it is.
    pub gvk: Gvk,
    /// Whether Certificates refer to it.
    pub signs: bool,
    /// Whether it is in no namespace.
    pub is_cluster_wide: bool,
    /// The JSON pointer to the name of the Secret that it signs with: with the CA, or with what may ask it.
    pub secret_at: Option<&'static str>,
}

impl ObjectKind {
    /// What the API calls it.
    pub fn resource(&self) -> String {
        format!("{}s", self.gvk.kind.to_ascii_lowercase())
    }
}

/// The purpose of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// It signs the certificate of the CA itself.
    Root,
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
        signs: false,
        is_cluster_wide: false,
        secret_at: None,
    };
    /// The Certificate of a CA, for which cert-manager makes such a Secret.
    CA_CERTIFICATE = ObjectKind {
        gvk: Gvk { group: GROUP, version: "v1", kind: "Certificate" },
        signs: false,
        is_cluster_wide: false,
        secret_at: None,
    };
    /// cert-manager's Issuer that signs with such a Secret, or with the key of what it signs.
    ISSUER = ObjectKind {
        gvk: Gvk { group: GROUP, version: "v1", kind: KIND },
        signs: true,
        is_cluster_wide: false,
        secret_at: Some(CA_SECRET_AT),
    };
    /// The same for all namespaces.
    CLUSTER_ISSUER = ObjectKind {
        gvk: Gvk { group: GROUP, version: "v1", kind: CLUSTER_KIND },
        signs: true,
        is_cluster_wide: true,
        secret_at: Some(CA_SECRET_AT),
    };
    /// What makes such a Secret of values from a store of secrets.
    /// <https://external-secrets.io/latest/api/externalsecret/>
    EXTERNAL_SECRET = ObjectKind {
        gvk: Gvk { group: "external-secrets.io", version: "v1", kind: "ExternalSecret" },
        signs: false,
        is_cluster_wide: false,
        secret_at: None,
    };
    /// The issuer of aws-privateca-issuer, which may have a Secret with an access key.
    /// <https://github.com/cert-manager/aws-privateca-issuer>
    PRIVATE_CA_ISSUER = ObjectKind {
        gvk: Gvk { group: PRIVATE_CA_GROUP, version: "v1beta1", kind: "AWSPCAIssuer" },
        signs: true,
        is_cluster_wide: false,
        secret_at: Some(ACCESS_KEY_AT),
    };
    /// The same for all namespaces.
    PRIVATE_CA_CLUSTER_ISSUER = ObjectKind {
        gvk: Gvk { group: PRIVATE_CA_GROUP, version: "v1beta1", kind: "AWSPCAClusterIssuer" },
        signs: true,
        is_cluster_wide: true,
        secret_at: Some(ACCESS_KEY_AT),
    };
}

/// The kind of this name, if Certificates need objects of it.
pub fn object_kind(kind: &str) -> Option<&'static ObjectKind> {
    OBJECT_KINDS.iter().copied().find(|known| known.gvk.kind == kind)
}

/// The kinds of issuer of a group, as its API names them.
pub fn resources(group: &str) -> Vec<String> {
    let signers = OBJECT_KINDS.iter().filter(|kind| kind.signs && kind.gvk.group == group);
    signers.map(|kind| kind.resource()).collect()
}

/// Policies on certificates, by group and kind.
const POLICIES: &[(&str, &str)] = &[
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
    ("policy.cert-manager.io", "CertificateRequestPolicy"),
];

/// Whether objects of this kind are in no namespace, as far as Certificates need them. A `metadata.namespace` that kustomize
/// has written on them means nothing.
pub fn is_cluster_wide(api_version: &str, kind: &str) -> bool {
    let group = group_of(api_version);
    let is_issuer = object_kind(kind).is_some_and(|known| known.is_cluster_wide && known.gvk.group == group);
    is_issuer || POLICIES.contains(&(group, kind))
}

/// An object that the Certificates of a scope need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerObject {
    /// Its kind.
    pub kind: &'static ObjectKind,
    /// Its purpose.
    pub part: Part,
    /// Its name.
    pub name: String,
    /// The namespace in which it stands once; `None` when it stands in every namespace that has a Certificate, or in none
    /// because its kind is cluster-wide.
    pub home: Option<String>,
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
    /// Its `spec`, except for the ARN of the private CA, until that is looked up.
    PrivateCa(Value),
}

impl IssuerObject {
    /// Puts in the ARN of the private CA, where that was not known yet, and its region.
    pub(super) fn fill(&mut self, arn: &Arn) {
        if let Contents::PrivateCa(spec) = &mut self.contents {
            let mut spec = std::mem::take(spec);
            if let Some(fields) = spec.as_object_mut() {
                fields.insert("arn".to_owned(), arn.as_str().into());
                fields.insert("region".to_owned(), arn.region.as_str().into());
            }
            self.contents = Contents::Spec(spec);
        }
    }

    /// Whether cert-manager makes a CA of it.
    pub fn makes_ca(&self) -> bool {
        self.kind == &CA_CERTIFICATE
    }

    /// The entries of a store that it reads, and the store.
    pub(super) fn stored(&self) -> Option<[Value; 2]> {
        let Contents::Spec(spec) = &self.contents else { return None };
        let is_read = self.kind == &EXTERNAL_SECRET;
        Some(["secretStoreRef", "data"].map(|field| spec[field].clone())).filter(|_| is_read)
    }

    /// The store of secrets that it takes the CA from, and what the CA is there. `home` is its namespace.
    pub(super) fn remote(&self, home: Option<&str>) -> Option<String> {
        let Contents::Spec(spec) = &self.contents else { return None };
        let store = spec.get("secretStoreRef")?;
        let home = home.filter(|_| store.get("kind").and_then(Value::as_str) != Some("ClusterSecretStore"));
        Some(format!("{home:?} {store} {}", spec.get("data")?))
    }

    /// Whether there is one of it in a cluster, whichever namespaces have Certificates.
    pub fn stands_once(&self) -> bool {
        self.home.is_some() || self.kind.is_cluster_wide
    }

    /// Its namespace, for Certificates of a namespace.
    pub fn namespace(&self, of_certificates: Option<&str>) -> Option<String> {
        if self.kind.is_cluster_wide { None } else { self.home.as_deref().or(of_certificates).map(str::to_owned) }
    }

    /// What it signs with, as the fields of its kind say it: `ca.secretName` or `arn`.
    pub fn signs_with(&self) -> Option<(&'static [&'static str], &str)> {
        let fields: &[&str] = if self.kind.gvk.group == PRIVATE_CA_GROUP { &["arn"] } else { &["ca", "secretName"] };
        let Contents::Spec(spec) = &self.contents else { return None };
        let value = fields.iter().try_fold(spec, |value, field| value.get(field))?.as_str()?;
        (self.part == Part::Signer).then_some((fields, value))
    }

    /// The Secret that it signs with, which iamra may not have created.
    pub fn reads(&self) -> Option<&str> {
        let (Contents::Spec(spec) | Contents::PrivateCa(spec)) = &self.contents else { return None };
        yaml::at(spec, self.kind.secret_at?.strip_prefix("/spec")?)?.as_str()
    }
}
