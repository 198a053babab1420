//! The steps of a rotation, how far each is, and what the next one takes.

use super::facts::{Facts, KnownCa, is_same};
use super::judge::list;
use super::{Progress, Scope, State, Step};
use crate::certificate::Certificate;
use crate::issuer::Issuer;
use crate::quote::{quote, quote_object, typed};

/// All steps in order.
pub(super) fn steps(scope: &Scope<'_>, facts: &Facts<'_>) -> Vec<Progress> {
    let Some(next) = &facts.next else { return Vec::new() };
    let context = Context { scope, facts, next };
    let all: [(Step, Told, Vec<String>); 7] = [
        (Step::Declare, (Some(true), context.declared()), Vec::new()),
        (Step::Make, context.made(), context.how_to_make()),
        (Step::Trust, context.trusted(), context.how_to_trust()),
        (Step::Switch, context.switched(), context.how_to_switch()),
        (Step::Renew, context.renewed(), Context::how_to_renew()),
        (Step::Distrust, context.distrusted(), context.how_to_distrust()),
        (
            Step::Remove,
            (Some(false), "remove the previous CA from the declaration".to_owned()),
            context.how_to_remove(),
        ),
    ];
    let mut is_behind = true;
    let progress = all.into_iter().map(|(step, (is_done, says), advice)| {
        let state = match is_done {
            Some(true) if is_behind => State::Done,
            Some(true) => State::Early,
            None if is_behind => State::Unknown,
            Some(false) if is_behind => State::Next,
            _ => State::Later,
        };
        let is_now = matches!(state, State::Next | State::Unknown);
        is_behind &= state == State::Done;
        Progress { step, state, says, advice: if is_now { advice } else { Vec::new() } }
    });
    progress.collect()
}

/// Whether something is done, if that is known, and in words.
type Told = (Option<bool>, String);

struct Context<'c, 's> {
    scope: &'c Scope<'s>,
    facts: &'c Facts<'s>,
    next: &'c KnownCa<'s>,
}

/// The field of a CA issuer.
fn field(issuer: &Issuer) -> &'static str {
    if issuer.secret_home.is_some() { "clusterCa" } else { "ca" }
}

fn ends(certificate: &Certificate) -> String {
    format!("{} until {}, SHA-256 {}", quote(&certificate.subject), certificate.end(), certificate.fingerprint())
}

impl Context<'_, '_> {
    fn declared(&self) -> String {
        let issuer = self.next.issuer;
        let own = quote_object(&issuer.issuer_ref.kind, &issuer.issuer_ref.name);
        format!("the next CA is declared: generation {}, {own}", issuer.generation)
    }

    fn made(&self) -> Told {
        if let Some(why) = &self.facts.unready {
            return (Some(false), format!("it is there: its issuer is not ready: {why}"));
        }
        match self.next.chain.first() {
            Some(certificate) => (Some(true), format!("it is there: {}", ends(certificate))),
            None => (None, format!("it is there: no certificate of the CA {} was seen", self.next.words())),
        }
    }

    fn how_to_make(&self) -> Vec<String> {
        let issuer = self.next.issuer;
        let secret = issuer.secret().unwrap_or_default();
        let namespace = issuer.secret_home.as_deref().unwrap_or("NAMESPACE");
        let apply =
            "apply what is rendered, so that the next CA and its issuer are there; nothing uses them yet".to_owned();
        let look = format!(
            "then give this command its certificate: {}",
            typed(&format_args!("kubectl get secret {secret} --namespace {namespace} --output json > next.json"))
        );
        vec![apply, look, "and `--objects next.json`; of the Secret, only `tls.crt` is read".to_owned()]
    }

    fn trusted(&self) -> Told {
        let trusted = match &self.facts.trusted {
            Ok(trusted) => trusted,
            Err(why) => return (None, format!("the trust anchor trusts both: {why}")),
        };
        let count = trusted.len();
        match self.next.is_trusted(trusted) {
            // The current one may have gone again, which is a later step.
            Some(true) => {
                (Some(true), format!("the trust anchor trusts the next CA; it holds {count} of 2 certificates"))
            }
            Some(false) => (
                Some(false),
                format!("the trust anchor trusts both: it does not trust the next one; it holds {count} of 2"),
            ),
            None => (None, "the trust anchor trusts both: the next CA's certificate is not known".to_owned()),
        }
    }

    fn how_to_trust(&self) -> Vec<String> {
        let current = self.facts.current.issuer.secret().unwrap_or_default();
        let next = self.next.issuer.secret().unwrap_or_default();
        let namespace = self.next.issuer.secret_home.as_deref().unwrap_or("NAMESPACE");
        let show = |secret: &str, file: &str| {
            let call =
                format!("kubectl get secret {secret} --namespace {namespace} --output json | iamra ca show > {file}");
            typed(&call)
        };
        let mut advice = vec![show(current, "current.pem"), show(next, "next.pem")];
        advice.extend(self.update("current.pem next.pem"));
        advice.push(
            "before the next step, roles whose trust policies name the issuer must allow the next one, too".to_owned(),
        );
        advice
    }

    /// The call that gives the trust anchor these certificates.
    fn update(&self, files: &str) -> Option<String> {
        let arn = self.scope.trust_anchor?;
        let id = arn.id();
        let call = format!(
            "aws rolesanywhere update-trust-anchor --region {} --trust-anchor-id {id} --source \
             \"sourceType=CERTIFICATE_BUNDLE,sourceData={{x509CertificateData=$(cat {files})}}\"",
            arn.region
        );
        Some(typed(&call))
    }

    fn switched(&self) -> Told {
        let words =
            if self.facts.is_switched { "the next CA signs" } else { "the next CA signs: the current one does" };
        (Some(self.facts.is_switched), words.to_owned())
    }

    fn how_to_switch(&self) -> Vec<String> {
        let at = format!("spec.scopes.{}.issuer.{}.next.signs", self.scope.name, field(self.next.issuer));
        vec![
            format!("write {} in the declaration, and apply what is rendered", typed(&format_args!("{at}: true"))),
            "cert-manager renews every Certificate at once; pods keep the certificates that they have until then"
                .to_owned(),
        ]
    }

    fn renewed(&self) -> Told {
        let what = "every certificate is of the next CA";
        let leaves = match &self.facts.leaves {
            Ok(leaves) => leaves,
            Err(why) => return (None, format!("{what}: {why}")),
        };
        let of = |is_next: Option<bool>| leaves.iter().filter(|leaf| leaf.is_next == is_next).collect::<Vec<_>>();
        let (old, unknown) = (of(Some(false)), of(None));
        match (old.as_slice(), unknown.as_slice()) {
            ([], []) => (Some(true), format!("{what}: {} of {}", leaves.len(), leaves.len())),
            ([], unknown) => (None, format!("{what}: not seen: {}", list(unknown))),
            (old, _) => (Some(false), format!("{what}: {} of {} are not: {}", old.len(), leaves.len(), list(old))),
        }
    }

    fn how_to_renew() -> Vec<String> {
        let look = "kubectl get certificates.cert-manager.io,certificaterequests.cert-manager.io,issuers.cert-manager.io,\
                    clusterissuers.cert-manager.io,pods --all-namespaces --output json > objects.json";
        vec![
            format!("look at the cluster: {}, and {}", typed(&look), typed(&"--objects objects.json")),
            "wait for cert-manager; `iamra doctor` says why it has not renewed one".to_owned(),
            "restart the pods with volumes of the CSI driver: their issuer is fixed as long as they run".to_owned(),
        ]
    }

    fn distrusted(&self) -> Told {
        let what = "the trust anchor trusts the next CA alone";
        let trusted = match &self.facts.trusted {
            Ok(trusted) => trusted,
            Err(why) => return (None, format!("{what}: {why}")),
        };
        let is_next = |it: &Certificate| self.next.chain.iter().any(|known| is_same(it, known));
        let others: Vec<_> =
            trusted.iter().filter(|it| !is_next(it)).map(|it| quote(&it.subject).to_string()).collect();
        if others.is_empty() {
            return (Some(true), what.to_owned());
        }
        (Some(false), format!("{what}: it also trusts {}", others.join(", ")))
    }

    fn how_to_distrust(&self) -> Vec<String> {
        let mut advice = Vec::new();
        if !self.scope.shared_with.is_empty() {
            advice.push(format!(
                "first finish the steps before in {}, where the trust anchor is the same",
                self.scope.shared_with.iter().map(|it| quote(it).to_string()).collect::<Vec<_>>().join(", ")
            ));
        }
        advice.push(
            "this is the last moment to go back: set `next.signs` to false, and the current CA signs again".to_owned(),
        );
        advice.extend(self.update("next.pem"));
        advice
    }

    fn how_to_remove(&self) -> Vec<String> {
        let next = self.next.issuer;
        let at = format!("spec.scopes.{}.issuer.{}", self.scope.name, field(next));
        vec![
            format!(
                "in {at}, write {}, put the `secret` of `next` in place of the current one, and remove `next`",
                typed(&format_args!("generation: {}", next.generation))
            ),
            "nothing else changes: the objects of the next CA keep their names".to_owned(),
            "then delete the previous CA's Secret, which cert-manager leaves behind".to_owned(),
        ]
    }
}
