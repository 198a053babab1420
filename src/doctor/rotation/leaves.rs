//! Which CA has signed the certificates of workloads.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Scope;
use crate::certificate::Certificate;
use crate::doctor::index::{Cluster, name, namespace, text};
use crate::issuer::{Issuer, IssuerRef};
use crate::quote::quote;
use crate::render::CSI_DRIVER;

/// A certificate of a workload.
#[derive(Debug)]
pub(super) struct Leaf {
    /// How messages name it.
    pub(super) words: String,
    /// Whether the next CA has signed it; `None` when that is not known.
    pub(super) is_next: Option<bool>,
    /// Whether its issuer is neither of the declared ones.
    pub(super) is_foreign: bool,
    /// The CA that has signed it and those above, as far as cert-manager says it.
    pub(super) chain: Vec<Certificate>,
}

/// The certificates of the scope: those of the declared workloads, and whatever else its issuers have signed.
pub(super) fn leaves(scope: &Scope<'_>, objects: &[Value], cluster: &Cluster<'_>) -> Vec<Leaf> {
    let mut found: Vec<&Value> = Vec::new();
    let mut missing = Vec::new();
    for one in &scope.certified {
        let is_here = |it: &&Value| one.namespace.as_deref().is_none_or(|home| home == namespace(it));
        let here: Vec<_> = cluster.certificates_of(&one.workload, &one.name).filter(is_here).collect();
        if here.is_empty() {
            let words = format!("that of workload {}, which has no Certificate", quote(&one.workload));
            missing.push(Leaf { words, is_next: None, is_foreign: false, chain: Vec::new() });
        }
        found.extend(here);
    }
    let is_asked = |it: &&Value| {
        let asks = [Some(*it), cluster.newest_request(it)].into_iter().flatten().filter_map(issuer_of);
        asks.into_iter().any(|asked| scope.issuer.each().any(|issuer| issuer.issuer_ref == asked))
    };
    for certificate in cluster.certificates().filter(is_asked) {
        if !found.iter().any(|known| std::ptr::eq(*known, certificate)) {
            found.push(certificate);
        }
    }
    let issued = found.into_iter().map(|certificate| issued(scope, certificate, cluster));
    issued.chain(missing).chain(mounted(scope, objects)).collect()
}

/// The issuer that is asked by a Certificate or a request.
fn issuer_of(object: &Value) -> Option<IssuerRef> {
    let word = |field: &str| text(object, &["spec", "issuerRef", field]).filter(|it| !it.is_empty());
    Some(IssuerRef::new(word("group"), word("kind"), word("name")?))
}

/// Whether an issuer is the next one, the current one, or neither.
fn is_next(scope: &Scope<'_>, asked: &IssuerRef) -> Option<bool> {
    let known: Vec<&Issuer> = scope.issuer.each().collect();
    let position = known.iter().position(|issuer| issuer.issuer_ref == *asked)?;
    Some(position > 0)
}

/// Of a Certificate, the newest request that was signed: what is in the Secret until the next one is.
fn issued(scope: &Scope<'_>, certificate: &Value, cluster: &Cluster<'_>) -> Leaf {
    let words = format!("Certificate {}/{}", namespace(certificate), name(certificate));
    let request = cluster.newest_request(certificate);
    let signed = request.and_then(|request| {
        let asked = issuer_of(request)?;
        let leaf = Certificate::all(&decoded(request, &["status", "certificate"])?).ok()?;
        let above = decoded(request, &["status", "ca"]).and_then(|pem| Certificate::all(&pem).ok());
        Some((asked, leaf.into_iter().skip(1).chain(above.unwrap_or_default()).collect::<Vec<_>>()))
    });
    let Some((asked, chain)) = signed else {
        let words = format!("{words}, whose newest request is not signed");
        // Its Secret has what was signed before.
        let is_next =
            request.and_then(issuer_of).and_then(|asked| is_next(scope, &asked)).filter(|it| *it).map(|_| false);
        return Leaf { words, is_next, is_foreign: false, chain: Vec::new() };
    };
    let which = is_next(scope, &asked);
    let is_foreign = which.is_none();
    // What asks for the next CA and has the previous one's signature is of the previous one.
    Leaf { words, is_next: which.or(Some(false)), is_foreign, chain }
}

/// The volumes of the CSI driver, whose issuer is fixed as long as the pod runs.
fn mounted<'v>(scope: &'v Scope<'_>, objects: &'v [Value]) -> impl Iterator<Item = Leaf> + use<'v> {
    let pods: Vec<_> = objects.iter().filter(|it| it["kind"] == "Pod").flat_map(volumes).collect();
    scope.mounted.iter().flat_map(move |(workload, common_name)| {
        let of: Vec<_> = pods.iter().filter(|it| it.common_name == *common_name).collect();
        let leaf = |words: String, is_next| Leaf { words, is_next, is_foreign: false, chain: Vec::new() };
        if of.is_empty() {
            let words = format!("that of workload {}, of which no Pod was looked at", quote(workload));
            return vec![leaf(words, None)];
        }
        of.iter().map(|it| leaf(it.words.clone(), is_next(scope, &it.issuer).or(Some(false)))).collect()
    })
}

/// A volume of the CSI driver.
struct Volume {
    words: String,
    common_name: String,
    issuer: IssuerRef,
}

fn volumes(pod: &Value) -> Vec<Volume> {
    let all = pod.pointer("/spec/volumes").and_then(Value::as_array).into_iter().flatten();
    let of_driver = all.filter(|volume| volume.pointer("/csi/driver").is_some_and(|it| it == CSI_DRIVER));
    let read = |volume: &Value| {
        let attributes = volume.pointer("/csi/volumeAttributes")?;
        let word = |field: &str| attributes.get(format!("{CSI_DRIVER}/{field}")).and_then(Value::as_str);
        Some(Volume {
            words: format!("Pod {}/{}", namespace(pod), name(pod)),
            common_name: word("common-name")?.to_owned(),
            issuer: IssuerRef::new(word("issuer-group"), word("issuer-kind"), word("issuer-name")?),
        })
    };
    of_driver.filter_map(read).collect()
}

/// A text that is in Base64.
pub(super) fn decoded(object: &Value, path: &[&str]) -> Option<String> {
    String::from_utf8(STANDARD.decode(text(object, path)?).ok()?).ok()
}
