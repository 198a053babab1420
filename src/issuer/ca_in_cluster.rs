//! `secret.inCluster`: a CA issuer that iamra emits, and the CA, which cert-manager makes: its key never leaves the cluster.

use serde_json::{Value, json};

use super::ca::{self, Reach};
use super::issuer_ref::{GROUP, KIND};
use super::object::{CA_CERTIFICATE, Contents, ISSUER, IssuerObject, Part};
use super::scope::CaId;
use super::value::Issuer;

/// How long the CA's certificate lives: ten years.
const DURATION: &str = "87600h";

/// How long before its end it is renewed: a year. The new certificate has the old key, so what it has signed stays valid,
/// and until the old one ends the trust anchor can get the new one.
const RENEW_BEFORE: &str = "8760h";

/// The common name of the CA; the number follows after the first generation, because an issuer is found by its name.
const COMMON_NAME: &str = "iam-ra-ca";

/// The issuer of a scope. The CA's subject says the scope and, if the declaration has any, the cluster: every cluster has a
/// key of its own.
pub fn issuer(id: CaId<'_>, reach: &Reach, cluster: Option<&str>) -> Issuer {
    let root = IssuerObject {
        kind: &ISSUER,
        part: Part::Root,
        name: id.scoped("iam-ra-root"),
        home: reach.home(),
        contents: Contents::Spec(json!({"selfSigned": {}})),
    };
    let name = ca::secret_name(id);
    let certificate = IssuerObject {
        kind: &CA_CERTIFICATE,
        part: Part::Secret,
        name: name.clone(),
        home: reach.home(),
        contents: Contents::Spec(certificate(&name, &root.name, id, cluster)),
    };
    ca::issuer(id, reach, &name, vec![root, certificate], Vec::new())
}

/// <https://cert-manager.io/docs/configuration/selfsigned/#bootstrapping-ca-issuers>
fn certificate(secret: &str, root: &str, id: CaId<'_>, cluster: Option<&str>) -> Value {
    let mut subject = json!({"organizations": [id.scope]});
    if let (Some(cluster), Some(subject)) = (cluster, subject.as_object_mut()) {
        subject.insert("organizationalUnits".to_owned(), json!([cluster]));
    }
    json!({
        "commonName": id.numbered(COMMON_NAME),
        "subject": subject,
        "secretName": secret,
        "isCA": true,
        "duration": DURATION,
        "renewBefore": RENEW_BEFORE,
        // A new key is a new CA, which no trust anchor knows; cert-manager makes one at each renewal unless told not to.
        // <https://github.com/cert-manager/cert-manager/blob/master/pkg/apis/certmanager/v1/types_certificate.go>
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Never"},
        "usages": ["cert sign", "crl sign"],
        "issuerRef": {"name": root, "kind": KIND, "group": GROUP},
    })
}
