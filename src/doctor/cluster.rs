//! Certificates in a cluster, and why they are not issued. The objects come from `kubectl get --output json`.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::index::{Cluster, name, namespace, text};
use crate::certificate::Certificate;
use crate::diag::{Code, Diagnostic, Place, Report, nearest};
use crate::issuer::{GROUP, IssuerRef, KIND};
use crate::krm::ResourceRef;
use crate::quote::{quote, typed};
use crate::render::CERTIFICATE;
use crate::writers::fillers;
use crate::yaml::FieldPath;

/// A Certificate that should be in the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The workload.
    pub workload: String,
    /// Its namespace; `None` matches any.
    pub namespace: Option<String>,
    /// Its name, without a prefix or suffix from kustomize.
    pub name: String,
    /// Where the workload is declared.
    pub place: FieldPath,
}

/// A line for each Certificate that is ready; a diagnostic for each that is not, or is not there.
pub fn certificates(wanted: &[Wanted], objects: &[Value], report: &mut Report) -> Vec<String> {
    let cluster = Cluster::of(objects);
    let mut present = Vec::new();
    for one in wanted {
        let (here, elsewhere): (Vec<_>, Vec<_>) = cluster
            .certificates_of(&one.workload, &one.name)
            .partition(|object| one.namespace.as_deref().is_none_or(|it| it == namespace(object)));
        if here.is_empty() {
            report.push(missing(one, &elsewhere));
        }
        present.extend(here);
    }
    // The status of Certificates that share a Secret changes from minute to minute.
    let shared = cluster.sharing(&present);
    let secrets = shared.iter().map(|certificate| {
        let secret = text(certificate, &["spec", "secretName"]).unwrap_or_default();
        (resource_ref(certificate), secret.to_owned())
    });
    fillers::check(secrets, report);
    let named: BTreeSet<_> = shared.iter().map(|it| (namespace(it), name(it))).collect();
    let mut lines = Vec::new();
    for certificate in present.into_iter().filter(|it| !named.contains(&(namespace(it), name(it)))) {
        match ready(certificate) {
            Some(line) => lines.push(line),
            None => report.push(cluster.explain(certificate)),
        }
    }
    lines
}

fn resource_ref(certificate: &Value) -> ResourceRef {
    ResourceRef {
        api_version: CERTIFICATE.api_version(),
        kind: CERTIFICATE.kind.to_owned(),
        name: name(certificate).to_owned(),
        namespace: Some(namespace(certificate).to_owned()),
    }
}

/// The CA chain of each workload's newest certificate, one of which the trust anchor must have. Taken from the requests
/// in the cluster, because Secrets are never read.
pub fn authorities(wanted: &[Wanted], objects: &[Value]) -> BTreeMap<String, Vec<Certificate>> {
    let cluster = Cluster::of(objects);
    let mut found: BTreeMap<String, Vec<Certificate>> = BTreeMap::new();
    for one in wanted {
        for request in cluster
            .certificates_of(&one.workload, &one.name)
            .filter_map(|certificate| cluster.newest_request(certificate))
        {
            let read = |field: &str| {
                let pem = STANDARD.decode(text(request, &["status", field])?).ok()?;
                Certificate::all(&String::from_utf8(pem).ok()?).ok()
            };
            // The first certificate is the workload's own.
            let between = read("certificate").unwrap_or_default().into_iter().skip(1);
            found.entry(one.workload.clone()).or_default().extend(between.chain(read("ca").unwrap_or_default()));
        }
    }
    found
}

fn missing(wanted: &Wanted, elsewhere: &[&Value]) -> Diagnostic {
    let namespace = wanted.namespace.as_deref().map_or_else(String::new, |it| format!(" in namespace {}", quote(&it)));
    let message = format!("the cluster has no Certificate of workload {}{namespace}", quote(&wanted.workload));
    let help = match elsewhere {
        [] => format!("apply the manifests that iamra emits: {} is not among the objects", quote(&wanted.name)),
        [other, ..] => format!(
            "it is in namespace {}: correct `namespace`, or apply it in the namespace of the pods",
            quote(&self::namespace(other))
        ),
    };
    Diagnostic::error(Code::CertificateMissing, message).at(Place::Config(wanted.place.clone())).help(help)
}

fn ready(certificate: &Value) -> Option<String> {
    let (status, _, _) = condition(certificate, "Ready")?;
    let time = |field: &str| text(certificate, &["status", field]).unwrap_or("an unknown time");
    let words = || {
        format!(
            "Certificate {}/{} is ready: valid until {}, renewal from {}",
            namespace(certificate),
            name(certificate),
            time("notAfter"),
            time("renewalTime"),
        )
    };
    (status == "True").then(words)
}

/// What was found, and what to do.
type Cause = (String, String);

impl Cluster<'_> {
    /// Why a Certificate is not ready: the first problem between its issuer and its signature.
    fn explain(&self, certificate: &Value) -> Diagnostic {
        let cause = self.issuer(certificate).or_else(|| self.request(certificate));
        let (why, help) = cause.unwrap_or_else(|| {
            let why =
                condition(certificate, "Ready").map_or("cert-manager has not processed it", |(_, _, message)| message);
            (
                one_line(why),
                "check that the cert-manager controller is running: `kubectl get pods --all-namespaces`".to_owned(),
            )
        });
        Diagnostic::error(
            Code::CertificateNotReady,
            format!("Certificate {} is not ready: {why}", quote(&name(certificate))),
        )
        .at(Place::Item(resource_ref(certificate), FieldPath::root()))
        .help(help)
    }

    fn issuer(&self, certificate: &Value) -> Option<Cause> {
        let word = |field: &str| text(certificate, &["spec", "issuerRef", field]);
        let issuer = IssuerRef::new(word("group"), word("kind"), word("name").unwrap_or_default());
        if issuer.group != GROUP {
            return None; // for other issuers, the request gives the reason
        }
        let here = namespace(certificate);
        let (kind, wanted, cluster_wide) = (issuer.kind.as_str(), issuer.name.as_str(), !issuer.is_namespaced());
        let named = self.others.get(&(kind, wanted)).map_or(&[][..], Vec::as_slice);
        let is_reachable = |issuer: &&&Value| cluster_wide || namespace(issuer) == here;
        let Some(issuer) = named.iter().find(is_reachable) else {
            if let Some(other) = named.first() {
                let why = format!(
                    "its Issuer {} is in namespace {}, and an Issuer serves only its own namespace",
                    quote(&wanted),
                    quote(&namespace(other))
                );
                return Some((
                    why,
                    format!(
                        "create the Issuer and the Secret of its CA in namespace {}, or use a ClusterIssuer",
                        quote(&here)
                    ),
                ));
            }
            let all = self.others.range((kind, "")..).take_while(|((it, _), _)| *it == kind);
            let known =
                all.filter(|(_, issuers)| issuers.iter().any(|it| is_reachable(&it))).map(|((_, name), _)| *name);
            let place = if cluster_wide { "the cluster".to_owned() } else { format!("namespace {}", quote(&here)) };
            let help = match nearest(wanted, known) {
                Some(near) => format!("did you mean {}?", quote(&near)),
                None => {
                    "apply it: iamra emits it with the Certificate, unless the declaration uses `existing`".to_owned()
                }
            };
            return Some((format!("there is no {kind} {} in {place}", quote(&wanted)), help));
        };
        let (status, reason, message) = condition(issuer, "Ready")?;
        (status != "True").then(|| unready_issuer(issuer, here, reason, message))
    }

    /// How the newest request ended.
    fn request(&self, certificate: &Value) -> Option<Cause> {
        let request = self.newest_request(certificate)?;
        let said = |kind: &str| condition(request, kind).filter(|(status, _, _)| *status == "True");
        let again = again(certificate);
        if let Some((_, reason, message)) = said("Denied") {
            let why = format!(
                "its request {} was denied by {}: {}",
                quote(&name(request)),
                quote(&reason),
                one_line(message)
            );
            return Some((why, format!("allow the Certificate's request in the policy, {again}")));
        }
        if let Some((_, _, message)) = said("InvalidRequest") {
            let why = format!("its request {} is not valid: {}", quote(&name(request)), one_line(message));
            return Some((why, format!("correct the Certificate, {again}")));
        }
        let (_, reason, message) = condition(request, "Ready").unwrap_or(("", "", "cert-manager has not processed it"));
        let message = one_line(message);
        if reason == "Failed" {
            // The message of Go's library, which cert-manager passes on. <https://go.dev/src/crypto/x509/x509.go>
            if message.contains("doesn't match parent's PublicKey") {
                let why = "the private key in the CA's Secret does not belong to the certificate in the same Secret"
                    .to_owned();
                let help = format!("put a certificate and the matching key into the Secret of the Issuer, {again}");
                return Some((why, help));
            }
            return Some((
                format!("its request {} failed: {message}", quote(&name(request))),
                format!("fix this, {again}"),
            ));
        }
        if said("Approved").is_none() {
            let why = format!(
                "its request {} is waiting for approval, and no approver has approved it",
                quote(&name(request))
            );
            // <https://cert-manager.io/docs/policy/approval/>
            let help = "add a policy that approves it (approver-policy), or let cert-manager approve requests \
                        itself (`disableAutoApproval: false`)";
            return Some((why, help.to_owned()));
        }
        Some((
            format!("its request {} is not signed yet: {message}", quote(&name(request))),
            "check again in a minute".to_owned(),
        ))
    }
}

fn unready_issuer(issuer: &Value, here: &str, reason: &str, message: &str) -> Cause {
    let kind = issuer["kind"].as_str().unwrap_or_default();
    let secret = text(issuer, &["spec", "ca", "secretName"]);
    let message = one_line(message);
    // <https://github.com/cert-manager/cert-manager/blob/master/pkg/issuer/ca/setup.go>
    if let Some(secret) = secret.filter(|_| reason == "ErrGetKeyPair" && message.contains("not found")) {
        // A ClusterIssuer reads Secrets in cert-manager's own namespace, which only its flags name.
        // <https://cert-manager.io/docs/configuration/ca/>
        let place = if kind == KIND {
            format!("namespace {}", quote(&here))
        } else {
            "the namespace where cert-manager runs".to_owned()
        };
        let why = format!(
            "the Secret {} with the CA of its {kind} {} is not in {place}",
            quote(&secret),
            quote(&name(issuer))
        );
        let help =
            "create it there with the CA's certificate and key; see `issuer.ca.secret` for ways to do so".to_owned();
        return (why, help);
    }
    let why = format!("its {kind} {} is not ready: {message}", quote(&name(issuer)));
    let help = match secret {
        Some(secret) => {
            format!(
                "the Secret {} needs `tls.crt` with one chain, the CA first, and `tls.key` with its key",
                quote(&secret)
            )
        }
        None => {
            format!(
                "run {} for details",
                typed(&format_args!("kubectl describe {} {}", kind.to_lowercase(), name(issuer)))
            )
        }
    };
    (why, help)
}

/// How to retry a failed one: cert-manager waits an hour after the first failure, and longer after each further one.
/// <https://github.com/cert-manager/cert-manager/blob/master/internal/apis/config/controller/v1alpha1/defaults.go>
fn again(certificate: &Value) -> String {
    format!(
        "then run {}: cert-manager itself retries an hour or more after a failure",
        typed(&format_args!("cmctl renew --namespace {} {}", namespace(certificate), name(certificate)))
    )
}

/// Status, reason and message of a condition.
pub(super) fn condition<'o>(object: &'o Value, kind: &str) -> Option<(&'o str, &'o str, &'o str)> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    let found = conditions.iter().find(|condition| condition["type"] == kind)?;
    let text = |field: &str| found[field].as_str().unwrap_or_default();
    Some((text("status"), text("reason"), text("message")))
}

/// A controller's message in one line.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
