//! A new declaration, or a scope that is added to one.

use serde_json::{Value, json};

use super::edit::{Change, Refused, cannot_edit, check_own, parsed, put};
use super::section::CLUSTERS;
use super::setup;
use crate::config::{Config, PARAMETER_PREFIX as PREFIX, Whole};
use crate::diag::{Code, Diagnostic, Place};
use crate::issuer::DEFAULT_SCOPE;
use crate::quote::{quote, typed};
use crate::yaml::edit::{Refusal, apply};
use crate::yaml::{FieldPath, NodeRef};

/// Where the CA of a scope is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ca<'a> {
    /// In Parameter Store, certificate and key.
    Parameters,
    /// In the cluster: cert-manager makes it.
    InCluster,
    /// In AWS Private CA, by the CA's ARN.
    Private(&'a str),
    /// In a Secret that is there.
    Existing,
}

/// The request.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The scope.
    pub scope: &'a str,
    /// Where its CA is; what the declaration says when `None`.
    pub ca: Option<Ca<'a>>,
    /// What the names of parameters begin with.
    pub prefix: Option<&'a str>,
    /// The region of trust anchors and profiles.
    pub region: Option<&'a str>,
    /// A cluster to declare.
    pub cluster: Option<&'a str>,
    /// What the declaration is called if it is new. Tags have it, so two repositories of one account need two names.
    pub name: &'a str,
}

/// The text of a new declaration.
pub fn text(asked: &Request<'_>) -> String {
    let Request { scope, ca, prefix, region, cluster, name } = *asked;
    let prefix = prefix.unwrap_or(PREFIX);
    let region = region.map_or_else(String::new, |it| format!("  region: {it} # of trust anchors and profiles\n"));
    // As `k8s setup` adds it; a prefix may need it.
    let cluster =
        cluster.map_or_else(String::new, |it| format!("  # {}\n  clusters:\n    {it}: {{}}\n", CLUSTERS.comment));
    let issuer = issuer(ca.unwrap_or(Ca::Parameters), prefix, scope);
    let prefix = plain(prefix);
    format!(
        "\
# yaml-language-server: $schema={schema}
# Maps workloads to AWS identities. `iamra schema` prints every field.
apiVersion: iamra.dev/v1alpha1
kind: RolesAnywhere
metadata:
  name: {name} # in the tags of what `iamra aws apply` makes
  annotations:
    config.kubernetes.io/local-config: \"true\" # not an object of the cluster
spec:
  parameterPrefix: {prefix} # where the ARNs are, in SSM Parameter Store
{region}  scopes:
    {scope}:
      issuer:
{issuer}{cluster}",
        schema = crate::config::SCHEMA_ID,
    )
}

/// A text that has no more than letters, digits, `/_.-` and a template; the latter needs quotes.
fn plain(text: &str) -> String {
    if text.contains('{') { format!("\"{text}\"") } else { text.to_owned() }
}

/// The fields of an issuer, as an expert would write them.
fn issuer(ca: Ca<'_>, prefix: &str, scope: &str) -> String {
    match ca {
        Ca::Parameters => {
            let [certificate, key] = parameters(prefix, scope).map(|it| plain(&it));
            format!(
                "        ca: # an Issuer of cert-manager in every namespace with a workload
          secret:
            ssm: # rendering reads the key; use `externalSecret` to keep it out of the manifests
              certificate: {certificate}
              key: {key}
"
            )
        }
        Ca::InCluster => "        clusterCa: {secret: {inCluster: {}}} # cert-manager makes the CA; `iamra ca show` prints it for the trust anchor
        mintPolicy: admissionPolicy # the API server refuses certificates that are not declared here
"
        .to_owned(),
        Ca::Private(arn) => format!(
            "        awsPrivateCa: # AWS Private CA signs, and has the key
          arn: {arn}
          cluster: true # one AWSPCAClusterIssuer for all namespaces
        mintPolicy: admissionPolicy # the API server refuses certificates that are not declared here
"
        ),
        Ca::Existing => format!(
            "        clusterCa: {{secret: {{existing: {{name: {}}}}}}} # in cert-manager's namespace, with the certificate and the key of the CA
        mintPolicy: admissionPolicy # the API server refuses certificates that are not declared here
",
            secret(scope)
        ),
    }
}

/// The parameters of a CA: certificate and key.
fn parameters(prefix: &str, scope: &str) -> [String; 2] {
    ["tls-crt", "tls-key"].map(|it| format!("ssm:{prefix}/scopes/{scope}/ca/{it}"))
}

/// The Secret of a CA.
fn secret(scope: &str) -> String {
    if scope == DEFAULT_SCOPE { "iam-ra-ca".to_owned() } else { format!("iam-ra-ca-{scope}") }
}

/// The same issuer as a value.
fn issuer_value(ca: Ca<'_>, prefix: &str, scope: &str) -> Value {
    match ca {
        Ca::Parameters => {
            let [certificate, key] = parameters(prefix, scope);
            json!({"ca": {"secret": {"ssm": {"certificate": certificate, "key": key}}}})
        }
        Ca::InCluster => json!({"clusterCa": {"secret": {"inCluster": {}}}, "mintPolicy": "admissionPolicy"}),
        Ca::Private(arn) => json!({"awsPrivateCa": {"arn": arn, "cluster": true}, "mintPolicy": "admissionPolicy"}),
        Ca::Existing => {
            json!({"clusterCa": {"secret": {"existing": {"name": secret(scope)}}}, "mintPolicy": "admissionPolicy"})
        }
    }
}

/// The declaration with the scope, and with the cluster if one is asked for.
///
/// # Errors
/// Why it cannot be done; a declaration that says something else is not changed.
pub fn change(asked: &Request<'_>, text: &str, declaration: Whole<'_>, configs: &[Config]) -> Result<Change, Refused> {
    check_own(declaration, "scopes")?;
    let (mut text, mut said) = (text.to_owned(), Vec::new());
    if let Some(cluster) = asked.cluster {
        let asked = setup::Request { cluster, namespace: None, extended_by: &[] };
        let done = setup::change(&asked, &text, declaration, configs)?;
        (text, said) = (done.text, done.said);
    }
    text = same_or_new(&text, "parameterPrefix", asked.prefix.filter(|it| *it != PREFIX), asked.prefix)?;
    text = same_or_new(&text, "region", asked.region, asked.region)?;
    let doc = parsed(&text)?;
    let at = FieldPath::keys("spec.scopes").key(asked.scope).key("issuer");
    if let Some(there) = doc.at(&at).filter(|it| it.is_map()) {
        check_ca(asked, there, &at)?;
        return Ok(Change { text, said });
    }
    let ca = asked.ca.unwrap_or(Ca::Parameters);
    let prefix = doc.at(&FieldPath::keys("spec.parameterPrefix")).and_then(NodeRef::text).unwrap_or(PREFIX).to_owned();
    let edit = put(&doc, &at, issuer_value(ca, &prefix, asked.scope));
    let text = apply(&doc, vec![edit]).map_err(|refusal| by_hand(&refusal, asked.scope))?;
    said.push(format!("scope {}: {}", quote(&asked.scope), words(ca)));
    Ok(Change { text, said })
}

fn by_hand(refusal: &Refusal, scope: &str) -> Refused {
    cannot_edit(refusal, &format!("add {} under `spec.scopes`", typed(&format_args!("{scope}: {{issuer: …}}"))))
}

/// The text with a field of `spec`, which must not be there with another value. `new` is what is written.
fn same_or_new(text: &str, field: &str, new: Option<&str>, asked: Option<&str>) -> Result<String, Refused> {
    let doc = parsed(text)?;
    let at = FieldPath::keys("spec").key(field);
    let (there, Some(asked)) = (doc.at(&at).and_then(NodeRef::text), asked) else { return Ok(text.to_owned()) };
    match (there, new) {
        (Some(there), _) if there == asked => Ok(text.to_owned()),
        (Some(there), _) => {
            let message = format!("{} is {}, and {} was asked for", typed(&field), quote(&there), quote(&asked));
            let help = "change it by hand if it is meant: everything that was looked up by it moves";
            let wrong = Diagnostic::error(Code::ConflictingFields, message).at(Place::Config(at));
            Err(wrong.help(help).into())
        }
        (None, None) => Ok(text.to_owned()),
        (None, Some(new)) => {
            let by_hand = format!("add {} under `spec`", typed(&format_args!("{field}: {new}")));
            apply(&doc, vec![put(&doc, &at, new.into())]).map_err(|refusal| cannot_edit(&refusal, &by_hand))
        }
    }
}

/// Refuses another CA than the one that the declaration has.
fn check_ca(asked: &Request<'_>, issuer: NodeRef<'_>, at: &FieldPath) -> Result<(), Refused> {
    let Some(ca) = asked.ca else { return Ok(()) };
    let has = |path: &str| issuer.at(&FieldPath::keys(path)).is_some();
    let source = |name: &str| has(&format!("ca.secret.{name}")) || has(&format!("clusterCa.secret.{name}"));
    let is_same = match ca {
        Ca::Parameters => source("ssm"),
        Ca::InCluster => has("clusterCa.secret.inCluster"),
        Ca::Private(arn) => {
            let there = issuer.at(&FieldPath::keys("awsPrivateCa.arn")).and_then(NodeRef::text);
            there.is_some_and(|there| there == arn || !there.starts_with("arn:"))
        }
        Ca::Existing => {
            let is_silent = |kind: &str| has(kind) && !has(&format!("{kind}.secret"));
            has("existing") || source("existing") || is_silent("ca") || is_silent("clusterCa")
        }
    };
    if is_same {
        return Ok(());
    }
    let message = format!("scope {} has another CA already, and {} was asked for", quote(&asked.scope), words(ca));
    let help = "leave `--ca-mode` out for the CA that is declared, or add another scope with `--scope NAME`; \
                docs/ca-rotation.md says how a CA is replaced";
    Err(Diagnostic::error(Code::ConflictingFields, message).at(Place::Config(at.clone())).help(help).into())
}

fn words(ca: Ca<'_>) -> &'static str {
    match ca {
        Ca::Parameters => "a CA in Parameter Store",
        Ca::InCluster => "a CA that cert-manager makes",
        Ca::Private(_) => "AWS Private CA",
        Ca::Existing => "a CA in a Secret that is there",
    }
}
