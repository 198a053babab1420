//! Converts the declared issuer of a scope into an [`Issuer`]: the only place that knows both forms.

use std::sync::Arc;

use super::ca_source::Cas;
use super::placed::invalid;
use super::reader::Reader;
use super::v1alpha1 as wire;
use crate::arn::{Arn, ArnKind};
use crate::diag::{Code, Diagnostic, Place};
use crate::issuer::{CERT_MANAGER, CaId, Issuer, IssuerRef, Reach, aws_private_ca, ca_secret, existing};
use crate::name::ObjectName;
use crate::quote::quote;
use crate::reference::{Origin, Target};
use crate::yaml::FieldPath;

/// The kinds of issuer, as they are written.
enum Written<'w> {
    Ca(&'w wire::CaIssuer),
    ClusterCa(&'w wire::ClusterCaIssuer),
    AwsPrivateCa(&'w wire::AwsPrivateCaIssuer),
    Existing(&'w wire::ExistingIssuer),
}

impl Reader<'_> {
    /// The issuer of a scope; the default is a CA whose Secret exists.
    pub(super) fn issuer(
        &mut self,
        scope: &str,
        issuer: Option<&wire::Issuer>,
        at: &FieldPath,
        origin: &Arc<Origin>,
    ) -> Option<Issuer> {
        let kinds = [
            ("ca", issuer.and_then(|it| it.ca.as_ref()).map(Written::Ca)),
            ("clusterCa", issuer.and_then(|it| it.cluster_ca.as_ref()).map(Written::ClusterCa)),
            ("awsPrivateCa", issuer.and_then(|it| it.aws_private_ca.as_ref()).map(Written::AwsPrivateCa)),
            ("existing", issuer.and_then(|it| it.existing.as_ref()).map(Written::Existing)),
        ];
        match self.one_of(kinds, ": a scope has one issuer", at).ok()? {
            None => Some(ca_secret::issuer(CaId::first(scope), &Reach::Namespace, None)),
            Some(Written::Ca(ca)) => {
                let cas = Cas { generation: ca.generation, secret: &ca.secret, next: ca.next.as_ref() };
                self.cas(scope, &Reach::Namespace, cas, &at.key("ca"), origin)
            }
            Some(Written::ClusterCa(ca)) => {
                let at = at.key("clusterCa");
                let namespace = ca.namespace.as_deref().unwrap_or(CERT_MANAGER);
                let namespace = self.namespace(Some(namespace), &at)?.to_string();
                let cas = Cas { generation: ca.generation, secret: &ca.secret, next: ca.next.as_ref() };
                self.cas(scope, &Reach::Cluster { namespace }, cas, &at, origin)
            }
            Some(Written::AwsPrivateCa(it)) => self.aws_private_ca(scope, it, &at.key("awsPrivateCa"), origin),
            Some(Written::Existing(it)) => {
                self.check_name(&it.name, &at.key("existing"))?;
                Some(existing::issuer(IssuerRef::new(it.group.as_deref(), it.kind.as_deref(), &it.name)))
            }
        }
    }

    fn aws_private_ca(
        &mut self,
        scope: &str,
        written: &wire::AwsPrivateCaIssuer,
        at: &FieldPath,
        origin: &Arc<Origin>,
    ) -> Option<Issuer> {
        let arn = self.reference(Some(&written.arn), "", &at.key("arn"), origin).filter(|it| {
            let is_found = !matches!(it.target, Target::RolesAnywhere(_));
            if !is_found {
                let why = "a private CA is not a resource of IAM Roles Anywhere: write `ssm:/name` or the CA's ARN";
                invalid(self.report, &at.key("arn"), why);
            }
            is_found
        });
        if let Some(Err(why)) = written.role.as_deref().map(|role| Arn::parse(ArnKind::Role, role)) {
            invalid(self.report, &at.key("role"), why);
        }
        let secret = written.secret_ref.as_ref().map(|secret| {
            self.check_access_key(secret, written.cluster, &at.key("secretRef"));
            (secret.name.as_str(), secret.namespace.as_deref().filter(|_| written.cluster))
        });
        let template = written.template.as_deref().map(|template| self.template(template, &at.key("template")));
        let settings =
            aws_private_ca::Settings { cluster: written.cluster, role: written.role.as_deref(), secret, template };
        Some(aws_private_ca::issuer(scope, arn?, settings))
    }

    fn check_access_key(&mut self, secret: &wire::AccessKeySecret, is_for_all: bool, at: &FieldPath) {
        self.check_name(&secret.name, at);
        self.namespace(secret.namespace.as_deref(), at);
        // <https://github.com/cert-manager/aws-privateca-issuer/blob/main/pkg/aws/pca.go>
        let (message, help) = match (is_for_all, &secret.namespace) {
            (true, None) => {
                ("an issuer for all namespaces has no namespace to look for the Secret in", "add `namespace:`")
            }
            (false, Some(_)) => (
                "an AWSPCAIssuer reads Secrets of its own namespace only",
                "remove `namespace:`, or emit one issuer for all namespaces with `cluster: true`",
            ),
            _ => return,
        };
        let code = if is_for_all { Code::MissingField } else { Code::ConflictingFields };
        self.report.push(Diagnostic::error(code, message).at(Place::Config(at.clone())).help(help));
    }

    /// The name of a template as the issuer takes it: the end of its ARN.
    fn template<'t>(&mut self, text: &'t str, at: &FieldPath) -> &'t str {
        let name = text.rsplit_once(":::template/").map_or(text, |(_, name)| name);
        // All others are for CAs, code and OCSP.
        // <https://docs.aws.amazon.com/privateca/latest/userguide/template-definitions.html>
        if !["EndEntity", "BlankEndEntity"].iter().any(|good| name.starts_with(good)) {
            let why = format!(
                "{} is not a template for workloads: write one that begins with `EndEntity` or `BlankEndEntity`",
                quote(&text)
            );
            invalid(self.report, at, why);
        }
        name
    }

    /// `None` when no object can have the name, which is reported.
    pub(super) fn check_name(&mut self, name: &str, at: &FieldPath) -> Option<()> {
        ObjectName::parse(name).map_err(|why| invalid(self.report, &at.key("name"), why)).ok().map(drop)
    }
}
