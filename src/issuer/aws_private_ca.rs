//! `awsPrivateCa`: an issuer of aws-privateca-issuer that iamra emits; AWS Private CA has the key.

use serde_json::{Map, Value, json};

use super::issuer_ref::IssuerRef;
use super::object::{Contents, IssuerObject, PRIVATE_CA_CLUSTER_ISSUER, PRIVATE_CA_ISSUER, Part};
use super::scope::scoped;
use super::value::Issuer;
use crate::arn::ArnKind;
use crate::reference::{Reference, Wanted};

/// Exactly this usage chooses the template `EndEntityClientAuthCertificate/V1`, which adds `digitalSignature` itself.
/// <https://github.com/cert-manager/aws-privateca-issuer/blob/main/pkg/aws/pca.go>
const USAGES: &[&str] = &["client auth"];

/// Templates that take the usages from the request need all that AWS demands.
/// <https://docs.aws.amazon.com/privateca/latest/userguide/template-definitions.html>
const PASSED_ON: &[&str] = &["digital signature", "client auth"];

/// How the issuer signs.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'s> {
    /// Whether there is one for all namespaces.
    pub cluster: bool,
    /// The role that the controller assumes.
    pub role: Option<&'s str>,
    /// The Secret with the access key that the controller uses, and, for all namespaces, its namespace.
    pub secret: Option<(&'s str, Option<&'s str>)>,
    /// The template of the certificates, without the first part of its ARN.
    pub template: Option<&'s str>,
}

/// The issuer of a scope.
pub fn issuer(scope: &str, arn: Reference, settings: Settings<'_>) -> Issuer {
    let kind = if settings.cluster { &PRIVATE_CA_CLUSTER_ISSUER } else { &PRIVATE_CA_ISSUER };
    let is_passed_on = settings.template.is_some_and(|template| template.contains("Passthrough"));
    let name = scoped("iam-ra", scope);
    Issuer {
        issuer_ref: IssuerRef::new(Some(kind.gvk.group), Some(kind.gvk.kind), &name),
        usages: if is_passed_on { PASSED_ON } else { USAGES },
        objects: vec![IssuerObject {
            kind,
            part: Part::Signer,
            name,
            home: None,
            contents: Contents::PrivateCa(spec(settings)),
        }],
        generation: 1,
        other: None,
        secret_home: settings.secret.and_then(|(_, namespace)| namespace).map(str::to_owned),
        references: vec![(arn, Wanted::Arn(ArnKind::PrivateCa))],
    }
}

/// Everything but the CA.
fn spec(settings: Settings<'_>) -> Value {
    let mut spec = Map::new();
    spec.extend(settings.role.map(|role| ("role".to_owned(), role.into())));
    spec.extend(settings.secret.map(|(name, namespace)| {
        let mut secret = Map::from_iter([("name".to_owned(), name.into())]);
        secret.extend(namespace.map(|namespace| ("namespace".to_owned(), namespace.into())));
        ("secretRef".to_owned(), secret.into())
    }));
    let template = settings.template.map(|it| ("pcaTemplate".to_owned(), json!({"defaultTemplateName": it})));
    spec.extend(template);
    spec.into()
}
