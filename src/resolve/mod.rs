//! Where identities live: questions out, answers bound in.

mod authority;
mod file;
mod lookup;

pub use authority::Authority;
pub use file::{LOCK_ANNOTATION, LOCK_NAME, Lockfile, Values, lock_path};
pub use lookup::{Answers, Layered, Lookup, NoAnswer, Query};

use std::collections::{BTreeMap, BTreeSet};

use crate::arn::{Arn, ArnKind};
use crate::config::{ArgoCd, Binding, Config, Mode};
use crate::diag::{Code, Diagnostic, Place, Report};
use crate::reference::{Reference, Target};
use crate::secret::Secret;

/// The declaration with every value in place.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// What a function call does, when the declaration says so.
    pub mode: Option<Mode>,
    /// Whether generated ConfigMaps ask kustomize for a hash in their names.
    pub name_suffix_hash: bool,
    /// What Argo CD should know of emitted objects.
    pub argo_cd: ArgoCd,
    /// The workloads and what they become.
    pub bindings: Vec<Bound>,
    /// The CAs whose certificate and key were looked up, by scope.
    pub authorities: BTreeMap<String, Authority>,
}

/// A workload and its identity.
#[derive(Debug, Clone)]
pub struct Bound {
    /// What the declaration says of it.
    pub binding: Binding,
    /// What it becomes.
    pub identity: Identity,
}

/// Trust anchor, profile and role: what a workload becomes in AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The trust anchor.
    pub trust_anchor: Arn,
    /// The profile.
    pub profile: Arn,
    /// The IAM role.
    pub role: Arn,
}

/// Everything that has to be looked up: for patched workloads the identities, for emitted objects the CAs as well.
pub fn queries(config: &Config, objects: bool) -> BTreeSet<Query> {
    let of_binding = |binding: &Binding| {
        let role = &binding.role;
        let identity = [&role.trust_anchor, &role.profile, &role.role].map(|reference| (reference, false));
        let authority = if objects { binding.issuer.references() } else { Vec::new() };
        let all: Vec<_> = identity.into_iter().chain(authority).collect();
        all.into_iter().filter_map(|(reference, secret)| query(reference, secret)).collect::<Vec<_>>()
    };
    config.bindings.iter().flat_map(of_binding).collect()
}

fn query(reference: &Reference, secret: bool) -> Option<Query> {
    let looked_up = !matches!(reference.target, Target::Literal(_));
    looked_up.then(|| Query { reference: reference.as_str().to_owned(), secret })
}

/// Puts the answers into the declaration. What has no answer, or a wrong one, is reported at its field.
pub fn bind(config: Config, answers: &Answers, report: &mut Report) -> Option<Resolved> {
    let mut binder = Binder { answers, report };
    let mut authorities = BTreeMap::new();
    for binding in &config.bindings {
        if let Some((certificate, key)) = binding.issuer.ca_pair()
            && !authorities.contains_key(&binding.scope)
            && let Some(authority) = binder.authority(certificate, key)
        {
            authorities.insert(binding.scope.clone(), authority);
        }
    }
    let region = config.region.as_deref();
    let bindings: Vec<_> = config
        .bindings
        .into_iter()
        .filter_map(|binding| binder.identity(&binding, region).map(|identity| Bound { binding, identity }))
        .collect();
    let (mode, name_suffix_hash, argo_cd) = (config.mode, config.name_suffix_hash, config.argo_cd);
    (!report.has_errors()).then_some(Resolved { mode, name_suffix_hash, argo_cd, bindings, authorities })
}

struct Binder<'b> {
    answers: &'b Answers,
    report: &'b mut Report,
}

impl Binder<'_> {
    fn value(&mut self, reference: &Reference, secret: bool) -> Option<Secret> {
        if let Target::Literal(text) = &reference.target {
            return Some(Secret::new(text.as_str()));
        }
        match self.answers.get(&query(reference, secret)?)? {
            Ok(value) => Some(value.clone()),
            Err(none) => {
                let place = Place::Config(reference.place.clone());
                self.report.push(Diagnostic::error(none.code, &none.why).at(place).help(&none.help));
                None
            }
        }
    }

    fn arn(&mut self, kind: ArnKind, reference: &Reference) -> Option<Arn> {
        let value = self.value(reference, false)?;
        let found = Arn::parse(kind, value.reveal());
        let say = |why| {
            // Whatever a parameter holds may be a secret put in the wrong place: its value is not shown.
            let literal = matches!(reference.target, Target::Literal(_));
            let message = if literal { why } else { format!("the value of `{reference}` is not a {}", kind.words()) };
            let place = Place::Config(reference.place.clone());
            let help = format!("it should look like {}", kind.example());
            self.report.push(Diagnostic::error(Code::InvalidValue, message).at(place).help(help));
        };
        found.map_err(say).ok()
    }

    fn identity(&mut self, binding: &Binding, region: Option<&str>) -> Option<Identity> {
        let role = &binding.role;
        let trust_anchor = self.arn(ArnKind::TrustAnchor, &role.trust_anchor);
        let profile = self.arn(ArnKind::Profile, &role.profile);
        let iam_role = self.arn(ArnKind::Role, &role.role);
        let (trust_anchor, profile, iam_role) = (trust_anchor?, profile?, iam_role?);
        if let Some(region) = region
            && region != trust_anchor.region
        {
            let words = format!("the trust anchor is in {}, and `spec.region` says {region}", trust_anchor.region);
            self.mismatch(words, &role.trust_anchor, "make them agree");
        }
        if trust_anchor.region != profile.region {
            let words = format!("the profile is in {}, its trust anchor in {}", profile.region, trust_anchor.region);
            self.mismatch(words, &role.profile, "use a profile in the trust anchor's region");
        }
        for (arn, words, reference) in [(&profile, "profile", &role.profile), (&iam_role, "role", &role.role)] {
            if arn.account != trust_anchor.account {
                let message =
                    format!("the {words} is in account {}, its trust anchor in {}", arn.account, trust_anchor.account);
                self.mismatch(message, reference, "trust anchor, profile and role must be in one account");
            }
            if arn.partition != trust_anchor.partition {
                let message = format!(
                    "the {words} is in partition {}, its trust anchor in {}",
                    arn.partition, trust_anchor.partition
                );
                self.mismatch(message, reference, "trust anchor, profile and role must be in one partition");
            }
        }
        Some(Identity { trust_anchor, profile, role: iam_role })
    }

    fn mismatch(&mut self, message: String, reference: &Reference, help: &str) {
        let place = Place::Config(reference.place.clone());
        self.report.push(Diagnostic::error(Code::ArnMismatch, message).at(place).help(help));
    }

    fn authority(&mut self, certificate: &Reference, key: &Reference) -> Option<Authority> {
        let (pem, key_pem) = (self.value(certificate, false), self.value(key, true));
        let wrong = |why| {
            let place = Place::Config(certificate.place.clone());
            let help = "a CA for IAM Roles Anywhere is one X.509v3 chain with CA:TRUE and keyCertSign, and its own RSA or EC key";
            self.report.push(Diagnostic::error(Code::InvalidCa, why).at(place).help(help));
        };
        Authority::check(pem?.reveal(), &key_pem?).map_err(wrong).ok()
    }
}
