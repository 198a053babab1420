//! `secret.externalSecret`: a CA issuer that iamra emits, and an ExternalSecret, of which External Secrets Operator makes the
//! Secret with the CA: its key is in the store and in the cluster, and in no stream.

use serde_json::{Value, json};

use super::ca::{self, Reach};
use super::object::{Contents, EXTERNAL_SECRET, IssuerObject, Part};
use super::scope::CaId;
use super::value::Issuer;

/// Where the operator finds the certificate and the key.
#[derive(Debug, Clone, Copy)]
pub struct Source<'s> {
    /// `SecretStore` or `ClusterSecretStore`, and its name.
    pub store: (&'s str, &'s str),
    /// What the store calls the certificate, in PEM.
    pub certificate: &'s str,
    /// What the store calls the key, in PEM.
    pub key: &'s str,
    /// How often the operator looks.
    pub refresh: &'s str,
}

/// The issuer of a scope.
pub fn issuer(id: CaId<'_>, reach: &Reach, source: Source<'_>) -> Issuer {
    let name = ca::secret_name(id);
    let contents = Contents::Spec(spec(&name, source));
    let secret =
        IssuerObject { kind: &EXTERNAL_SECRET, part: Part::Secret, name: name.clone(), home: reach.home(), contents };
    ca::issuer(id, reach, &name, vec![secret], Vec::new())
}

/// The Secret's type cannot be changed later, and is `Opaque` unless it is given.
/// <https://external-secrets.io/latest/guides/common-k8s-secret-types/>
fn spec(secret: &str, source: Source<'_>) -> Value {
    let Source { store: (kind, store), certificate, key, refresh } = source;
    // The server would add the last three, in a list, where Argo CD takes that for a difference.
    // <https://external-secrets.io/latest/api/externalsecret/>
    let entry = |name: &str, key: &str| {
        let remote =
            json!({"key": key, "conversionStrategy": "Default", "decodingStrategy": "None", "metadataPolicy": "None"});
        json!({"secretKey": name, "remoteRef": remote})
    };
    json!({
        "refreshInterval": refresh,
        "secretStoreRef": {"kind": kind, "name": store},
        "target": {
            "name": secret,
            "template": {
                "type": "kubernetes.io/tls",
                "data": {"tls.crt": "{{ .certificate }}", "tls.key": "{{ .key }}"},
            },
        },
        "data": [entry("certificate", certificate), entry("key", key)],
    })
}
