//! Resolves references: creates the queries, and binds the answers to the declaration.

mod file;
mod lock;
mod lookup;
mod policy;
mod profiles;
mod trust_policies;

pub use file::{LOCK_ANNOTATION, LOCK_NAME, Values, lock_path};
pub use lock::{Lockfile, Trust, is_lock, lock};
pub use lookup::{Answer, Answers, Known, Layered, Lookup, NoAnswer};
pub use policy::{Guarded, OperatorPolicy};
pub use trust_policies::TrustPolicies;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::arn::{Arn, ArnKind};
use crate::certificate::{Authority, Certificate, succession};
use crate::config::{ArgoCd, Binding, Config, Minted, Mode, Naming, Role, Subjects, Tenants};
use crate::diag::{Code, Diagnostic, Level, Place, Report};
use crate::issuer::Issuer;
use crate::quote::{part, quote};
use crate::reference::{Origin, Query, Reference, Target, Wanted};
use crate::secret::Secret;

/// The declaration with every reference resolved.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// What a function call does, when the declaration says so.
    pub mode: Option<Mode>,
    /// Whether generated ConfigMaps ask kustomize for a hash in their names.
    pub name_suffix_hash: bool,
    /// What Argo CD should know of emitted objects.
    pub argo_cd: ArgoCd,
    /// What a check does with warnings.
    pub checks: BTreeMap<Code, Level>,
    /// The certificates of all workloads whose issuer has an admission policy, whichever of these are at hand.
    pub minted: Arc<[Minted]>,
    /// What kustomize puts around the names of objects.
    pub naming: Naming,
    /// What the workloads of each namespace may have.
    pub tenants: Arc<Tenants>,
    /// The workloads with their identities: each build of a fleet has its own selection of them.
    pub bindings: Vec<Arc<ResolvedBinding>>,
    /// The CAs whose certificate and key were looked up, by the names of their Secrets.
    pub authorities: BTreeMap<String, Authority>,
}

/// A binding with its identity.
#[derive(Debug, Clone)]
pub struct ResolvedBinding {
    /// Its declaration.
    pub declared: Binding,
    /// Its identity, one for all with its role.
    pub identity: Arc<Identity>,
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
    config.bindings.iter().flat_map(|binding| of_role(&binding.role, objects.then_some(&binding.issuer))).collect()
}

/// What has to be looked up for the CAs only.
pub fn authority_queries(config: &Config) -> BTreeSet<Query> {
    config.issuers.values().flat_map(Issuer::queries).collect()
}

/// The CAs of the cluster's scopes, by the names of their Secrets. Missing and invalid answers are reported at their fields.
pub fn authorities(config: &Config, answers: &Answers, report: &mut Report) -> BTreeMap<String, Authority> {
    let mut binder = Binder { answers, report };
    let mut found = BTreeMap::new();
    for issuer in config.issuers.values().flat_map(Issuer::each) {
        let pair = issuer.reference(Wanted::Certificate).zip(issuer.reference(Wanted::Key));
        let authority = pair.and_then(|(certificate, key)| binder.authority(certificate, key));
        found.extend(issuer.key_pair().zip(authority).map(|(secret, authority)| (secret.to_owned(), authority)));
    }
    found
}

/// Puts the ARNs of private CAs into the issuers that they sign for. Missing and invalid answers are reported at their
/// fields.
pub fn fill_private_cas(config: &mut Config, answers: &Answers, report: &mut Report) {
    let mut binder = Binder { answers, report };
    for issuer in config.issuers.values_mut() {
        if let Some(arn) = binder.private_ca(issuer) {
            issuer.fill(&arn);
        }
    }
    // What was one for several workloads stays so; the old ones are kept so that no new one has the address of one of them.
    let mut filled: BTreeMap<*const Issuer, (Arc<Issuer>, Arc<Issuer>)> = BTreeMap::new();
    for issuer in config.bindings.iter_mut().map(|binding| &mut binding.issuer) {
        let (_, new) = filled.entry(Arc::as_ptr(issuer)).or_insert_with(|| {
            let mut new = Arc::clone(issuer);
            if let Some(arn) = binder.private_ca(issuer) {
                Arc::make_mut(&mut new).fill(&arn);
            }
            (Arc::clone(issuer), new)
        });
        *issuer = Arc::clone(new);
    }
}

/// The certificates in PEM of the CAs that are written into Secrets, by scope, as far as they are known: of the one that signs,
/// and of the one beside it during a rotation.
pub fn ca_certificates(config: &Config, answers: &Answers) -> BTreeMap<String, [Option<String>; 2]> {
    let of = |issuer: &Issuer| {
        [Some(issuer), issuer.other.as_deref()].map(|issuer| issuer.and_then(|it| ca_certificate(it, answers)))
    };
    config.issuers.iter().map(|(scope, issuer)| (scope.clone(), of(issuer))).collect()
}

/// The certificates in PEM of the CA that is written into a Secret for an issuer, if they are known.
pub fn ca_certificate(issuer: &Issuer, answers: &Answers) -> Option<String> {
    let answer = answers.get(&issuer.reference(Wanted::Certificate)?.query(Wanted::Certificate)?)?.as_ref().ok()?;
    Some(answer.value.reveal().to_owned())
}

/// The ARN of a reference, if it is known.
pub fn known_arn(kind: ArnKind, reference: &Reference, answers: &Answers) -> Option<Arn> {
    if let Target::Literal(text) = &reference.target {
        return Arn::parse(kind, text).ok();
    }
    let answer = answers.get(&reference.query(Wanted::Arn(kind))?)?.as_ref().ok()?;
    Arn::parse(kind, answer.value.reveal()).ok()
}

/// What has to be looked up for the ARNs of all declared roles.
pub fn role_queries(config: &Config) -> BTreeSet<Query> {
    config.roles.iter().filter_map(|(role, _)| role.role.query(Wanted::Arn(ArnKind::Role))).collect()
}

/// Everything that the declaration refers to, including keys, for all roles and clusters.
pub fn all_queries(config: &Config) -> BTreeSet<Query> {
    config.roles.iter().flat_map(|(role, issuer)| of_role(role, Some(issuer))).collect()
}

fn of_role(role: &Role, issuer: Option<&Issuer>) -> Vec<Query> {
    let identity = [
        (&role.trust_anchor, Wanted::Arn(ArnKind::TrustAnchor)),
        (&role.profile, Wanted::Arn(ArnKind::Profile)),
        (&role.role, Wanted::Arn(ArnKind::Role)),
    ];
    let identity = identity.into_iter().filter_map(|(reference, wanted)| reference.query(wanted));
    identity.chain(issuer.into_iter().flat_map(Issuer::queries)).collect()
}

/// Puts the answers into the declaration. Missing and invalid answers are reported at their fields.
pub fn bind(mut config: Config, answers: &Answers, report: &mut Report) -> Option<Resolved> {
    fill_private_cas(&mut config, answers, report);
    let authorities = authorities(&config, answers, report);
    let mut binder = Binder { answers, report };
    let mut identities: BTreeMap<*const Role, Option<Arc<Identity>>> = BTreeMap::new();
    let bindings = std::mem::take(&mut config.bindings).into_iter().filter_map(|binding| {
        let mut identity = || binder.identity(&binding.role).map(Arc::new);
        let identity = identities.entry(Arc::as_ptr(&binding.role)).or_insert_with(&mut identity).clone()?;
        Some(Arc::new(ResolvedBinding { declared: binding, identity }))
    });
    let mut bindings: Vec<_> = bindings.collect();
    // The vector has the room of what it was made of, which is two hundred times what it needs.
    bindings.shrink_to_fit();
    let Config { mode, name_suffix_hash, argo_cd, checks, minted, naming, tenants, .. } = config;
    (!report.has_errors()).then_some(Resolved {
        mode,
        name_suffix_hash,
        argo_cd,
        checks,
        minted,
        naming,
        tenants,
        bindings,
        authorities,
    })
}

/// Checks the answers that a lock of the declaration would contain, which excludes keys. Missing and invalid ones are
/// reported at their fields.
pub fn check(config: &Config, answers: &Answers, policy: &OperatorPolicy, report: &mut Report) {
    for (role, issuer) in &*config.roles {
        let mut binder = Binder { answers, report };
        let identity = binder.identity(role);
        let private_ca = binder.private_ca(issuer);
        for issuer in issuer.each() {
            binder.check_chain(issuer);
        }
        binder.check_succession(issuer);
        if let Some(identity) = identity {
            policy.check_identity(role, &identity, report);
        }
        if let Some(arn) = private_ca {
            policy.check_issuer(issuer, &arn, report);
        }
    }
}

/// Reports workloads that AWS cannot tell apart because two references lead to one trust anchor, or two trust anchors trust one
/// CA, as far as the answers say so.
pub fn check_subjects(configs: &[Config], answers: &Answers, report: &mut Report) {
    let mut subjects = Subjects::default();
    for binding in configs.iter().flat_map(|config| &config.bindings) {
        let anchor = known_arn(ArnKind::TrustAnchor, &binding.role.trust_anchor, answers);
        let anchor = anchor.map(|arn| (arn.to_string(), false));
        // A trust anchor with any certificate of the chain accepts what the first one signs.
        let chain: Vec<_> = binding.issuer.each().flat_map(|issuer| known_chain(issuer, answers)).collect();
        let chain = chain.iter().map(|certificate| (certificate.fingerprint(), true));
        let clash = anchor.into_iter().chain(chain).find_map(|(trusted, is_ca)| subjects.add(&trusted, is_ca, binding));
        if let Some(clash) = clash {
            report.push(clash);
        }
    }
}

/// The certificates of an issuer's CA, as far as they are known.
fn known_chain(issuer: &Issuer, answers: &Answers) -> Vec<Certificate> {
    let query = issuer.reference(Wanted::Certificate).and_then(|reference| reference.query(Wanted::Certificate));
    let answer = query.and_then(|query| answers.get(&query)?.as_ref().ok());
    answer.and_then(|answer| Certificate::all(answer.value.reveal()).ok()).unwrap_or_default()
}

/// Reports the CAs of the declaration that have expired, or will soon. `now` is in seconds since 1970.
pub fn check_expiry(config: &Config, answers: &Answers, now: i64, report: &mut Report) {
    for issuer in config.roles.iter().flat_map(|(_, issuer)| issuer.each()) {
        let Some(reference) = issuer.reference(Wanted::Certificate) else { continue };
        let chain = known_chain(issuer, answers);
        for (certificate, trouble) in chain.iter().filter_map(|it| Some((it, it.trouble(now)?))) {
            report.push(trouble.of(&quote(&certificate.subject)).at(Place::Config(reference.place.clone())));
        }
    }
}

struct Binder<'b> {
    answers: &'b Answers,
    report: &'b mut Report,
}

impl Binder<'_> {
    fn value(&mut self, reference: &Reference, wanted: Wanted) -> Option<Secret> {
        if let Target::Literal(text) = &reference.target {
            return Some(Secret::new(text.as_str()));
        }
        match self.answers.get(&reference.query(wanted)?)? {
            Ok(answer) => Some(answer.value.clone()),
            // An unreadable lock is reported once, not for every reference that it would have answered.
            Err(none) if none.code == Code::InvalidLock => None,
            Err(none) => {
                let place = Place::Config(reference.place.clone());
                self.report.push(Diagnostic::error(none.code, &none.why).at(place).help(&none.help));
                None
            }
        }
    }

    fn arn(&mut self, kind: ArnKind, reference: &Reference) -> Option<Arn> {
        let value = self.value(reference, Wanted::Arn(kind))?;
        let found = Arn::parse(kind, value.reveal());
        let say = |why| {
            // A parameter may hold a secret by mistake, so its value is not shown.
            let literal = matches!(reference.target, Target::Literal(_));
            let message =
                if literal { why } else { format!("the value of {} is not a {}", quote(&reference), kind.words()) };
            let place = Place::Config(reference.place.clone());
            let help = format!("it should look like {}", kind.example());
            self.report.push(Diagnostic::error(Code::InvalidValue, message).at(place).help(help));
        };
        found.map_err(say).ok()
    }

    fn private_ca(&mut self, issuer: &Issuer) -> Option<Arn> {
        let kind = ArnKind::PrivateCa;
        self.arn(kind, issuer.reference(Wanted::Arn(kind))?)
    }

    fn identity(&mut self, role: &Role) -> Option<Identity> {
        let trust_anchor = self.arn(ArnKind::TrustAnchor, &role.trust_anchor);
        let profile = self.arn(ArnKind::Profile, &role.profile);
        let iam_role = self.arn(ArnKind::Role, &role.role);
        let (trust_anchor, profile, iam_role) = (trust_anchor?, profile?, iam_role?);
        self.check_origin(&trust_anchor, &role.trust_anchor);
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

    /// Checks that the trust anchor is in the declared region and partition.
    fn check_origin(&mut self, trust_anchor: &Arn, reference: &Reference) {
        let Origin { cluster, scope, region, assume_role, .. } = &*reference.origin;
        let declared = match (scope, cluster) {
            (Some(scope), _) => format!("scope {}", quote(scope)),
            (None, Some(cluster)) => format!("cluster {}", quote(cluster)),
            (None, None) => "`spec.region`".to_owned(),
        };
        if let Some(region) = region
            && *region != trust_anchor.region
        {
            let words = format!("the trust anchor is in {}, and {declared} says {}", trust_anchor.region, part(region));
            self.mismatch(words, reference, "make them agree");
        }
        let partition = assume_role.as_ref().and_then(|role| role.split(':').nth(1));
        if let Some(partition) = partition.filter(|partition| *partition != trust_anchor.partition) {
            let words = format!(
                "the trust anchor is in partition {}, and {declared} uses {}",
                trust_anchor.partition,
                part(partition)
            );
            self.mismatch(words, reference, "credentials are valid in one partition only; make them agree");
        }
    }

    fn mismatch(&mut self, message: String, reference: &Reference, help: &str) {
        let place = Place::Config(reference.place.clone());
        self.report.push(Diagnostic::error(Code::ArnMismatch, message).at(place).help(help));
    }

    fn authority(&mut self, certificate: &Reference, key: &Reference) -> Option<Authority> {
        let (pem, key_pem) = (self.value(certificate, Wanted::Certificate), self.value(key, Wanted::Key));
        Authority::check(pem?.reveal(), &key_pem?).map_err(|why| self.invalid_ca(certificate, &why)).ok()
    }

    /// Checks the certificates of a CA whose key need not be at hand.
    fn check_chain(&mut self, issuer: &Issuer) {
        if let Some(certificate) = issuer.reference(Wanted::Certificate)
            && let Some(value) = self.value(certificate, Wanted::Certificate)
            && let Err(why) = Authority::check_chain(value.reveal())
        {
            self.invalid_ca(certificate, &why);
        }
    }

    /// Compares the two CAs of a rotation, as far as they are known.
    fn check_succession(&mut self, issuer: &Issuer) {
        let known: Vec<_> = issuer
            .each()
            .filter_map(|it| Some((it, Certificate::first(&ca_certificate(it, self.answers)?)?)))
            .collect();
        let [(_, current), (next_issuer, next)] = known.as_slice() else { return };
        let Some(reference) = next_issuer.reference(Wanted::Certificate) else { return };
        for diagnostic in succession::check(current, next) {
            self.report.push(diagnostic.at(Place::Config(reference.place.clone())));
        }
    }

    fn invalid_ca(&mut self, certificate: &Reference, why: &str) {
        let place = Place::Config(certificate.place.clone());
        let help =
            "IAM Roles Anywhere needs one X.509v3 chain with CA:TRUE and keyCertSign, and the matching RSA or EC key";
        self.report.push(Diagnostic::error(Code::InvalidCa, why).at(place).help(help));
    }
}
